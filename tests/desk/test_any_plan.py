"""Whatever a plan holds, it is read as it was put."""

from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import given, strategies as st

from tests.desk.conftest import Answer
from tests.desk.plans import put_plan, read_plan, without_ids
from tests.pipeline.conftest import Stage, database_of_file, settings_of_file, stage  # noqa: F401 - fixtures
from tests.properties import examples

_TEXTS = st.sampled_from(("秋", "a b", "ニット"))
_ITEMS = st.fixed_dictionaries(
    {
        "product": st.sampled_from(("a", "b", "c", "d", "café")), "name": st.none() | _TEXTS,
        "list_price": st.none() | st.sampled_from(("0.00", "1499.00")), "live_price": st.none() | st.sampled_from(("0.01", "9.90")),
        "stock": st.none() | st.sampled_from((0, 60)), "preorder": st.booleans(), "promised_days": st.none() | st.just(14),
        "talk_points": st.none() | _TEXTS,
    }
)  # fmt: skip
_PROMOTIONS = st.fixed_dictionaries(
    {
        "url": st.none() | st.sampled_from(("https://v.example/1", "https://v.example/2")), "kind": st.just("video"),
        "platform": st.none() | st.just("weibo"), "title": st.none() | _TEXTS,
        "published_at": st.none() | st.just("2021-09-18T10:00:00Z"),
    }
)  # fmt: skip
_PLANS = st.fixed_dictionaries(
    {
        "title": _TEXTS, "host": st.none() | _TEXTS, "kind": st.sampled_from(("live", "rehearsal")),
        "currency": st.just("CNY"), "time_zone": st.sampled_from(("Asia/Tokyo", "Asia/Shanghai")),
        "scheduled_at": st.none() | st.just("2021-09-25T05:00:00Z"),
        "planned_minutes": st.none() | st.integers(1, 1440), "targets_shared": st.booleans(),
        "streams": st.lists(st.sampled_from(("wechat", "weibo")), unique=True),
        "lineup": st.lists(_ITEMS, unique_by=lambda item: item["product"], max_size=4),
        "promotions": st.lists(_PROMOTIONS, unique_by=lambda one: one["url"] or id(one), max_size=3),
        "targets": st.dictionaries(st.sampled_from(("viewers", "likes")), st.sampled_from((0, 5)), max_size=2),
    }
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(stage: Stage) -> Stage:  # noqa: F811
    """Two services on the file's database, for all examples."""
    return stage


@pytest.mark.asyncio(loop_scope="module")
@examples(15)
@given(plans=st.lists(_PLANS, min_size=1, max_size=3))
async def test_any_plan_is_read_as_it_was_put(shared: Stage, plans: list[Answer]) -> None:
    """Whatever the plan before: after PUT, GET returns the same document, and a second PUT of it changes nothing."""
    session = await shared.post("/v1/sessions", {"title": "t", "brand": f"b-{uuid4().hex[:8]}", "currency": "CNY"})
    for wanted in plans:
        rooms = [{"platform": name, "room": session["id"]} for name in sorted(wanted["streams"])]
        plan = wanted | {"brand": session["brand"], "streams": rooms}
        _, tag = await read_plan(shared.client, session["id"])
        answer = await put_plan(shared.client, session["id"], plan, tag)
        assert 200 == answer.status_code, answer.text
        found, after = await read_plan(shared.clients[1], session["id"])
        key = _promotion_key
        assert plan | {"promotions": sorted(plan["promotions"], key=key)} == without_ids(found) | {
            "promotions": sorted(without_ids(found)["promotions"], key=key)
        }
        again = await put_plan(shared.clients[1], session["id"], found, after)
        assert (found, after) == (again.json(), again.headers["ETag"])


def _promotion_key(one: Answer) -> str:
    return repr([one[name] for name in ("url", "kind", "platform", "title", "published_at")])
