"""Dead letters: rejected events, stored encrypted with the reason.

In: rejections. Out: rows. Never here: unencrypted content at rest.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import uuid4

from pydantic_core import to_json

from app.ingest.receiving.privacy import PrivacyKeys
from app.ingest.receiving.submission import Rejection, Submission
from app.observability.metrics import DEAD_LETTERS
from app.storage.ingest.writes import WriteQueries

_ERRORS_KEPT = 50
"""A dead letter stores this many errors; the answer to the sender has all of them."""


async def keep(
    queries: WriteQueries, privacy_keys: PrivacyKeys, submission: Submission, rejections: Iterable[Rejection], now: datetime
) -> None:
    """Store the rejections of one request."""
    brand = submission.brand_id
    rows: dict[bytes, tuple[Any, ...]] = {}
    for rejection in rejections:
        body = submission.dead_letter or rejection.body
        same = submission.dead_letter or rejection.same or rejection.body
        owned = (str(brand) if brand else "").encode() + b"\0" + same
        digest = blake2b(owned, digest_size=16, person=b"letter").digest()
        errors = to_json(rejection.errors[:_ERRORS_KEPT]).decode()
        rows[digest] = (
            uuid4(), digest, brand, submission.origin, rejection.type, rejection.subject, errors,
            privacy_keys.encrypt(body),
        )  # fmt: skip
    DEAD_LETTERS.inc(len(rows))
    await queries.store_dead_letters([rows[digest] for digest in sorted(rows)], now)
