"""WeChat shop pushes, made by independent libraries with random keys, and everything that may be wrong with one."""

import base64
import json
import secrets as random
import string
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st
from wechatpy.crypto import WeChatCrypto
from werobot.crypto import MessageCrypt
from werobot.utils import get_signature

from app.adapters.protocol import Context, Delivery, Refused, Verified
from app.adapters.signatures import sha1_of_sorted
from app.adapters.wechat import shop as wechat_shop
from app.adapters.wechat.crypto import decrypt, encrypt, encrypted_reply

ORDER = 3705115058471208928
PAY = {"Event": "channels_ec_order_pay", "CreateTime": 1662480000, "order_info": {"order_id": ORDER, "pay_time": "1662479990"}}


def fresh_secrets() -> dict[str, str]:
    """Return the secrets of a new connection."""
    alphabet = string.ascii_letters + string.digits
    key = base64.b64encode(random.token_bytes(32)).decode().removesuffix("=")
    token = "".join(random.choice(alphabet) for _ in range(12))
    return {"token": token, "encoding_aes_key": key, "appid": f"wx{random.token_hex(8)}", "app_secret": "unused"}


def push(secrets: dict[str, str], cipher: str, now: datetime, *, body: bytes | None = None, **query: str) -> Delivery:
    """Return an encrypted push as the platform sends it."""
    signature = sha1_of_sorted(secrets["token"], "1788000000", "n0nce", cipher)
    asked = {"timestamp": "1788000000", "nonce": "n0nce", "encrypt_type": "aes", "msg_signature": signature, **query}
    return Delivery("POST", asked, {}, body or json.dumps({"ToUserName": "gh_1", "Encrypt": cipher}).encode(), now)


def encrypted(secrets: dict[str, str], plain: bytes) -> str:
    """Return Encrypt of a plain text."""
    return encrypt(plain, secrets["encoding_aes_key"], secrets["appid"], random.token_bytes(16))


@pytest.mark.parametrize("length", [0, 1, 11, 12, 13, 31, 32, 33, 500])
def test_a_push_encrypted_by_wechatpy_is_decrypted(length: int, now: datetime) -> None:
    """A push that wechatpy encrypts is decrypted, whatever its padding."""
    secrets = fresh_secrets()
    text = json.dumps({**PAY, "note": "多" * length}, ensure_ascii=False)
    xml = WeChatCrypto(secrets["token"], secrets["encoding_aes_key"], secrets["appid"]).encrypt_message(
        text, "n0nce", "1788000000"
    )
    delivery = Delivery("POST", {"timestamp": "1788000000", "nonce": "n0nce", "encrypt_type": "aes"}, {}, xml.encode(), now)
    signature = xml.partition("<MsgSignature><![CDATA[")[2].partition("]")[0]
    verified = wechat_shop.verify(
        Delivery("POST", {**delivery.query, "msg_signature": signature}, {}, delivery.body, now), secrets, {}
    )
    assert text == verified.body.decode()


def test_a_push_encrypted_by_werobot_asks_for_its_order_with_all_digits(now: datetime, context: Context) -> None:
    """A push that WeRoBot encrypts asks for its order with all its digits."""
    secrets = fresh_secrets()
    cipher = MessageCrypt(secrets["token"], secrets["encoding_aes_key"], secrets["appid"]).prp_crypto
    encrypted = cipher.encrypt(json.dumps(PAY), secrets["appid"]).decode()
    signature = get_signature(secrets["token"], "1788000000", "n0nce", encrypted)
    parsed = wechat_shop.parse(wechat_shop.verify(push(secrets, encrypted, now, msg_signature=signature), secrets, {}), context)
    assert [str(ORDER)] == [follow_up.fields["order_id"] for follow_up in parsed.follow_ups]
    assert parsed.reply.body == b"success"


def test_both_libraries_read_what_we_encrypt(sample: Callable[[str], dict[str, Any]]) -> None:
    """Both libraries read what we encrypt and accept our signature; the published reply comes out byte for byte."""
    secrets = fresh_secrets()
    reply = encrypted_reply("回复".encode(), secrets, random.token_bytes(16), 1788000000, "n0nce")
    arguments = (secrets["token"], secrets["encoding_aes_key"], secrets["appid"])
    theirs = WeChatCrypto(*arguments).decrypt_message(reply, reply["MsgSignature"], "1788000000", "n0nce")
    assert theirs == "回复"
    assert (
        MessageCrypt(*arguments).decrypt_message("1788000000", "n0nce", reply["MsgSignature"], reply["Encrypt"])
        == "回复".encode()
    )
    found = sample("wechat_official_04_encrypted_reply")
    official = found["reply"]
    made = encrypted_reply(found["plain"].encode(), found, found["random16"].encode(), official["TimeStamp"], official["Nonce"])
    assert official == made


def test_ten_retries_ask_for_the_same_pull(now: datetime, context: Context) -> None:
    """Ten retries, each encrypted with other random bytes, request one pull."""
    secrets = fresh_secrets()
    pushes = [push(secrets, encrypted(secrets, json.dumps(PAY).encode()), now) for _ in range(10)]
    found = [wechat_shop.parse(wechat_shop.verify(item, secrets, {}), context).follow_ups[0] for item in pushes]
    assert len({item.body for item in pushes}) == 10
    assert len({item.key for item in found}) == 1


def test_of_a_compatible_push_only_the_encrypted_part_counts(now: datetime, context: Context) -> None:
    """Of a compatible push only the encrypted part counts."""
    secrets = fresh_secrets()
    cipher = encrypted(secrets, json.dumps(PAY).encode())
    body = json.dumps({"Event": "channels_ec_order_cancel", "order_info": {"order_id": 666}, "Encrypt": cipher}).encode()
    parsed = wechat_shop.parse(wechat_shop.verify(push(secrets, cipher, now, body=body), secrets, {}), context)
    assert str(ORDER) == parsed.follow_ups[0].fields["order_id"]
    unsigned = Delivery("POST", plain_query(secrets), {}, body, now)
    with pytest.raises(Refused):
        wechat_shop.verify(unsigned, secrets, {})


def plain_query(secrets: dict[str, str]) -> dict[str, str]:
    """Return the signed query of a plain push."""
    return {"timestamp": "17", "nonce": "n", "signature": sha1_of_sorted(secrets["token"], "17", "n")}


def test_a_plain_push_leads_to_pulls_and_never_to_an_event(now: datetime) -> None:
    """A plain push, whose body is not signed, leads to a pull and never to an event."""
    keyed = fresh_secrets()
    secrets = {"token": keyed["token"]}
    context = Context("//test", {"session": "s1"})
    stock = {
        "Event": "channels_ec_stock_no_enough",
        "CreateTime": 1662480000,
        "channels_ec_stock_no_enough": {"product_id": 1, "sku_id": 2, "remaining_stock_amount": 3},
    }
    query = plain_query(secrets)
    pulls = wechat_shop.parse(
        wechat_shop.verify(Delivery("POST", query, {}, json.dumps(PAY).encode(), now), secrets, {}), context
    )
    warned = wechat_shop.verify(Delivery("POST", query, {}, json.dumps(stock).encode(), now), secrets, {})
    encrypted_warning = wechat_shop.verify(push(keyed, encrypted(keyed, json.dumps(stock).encode()), now), keyed, {})
    assert len(pulls.follow_ups) == 1
    assert wechat_shop.parse(warned, context).events == ()
    (asked,), (told,) = (wechat_shop.parse(found, context).follow_ups for found in (warned, encrypted_warning))
    assert ("stock" in asked.fields, told.fields["stock"]) == (False, "3")
    made = wechat_shop.read_stock(told.fields, 3, ["s1"], context, now, encrypted_warning.key)
    assert made.events[0]["data"] == {"product": "1", "stock": 3}
    with pytest.raises(Refused, match="encrypted pushes only"):
        wechat_shop.verify(Delivery("POST", query, {}, b"{}", now), secrets, {"require_encryption": True})
    with pytest.raises(Refused, match="encrypted pushes only"):
        wechat_shop.verify(Delivery("POST", query, {}, json.dumps(PAY).encode(), now), keyed, {})


def test_an_xml_push_says_the_same_as_a_json_push(now: datetime, context: Context) -> None:
    """An XML push says the same as a JSON push."""
    secrets = fresh_secrets()
    xml = (
        "<xml><Event><![CDATA[channels_ec_order_pay]]></Event><CreateTime>1662480000</CreateTime>"
        f"<order_info><order_id>{ORDER}</order_id><pay_time>1662479990</pay_time></order_info></xml>"
    )
    parsed = [
        wechat_shop.parse(wechat_shop.verify(push(secrets, encrypted(secrets, text.encode()), now), secrets, {}), context)
        for text in (xml, json.dumps(PAY))
    ]
    assert parsed[0].follow_ups[0].fields == parsed[1].follow_ups[0].fields


def broken(secrets: dict[str, str]) -> dict[str, str]:
    """Return ciphers that carry a right signature and are wrong inside."""
    good = base64.b64decode(encrypted(secrets, json.dumps(PAY).encode()))
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

    key = base64.b64decode(secrets["encoding_aes_key"] + "=")

    def raw(plain: bytes) -> str:
        encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
        return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()

    appid = secrets["appid"].encode()
    head = b"r" * 16 + (2).to_bytes(4, "big") + b"{}" + appid
    return {
        "wrong key": encrypted({**secrets, "encoding_aes_key": fresh_secrets()["encoding_aes_key"]}, b"{}"),
        "wrong appid": encrypted({**secrets, "appid": "wx0000000000000000"}, b"{}"),
        "truncated": base64.b64encode(good[:-16]).decode(),
        "half a block": base64.b64encode(good[:-5]).decode(),
        "one block": base64.b64encode(good[:16]).decode(),
        "no base64": "!" * 44,
        "empty": "",
        "pad of 0": raw(head + b"\0" * (-len(head) % 32)),
        "pad of 33": raw((head + b"\x21" * 33).ljust(96, b"\x21")[-96:]),
        "pads that differ": raw(head + b"\x01" * (-len(head) % 32 - 1) + bytes([-len(head) % 32])),
        "pad longer than the text": raw(b"\x20" * 32),
        "length beyond the end": raw(padded(b"r" * 16 + b"\xff\xff\xff\xff{}" + appid)),
    }


def padded(content: bytes) -> bytes:
    """Return a text with the right padding."""
    pad = 32 - len(content) % 32
    return content + bytes([pad]) * pad


@pytest.mark.parametrize("fault", list(broken(fresh_secrets())))
def test_a_push_that_is_wrong_inside_is_refused(fault: str, now: datetime) -> None:
    """A push that is wrong inside is refused and not kept, even when its signature is right."""
    secrets = fresh_secrets()
    with pytest.raises(Refused) as refused:
        wechat_shop.verify(push(secrets, broken(secrets)[fault], now), secrets, {})
    assert refused.value.status in {400, 401}
    assert not refused.value.keep


def test_a_tampered_push_is_refused(now: datetime) -> None:
    """A push is refused when its cipher, its time, its nonce or its token is another."""
    secrets = fresh_secrets()
    cipher = encrypted(secrets, json.dumps(PAY).encode())
    other = push(secrets, encrypted(secrets, b"{}"), now)
    good = push(secrets, cipher, now)
    bodies = [Delivery("POST", good.query, {}, other.body, now)]
    queries = [
        Delivery("POST", {**good.query, name: value}, {}, good.body, now)
        for name, value in (
            ("timestamp", "1"),
            ("nonce", "x"),
            ("msg_signature", ""),
            ("msg_signature", "\udc80é"),
            ("timestamp", ""),
        )
    ]
    for item in (*bodies, *queries):
        with pytest.raises(Refused, match="msg_signature does not match"):
            wechat_shop.verify(item, secrets, {})
    with pytest.raises(Refused, match="does not match"):
        wechat_shop.verify(good, {**secrets, "token": "another"}, {})


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>'


@pytest.mark.parametrize(
    "body",
    [BOMB, b"<xml>" * 40000, b"\xff\xfe{}", b"", b"[]", b"null", b"[" * 9999, b'{"Encrypt":1}', b"<a", b'{"Encrypt":"\\ud800"}'],
)
def test_a_body_in_no_format_is_refused(body: bytes, now: datetime) -> None:
    """A body in no format is refused: an XML bomb, endless nesting, bytes that are no UTF-8."""
    secrets = fresh_secrets()
    with pytest.raises(Refused) as refused:
        wechat_shop.verify(Delivery("POST", push(secrets, "x", now).query, {}, body, now), secrets, {})
    assert 400 <= refused.value.status < 500


@pytest.mark.parametrize("text", [b"\xff\xfe", b"{", BOMB])
def test_an_authentic_push_in_no_format_is_refused_and_kept(text: bytes, now: datetime, context: Context) -> None:
    """An authentic push in no format is refused, and kept as a dead letter."""
    secrets = fresh_secrets()
    verified = wechat_shop.verify(push(secrets, encrypted(secrets, text), now), secrets, {})
    with pytest.raises(Refused) as refused:
        wechat_shop.parse(verified, context)
    assert refused.value.keep


def test_a_body_over_the_limit_is_refused(now: datetime) -> None:
    """A body over the limit is refused before anything is read."""
    with pytest.raises(Refused) as refused:
        wechat_shop.verify(Delivery("POST", {}, {}, b"x" * (1024 * 1024 + 1), now), fresh_secrets(), {})
    assert refused.value.status == 413


def test_a_false_url_check_is_refused(now: datetime) -> None:
    """A false check of the URL is refused."""
    query = {**plain_query({"token": "t"}), "echostr": "hello"}
    with pytest.raises(Refused):
        wechat_shop.answer(Delivery("GET", query, {}, b"", now), {"token": "u"}, {})
    assert wechat_shop.answer(Delivery("GET", query, {}, b"", now), {"token": "t"}, {}).reply.body == b"hello"


@given(cipher=st.text(max_size=200), body=st.binary(max_size=300))
def test_no_cipher_raises_anything_but_refused(cipher: str, body: bytes) -> None:
    """No cipher and no decrypted text raises anything but Refused."""
    secrets = {"key": "A" * 43, "appid": "wx1"}
    try:
        decrypt(cipher, secrets["key"], secrets["appid"])
    except Refused:
        pass
    else:
        pytest.fail("a random cipher was accepted")
    try:
        wechat_shop.parse(Verified(body, datetime.fromisoformat("2026-01-01T00:00:00Z"), "k"), Context("//test"))
    except Refused as refused:
        assert refused.status == 400  # noqa: PT017 (a refusal is one of two right answers)
