"""Route of the deployment's status.

In: nothing. Out: findings with their words. Never here: checks, secrets.
"""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app import __version__
from app.api.access.authorization import Admin, AppService
from app.api.conventions.language import AnswerLanguage
from app.labels.catalogue import Language, label
from app.labels.notation import file_size
from app.operations import doctor
from app.operations.doctor import Finding, Level, Status
from app.problems import responses

router = APIRouter(tags=["service"])


class CheckOut(BaseModel):
    """What one check found."""

    name: str = Field(examples=["backup"])
    title: str = Field(examples=["Last backup"])
    status: Level
    code: str = Field(description="stable, for programs", examples=["age"])
    detail: str = Field(examples=["made 1 days ago"])


class TableOut(BaseModel):
    """A table."""

    name: str = Field(examples=["events"])
    bytes: int = Field(description="with its indexes")
    rows: int = Field(description="as PostgreSQL estimates them")


class ScheduleOut(BaseModel):
    """Recurring work."""

    name: str = Field(examples=["platforms_tick"])
    last_run: datetime | None
    next_run: datetime


class StatusDocument(BaseModel):
    """The state of the deployment; `status` is that of the worst check."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "status": "warning",
                "as_of": "2021-09-25T05:30:00Z",
                "version": "0.1.0",
                "checks": [
                    {
                        "name": "writer",
                        "title": "Writer",
                        "status": "ok",
                        "code": "writes",
                        "detail": "the database takes writes",
                    },
                    {
                        "name": "backup",
                        "title": "Last backup",
                        "status": "warning",
                        "code": "none",
                        "detail": "no backup is known",
                    },
                ],
                "tables": [{"name": "events", "bytes": 81920, "rows": 120}],
                "schedules": [
                    {"name": "platforms_tick", "last_run": "2021-09-25T05:29:57Z", "next_run": "2021-09-25T05:30:02Z"},
                ],
            }
        }
    )

    status: Level
    as_of: datetime
    version: str
    checks: list[CheckOut]
    tables: list[TableOut] = Field(description="the largest ones")
    schedules: list[ScheduleOut]


def document_of(status: Status, language: Language) -> dict[str, Any]:
    """Return the document (`StatusDocument`)."""
    return {
        "status": status.level.value,
        "as_of": status.as_of,
        "version": __version__,
        "checks": [_check(finding, language) for finding in status.findings],
        "tables": [table._asdict() for table in status.tables],
        "schedules": [schedule._asdict() for schedule in status.schedules],
    }


def _check(finding: Finding, language: Language) -> dict[str, Any]:
    figures = {name: file_size(value) if name == "bytes" else value for name, value in finding.figures.items()}
    return {
        "name": finding.check,
        "title": label(f"system.{finding.check}", language),
        "status": finding.level.value,
        "code": finding.code,
        "detail": label(f"system.{finding.check}.{finding.code}", language).format(**figures),
    }


@router.get("/v1/status", operation_id="get_status", summary="Check the deployment", responses=responses(401, 403))
async def status(service: AppService, caller: Admin, language: AnswerLanguage) -> StatusDocument:
    """Return what `tallylight doctor` finds, and what this process knows of its own writer and worker."""
    del caller
    faults = [
        Finding(name, Level.FAILED, "fault", {"reason": fault})
        for name, fault in (("writer", service.writer.fault()), ("worker", service.platforms.worker.fault()))
        if fault is not None
    ]
    found = await doctor.examine(service.read_side, service.settings, await service.probe.state(), datetime.now(UTC), faults)
    return StatusDocument.model_validate(document_of(found, language))
