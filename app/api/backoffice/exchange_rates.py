"""Routes of exchange rates.

In: requests. Out: records of the settlement package. Never here: rules, SQL.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from app.api.access.authorization import AppService, Operator, Viewer
from app.api.conventions.paging import Paging, encode
from app.catalogue.models import CurrencyCode, Day
from app.problems import responses
from app.settlement.rates import exchange_rates
from app.settlement.rates.exchange_rates import ExchangeRate, NewRate, RateKey

router = APIRouter(prefix="/v1/exchange-rates", tags=["exchange-rates"])


async def rate_key(
    date: Annotated[Day, Path(description="day of the rate", examples=["2021-09-25"])],
    source: Annotated[CurrencyCode, Path(description="currency of the amount", examples=["CNY"])],
    target: Annotated[CurrencyCode, Path(description="currency of the result", examples=["JPY"])],
    kind: Annotated[
        str, Path(pattern=r"^[A-Z][A-Za-z0-9_-]{0,15}$", description="TTM, TTB, TTS or an agreed name", examples=["TTM"])
    ],
) -> RateKey:
    """Return the path's four parts."""
    return date, source, target, kind


Key = Annotated[RateKey, Depends(rate_key)]
_PATH = "/{date}/{source}/{target}/{kind}"


class ExchangeRateList(BaseModel):
    """A page of exchange rates."""

    exchange_rates: list[ExchangeRate]
    next_cursor: str | None


@router.get("", operation_id="list_exchange_rates", summary="List exchange rates", responses=responses(401, 403, 422))
async def list_exchange_rates(
    service: AppService,
    caller: Viewer,
    paging: Paging,
    first: Annotated[Day | None, Query(alias="from", description="first day", examples=["2021-09-01"])] = None,
    last: Annotated[Day | None, Query(alias="to", description="last day", examples=["2021-09-30"])] = None,
) -> ExchangeRateList:
    """Return exchange rates by day."""
    after = paging.after(str, str, str)
    page = await exchange_rates.listing(service.database, caller, first=first, last=last, after=after, limit=paging.limit)
    return ExchangeRateList(exchange_rates=page.items, next_cursor=encode(page.next))


@router.put(
    _PATH, operation_id="put_exchange_rate", summary="Enter an exchange rate", responses=responses(400, 401, 403, 409, 422)
)
async def put_exchange_rate(service: AppService, caller: Operator, key: Key, form: NewRate) -> ExchangeRate:
    """Store the rate of a day, or correct it. The record says who entered it and from which source."""
    return await exchange_rates.put(service.database, caller, key, form)


@router.get(
    _PATH,
    operation_id="get_exchange_rate",
    summary="Get an exchange rate",
    responses=responses(401, 403, 404, 422),
)
async def get_exchange_rate(service: AppService, caller: Viewer, key: Key) -> ExchangeRate:
    """Return the rate of a day; a rate that was not entered does not exist."""
    return await exchange_rates.get(service.database, caller, key)


@router.delete(
    _PATH, status_code=204, operation_id="delete_exchange_rate", summary="Delete an exchange rate",
    responses=responses(401, 403, 404, 409, 422),
)  # fmt: skip
async def delete_exchange_rate(service: AppService, caller: Operator, key: Key) -> None:
    """Delete a rate."""
    await exchange_rates.remove(service.database, caller, key)
