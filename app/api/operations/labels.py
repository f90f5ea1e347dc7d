"""The route of the label catalogue: all texts of the API, the report and the dashboard.

In: a language. Out: all labels of it, one flat object. Never here: texts.
"""

import gzip
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from app.api.conventions.language import AnswerLanguage
from app.labels.catalogue import Language, labels
from app.negotiation import accepts_gzip, matches
from app.problems import responses

router = APIRouter(prefix="/v1", tags=["labels"])
_EXAMPLE: Mapping[str, str] = {"metric.gmv": "GMV", "metric.viewers": "累計視聴人数", "status.live": "配信中"}
_DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {"ETag": {"description": "of the labels of this language", "schema": {"type": "string"}}},
        "content": {"application/json": {"example": _EXAMPLE}},
    },
    304: {"description": "the labels are those of `If-None-Match`"},
}


@cache
def _packed(language: Language) -> tuple[bytes, bytes, str]:
    body = to_json(dict(sorted(labels("", language).items())))
    return body, gzip.compress(body, 9, mtime=0), blake2b(body, digest_size=12).hexdigest()


@router.get(
    "/labels",
    operation_id="list_labels",
    summary="Labels in a language",
    response_model=dict[str, str],
    responses=_DOCUMENTED | responses(422),
)
async def list_labels(request: Request, language: AnswerLanguage) -> Response:
    """Return every label by its key. No API key is needed. Send `If-None-Match` to load them only if they changed."""
    body, zipped, tag = _packed(language)
    takes_gzip = accepts_gzip(request.headers.get("accept-encoding", ""))
    etag = f'"{tag}-gzip"' if takes_gzip else f'"{tag}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "public, no-cache",
        "Content-Language": language,
        "Vary": "Accept-Language, Accept-Encoding",
    }
    if matches(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    if takes_gzip:
        headers["Content-Encoding"] = "gzip"
    return Response(zipped if takes_gzip else body, headers=headers, media_type="application/json")
