"""Routes of releases: finalise a session, read its revisions.

In: requests. Out: revisions, their reports and files, what changed since. Never here: figures, SQL, layout.
"""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Request, Response

from app.api.access.authorization import AppService, InternalViewer, Operator, SessionId, Viewer
from app.api.conventions.cancellation import while_connected
from app.api.conventions.documents import UNCHANGED, answer_json
from app.api.conventions.files import FILE_RESPONSES, HTML, XLSX, file_response, html_response
from app.api.conventions.language import AnswerLanguage
from app.api.conventions.paging import Paging, encode
from app.api.figures.insights import insight_settings
from app.api.models.revisions import FrozenRevision, NewRelease, Revision, RevisionChanges, RevisionList
from app.api.reports.editions import AskedEdition
from app.catalogue.brands import logos
from app.catalogue.brands.logos import LogoImage
from app.kpis.documents.render import Document
from app.kpis.reading.session_reader import SessionQuery
from app.negotiation import tag_of
from app.problems import not_found, responses
from app.release import files, reader
from app.release.editions import client_json, client_revision, internal_json
from app.release.finalize import Release, finalize
from app.release.freeze import Author
from app.reports.editions import Edition
from app.service import Service
from app.storage.reports.revisions import FrozenDocument, RevisionRow

router = APIRouter(prefix="/v1/sessions/{session}", tags=["release"], responses=responses(401, 403, 404, 422))

single = APIRouter(prefix="/revisions/{number}")

Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="the revision's number")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$",
        description="a repeated request with the same key returns the revision of the first one",
    ),
]  # fmt: skip
_WITHOUT_NOTE = NewRelease()


def _revision(row: RevisionRow) -> Revision:
    return Revision(number=row.number, created_at=row.created_at, by=row.by, note=row.note, sha256=row.sha256)


@router.post(
    "/finalize", status_code=201, operation_id="finalize_session", summary="Release a session",
    responses=responses(400, 409, 410)
    | {201: {"headers": {"Location": {"description": "the revision's path", "schema": {"type": "string"}}}}},
)  # fmt: skip
async def finalize_session(
    service: AppService,
    caller: Operator,
    session: SessionId,
    response: Response,
    form: NewRelease = _WITHOUT_NOTE,
    idempotency_key: IdempotencyKey = None,
) -> Revision:
    """Freeze the session's report as its next revision. Later events count in the present figures, never in a revision."""
    author = Author(caller.reference, form.note)
    asked = SessionQuery(session, caller.brand_id, datetime.now(UTC), "en")
    row = await finalize(service.database, Release(asked, author, idempotency_key), insight_settings(service.settings))
    assert row is not None
    response.headers["Location"] = f"/v1/sessions/{session}/revisions/{row.number}"
    return _revision(row)


@router.get("/revisions", operation_id="list_revisions", summary="List a session's revisions")
async def list_revisions(service: AppService, caller: Viewer, session: SessionId, paging: Paging) -> RevisionList:
    """Return the session's revisions, the newest first; to a viewer that is bound to a brand the latest one."""
    (before,) = paging.after(int) or (None,)
    if caller.is_client:
        latest = await reader.page(service.database, session, caller.brand_id, None, 1)
        return RevisionList(
            revisions=[_revision(row).model_copy(update={"by": None, "note": None}) for row in latest], next_cursor=None
        )
    rows = await reader.page(service.database, session, caller.brand_id, before, paging.limit + 1)
    more = rows[paging.limit - 1].number if len(rows) > paging.limit else None
    page = [_revision(row) for row in rows[: paging.limit]]
    return RevisionList(revisions=page, next_cursor=None if more is None else encode((more,)))


async def get_frozen(service: AppService, caller: Viewer, session: SessionId, number: Number) -> FrozenDocument:
    """Return the frozen document of a path; a viewer that is bound to a brand may see the latest one."""
    found = await reader.frozen(service.database, session, caller.brand_id, None if caller.is_client else number)
    if found.number != number:
        raise not_found("revision")
    return found


FrozenOfPath = Annotated[FrozenDocument, Depends(get_frozen)]


async def _edition(found: FrozenDocument, edition: Edition) -> Document:
    frozen = await reader.parsed(found)
    return client_revision(frozen) if edition == "client" else frozen


async def _logo(service: Service, session: UUID, edition: Edition) -> LogoImage | None:
    """Return what the client edition shows beside its title."""
    return await logos.for_report(service.database, session) if edition == "client" else None


@single.get(
    "", operation_id="get_revision", summary="Get a revision", response_model=FrozenRevision,
    responses=UNCHANGED,
)  # fmt: skip
async def get_revision(found: FrozenOfPath, language: AnswerLanguage, edition: AskedEdition) -> Response:
    """Return what the revision froze: the report in three languages, and the documents behind it."""
    text = internal_json(found) if edition == "internal" else client_json(await reader.parsed(found), found.sha256)
    body = text.encode()
    return answer_json(body, tag_of(body, language), language)


@single.get(
    "/report.xlsx", operation_id="download_revision_xlsx", summary="Download a revision for Excel",
    response_class=Response, responses=FILE_RESPONSES[XLSX],
)  # fmt: skip
async def revision_xlsx(
    service: AppService,
    request: Request,
    session: SessionId,
    found: FrozenOfPath,
    language: AnswerLanguage,
    edition: AskedEdition,
) -> Response:
    """Return the frozen report as a workbook: the results sheet, and the figures by minute with charts."""
    logo = await _logo(service, session, edition)
    work = files.workbook(service.renderer, await _edition(found, edition), language, logo)
    return file_response(await while_connected(request, work), language)


@single.get(
    "/report.html", operation_id="download_revision_html", summary="Download a revision as HTML",
    response_class=Response, responses=FILE_RESPONSES[HTML],
)  # fmt: skip
async def revision_html(
    service: AppService,
    request: Request,
    session: SessionId,
    found: FrozenOfPath,
    language: AnswerLanguage,
    edition: AskedEdition,
) -> Response:
    """Return the frozen report as a self-contained page for A4."""
    logo = await _logo(service, session, edition)
    work = files.page(service.renderer, await _edition(found, edition), language, logo)
    return html_response(await while_connected(request, work), language)


@single.get(
    "/changes", operation_id="list_revision_changes", summary="What changed since a revision",
    response_model_exclude_unset=True,
)  # fmt: skip
async def revision_changes(
    service: AppService, caller: InternalViewer, session: SessionId, number: Number, language: AnswerLanguage
) -> RevisionChanges:
    """Return every figure that differs from the revision: of the session, its platforms, products and promotions."""
    asked = SessionQuery(session, caller.brand_id, datetime.now(UTC), language)
    found = await reader.read_changes(service.database, asked, number)
    return RevisionChanges.model_validate({"changes": found})


router.include_router(single)
