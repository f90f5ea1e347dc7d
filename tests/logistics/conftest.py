"""What the tests of logistics share: sessions and telemetry over HTTP, from the tests of the read side."""

from typing import Any

from tests.kpis.conftest import new_session, read, send  # noqa: F401 - fixtures
from tests.kpis.event_builders import Event


def refunded(second: int, order: str, refund: str, amount: str, *lines: tuple[str, int], **more: Any) -> Event:
    """Return a refund; its lines are (product, quantity)."""
    listed = [{"product": product, "quantity": quantity, "amount": "1.00"} for product, quantity in lines]
    return (
        "order.refunded",
        second,
        {"order": order, "refund": refund, "amount": amount, **({"lines": listed} if lines else {}), **more},
    )


def codes(document: dict[str, Any]) -> dict[str, Any]:
    """Return code → figures of a document's warnings."""
    return {warning["code"]: warning["figures"] for warning in document["warnings"]}
