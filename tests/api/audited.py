"""Write requests, and the rows that they leave in the audit log.

In: an operation, the row that it should leave. Out: its answer. Never here: which operations there are.
"""

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import uuid4

import httpx

from tests.api.document import DOCUMENT

WRITES = {
    operation["operationId"]: (method.upper(), path)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if method != "get"
}
SHOW = {"title": "t", "brand": "maison-k", "currency": "CNY", "streams": [{"platform": "wechat", "room": "r-1"}]}


class Entry(NamedTuple):
    """What a row should say."""

    action: str
    object_id: str | None
    session: str | None
    brand: str | None


async def audit_entries(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    """Return the rows of the log that these parameters choose, 200 at most."""
    answer = await client.get("/v1/audit", params={"limit": 200, **params})
    assert 200 == answer.status_code, answer.text
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


def audit_entry(row: dict[str, Any]) -> Entry:
    """Return what a row says."""
    assert row["object"]["kind"] == row["action"].partition(".")[0]
    return Entry(row["action"], row["object"]["id"], row["session"], row["brand"])


class Actions:
    """Sends write requests and compares the rows that each leaves with the expected one."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """Start without requests."""
        self.client = client
        self.done: set[str] = set()

    async def __call__(  # noqa: D102
        self, operation: str, expected: Callable[[dict[str, Any]], Entry], body: Any = None, **path: str
    ) -> dict[str, Any]:
        method, template = WRITES[operation]
        request = uuid4().hex
        headers = {"X-Request-Id": request, "X-Forwarded-For": "203.0.113.7", "If-Match": "*"}
        answer = await self.client.request(method, template.format_map(path), json=body, headers=headers)
        assert answer.is_success, f"{operation}: {answer.text}"
        document: dict[str, Any] = answer.json() if answer.content else {}
        rows = [row for row in await audit_entries(self.client) if row["request"] == request]
        assert [expected(document)] == [audit_entry(row) for row in rows], operation
        assert ("203.0.113.7", "key", "test") == (rows[0]["address"], rows[0]["principal"]["kind"], rows[0]["principal"]["name"])
        self.done.add(operation)
        return document
