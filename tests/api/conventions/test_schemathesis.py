"""schemathesis tests the API by its document: no 500, no answer that the document does not describe."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.api.document import DOCUMENT
from tests.pipeline.processes import HEADERS, ServerProcess

pytestmark = pytest.mark.processes

FULL = os.environ.get("TALLYLIGHT_FAULTS") == "full"
OPERATIONS = [f"{method.upper()} {path}" for path, operations in DOCUMENT["paths"].items() for method in operations]
Check = Callable[[Any, Any], None]


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


@pytest.fixture(scope="module")
def operations() -> Mapping[str, Any]:
    """The operations as schemathesis reads them; to import it and to read them takes three seconds of computing."""
    import schemathesis  # noqa: PLC0415 - see above

    read = schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()
    return {operation.label: operation for operation in (found.ok() for found in read)}  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def as_documented() -> Check:
    """Check the answer to a case."""
    from schemathesis.checks import not_a_server_error  # noqa: PLC0415 - as above
    from schemathesis.specs.openapi.checks import (  # noqa: PLC0415 - as above
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    return lambda case, answer: case.validate_response(answer, checks=checks)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_route_answers_as_documented(
    base: str, operations: Mapping[str, Any], as_documented: Check, operation: str
) -> None:
    """Status codes, content types and bodies match the document for any input."""

    @settings(
        max_examples=100 if FULL else 5,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operations[operation].as_strategy())
    def answers(case: Any) -> None:
        as_documented(case, case.call(base_url=base, headers=HEADERS))

    answers()


def test_all_operations_are_tried(operations: Mapping[str, Any]) -> None:
    """None is left out that schemathesis knows."""
    assert set(OPERATIONS) == set(operations)
