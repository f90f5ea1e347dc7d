"""schemathesis tests the API by its document: no 500, no answer that the document does not describe."""

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.document import DOCUMENT
from tests.pipeline.processes import HEADERS, ServerProcess

pytestmark = pytest.mark.processes

FULL = os.environ.get("TALLYLIGHT_FAULTS") == "full"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS: list[Any] = [found.ok() for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def base(database_of_file: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server."""
    folder = tmp_path_factory.mktemp("schemathesis")
    server = ServerProcess(folder, {"TALLYLIGHT_DATA_DIR": str(folder), "TALLYLIGHT_DATABASE_URL": database_of_file})
    server.start()
    try:
        asyncio.run(server.ready())
        yield server.base
    finally:
        server.end()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_every_route_answers_as_documented(base: str, operation: Any) -> None:
    """Status codes, content types and bodies match the document for any input."""

    @settings(
        max_examples=100 if FULL else 8,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def answers(case: Any) -> None:
        answer = case.call(base_url=base, headers=HEADERS)
        case.validate_response(answer, checks=CHECKS)

    answers()
