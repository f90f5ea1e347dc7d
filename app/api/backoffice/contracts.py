"""Routes of plans and contracts.

In: requests. Out: records of the settlement package. Never here: rules, SQL.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from app.api.access.authorization import READERS, Admin, AppService, Operator
from app.api.conventions.paging import Paging, encode
from app.catalogue.models import Slug
from app.problems import responses
from app.settlement.contracts import contracts
from app.settlement.contracts.contracts import Contract, ContractPatch, NewContract
from app.settlement.contracts.plans import PLANS, PlanPreset

router = APIRouter(prefix="/v1", tags=["contracts"])

ContractId = Annotated[UUID, Path(description="the contract's id")]


class PlanList(BaseModel):
    """The presets."""

    plans: list[PlanPreset]


class ContractList(BaseModel):
    """A page of contracts."""

    contracts: list[Contract]
    next_cursor: str | None


@router.get(
    "/plans", operation_id="list_plans", summary="List plans", responses=responses(401, 403), dependencies=[Depends(READERS)]
)
async def list_plans() -> PlanList:
    """Return the agency's plans with the terms that their contracts have by default."""
    return PlanList(plans=list(PLANS))


@router.get("/contracts", operation_id="list_contracts", summary="List contracts", responses=responses(401, 403, 422))
async def list_contracts(
    service: AppService,
    caller: Operator,
    paging: Paging,
    brand: Annotated[Slug | None, Query(description="only contracts of this brand")] = None,
) -> ContractList:
    """Return contracts, the newest first. A key that is bound to a brand sees its own, without the shares inside the agency."""
    page = await contracts.listing(service.database, caller, brand=brand, after=paging.after(UUID), limit=paging.limit)
    return ContractList(contracts=page.items, next_cursor=encode(page.next))


@router.post(
    "/contracts", status_code=201, operation_id="create_contract", summary="Create a contract",
    responses=responses(400, 401, 403, 404, 409, 422),
)  # fmt: skip
async def create_contract(service: AppService, caller: Admin, form: NewContract) -> Contract:
    """Create a contract. Absent terms are those of the plan. Contracts of one brand must not overlap in time."""
    return await contracts.create(service.database, caller, form)


@router.get(
    "/contracts/{contract}", operation_id="get_contract", summary="Get a contract", responses=responses(401, 403, 404, 422)
)
async def get_contract(service: AppService, caller: Operator, contract: ContractId) -> Contract:
    """Return a contract."""
    return await contracts.get(service.database, caller, contract)


@router.patch(
    "/contracts/{contract}", operation_id="update_contract", summary="Change the end of a contract",
    responses=responses(400, 401, 403, 404, 409, 422),
)  # fmt: skip
async def update_contract(service: AppService, caller: Admin, contract: ContractId, form: ContractPatch) -> Contract:
    """Change the last day of a contract. Other terms change by a new contract."""
    return await contracts.patch(service.database, caller, contract, form)


@router.delete(
    "/contracts/{contract}", status_code=204, operation_id="delete_contract", summary="Delete a contract",
    responses=responses(401, 403, 404, 409, 422),
)  # fmt: skip
async def delete_contract(service: AppService, caller: Admin, contract: ContractId) -> None:
    """Delete a contract."""
    await contracts.remove(service.database, caller, contract)
