"""Brands: one that strains its pages by half a year of shows, 200 products with long names, customers who return; and small ones.

In: a server's address. Out: a brand's slug with everything its pages show. Never here: a browser.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import httpx

from tests.browser.broadcasts import LONG_BRAND, LONG_HOST, LONG_TITLE, NAMES, PRODUCTS, Telemetry, create, send
from tests.pipeline.processes import HEADERS

SLUG = "layout-brand"
PARTS = ("shows", "hosts", "contract", "settlement", "customers", "shipping", "catalogue", "exports")
MONTHS = 6
ORDERS = 60
CUSTOMERS = 90
_FIRST = datetime(2021, 4, 24, 5, tzinfo=UTC)


class BrandPages(NamedTuple):
    """What the pages of a brand have addresses for."""

    slug: str
    latest: str
    """Id of the latest show, which is not released."""
    customer: str
    issued: str
    """Id of the issued statement of August 2021."""
    draft: str
    """Id of the draft of September 2021, which lacks a release and a rate."""


def addresses_of(brand: BrandPages) -> list[str]:
    """Return the address of every page of a brand, and of the pages over all brands."""
    return [
        *(f"#/brand/{brand.slug}/{part}" for part in PARTS),
        f"#/brand/{brand.slug}/month/2021-09",
        f"#/brand/{brand.slug}/settlement/{brand.issued}",
        f"#/brand/{brand.slug}/settlement/{brand.draft}",
        f"#/brand/{brand.slug}/customers/{brand.customer}",
        f"#/brand/{brand.slug}/shipping/{brand.latest}",
        "#/brand/layout-empty/month/2021-09",
        "#/brands",
        "#/month/2021-09",
        "#/rates",
    ]


def brand_with_months(
    base: str, slug: str = SLUG, name: str = LONG_BRAND, title: str = LONG_TITLE, host: str = LONG_HOST
) -> BrandPages:
    """Create the brand and return what its pages need; `title` is that of the latest show."""
    rng = Random(20210424)
    with httpx.Client(base_url=base, headers=HEADERS, timeout=60) as client:

        def post(path: str, body: Any = None) -> Any:
            answer = client.post(path, json=body)
            assert answer.is_success, answer.text
            return answer.json()

        post("/v1/brands", {"slug": slug, "name": name})
        post("/v1/brands", {"slug": "layout-empty", "name": "Empty"})
        terms = {"shares": [{"to": "agency", "rate": "0.30"}, {"to": "kol:kobayashi", "rate": "0.10", "of": "agency"}]}
        post("/v1/contracts", {"brand": slug, "plan": "normal", "starts_on": "2021-04-01", **terms})
        for number in range(PRODUCTS):
            names = {"ja": NAMES[number % len(NAMES)].format(number=number)}
            customs = (
                {"name_zh": "100%羊毛针织衫", "hs_code": "611011", "origin": "JP", "net_weight_g": 320} if number % 3 else None
            )
            post("/v1/products", {"brand": slug, "code": f"item-{number:03}", "names": names, "customs": customs})
        shows = []
        for month in range(MONTHS):
            begin = _FIRST.replace(month=_FIRST.month + month)
            shown = title if month == MONTHS - 1 else f"{begin.month}月の定期ライブ"
            room = f"{slug}-{month}"
            shows.append(create(client, title=shown, brand=slug, host=host, streams=[{"platform": "wechat", "room": room}]))
            send(client, _show(rng, slug, room, begin), f"/{slug}/{month}")
        for show in shows[:-1]:
            post(f"/v1/sessions/{show}/finalize", {})
        rate = {"rate": "17.0912", "source": "三菱UFJ銀行 公表仲値（対顧客電信売買相場の仲値、午前十時公表分）"}
        client.put("/v1/exchange-rates/2021-08-24/CNY/JPY/TTM", json=rate).raise_for_status()
        issued = post("/v1/settlements", {"brand": slug, "month": "2021-08"})["id"]
        post(f"/v1/settlements/{issued}/issue")
        draft = post("/v1/settlements", {"brand": slug, "month": "2021-09"})["id"]
        adjustment = {
            "kind": "adjustment",
            "amount": "-1234567",
            "reason": "返品送料の精算（2021年8月分、中国国内倉庫から日本への返送）",
        }
        post(f"/v1/settlements/{draft}/lines", adjustment)
        customer = client.get(f"/v1/brands/{slug}/customers?limit=1").json()["customers"][0]["customer"]
    return BrandPages(slug, shows[-1], customer, issued, draft)


def brand_with_orders(base: str, slug: str, name: str) -> str:
    """Create a brand and its show on 25 September 2021, with three orders of two customers; return the slug."""
    with httpx.Client(base_url=base, headers=HEADERS) as client:
        client.post("/v1/brands", json={"slug": slug, "name": name}).raise_for_status()
        lineup = [{"product": "knit-01", "name": "ニット"}]
        create(client, title="九月のライブ", brand=slug, streams=[{"platform": "wechat", "room": slug}], lineup=lineup)
        send(client, _orders(f"wechat:{slug}"), f"/{slug}")
    return slug


def _orders(subject: str) -> Iterator[Telemetry]:
    begin = datetime(2021, 9, 25, 5, tzinfo=UTC)
    yield "session.started", subject, begin, {}
    yield "viewer.entered", subject, begin, {"viewer": "v"}
    for order, buyer, amount in (("A-1", "a", "481000.00"), ("A-2", "b", "800.00"), ("A-3", "b", "88.00")):
        line = {"product": "knit-01", "quantity": 1, "amount": amount}
        data = {"order": order, "buyer": buyer, "currency": "CNY", "amount": amount, "lines": [line]}
        yield "order.paid", subject, begin + timedelta(minutes=9), data
    yield "session.ended", subject, begin + timedelta(hours=2), {}


def _show(rng: Random, slug: str, room: str, begin: datetime) -> Iterator[Telemetry]:
    subject = f"wechat:{room}"

    def at(minute: float) -> datetime:
        return begin + timedelta(minutes=minute)

    yield "session.started", subject, at(0), {}
    for number in range(200 + rng.randrange(400)):
        yield "viewer.entered", subject, at(number / 10), {"viewer": f"{slug}-{number}"}
    for number in range(ORDERS):
        line = {"product": f"item-{rng.randrange(PRODUCTS):03}", "sku": "M", "quantity": rng.randrange(1, 4)}
        amount = f"{rng.randrange(1_000, 99_999)}.{rng.randrange(100):02}"
        order = {
            "order": f"{room}-{number:04}",
            "buyer": f"{slug}-{rng.randrange(CUSTOMERS)}",
            "currency": "CNY",
            "amount": amount,
        }
        yield "order.paid", subject, at(10 + number), order | {"lines": [line | {"amount": amount}]}
        if number % 4 == 0:
            parcel = {"order": order["order"], "carrier": "ヤマト運輸", "tracking": f"4000-{rng.randrange(10**8):08}"}
            yield "order.shipped", subject, at(3000 + number), parcel
    yield "session.ended", subject, at(144), {}
