"""A plan of a show, with every part, and how tests read and replace one."""

import httpx

from tests.desk.conftest import Answer

PLAN: Answer = {
    "title": "秋の新作ライブ", "brand": "maison-k", "host": "小林", "kind": "rehearsal", "currency": "CNY", "time_zone": "Asia/Tokyo",
    "scheduled_at": "2021-09-25T05:00:00Z", "planned_minutes": 150, "targets_shared": True,
    "streams": [{"platform": "wechat", "room": "plan-1"}, {"platform": "weibo", "room": "plan-2"}],
    "lineup": [
        {
            "product": code, "name": name, "list_price": "1499.00", "live_price": "1099.00", "stock": 60, "preorder": False,
            "promised_days": 14, "talk_points": "洗える\n160cm",
        }
        for code, name in (("skirt-02", None), ("knit-01", "ニット"))
    ],
    "promotions": [
        {"url": "https://v.example/1", "kind": "video", "platform": "weibo", "title": "t", "published_at": "2021-09-18T10:00:00Z"},
        {"url": None, "kind": "article", "platform": None, "title": None, "published_at": None},
    ],
    "targets": {"gmv": "500000.00", "viewers": 20000, "engagement_rate": 0.05},
}  # fmt: skip


async def read_plan(client: httpx.AsyncClient, session: str, **headers: str) -> tuple[Answer, str]:
    """Return the plan and its tag."""
    answer = await client.get(f"/v1/sessions/{session}/plan", headers=headers)
    assert 200 == answer.status_code, answer.text
    return dict(answer.json()), answer.headers["ETag"]


async def put_plan(client: httpx.AsyncClient, session: str, plan: Answer, tag: str | None, **headers: str) -> httpx.Response:
    """Replace the plan, under the condition of a tag unless it is None."""
    condition = {} if tag is None else {"If-Match": tag}
    return await client.put(f"/v1/sessions/{session}/plan", json=plan, headers=headers | condition)


def without_ids(plan: Answer) -> Answer:
    """Return the plan without the ids of its promotions, which the server chooses."""
    return plan | {"promotions": [{name: value for name, value in one.items() if name != "id"} for one in plan["promotions"]]}
