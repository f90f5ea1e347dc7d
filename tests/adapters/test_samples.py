"""Every sample request of a platform behaves as it says."""

from collections.abc import Callable
from typing import Any

import pytest

from app.adapters.protocol import Context, Delivery, Refused, Reply
from app.adapters.registry import ADAPTERS

KINDS = {
    **dict.fromkeys(
        (
            "wechat_official_01_url_verify_get",
            "wechat_official_02_plain_json_post",
            "wechat_official_03_encrypted_json_post",
            "wechat_shop_01_order_new_numeric_id",
            "wechat_shop_02_order_pay",
            "wechat_shop_04_order_wait_shipping",
            "wechat_shop_05_order_cancel",
            "wechat_shop_07_order_confirm",
            "wechat_shop_08_order_settle",
            "wechat_shop_10_aftersale_update",
            "wechat_shop_11_product_spu_listing",
            "wechat_shop_13_stock_no_enough",
        ),
        "wechat_shop",
    ),
    **dict.fromkeys(("weibo_fans_event_follow", "weibo_fans_text", "weibo_official_01_url_verify_get"), "weibo_fans"),
    "standardwebhooks_live_metrics": "standard_webhooks",
}
SECRETS = ("token", "encoding_aes_key", "appid", "app_secret", "secret")


def handled(kind: str, delivery: Delivery, found: dict[str, Any]) -> Reply:
    """Return the reply of an adapter to a sample."""
    adapter = ADAPTERS[kind]
    secrets = {name: found[name] for name in SECRETS if name in found}
    adapter.check(secrets, {})
    if delivery.method == "GET":
        return adapter.answer(delivery, secrets, {}).reply
    return adapter.parse(adapter.verify(delivery, secrets, {}), Context("//test")).reply


@pytest.mark.parametrize("name", KINDS)
def test_a_sample_gets_the_reply_that_its_platform_expects(
    name: str, sample: Callable[[str], dict[str, Any]], delivered: Callable[..., Delivery]
) -> None:
    """A sample gets the reply that its platform expects."""
    found = sample(name)
    expect = found["expect"]
    reply = handled(KINDS[name], delivered(found), found)
    assert (200 if expect["status"] == "2xx" else expect["status"]) == reply.status
    assert expect.get("body", reply.body.decode()) == reply.body.decode()
    assert expect.get("content_type", "") in reply.media_type


def test_a_sample_with_a_false_msg_signature_is_refused(
    sample: Callable[[str], dict[str, Any]], delivered: Callable[..., Delivery]
) -> None:
    """A sample with a false msg_signature is refused."""
    found = sample("wechat_neg_bad_msg_signature")
    with pytest.raises(Refused) as refused:
        handled("wechat_shop", delivered(found), found)
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
