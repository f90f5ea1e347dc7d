"""The simulated sessions: every insight's figures are where it says they are, and the sheet's own sentences come out.

A quarter of the audience buys as much and says the same; `make test-all` has all of it.
"""

import os
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.labels.catalogue import LANGUAGES
from app.simulate.generation.generator import generate
from app.simulate.scenario.library import load
from app.simulate.scenario.scenario import Scenario
from app.simulate.sending.api_client import ApiClient
from app.simulate.sending.delivery import SendOptions
from app.simulate.sending.sender import run
from tests.insights.evidence_check import Insight, check_evidence
from tests.kpis.event_builders import NewSession, Read, Send, paid
from tests.simulate.counting import moment, of_type

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PART_OF_THE_AUDIENCE = 1 if os.environ.get("TALLYLIGHT_FAULTS") == "full" else 4
OF_THE_AUDIENCE = {
    "viewers", "views", "peak_concurrent_viewers", "new_followers", "comments", "likes", "shares", "gifts", "impressions",
    "clicks", "engagements",
}  # fmt: skip


def _of(insights: list[Insight], code: str, **figures: Any) -> list[Insight]:
    return [one for one in insights if one["code"] == code and figures.items() <= one["figures"].items()]


Reached = Callable[[list[Insight]], object]
SENTENCES: dict[str, Reached] = {
    # ライブ内容分析, 現場記録
    "ライブ前半の視聴者数とエンゲージメント数が多い。": lambda found: [
        one for one in _of(found, "audience_over_time", half="first") if one["figures"].get("comments")
    ],
    "ライブの全体スピードは通常より遅め。": lambda found: [
        one
        for one in _of(found, "spend_against_history", metric="products_per_hour")
        if one["figures"]["value"] < one["figures"]["median"]
    ],
    # ライブ内容分析, まとめ
    "ライブ開始してから20分まで、トラフィックの92%はKOLのコアファン（4級以上）": lambda found: [
        one for one in _of(found, "core_fans_early", minutes=20, min_level=4) if round(one["figures"]["share"], 2) == 0.92
    ],
    "フォロアーの平均再生時間…から見ると効果がよかった。": lambda found: _of(
        found, "spend_against_history", metric="average_watch_seconds", percentile=100
    ),
    "…コンバージョン率から見ると効果がよかった。": lambda found: _of(
        found, "spend_against_history", metric="conversion_rate", percentile=100
    ),
    "現場の160センチのモデルさん大好評。": lambda found: (
        {("height", "160"), ("theme", "model"), ("theme", "praise")}
        <= {(topic["kind"], topic["term"]) for one in _of(found, "comment_topics") for topic in one["figures"]["topics"]}
    ),
    # EC実績, 現場記録
    "客単価高い": lambda found: _of(found, "spend_against_history", metric="spend_per_buyer", percentile=100),
    "新規フォロアー少ない。": lambda found: _of(found, "spend_against_history", metric="follow_rate", percentile=0),
    "在庫がたりない。": lambda found: _of(found, "stock_out_missed_demand", product="knit-01"),
    "店舗カスタマーサービス返答遅い。": lambda found: _of(found, "slow_support", support_requests=24, slow_responses=11),
    "予約販売期間長い": lambda found: _of(found, "long_shipping"),
    # EC実績, まとめ
    "商品単価高い…新規フォロアーの獲得は難しい。": lambda found: (
        _of(found, "spend_against_history", metric="spend_per_buyer", percentile=100)
        and _of(found, "spend_against_history", metric="follow_rate", percentile=0)
    ),
    "人気商品の在庫が少ない、今後売り切ったら予約販売できるようにしたい。": lambda found: [
        one for one in _of(found, "stock_out_missed_demand") if "予約販売" in one["text"]["ja"]
    ],
    "店舗とライブ中のカスタマーサービスはもっと改善すべき（返答のスピード…）": lambda found: _of(found, "slow_support"),
    "物流のスピードup。難しい場合は次のシーズン品を選ぶ": lambda found: [
        one for one in _of(found, "long_shipping") if "次のシーズン品" in one["text"]["ja"]
    ],
    # 宣伝動画分析, まとめ
    "宣伝動画の影響": lambda found: [one for one in _of(found, "promotion_effect") if "arrivals" in one["figures"]],
    "反応よかった商品はすぐ売り切った。今後は在庫数にあわせて宣伝動画の内容を調整。": lambda found: [
        one for one in _of(found, "promotion_effect", product="knit-01") if "在庫数" in one["text"]["ja"]
    ],
}
"""Every sentence of the sheet of 2021-09-25 that figures can support, and what says it."""

BEYOND = {
    "現場のフォローアップがよい。": "a judgement of those who were there",
    "商品コーディネート、ブランドの紹介時間が多かった。": "no event tells what a host speaks about besides the product",
    "かつ割引なしという販売方法": "a discount would need the usual price; the line-up knows the live price alone",
    "（商品知識など）": "no figure measures knowledge",
}
"""The rest of the sheet's sentences, and why no figure says them: operators write them as notes."""


def with_part_of_the_audience(document: Any) -> Any:
    """Return a scenario's document with fewer viewers, who buy as much."""
    if isinstance(document, list):
        return [with_part_of_the_audience(one) for one in document]
    if not isinstance(document, dict):
        return document
    return {
        name: value // PART_OF_THE_AUDIENCE if name in OF_THE_AUDIENCE and value is not None else with_part_of_the_audience(value)
        for name, value in document.items()
    }


async def play(client: httpx.AsyncClient, scenario: Scenario) -> str:
    """Send a scenario and return its session."""
    outcome = await run(scenario, ApiClient(client), SendOptions(None, 2000, 1, 0.0))
    assert 0 == outcome.summary.rejected
    return outcome.session


async def earlier_sessions(new_session: NewSession, send: Send, brand: str) -> None:
    """Give a brand four shows in which cheaper things were sold faster, to viewers who stayed shorter and followed more."""
    for number in range(4):
        room = f"earlier-{number}"
        await new_session(brand=brand, streams=[{"platform": "wechat", "room": room}])
        begin = -86_400 * 7 * (number + 1)
        sample = {
            "viewers_total": 9000,
            "average_watch_seconds": 300 + number,
            "followers_total": 90 + number,
            "comments_total": 450,
        }
        await send(
            f"wechat:{room}",
            ("session.started", begin, {}),
            *(("product.showcased", begin + 60 * n, {"product": f"p{n}"}) for n in range(8)),
            *(paid(begin + 600 + n, f"{room}-{n}", f"b{n}", ("p1", 1, f"{900 + number}.00")) for n in range(30)),
            ("audience.sampled", begin + 3000, sample),
            ("session.ended", begin + 3600, {}),
        )


async def test_the_sheet_of_2021_09_25_says_what_people_wrote(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """All figures are where the insights say; every sentence that figures can support is reached; texts are complete."""
    scenario = Scenario.model_validate(with_part_of_the_audience(load("2021-09-25").model_dump(mode="json", exclude_unset=True)))
    await earlier_sessions(new_session, send, scenario.session.brand)
    session = await play(client, scenario)
    insights = (await read(session, "insights"))["insights"]
    await check_evidence(client, insights, {product.product: product.name for product in scenario.products})
    for sentence, reached in SENTENCES.items():
        assert reached(insights), f"no insight says: {sentence}"
    for insight in insights:
        assert set(LANGUAGES) == set(insight["text"])
        assert not any(bad in text for text in insight["text"].values() for bad in ("{", "}", "None", "—")), insight
    assert insights == (await read(session, "insights"))["insights"]


async def test_figures_agree_with_the_events_themselves(client: httpx.AsyncClient, read: Read) -> None:
    """Counted once more from the simulated events: clicks after the sell-out, early fans, the half, slow answers, platforms."""
    scenario = Scenario.model_validate(
        with_part_of_the_audience(load("two-platforms").model_dump(mode="json", exclude_unset=True))
    )
    session = await play(client, scenario)
    insights = (await read(session, "insights"))["insights"]
    await check_evidence(client, insights, {product.product: product.name for product in scenario.products})
    events = generate(scenario)
    start = scenario.session.starts_at
    early = [
        event for event in of_type(events, "viewer.entered") if (moment(event) - start).total_seconds() < 1200
    ]  # fmt: skip
    first_of: dict[str, Any] = {}
    for event in early:
        first_of.setdefault(event["data"]["viewer"], event)
    (core,) = _of(insights, "core_fans_early")
    assert len(first_of) == core["figures"]["arrivals"]
    assert sum(event["data"]["fan_level"] >= 4 for event in first_of.values()) == core["figures"]["core_fans"]
    (stock,) = _of(insights, "stock_out_missed_demand")
    gone = stock["figures"]["product"]
    sold_out = next(
        moment(e) for e in of_type(events, "stock.changed") if e["data"] == {"product": gone, "stock": 0}
    )  # fmt: skip
    after = [
        e for e in of_type(events, "product.clicked")
        if e["data"]["product"] == gone and moment(e) >= sold_out.replace(microsecond=0)
    ]  # fmt: skip
    assert len(after) == stock["figures"]["clicks_after"]
    (contrast,) = _of(insights, "platform_contrast")
    assert ("wechat", "weibo") == (contrast["figures"]["platform"], contrast["figures"]["other_platform"])
    weibo = {e["data"]["order"] for e in of_type(events, "order.paid") if e["subject"].startswith("weibo:")}
    total = sum(float(e["data"]["amount"]) for e in of_type(events, "order.paid"))
    here = {e["data"]["order"]: float(e["data"]["amount"]) for e in of_type(events, "order.paid") if e["data"]["order"] in weibo}
    assert abs(1 - sum(here.values()) / total - contrast["figures"]["gmv_share"]) < 1e-6
    assert {"audience_over_time", "clicked_not_bought", "on_air_winners", "promotion_effect", "comment_topics"} <= {
        one["code"] for one in insights
    }
