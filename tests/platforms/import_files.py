"""Files of orders and of audience figures, and the options of their import."""

import json
from typing import Any

from tests.platforms.conftest import ROOM

ORDERS = """订单号,买家,商品编码,数量,实付,支付时间
3705115058471208928,o1,knit-01,1,1099.00,2021-09-25 13:31:07
3705115058471208928,o1,coat-02,2,"¥2,000.00",2021-09-25 13:31:07
3705115058471208929,o2,knit-01,1,oops,2021-09-25 13:32:07
3705115058471208930,o3,knit-01,1,100.005,2021-09-25 13:33:07
"""
COLUMNS = {
    "order": "订单号",
    "buyer": "买家",
    "product": "商品编码",
    "quantity": "数量",
    "line_amount": "实付",
    "paid_at": "支付时间",
}
AUDIENCE = "time,online\n2021-09-25 13:00:00,120\n2021-09-25 13:01:00,150\n"


def options(kind: str = "orders", subject: str = f"wechat:{ROOM}", **changes: Any) -> str:
    """Return the options of an import."""
    columns = COLUMNS if kind == "orders" else {"time": "time", "concurrent": "online"}
    return json.dumps({"kind": kind, "subject": subject, "columns": columns} | changes)
