"""Exports of orders as back ends write them, and a session into which tests import them.

In: columns, lines of a file. Out: receipts and figures. Never here: what they should be.
"""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx

from app.ingest.rebuilding import rebuild
from app.service import Service

CN = {"order": "订单号", "buyer": "买家", "product": "商品编码", "quantity": "数量", "line_amount": "实付", "paid_at": "支付时间"}
EN = {"order": "Order", "buyer": "Buyer", "product": "SKU", "quantity": "Qty", "amount": "Total", "paid_at": "Paid at"}
RF = {**CN, "refunded_amount": "退款金额", "refunded_at": "退款时间"}
SHOPIFY = {
    "order": "Name", "buyer": "Email", "product": "Lineitem sku", "quantity": "Lineitem quantity", "unit_price": "Lineitem price",
    "amount": "Total", "paid_at": "Paid at", "refunded_amount": "Refunded Amount",
}  # fmt: skip
CN_HEAD = "订单号,买家,商品编码,数量,实付,支付时间"
EN_HEAD = "Order,Buyer,SKU,Qty,Total,Paid at"
RF_HEAD = f"{CN_HEAD},退款金额,退款时间"
PAID = "2026-09-25 14:05:00"


class Imports:
    """Imports files into one session, and reads its figures."""

    def __init__(self, client: httpx.AsyncClient, service: Service, kpis: Callable[..., Any], session: dict[str, Any]) -> None:
        """Remember the session and its first room."""
        self._client, self._service, self._kpis = client, service, kpis
        self.session: str = session["id"]
        self._subject = ":".join(session["streams"][0][part] for part in ("platform", "room"))

    async def take(self, columns: dict[str, str], *lines: str, **options: Any) -> dict[str, Any]:
        """Import the lines of a file, the heading first; return the receipt."""
        given = json.dumps({"kind": "orders", "subject": self._subject, "columns": columns} | options)
        files = {"file": ("orders.csv", "\n".join(lines) + "\n")}
        answer = await self._client.post("/v1/imports", files=files, data={"options": given})
        assert 200 == answer.status_code, answer.text
        return dict(answer.json())

    async def figures(self, *slugs: str) -> list[Any]:
        """Return KPIs, once a rebuild has found no difference."""
        assert [] == await rebuild.compare(self._service.database, self._service.settings, UUID(self.session))
        found = await self._kpis(self.session)
        return [found[slug] for slug in slugs]

    async def get(self, path: str) -> Any:
        """Return a document of the session."""
        return (await self._client.get(f"/v1/sessions/{self.session}/{path}")).json()

    async def orders(self) -> dict[str, Any]:
        """Return the orders by their number."""
        return {order["order"]: order for order in (await self.get("orders"))["orders"]}

    async def gmv_of_products(self) -> dict[str, str]:
        """Return GMV per product."""
        return {row["product"]: row["gmv"] for row in (await self.get("products"))["products"]}


def warnings(receipt: dict[str, Any]) -> str:
    """Return all warnings of a receipt."""
    return "; ".join(warning for row in receipt["rows"] for warning in row["warnings"])
