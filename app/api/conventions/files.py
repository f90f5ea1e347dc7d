"""Answers that are files: their names, their headers, their place in the OpenAPI document.

In: a file of the reports, a language. Out: an answer to download or to show. Never here: what is in the file.
"""

from typing import Any
from urllib.parse import quote

from fastapi import Response

from app.labels.catalogue import Language
from app.reports.files import ReportFile

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HTML = "text/html"
# The page loads nothing and runs no script, even if a product name contained markup.
_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def _file(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}, "description": "the file"}}


FILE_RESPONSES = {media_type: _file(media_type) for media_type in (XLSX, HTML)}
"""OpenAPI `responses` of a route that returns a file of this type."""


def file_headers(language: Language, name: str, extension: str, disposition: str, ascii_name: str = "report") -> dict[str, str]:
    """Return the headers of a file."""
    # RFC 6266: an ASCII name for old clients, the real one encoded by RFC 8187.
    encoded = quote(f"{name}.{extension}", safe="")
    return {
        "Content-Disposition": f"{disposition}; filename=\"{ascii_name}.{extension}\"; filename*=UTF-8''{encoded}",
        "Content-Language": language,
        "Vary": "Accept-Language, Authorization, Cookie",
        "Cache-Control": "no-store",
    }


def file_response(book: ReportFile, language: Language) -> Response:
    """Return a workbook to download."""
    return Response(book.content, media_type=XLSX, headers=file_headers(language, book.name, "xlsx", "attachment"))


def html_response(page: ReportFile, language: Language) -> Response:
    """Return a page to show."""
    headers = {**file_headers(language, page.name, "html", "inline"), "Content-Security-Policy": _POLICY}
    return Response(page.content, media_type=HTML, headers=headers)
