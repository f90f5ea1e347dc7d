"""Every sample request of a platform behaves as it says."""

from collections.abc import Callable
from typing import Any

import pytest

from app.adapters.protocol import Context, Delivery, Refused, Reply
from app.adapters.registry import ADAPTERS
from tests.adapters.sample_requests import ANSWERED, secrets_of


def handled(delivery: Delivery, found: dict[str, Any]) -> Reply:
    """Return the reply of an adapter to a sample."""
    adapter = ADAPTERS[found["kind"]]
    secrets, options = secrets_of(found), found.get("options", {})
    adapter.check(secrets, options)
    if delivery.method == "GET":
        return adapter.answer(delivery, secrets, options).reply
    return adapter.parse(adapter.verify(delivery, secrets, options), Context("//test", options)).reply


@pytest.mark.parametrize("name", ANSWERED)
def test_a_sample_gets_the_reply_that_its_platform_expects(
    name: str, sample: Callable[[str], dict[str, Any]], delivered: Callable[..., Delivery]
) -> None:
    """A sample gets the reply that its platform expects."""
    found = sample(name)
    expect = found["expect"]
    reply = handled(delivered(found), found)
    assert (200 if expect["status"] == "2xx" else expect["status"]) == reply.status
    assert expect.get("body", reply.body.decode()) == reply.body.decode()
    assert expect.get("content_type", "") in reply.media_type


def test_a_sample_with_a_false_msg_signature_is_refused(
    sample: Callable[[str], dict[str, Any]], delivered: Callable[..., Delivery]
) -> None:
    """A sample with a false msg_signature is refused."""
    found = sample("wechat_neg_bad_msg_signature")
    with pytest.raises(Refused) as refused:
        handled(delivered(found), found)
    assert refused.value.status == 401
    assert not refused.value.keep


def test_the_decrypted_sample_is_the_published_text(
    sample: Callable[[str], dict[str, Any]], delivered: Callable[..., Delivery]
) -> None:
    """The decrypted sample is the published text, byte for byte."""
    found = sample("wechat_official_03_encrypted_json_post")
    verified = ADAPTERS["wechat_shop"].verify(delivered(found), found, {})
    assert found["decrypted"] == verified.body.decode()
    assert found["msg_len"] == len(verified.body)


def test_the_published_vector_of_standard_webhooks_is_authentic_at_its_time_only(
    sample: Callable[[str], dict[str, Any]], delivered: Callable[..., Delivery]
) -> None:
    """The published vector of Standard Webhooks is authentic at its time only."""
    found = sample("standardwebhooks_known_vector")
    adapter = ADAPTERS["standard_webhooks"]
    secrets = {"secret": found["secret"]}
    verified = adapter.verify(delivered({**found, "frozen_time": 1_614_265_330 + 300}), secrets, {})
    assert found["body"].encode() == verified.body
    with pytest.raises(Refused, match="too far"):
        adapter.verify(delivered({**found, "frozen_time": 1_614_265_330 + 301}), secrets, {})
