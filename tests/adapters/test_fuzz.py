"""Whatever arrives: an adapter answers with events that are valid, or with Refused, and with nothing else."""

import base64
import json
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlencode

import pytest
from hypothesis import given, strategies as st
from pydantic_core import to_json

from app.adapters.protocol import Context, Delivery, Parsed, Refused, Verified
from app.adapters.registry import ADAPTERS
from app.adapters.signatures import weibo_live as weibo_sign
from app.adapters.wechat import live as wechat_live
from app.adapters.wechat.aftersales import read_aftersale
from app.adapters.wechat.api import WechatError
from app.adapters.wechat.orders import read_order
from app.adapters.weibo import counts as weibo_counts, live as weibo_live
from app.events.envelope import EVENT
from tests.properties import examples

NOW = datetime(2026, 8, 29, 10, tzinfo=UTC)
SECRETS = {
    "token": "t",
    "encoding_aes_key": "A" * 43,
    "appid": "wx1",
    "app_secret": "s",
    "access_token": "a",
    "secret": f"whsec_{base64.b64encode(b'k' * 24).decode()}",
}
OPTIONS: dict[str, Any] = {
    "session": "s1",
    "signature": "none",
    "rules": [
        {"type": "live.like.sent", "when": "sum(a) > `1`", "data": {"count": "a[0]"}},
        {
            "type": "live.comment.posted",
            "each": "events",
            "time": "item.msg_time",
            "data": {"viewer": "item.viewer", "text": "item.content"},
        },
    ],
}
FIELD_NAMES = """
Event order_info order_id Encrypt MsgType type data subtype sender_id created_at live_info events live_id seq msg_id
decoded_type msg_time content decoded_openid online_count like_count gift_num sec_gift_id room_id ts msg_type uid
sender_info counters room_info praises_count inc_praises live_status exit_or_enter_room gift_info specversion id
source subject time timestamp session_id platform viewers sec_openid like_num errcode status order_detail
product_infos product_id sku_cnt sale_price real_price price_info order_price freight ext_info order_scene openid
pay_info pay_time create_time update_time delivery_info delivery_product_info aftersale_detail aftersale_order_list
refund_info amount product_info item export_id live_start_time live_duration_in_seconds live_ec_data_summary total_gmv
single_live_ec_spu_data_page_v spu_data_list base_data spu_id gmv live_dashboard_data a reads comments error_code
CreateTime channels_ec_stock_no_enough finder_shop_aftersale_status_update
"""
KEYS = st.sampled_from(FIELD_NAMES.split())
SURROGATES: tuple[Literal["Cs"]] = ("Cs",)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.integers(0, 21)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=SURROGATES), max_size=300)
    | st.sampled_from(
        (
            *("channels_ec_order_pay", "channels_ec_aftersale_update", "channels_ec_stock_no_enough", "MERCHANT_REFUND_SUCCESS"),
            *(
                "comment",
                "gift",
                "like",
                "enter",
                "event",
                "follow",
                "text",
                "live.like.sent",
                "live.comment.posted",
                "live.metrics",
            ),
            *("1.0", "1788000400", "1788000400123", "2026-08-29T10:00:00Z", "Mon Jul 16 18:09:20 +0800 2012", "\x00", "1e999"),
            *(1788000400, 1788000400123, 10**400),
        )
    )
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=25)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=8) | st.lists(st.dictionaries(KEYS, VALUES, max_size=8), max_size=3) | VALUES
TEXTS = st.text(max_size=40)
FACTS = {
    "room": "r",
    "type": "live_like",
    "at": "1788000400123",
    "webhook-id": "m",
    "webhook-timestamp": "1788000400",
    "style": "none",
}
DOUYIN = st.sampled_from(("live_comment", "live_like", "live_gift", "live_fansclub", "live_follow", "live_enter_room", "other"))
many = examples(20)


def sound(parsed: Parsed) -> None:
    """Every event is valid, and every dead letter can be stored."""
    for event in (*parsed.events, *parsed.unattributed):
        EVENT.validate_json(to_json(event))
    for unknown in parsed.unknown:
        json.dumps(unknown.raw, allow_nan=False).encode()
        assert "\n" not in unknown.reason
    for follow_up in parsed.follow_ups:
        assert all(isinstance(value, str) for value in follow_up.fields.values())


@pytest.mark.parametrize("kind", ADAPTERS)
@many
@given(
    body=st.binary(max_size=200) | DOCUMENTS.map(json.dumps).map(str.encode),
    query=st.dictionaries(
        st.sampled_from(("signature", "msg_signature", "timestamp", "nonce", "encrypt_type", "echostr")), TEXTS
    ),
    headers=st.dictionaries(
        st.sampled_from(
            (
                *("webhook-id", "webhook-timestamp", "webhook-signature", "svix-id", "x-signature", "x-roomid", "x-msg-type"),
                *("x-timestamp", "x-nonce-str", "X-Shopify-Hmac-SHA256", "x-hub-signature-256"),
            )
        ),
        TEXTS,
    ),
    method=st.sampled_from(("POST", "GET")),
)
def test_no_delivery_raises_anything_but_refused(
    kind: str, body: bytes, query: dict[str, str], headers: dict[str, str], method: str
) -> None:
    """No delivery raises anything but Refused, and what is not refused is sound."""
    adapter = ADAPTERS[kind]
    delivery = Delivery(method, query, headers, body, NOW)
    try:
        if method == "GET":
            adapter.answer(delivery, SECRETS, OPTIONS)
        else:
            sound(adapter.parse(adapter.verify(delivery, SECRETS, OPTIONS), Context("//test", OPTIONS)))
    except Refused as refused:
        assert 400 <= refused.status < 500  # noqa: PT017 (a refusal is one of two right answers)


@pytest.mark.parametrize("kind", ADAPTERS)
@many
@given(document=DOCUMENTS, douyin=DOUYIN)
def test_no_authentic_document_raises_anything_but_refused(kind: str, document: object, douyin: str) -> None:
    """No authentic document raises anything but Refused, and all that it says is sound."""
    verified = Verified(json.dumps(document).encode(), NOW, "k", facts={**FACTS, "type": douyin})
    try:
        sound(ADAPTERS[kind].parse(verified, Context("//test", OPTIONS)))
    except Refused as refused:
        assert refused.status == 400  # noqa: PT017 (a refusal is one of two right answers)


@many
@given(document=DOCUMENTS)
def test_no_answer_of_a_platform_raises_anything_but_its_error(document: Any) -> None:
    """No answer of a platform's API raises anything but that API's typed error."""
    context = Context("//test", OPTIONS)
    order = document if isinstance(document, dict) else {}
    sound(read_order({"order_id": 1, "openid": "o", **order}, context, NOW))
    sound(read_aftersale({"after_sale_order_id": 1, "status": "MERCHANT_REFUND_SUCCESS", **order}, order, context, NOW))
    sound(weibo_live.read_messages(document, context, NOW))
    try:
        sound(wechat_live.read_live_data(document, "e", context, NOW).parsed)
        sound(wechat_live.read_finished_broadcasts(document, context).parsed)
        sound(weibo_counts.read_counts(document, context, NOW))
    except (WechatError, weibo_counts.WeiboError):
        pass


@many
@given(fields=st.dictionaries(KEYS, st.text(st.characters(exclude_categories=SURROGATES), max_size=50), max_size=8))
def test_every_form_signed_as_documented_is_authentic(fields: dict[str, str]) -> None:
    """Every form signed as documented is authentic, whatever its characters."""
    form = {**fields, "room_id": "r", "ts": "1"}
    body = urlencode({**form, "sign": weibo_sign(form, "s")}).encode()
    verified = weibo_live.verify(Delivery("POST", {}, {}, body, NOW), SECRETS, {})
    sound(weibo_live.parse(verified, Context("//test")))
