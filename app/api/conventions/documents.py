"""Answers that are documents of the read side, with their entity tags.

In: a document. Out: JSON in its language, and its tag. Never here: comparing tags, which `conditional` does.
"""

from typing import Any

from fastapi import Response
from pydantic_core import to_json

from app.kpis.reading.session_reader import SessionQuery
from app.labels.catalogue import Language
from app.negotiation import tag_of

UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "the document is that of `If-None-Match`, but for `as_of`"}}


def answer(document: dict[str, Any], asked: SessionQuery) -> Response:
    """Return a document as JSON in the language of the query, with an entity tag."""
    body = to_json(document)
    return answer_json(body, tag_of(body, asked.language), asked.language)


def answer_json(body: bytes, tag: str, language: Language) -> Response:
    """Return the bytes of a JSON document, with its entity tag."""
    headers = {
        "Content-Language": language,
        "Vary": "Accept-Language, Authorization, Cookie",
        # A browser may keep the document, but asks with the tag before each use.
        "Cache-Control": "private, no-cache",
        "ETag": tag,
    }
    return Response(body, media_type="application/json", headers=headers)
