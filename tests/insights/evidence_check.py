"""Calls every path that an insight names, and finds its figures in the answers, or works them out from these alone."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import httpx

Answer = dict[str, Any]
Insight = dict[str, Any]

WRITTEN = {
    "price": "多少钱", "discount": "优惠", "size": "什么码", "stock": "还有货", "shipping": "发货", "colour": "颜色",
    "service": "客服", "model": "模特|モデル", "praise": "好看|素敵|かわいい",
}  # fmt: skip
"""Theme → what the simulated audience writes for it."""
PROMOTED = {"promotion", "video", "article", "ads"}


class Found:
    """The answer of a path, and what stands in it."""

    def __init__(self, answer: Answer) -> None:
        """Look at every value once; several insights may name the path."""
        self.answer = answer
        self._values = set(scalars(answer))
        texts = [value for value in self._values if isinstance(value, str)]
        self._moments = {_at(text) for text in texts if re.match(r"\d{4}-\d\d-\d\dT", text)}

    def has(self, value: Any) -> bool:
        """Return whether the value stands there, a moment perhaps in another time zone."""
        if value in self._values:
            return True
        try:
            return _at(value) in self._moments
        except (TypeError, ValueError):
            return False


async def found_at(client: httpx.AsyncClient, path: str) -> Found:
    """Return the answer of a path, the pages of a list put together."""
    answer = await client.get(path)
    assert 200 == answer.status_code, f"{path}: {answer.text}"
    document = answer.json()
    cursor = document.get("next_cursor")
    while cursor:
        page = (await client.get(path, params=dict(httpx.URL(path).params) | {"cursor": cursor})).json()
        for name, value in page.items():
            if isinstance(value, list):
                document[name] += value
        cursor = page["next_cursor"]
    return Found(document)


def scalars(value: Any) -> Iterator[Any]:
    """Yield every plain value of a document, and the keys of its objects."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scalars(inner)
    else:
        yield value


def _sum(answer: Answer, series: str) -> int:
    return sum(answer["series"][series])


def _mean(answer: Answer) -> float:
    values: list[int] = [value for value in answer["series"]["concurrent_viewers"] if value is not None]
    return round(sum(values) / len(values), 6)


def _windows(answers: list[Answer], product: str | None) -> list[Answer]:
    return [one for one in answers[0]["showcases"] if product in {None, one["product"]}]


def _seconds(windows: list[Answer]) -> float:
    return sum((_at(one["to"]) - _at(one["from"])).total_seconds() for one in windows)


def _per_minute(answers: list[Answer], product: str | None) -> str:
    windows = _windows(answers, product)
    return f"{sum(float(one['gmv']) for one in windows) * 60 / _seconds(windows):.2f}"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _delays(answers: list[Answer]) -> list[timedelta]:
    return [
        _at(one["shipped_at"]) - _at(one["paid_at"])
        for one in answers[1]["orders"]
        if one["shipped_at"] is not None and one["paid_at"] is not None
    ]


def _share(answers: list[Answer], platform: str, slug: str) -> float:
    document = answers[0]
    return round(float(document["by_platform"][platform][slug]["value"]) / float(
        document["kpis"][slug]["value"]), 6)  # fmt: skip


def _promoted(answers: list[Answer]) -> int:
    return sum(row["viewers"] for row in answers[1]["by_source"] if row["source"] in PROMOTED)


def _people(answers: list[Answer], topic: Answer, names: dict[str, str]) -> int:
    """Count naively: who wrote anything in which the topic's words stand."""
    pattern = {
        "theme": WRITTEN.get(topic["term"], "no such theme"),
        "height": topic["term"],
        "product": names.get(topic["term"], topic["term"]),
        "word": topic["term"],
    }[topic["kind"]]
    comments = [event["data"] for event in answers[0]["events"]]
    return len({one["viewer"] for one in comments if re.search(pattern, one["text"])})


def _paces(answers: list[Answer]) -> list[float]:
    lengths = {one["session"]: one["duration_seconds"] for one in answers[0]["sessions"]}
    return [
        round(len({one["product"] for one in document["showcases"]}) * 3600 / lengths[document["session"]], 6)
        for document in answers[1:]
    ]


def _step(kpis: Answer, step: str) -> float | None:
    of = {"viewers": "impressions", "clickers": "viewers", "buyers": "clickers"}[step]
    below, above = kpis[of]["value"], kpis[step]["value"]
    return above / below if below and above is not None else None


def _earlier_steps(answers: list[Answer], figures: Answer) -> list[float]:
    shares = [_step(one["kpis"], figures["step"]) for one in answers[1]["sessions"][:-1]]
    return [one for one in shares if one is not None]


Derivation = Callable[[list[Answer], Answer], Any]
DERIVED: dict[str, dict[str, Derivation]] = {
    "audience_over_time": {
        "half": lambda answers, _: "first" if answers[0]["from"] == answers[1]["from"] else "second",
        "arrivals": lambda answers, _: _sum(answers[0], "viewers"),
        "arrivals_share": lambda answers, _: round(_sum(answers[0], "viewers") / _sum(answers[1], "viewers"), 6),
        "comments": lambda answers, _: _sum(answers[0], "comments"),
        "comments_share": lambda answers, _: round(_sum(answers[0], "comments") / _sum(answers[1], "comments"), 6),
        "average": lambda answers, _: _mean(answers[0]),
        "last_average": lambda answers, _: _mean(answers[1]),
    },
    "core_fans_early": {"minutes": lambda answers, _: (_at(answers[0]["to"]) - _at(answers[0]["from"])).seconds // 60},
    "on_air_winners": {
        "on_air_seconds": lambda answers, f: _seconds(_windows(answers, f["product"])),
        "units": lambda answers, f: sum(one["units"] for one in _windows(answers, f["product"])),
        "gmv": lambda answers, f: f"{sum(float(one['gmv']) for one in _windows(answers, f['product'])):.2f}",
        "gmv_per_minute": lambda answers, f: _per_minute(answers, f["product"]),
        "gmv_per_minute_of_all": lambda answers, _: _per_minute(answers, None),
    },
    "spend_against_history": {
        "metric": lambda _, f: f["metric"],
        "value": lambda answers, f: (
            _paces(answers)[0] if len(answers) > 1 else answers[0]["sessions"][-1]["kpis"][f["metric"]]["value"]
        ),
        "median": lambda answers, f: (
            sorted(_paces(answers)[1:])[(len(answers) - 2) // 2]
            if len(answers) > 1
            else answers[0]["sessions"][-1]["kpis"][f["metric"]]["median"]
        ),
        "percentile": lambda answers, f: (
            100 * sum(peer < f["value"] for peer in _paces(answers)[1:]) / (len(answers) - 2)
            if len(answers) > 1
            else answers[0]["sessions"][-1]["kpis"][f["metric"]]["percentile"]
        ),
        "earlier": lambda answers, f: (
            len(answers) - 2 if len(answers) > 1 else answers[0]["sessions"][-1]["kpis"][f["metric"]]["earlier"]
        ),
    },
    "long_shipping": {
        "limit_hours": lambda _, __: 72,
        "shipped_orders": lambda answers, _: len(_delays(answers)),
        "late_orders": lambda answers, _: sum(delay > timedelta(hours=72) for delay in _delays(answers)),
    },
    "promotion_effect": {
        "promotions": lambda answers, _: len(answers[0]["sections"]["promotion"]["rows"]),
        "arrivals": lambda answers, _: _promoted(answers),
        "arrivals_share": lambda answers, _: round(_promoted(answers) / answers[1]["arrivals"], 6),
        "minutes": lambda answers, f: (_at(f["sold_out_at"]) - _at(answers[2]["started_at"])) // timedelta(minutes=1),
    },
    "after_live_sales": {"share": lambda _, f: round(float(f["gmv"]) / float(f["session_gmv"]), 6)},
    "funnel_narrows": {
        "step": lambda _, f: f["step"],
        "value": lambda answers, f: round(_step(answers[0]["kpis"], f["step"]) or 0, 6),
        "median": lambda answers, f: round(median(_earlier_steps(answers, f)), 6),
        "earlier": lambda answers, f: len(_earlier_steps(answers, f)),
    },
    "viewers_lost": {
        "marks": lambda answers, f: [name for name in f["marks"] if any(name == mark["label"] for mark in answers[-1]["marks"])],
    },
    "platform_contrast": {
        "viewers_share": lambda answers, f: _share(answers, f["platform"], "viewers"),
        "gmv_share": lambda answers, f: _share(answers, f["platform"], "gmv"),
    },
}
"""Code → figure → how to work it out from the answers. Every other figure stands in an answer as it is."""


async def check_evidence(client: httpx.AsyncClient, insights: list[Insight], names: dict[str, str]) -> None:
    """Check every figure of every insight; `names` are the products' by their codes."""
    assert list(range(1, len(insights) + 1)) == [insight["rank"] for insight in insights]
    paths = dict.fromkeys(path for insight in insights for path in insight["evidence"])
    found = {path: await found_at(client, path) for path in paths}
    for insight in insights:
        named = [found[path] for path in insight["evidence"]]
        answers = [one.answer for one in named]
        for name, value in insight["figures"].items():
            said = f"{insight['code']} {name} {value} {insight['evidence']}"
            if insight["code"] == "comment_topics":
                _check_topics(answers, insight["figures"], name, names)
            elif name in DERIVED.get(insight["code"], {}):
                assert value == DERIVED[insight["code"]][name](answers, insight["figures"]), said
            elif value is not None:
                assert any(one.has(value) for one in named), said


def _check_topics(answers: list[Answer], figures: Answer, name: str, names: dict[str, str]) -> None:
    """Check counts of all comments exactly, and those of a sample by their shares, within three per cent."""
    comments = [event["data"] for event in answers[0]["events"]]
    people = len({one["viewer"] for one in comments})
    if name == "topics":
        for topic in figures["topics"]:
            share = _people(answers, topic, names) / people
            slack = 0.03 if figures["sampled"] else 0
            assert abs(topic["people"] / figures["people"] - share) <= slack, topic
    elif name == "sampled":
        assert figures["sampled"] == (figures["comments"] < len(comments))
    elif not figures["sampled"]:
        assert {"comments": len(comments), "people": people}[name] == figures[name]
