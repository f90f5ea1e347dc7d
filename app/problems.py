"""Problems: every error answer, as RFC 9457 `application/problem+json`.

In: exceptions. Out: problem documents. Never here: secrets, values of the client's input, stack traces.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

MEDIA_TYPE = "application/problem+json"
_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Body too large",
    415: "Unsupported media type",
    422: "Invalid input",
    429: "Too many requests",
    500: "Internal error",
    503: "Overloaded",
}


class FieldError(BaseModel):
    """One wrong field; `pointer` is a JSON Pointer into the input."""

    pointer: str
    detail: str


class ProblemDocument(BaseModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Not found",
                "status": 404,
                "detail": "no such session",
                "instance": "urn:request:0192f1a0b3c4",
            }
        }
    )

    type: str = "about:blank"
    title: str
    status: int
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
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """`errors` name wrong fields; `extra` are members added to the document."""
        super().__init__(detail or _TITLES.get(status, "Error"))
        self.status = status
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def document(self, instance: str | None) -> dict[str, Any]:
        """Return the problem document."""
        document = ProblemDocument(
            title=_TITLES.get(self.status, "Error"),
            status=self.status,
            detail=self.detail,
            instance=instance,
            errors=self.errors or None,
        ).model_dump(exclude_none=True)
        return document | self.extra


def not_found(what: str) -> ProblemError:
    """Return the 404 of an object that does not exist or that another brand owns."""
    return ProblemError(404, f"no such {what}")


def invalid(pointer: str, detail: str) -> ProblemError:
    """Return the 422 for one wrong field."""
    return ProblemError(422, "the input is not valid", errors=[FieldError(pointer=pointer, detail=detail)])


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
