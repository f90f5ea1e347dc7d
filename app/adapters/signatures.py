"""The signatures that the platforms use, and their comparison.

In: bytes and texts of a request, a secret. Out: the signature that an authentic request carries. Never here: a decision, HTTP.

The platforms prescribe MD5 and SHA-1.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping


def _bytes(text: str | bytes) -> bytes:
    if not isinstance(text, str):
        return text
    try:
        # Bytes that are not UTF-8 are what was signed.
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # A query may hold other lone surrogates; they must fail a comparison, not raise.
        return text.encode("utf-8", "surrogatepass")


def same(left: str | bytes, right: str | bytes) -> bool:
    """Compare two signatures in constant time."""
    return hmac.compare_digest(_bytes(left), _bytes(right))


def from_base64(text: str | bytes) -> bytes | None:
    """Return the bytes of a strict base64 text, padding optional; None if it is not base64."""
    raw = _bytes(text)
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4), validate=True)
    except binascii.Error:
        return None


def key_of(*parts: str | bytes) -> str:
    """Return 32 hex digits that identify the parts, their order and their lengths."""
    raw = map(_bytes, parts)
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in raw)).hexdigest()[:32]


def sha1_of_sorted(*parts: str) -> str:
    """Return the signature of WeChat's and Weibo's pushes: SHA-1 of the sorted parts joined, lower-case hex.

    Source: WeChat message-push page; Weibo Messages_api_start page. `AAAAA`, `1714036504`, `1514711492` give `f464b24f…`.
    """
    return hashlib.sha1(_bytes("".join(sorted(parts))), usedforsecurity=False).hexdigest()


def hmac_sha256(secret: str | bytes, *parts: str | bytes) -> bytes:
    """Return HMAC-SHA256 of the parts joined."""
    return hmac.new(_bytes(secret), b"".join(_bytes(part) for part in parts), "sha256").digest()


def weibo_live(params: Mapping[str, str], app_secret: str) -> str:
    """Return `sign` of a Weibo live message.

    Parameters sorted by key as `k=v` joined with `&`, not URL-encoded, without `sign`; HMAC-MD5 with the app's secret;
    base64 with `-` and `_`; characters 6 to 15. Source: WeiboLiveSDK.m, signMessageSyncData.
    """
    text = "&".join(f"{key}={value}" for key, value in sorted(params.items()) if key != "sign")
    digest = hmac.new(_bytes(app_secret), _bytes(text), "md5").digest()
    return base64.urlsafe_b64encode(digest).decode()[6:16]


def douyin_live(headers: Mapping[str, str], body: bytes, secret: str) -> str:
    """Return `x-signature` of a Douyin live push.

    The signed headers as `key=value` sorted by key and joined with `&`, then body and secret without a separator; MD5; base64.
    Source: developer.open-douyin.com, live-room-scope, "签名方式" (data push and user-team-select pages), with its example.
    """
    text = "&".join(f"{key}={value}" for key, value in sorted(headers.items()))
    digest = hashlib.md5(_bytes(text) + body + _bytes(secret), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def standard_webhook(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> bytes:
    """Return the bytes of a `v1` signature of Standard Webhooks 1.0.0: HMAC-SHA256 of `{id}.{timestamp}.{body}`."""
    return hmac_sha256(key, webhook_id, b".", timestamp, b".", body)
