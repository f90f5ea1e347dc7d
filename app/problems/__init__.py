"""Problems: every error answer, as RFC 9457 `application/problem+json`.

In: exceptions. Out: problem documents. Never here: secrets, values of the client's input, stack traces.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.problems import codes

MEDIA_TYPE = "application/problem+json"
_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    409: "Conflict",
    410: "Gone",
    412: "Precondition failed",
    413: "Body too large",
    415: "Unsupported media type",
    422: "Invalid input",
    428: "Precondition required",
    429: "Too many requests",
    431: "Request head too large",
    500: "Internal error",
    501: "Not installed",
    503: "Overloaded",
}
CODES: Mapping[str, int] = {name: code.status for name, code in codes.CODES.items()}
"""Stable code of a problem → its status."""
_DEFAULT_CODES = {status: code for code, status in reversed(list(CODES.items()))}


_LIMITS = frozenset({"expected", "expected_tags", "ge", "gt", "le", "lt", "max_length", "min_length"})


class FieldError(BaseModel):
    """One wrong field; `pointer` is a JSON Pointer into the input."""

    pointer: str
    detail: str
    code: str = Field(
        default="invalid", description="stable rule that the field breaks, for programs; see docs/reference/problems.md"
    )
    params: dict[str, str | int | float] = Field(
        default_factory=dict, description="what the rule's words name, such as `max_length`"
    )


class ProblemDocument(BaseModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Not found",
                "status": 404,
                "code": "session_not_found",
                "detail": "no such session",
                "instance": "urn:request:0192f1a0b3c4",
            }
        }
    )

    type: str = Field(default="about:blank")
    title: str
    status: int
    code: str = Field(description="stable, for programs; see docs/reference/problems.md")
    detail: str | None = None
    instance: str | None = Field(default=None, description="the request's id, also in the X-Request-Id header and the logs")
    errors: list[FieldError] | None = None


class ProblemError(Exception):
    """An error that is answered to the client."""

    def __init__(
        self,
        status: int,
        detail: str | None = None,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """`code` is one of `CODES`; `errors` name wrong fields; `extra` are members added to the document."""
        super().__init__(detail or _TITLES.get(status, "Error"))
        self.status = status
        self.code = code or _default_code(status)
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def document(self, instance: str | None) -> dict[str, Any]:
        """Return the problem document."""
        document = ProblemDocument(
            title=_TITLES.get(self.status, "Error"),
            status=self.status,
            code=self.code,
            detail=self.detail,
            instance=instance,
            errors=self.errors or None,
        ).model_dump(exclude_none=True)
        return document | self.extra


def _default_code(status: int) -> str:
    return _DEFAULT_CODES.get(status) or ("internal_error" if status >= 500 else "bad_request")


def not_found(what: str) -> ProblemError:
    """Return the 404 of an object that does not exist or that another brand owns."""
    name = "lineup_item" if what == "product in this line-up" else what.replace(" ", "_")
    code = f"{name}_not_found"
    return ProblemError(404, f"no such {what}", code=code if code in CODES else None)


def invalid(pointer: str, detail: str, code: str = "invalid", **params: str | float) -> ProblemError:
    """Return the 422 for one wrong field; `code` is the rule, and `params` are what its words name."""
    error = FieldError(pointer=pointer, detail=detail, code=code, params=params)
    return ProblemError(422, "the input is not valid", errors=[error])


def rule_params(context: Mapping[str, Any] | None) -> dict[str, str | float]:
    """Return the limits that a Pydantic error's context names. Everything else there may quote the input."""
    limits = {name: value for name, value in (context or {}).items() if name in _LIMITS}
    return {name: value if isinstance(value, str | int | float) else str(value) for name, value in limits.items()}


def pointer_of(location: Sequence[int | str]) -> str:
    """Return a Pydantic location as a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI `responses` of these problem statuses."""
    return {
        status: {
            "description": _TITLES[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }
        for status in statuses
    }
