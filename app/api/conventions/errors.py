"""Error answers: exceptions to RFC 9457 problem documents.

In: exceptions of routes and of what they call. Out: responses. Never here: the wording of a problem, which is where it is raised.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from app.ingest.group_commit.writer import NotCommittedError, QueueFullError
from app.observability.logs import request_id
from app.problems import MEDIA_TYPE, FieldError, ProblemError, pointer_of, rule_params
from app.storage.transient_errors import TRANSIENT, is_transient

_DATABASE_ERRORS = (*TRANSIENT, DBAPIError)


def add_error_handlers(app: FastAPI) -> None:
    """Let an application answer every error as a problem document."""
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    for kind in (*_DATABASE_ERRORS, QueueFullError, NotCommittedError):
        app.add_exception_handler(kind, _unavailable)


def response_to(error: Exception) -> Response:
    """Return the answer to an error outside of FastAPI; raise again what is no error of the client and not transient."""
    return problem_response(error if isinstance(error, ProblemError) else _transient(error))


def problem_response(problem: ProblemError) -> Response:
    """Return a problem as a response, with the id of the present request."""
    current = request_id()
    body = to_json(problem.document(f"urn:request:{current}" if current else None))
    return Response(body, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def _transient(error: Exception) -> ProblemError:
    """Return 503 for an error that a retry may resolve; anything else that the database reports is a fault of the server."""
    if not isinstance(error, QueueFullError | NotCommittedError) and not is_transient(error):
        raise error
    return ProblemError(
        503, "the database did not answer in time; send again", code="database_unavailable", headers={"Retry-After": "1"}
    )


def _problem(_: Request, error: Any) -> Response:
    return problem_response(error)


def _unavailable(_: Request, error: Any) -> Response:
    return problem_response(_transient(error))


def _invalid_request(_: Request, error: Any) -> Response:
    problems = [
        # The first step of a location names its place (body, query, path); the pointer begins after it. A rule about several
        # fields of an object has the object's location, and names the field that breaks it as `member`.
        FieldError(
            pointer=pointer_of((*problem["loc"][1:], *_member(problem.get("ctx")))),
            detail=str(problem["msg"]),
            code=problem["type"],
            params=rule_params(problem.get("ctx")),
        )
        for problem in error.errors()
    ]
    return problem_response(ProblemError(422, "the input is not valid", errors=problems))


def _member(context: Mapping[str, Any] | None) -> tuple[str, ...]:
    return (context["member"],) if context and "member" in context else ()


def _http_error(_: Request, error: Any) -> Response:
    headers = dict(error.headers or {})
    if "GET" in headers.get("Allow", ""):
        headers["Allow"] += ", HEAD"
    detail = error.detail if error.status_code not in {404, 405} else None
    return problem_response(ProblemError(error.status_code, detail, headers=headers))
