"""What is refused when a connection is saved, and the protocol that every adapter keeps."""

from datetime import datetime
from typing import Any

import pytest

from app.adapters.protocol import Context, Delivery, Refused, Verified
from app.adapters.registry import ADAPTERS
from app.adapters.validation import Misconfigured

KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aQ"
SHOP = {"token": "t", "encoding_aes_key": KEY, "appid": "wx1", "app_secret": "s"}


def test_every_kind_is_registered_under_its_name() -> None:
    """Every kind is registered under its own name."""
    assert all(kind == adapter.KIND for kind, adapter in ADAPTERS.items())


@pytest.mark.parametrize(
    ("kind", "secrets", "options"),
    [
        ("wechat_shop", SHOP, {"api_base": "http://127.0.0.1:9000/api", "session": "s1", "a_later_option": 1}),
        ("wechat_shop", {"token": "t"}, {}),
        ("wechat_live", {"appid": "wx1", "app_secret": "s"}, {"product_id": "src_spu_id"}),
        ("wechat_spy", {}, {}),
        ("weibo_fans", {"app_secret": "s"}, {"signature": "if_present"}),
        ("weibo_live", {"app_secret": "s"}, {}),
        ("weibo_counts", {"access_token": "t"}, {"posts": {"1": "https://example.org"}}),
        ("standard_webhooks", {"secret": f"whsec_{KEY}"}, {"types": {"a": "live.like.sent"}}),
        ("douyin_live", {"app_secret": "s", "live_gift_secret": "g"}, {}),
    ],
)
def test_what_can_work_is_accepted(kind: str, secrets: dict[str, str], options: dict[str, Any]) -> None:
    """Secrets and options that can work are accepted."""
    ADAPTERS[kind].check(secrets, options)


@pytest.mark.parametrize(
    ("kind", "secrets", "options", "pointer"),
    [
        ("wechat_shop", {**SHOP, "encoding_aes_key": KEY[:-1]}, {}, "/secrets/encoding_aes_key"),
        ("wechat_shop", {**SHOP, "encoding_aes_key": KEY + "="}, {}, "/secrets/encoding_aes_key"),
        ("wechat_shop", {**SHOP, "token": ""}, {}, "/secrets/token"),
        ("wechat_shop", {**SHOP, "appid": ""}, {}, "/secrets/appid"),
        ("wechat_shop", {**SHOP, "app_secert": "x"}, {}, "/secrets/app_secert"),
        ("wechat_shop", {"token": "t"}, {"require_encryption": True}, "/secrets/encoding_aes_key"),
        ("wechat_shop", SHOP, {"require_encryption": "yes"}, "/options/require_encryption"),
        ("wechat_shop", SHOP, {"api_base": "ftp://x"}, "/options/api_base"),
        ("wechat_shop", SHOP, {"api_base": "http://user:pass@host"}, "/options/api_base"),
        ("wechat_shop", SHOP, {"session": 7}, "/options/session"),
        ("weibo_fans", {}, {}, "/secrets/app_secret"),
        ("weibo_fans", {"app_secret": "a\nb"}, {}, "/secrets/app_secret"),
        ("weibo_counts", {"access_token": "t"}, {"account": "mine"}, "/options/account"),
        ("standard_webhooks", {"secret": "whsec_c2hvcnQ="}, {}, "/secrets/secret"),
        ("standard_webhooks", {"secret": f"whsec_{KEY}", "previous_secret": "!"}, {}, "/secrets/previous_secret"),
        ("wechat_spy", {"token": "t"}, {}, "/secrets/token"),
    ],
)
def test_what_cannot_work_is_refused_by_name(kind: str, secrets: dict[str, Any], options: dict[str, Any], pointer: str) -> None:
    """What cannot work is refused with a pointer to the field, and no message quotes a secret."""
    with pytest.raises(Misconfigured) as refused:
        ADAPTERS[kind].check(secrets, options)
    assert [pointer] == [fault.pointer for fault in refused.value.faults]
    assert not any(value and len(value) > 3 and value in str(refused.value) for value in secrets.values())


@pytest.mark.parametrize("kind", ADAPTERS)
def test_a_kind_without_url_check_refuses_get_and_every_kind_refuses_put(kind: str, now: datetime) -> None:
    """A GET without a true signature and a PUT are refused by every kind."""
    secrets = {"token": "t", "app_secret": "s", "secret": "s"}
    with pytest.raises(Refused) as got:
        ADAPTERS[kind].answer(Delivery("GET", {}, {}, b"", now), secrets, {})
    assert got.value.status in {401, 405}
    with pytest.raises(Refused) as put:
        ADAPTERS[kind].verify(Delivery("PUT", {}, {}, b"{}", now), secrets, {})
    assert put.value.status == 405


def test_a_delivery_shows_nothing_when_it_is_printed(now: datetime) -> None:
    """A delivery shows neither query nor headers nor body when it is printed."""
    printed = repr(
        (Delivery("POST", {"q": "LEAK"}, {"h": "LEAK"}, b"LEAK", now), Verified(b"LEAK", now, "k", facts={"f": "LEAK"}))
    )
    assert "LEAK" not in printed
    assert Context("//test", {"session": ""}).session is None
