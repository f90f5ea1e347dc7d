"""Routes of statements: drafts, entered lines, the issue, JSON documents.

In: requests. Out: documents of the settlement package. Never here: rules, SQL, files (`settlement_files`).
"""

import datetime as dt
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.api.access.authorization import AppService, Operator, Viewer
from app.api.conventions.paging import Paging, encode
from app.catalogue.models import RequestModel, ResponseModel, Slug
from app.problems import ProblemError, not_found, responses
from app.settlement.amounts.entered_lines import NewLine
from app.settlement.amounts.lines import Yen
from app.settlement.statements import settlement_reader, settlements
from app.settlement.statements.document import Edition, Settlement, client_edition, with_hash
from app.settlement.statements.issue import issue
from app.settlement.statements.settlement_reader import Filter
from app.settlement.statements.settlements import Caller

router = APIRouter(prefix="/v1/settlements", tags=["settlements"])


def _month(text: str) -> str:
    if not "2000" <= text[:4] <= "2199":
        raise PydanticCustomError("month", "must be a month from 2000-01 to 2199-12 such as 2021-09")
    return text


def _day(text: str) -> str:
    if len(text) > len("2021-09"):
        try:
            dt.date.fromisoformat(text)
        except ValueError:
            raise PydanticCustomError("day", "must be a day such as 2021-09-25, or a month such as 2021-09") from None
    return _month(text)


Month = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$"), AfterValidator(_month)]
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?$"), AfterValidator(_day)]
Amount = Annotated[int, Query(ge=-(10**15), le=10**15, description="whole yen", examples=[5297763])]


async def caller(service: AppService, principal: Operator) -> Caller:
    """Return who acts."""
    return Caller(principal, principal.reference, datetime.now(UTC), service.settings.issuer_name)


async def settlement_uuid(settlement: Annotated[str, Path(description="the statement's id")]) -> UUID:
    """Return the statement's id. Text that is not an id names no statement: 404."""
    try:
        return UUID(settlement)
    except ValueError:
        raise not_found("settlement") from None


Acting = Annotated[Caller, Depends(caller)]
SettlementId = Annotated[UUID, Depends(settlement_uuid)]


async def statement_edition(
    principal: Viewer,
    edition: Annotated[
        Edition | None,
        Query(
            description="`client` for the brand; callers that are bound to it get this one alone, others `internal` by default"
        ),
    ] = None,
) -> Edition:
    """Return the edition of a request.

    Raises:
        ProblemError: 403 if a caller that is bound to a brand asks for the internal edition.
    """
    if principal.brand_id is not None and edition == "internal":
        raise ProblemError(403, "a key that is bound to a brand may not read the internal edition", code="internal_only")
    return "client" if principal.brand_id is not None else edition or "internal"


AskedEdition = Annotated[Edition, Depends(statement_edition)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$",
        description="a repeated request with the same key returns the statement of the first one",
    ),
]  # fmt: skip


class NewSettlement(RequestModel):
    """A statement to draft."""

    model_config = ConfigDict(json_schema_extra={"example": {"brand": "maison-k", "month": "2021-09"}})

    brand: Slug
    month: Month


class SettlementSummary(ResponseModel):
    """A statement in a list."""

    id: UUID
    number: str | None
    status: str = Field(examples=["issued"])
    brand: str
    month: str = Field(examples=["2021-09"])
    currency: str
    payable_to_brand: Yen
    missing: int = Field(description="what a draft lacks to be issued")
    issued_at: datetime | None
    sha256: str | None


class SettlementList(BaseModel):
    """A page of statements."""

    settlements: list[SettlementSummary]
    next_cursor: str | None


def _summary(found: Settlement) -> SettlementSummary:
    return SettlementSummary(
        id=found.id, number=found.number, status=found.status, brand=found.brand, month=f"{found.month:%Y-%m}",
        currency=found.currency, payable_to_brand=found.totals.payable_to_brand, missing=len(found.missing),
        issued_at=found.issued_at, sha256=found.sha256,
    )  # fmt: skip


@router.post(
    "", status_code=201, operation_id="draft_settlement", summary="Draft a statement",
    responses=responses(400, 401, 403, 404, 409, 422) | {200: {"model": Settlement, "description": "the draft, computed again"}},
)  # fmt: skip
async def draft_settlement(service: AppService, acting: Acting, form: NewSettlement, response: Response) -> Settlement:
    """Compute a brand's month from the latest revision of each of its sessions; sending it again computes the draft again."""
    month = dt.date.fromisoformat(f"{form.month}-01")
    drafted = await settlements.draft(service.database, acting, form.brand, month)
    response.status_code = 201 if drafted.created else 200
    response.headers["Location"] = f"/v1/settlements/{drafted.settlement.id}"
    return drafted.settlement


@router.get("", operation_id="list_settlements", summary="List statements", responses=responses(401, 403, 422))
async def list_settlements(
    service: AppService,
    principal: Viewer,
    paging: Paging,
    brand: Annotated[Slug | None, Query(description="only statements of this brand")] = None,
    since: Annotated[Day | None, Query(alias="from", description="first month, or a day of it", examples=["2021-09"])] = None,
    until: Annotated[Day | None, Query(alias="to", description="last month, or a day of it", examples=["2021-12"])] = None,
    least: Annotated[Amount | None, Query(alias="min", description="least payable_to_brand")] = None,
    most: Annotated[Amount | None, Query(alias="max", description="highest payable_to_brand")] = None,
) -> SettlementList:
    """Return statements, the newest first, by brand, by month and by amount. A bound key sees issued ones of its brand."""
    wanted = Filter(brand, _first(since), _first(until), least, most)
    page = await settlement_reader.listing(service.database, principal, wanted, after=paging.after(UUID), limit=paging.limit)
    return SettlementList(settlements=[_summary(found) for found in page.items], next_cursor=encode(page.next))


def _first(day: str | None) -> dt.date | None:
    return None if day is None else dt.date.fromisoformat(f"{day[:7]}-01")


@router.post(
    "/{settlement}/issue", operation_id="issue_settlement", summary="Issue a statement", response_model=Settlement,
    responses=responses(401, 403, 404, 409, 422),
)  # fmt: skip
async def issue_settlement(
    service: AppService, acting: Acting, settlement: SettlementId, idempotency_key: IdempotencyKey = None
) -> Response:
    """Give the draft its number. It never changes from then on; what changes afterwards is corrected by the next statement."""
    stored = await issue(service.database, acting, settlement, idempotency_key)
    return Response(with_hash(stored.document, stored.settlement.sha256), media_type="application/json")


@router.post(
    "/{settlement}/lines", status_code=201, operation_id="add_settlement_line", summary="Enter a line on a draft",
    responses=responses(400, 401, 403, 404, 409, 422),
)  # fmt: skip
async def add_settlement_line(service: AppService, acting: Acting, settlement: SettlementId, form: NewLine) -> Settlement:
    """Enter advertising costs, an adjustment with its reason, or withheld tax; the answer is the draft, computed again."""
    return await settlements.add_line(service.database, acting, settlement, form)


@router.delete(
    "/{settlement}/lines/{line}", operation_id="remove_settlement_line", summary="Remove an entered line of a draft",
    responses=responses(401, 403, 404, 409, 422),
)  # fmt: skip
async def remove_settlement_line(
    service: AppService, acting: Acting, settlement: SettlementId, line: Annotated[UUID, Path(description="the line's id")]
) -> Settlement:
    """Remove a line that was entered; the answer is the draft, computed again."""
    return await settlements.remove_line(service.database, acting, settlement, line)


@router.delete(
    "/{settlement}", status_code=204, operation_id="delete_settlement", summary="Delete a draft",
    responses=responses(401, 403, 404, 409, 422),
)  # fmt: skip
async def delete_settlement(service: AppService, acting: Acting, settlement: SettlementId) -> None:
    """Delete a draft with its entered lines. An issued statement cannot be deleted."""
    await settlements.remove(service.database, acting, settlement)


@router.get(
    "/{settlement}", operation_id="get_settlement", summary="Get a statement", response_model=Settlement,
    responses=responses(401, 403, 404, 422),
)  # fmt: skip
async def get_settlement(service: AppService, principal: Viewer, settlement: SettlementId, edition: AskedEdition) -> Response:
    """Return a statement. `sha256` is the hash of the internal document as it is answered, without this last member."""
    stored = await settlement_reader.get(service.database, principal, settlement)
    if edition == "internal":
        return Response(with_hash(stored.document, stored.settlement.sha256), media_type="application/json")
    return Response(client_edition(stored.settlement).model_dump_json(), media_type="application/json")
