"""Pseudonyms and digests of contents: stored ones are compared with new ones, so they must never change."""

from hashlib import blake2b

import pytest
from hypothesis import given, strategies as st

from app.ingest.receiving.privacy import PrivacyKeys

KEYS = PrivacyKeys("a secret of the deployment")
KEY = PrivacyKeys.derive_key("a secret of the deployment", b"people")
_texts = st.text(max_size=300)


@given(platform=st.sampled_from(("wechat", "weibo", "direct")), person=_texts)
def test_a_pseudonym_is_one_keyed_hash(platform: str, person: str) -> None:
    """A pseudonym is the hash of the platform and the person, whatever was hashed before."""
    expected = blake2b(f"{platform}\0{person}".encode(), digest_size=16, key=KEY).hexdigest()
    assert expected == KEYS.pseudonym(platform, person)


@pytest.mark.parametrize("event_type", ["live.like.sent", "live.comment.posted"])
@given(content=st.binary(max_size=600))
def test_a_digest_is_one_keyed_hash(event_type: str, content: bytes) -> None:
    """The digest of a content is the hash of its type and the content, whatever was hashed before."""
    expected = blake2b(event_type.encode() + b" " + content, digest_size=8, key=KEY, person=b"content").digest()
    assert expected == KEYS.content_digest(event_type, content)
