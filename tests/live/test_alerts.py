"""Alerts: when they are there, when they are not, and what they say."""

from datetime import datetime, timedelta
from string import Formatter
from typing import Any, get_args

import httpx
import pytest
from hypothesis import given, strategies as st

from app.api.live.alerts import Alert as AlertShape
from app.labels.catalogue import CATALOGUE, LANGUAGES
from app.live import alerts
from app.live.alerts import AlertThresholds, ProductState, SupportState
from app.storage.kpis.reads import Broadcast, ConcurrencyRow, SessionHead
from app.storage.live.live_reads import OpenRequests
from tests.kpis.event_builders import START, at
from tests.live.conftest import make_session, send

MINUTE = timedelta(minutes=1)
CLOCK = START + timedelta(minutes=30)
LIMITS = AlertThresholds(low_stock=5, slow_seconds=180.0, silence=timedelta(seconds=120))


def head(telemetry: datetime | None, began: datetime | None = START) -> SessionHead:
    """Return a session that went on air and sent its last event at a moment."""
    on_air = (Broadcast("wechat", "room", on=True, at=began),) if began else ()
    return SessionHead(
        START_ID, START_ID, "b", "B", "t", None, "live", "CNY", "Asia/Tokyo", None, began, None, telemetry, ("wechat",), on_air
    )  # fmt: skip


START_ID: Any = "00000000-0000-0000-0000-000000000001"


def samples(*counts: int, until: datetime = CLOCK, platform: str = "wechat") -> list[ConcurrencyRow]:
    """Return a sample per minute, the last one at a moment."""
    first = until - MINUTE * (len(counts) - 1)
    return [ConcurrencyRow(first + MINUTE * n, platform, "", count, first + MINUTE * n, count) for n, count in enumerate(counts)]


def stock(*levels: int, units: int = 0, clicks: int = 0) -> ProductState:
    """Return a product whose stock changed every minute."""
    return ProductState(
        [(START + MINUTE * n, pieces) for n, pieces in enumerate(levels)], units, clicks, levels[-1] if levels else 0, active=True
    )


class TestStock:
    """low_stock and sold_out_clicked."""

    @pytest.mark.parametrize(
        ("state", "since"),
        [
            (stock(9, 5), 1),  # the limit itself is low
            (stock(9, 6), None),
            (stock(9, 4, 3, 2), 1),  # since it fell, not since it last changed
            (stock(4, 9, 3), 2),  # refilled in between
            (stock(4, 9), None),
            (stock(5, 0), None),  # sold out is another matter
            (stock(40, 20, units=20), 1),  # ten minutes' sales would use it up
            (stock(40, 21, units=20), None),
            (stock(), None),
        ],
    )
    def test_low(self, state: ProductState, since: int | None) -> None:
        """Few pieces, or few against what is sold."""
        alert = alerts.low_stock("p", state, LIMITS.low_stock)
        assert (None if since is None else START + MINUTE * since) == (alert.since if alert else None)

    def test_low_tells_how_long_it_lasts(self) -> None:
        """In minutes at the present rate; without sales nothing can be said."""
        quick = alerts.low_stock("p", stock(8, units=16), 5)
        idle = alerts.low_stock("p", stock(3), 5)
        assert quick is not None
        assert idle is not None
        assert {"stock": 8, "units_recent": 16, "minutes_left": 5} == quick.figures
        assert {"stock": 3, "units_recent": 0} == idle.figures

    @pytest.mark.parametrize(
        ("state", "since"),
        [
            (stock(3, 0, clicks=1), 1),
            (stock(3, 0, 0, clicks=9), 1),
            (stock(3, 0, clicks=0), None),
            (stock(3, 0, 2, clicks=4), None),
            (stock(0, 2, 0, clicks=4), 2),
        ],
    )
    def test_sold_out_while_clicked(self, state: ProductState, since: int | None) -> None:
        """Sold out now, and clicked since."""
        alert = alerts.sold_out_clicked("p", state)
        assert (None if since is None else START + MINUTE * since) == (alert.since if alert else None)

    @given(levels=st.lists(st.integers(0, 50), max_size=8), units=st.integers(0, 60), clicks=st.integers(0, 9))
    def test_a_product_is_never_low_and_sold_out(self, levels: list[int], units: int, clicks: int) -> None:
        """At most one alert of the two, and its `since` is one of the changes."""
        state = stock(*levels, units=units, clicks=clicks)
        low, out = alerts.low_stock("p", state, 5), alerts.sold_out_clicked("p", state)
        assert low is None or out is None
        for alert in (low, out):
            assert alert is None or alert.since in {moment for moment, _ in state.levels}

    @given(levels=st.lists(st.integers(1, 50), min_size=1, max_size=8), units=st.integers(0, 60), more=st.integers(0, 60))
    def test_faster_sales_never_end_the_alert(self, levels: list[int], units: int, more: int) -> None:
        """What is low at one rate is low at a higher one."""
        if alerts.low_stock("p", stock(*levels, units=units), 5):
            assert alerts.low_stock("p", stock(*levels, units=units + more), 5)


class TestSilence:
    """no_telemetry."""

    @pytest.mark.parametrize(
        ("quiet", "minutes"),
        [(0, None), (119.9, None), (120, 2), (600, 10), (3600, 60), (82_800, 1380), (86_401, None)],
    )
    def test_a_live_session_is_silent(self, quiet: float, minutes: int | None) -> None:
        """From the limit on; after an hour the session no longer counts as on air."""
        telemetry = CLOCK - timedelta(seconds=quiet) + timedelta(microseconds=1)
        found = head(telemetry, telemetry)
        clock = alerts.session_clock(found, CLOCK + timedelta(microseconds=1))
        alert = alerts.no_telemetry(found, clock, LIMITS.silence)
        assert minutes == (alert.figures["minutes"] if alert else None)

    def test_a_minute_of_counts_lasts_to_its_end(self) -> None:
        """What was counted in a minute may have come in its last second."""
        telemetry = CLOCK - timedelta(seconds=120)
        assert alerts.no_telemetry(head(telemetry, None), CLOCK, LIMITS.silence) is None
        assert alerts.no_telemetry(head(telemetry, None), CLOCK + MINUTE, LIMITS.silence) is not None

    def test_a_replay_of_another_year_is_not_silent(self) -> None:
        """Its clock is where it has come to."""
        found = head(START + MINUTE)
        now = START + timedelta(days=2000)
        assert START + MINUTE == alerts.session_clock(found, now)
        assert alerts.no_telemetry(found, alerts.session_clock(found, now), LIMITS.silence) is None


class TestSupport:
    """slow_support."""

    @pytest.mark.parametrize(
        ("responses", "average", "waiting", "found"),
        [(0, 0, 0, False), (3, 180.0, 0, False), (3, 180.1, 0, True), (0, 0, 1, True), (9, 10, 2, True)],
    )
    def test_slow(self, responses: int, average: float, waiting: int, found: bool) -> None:
        """The recent average is over the limit, or a request waits for longer."""
        first = CLOCK - timedelta(minutes=5) if waiting else None
        state = SupportState(responses, round(responses * average * 1000), CLOCK - 4 * MINUTE, OpenRequests(waiting, first))
        alert = alerts.slow_support(state, CLOCK, 180.0)
        assert found is (alert is not None)
        if alert and waiting:
            assert (CLOCK - 2 * MINUTE, 5) == (alert.since, alert.figures["longest_minutes"])
        elif alert:
            assert CLOCK - 4 * MINUTE == alert.since


class TestAudience:
    """audience_falling."""

    @pytest.mark.parametrize(
        ("counts", "level"),
        [
            ((100, 100, 100, 100, 100, 71), None),
            ((100, 100, 100, 100, 100, 70), "warning"),
            ((100, 100, 100, 100, 100, 50), "critical"),
            ((100, 100, 60), None),  # not enough past
            ((19, 19, 19, 19, 19, 1), None),  # a handful comes and goes by chance
            ((50, 60, 70, 80, 90, 100), None),
            ((100, 100, 100, 100, 10, 100), None),  # one sample that missed
        ],
    )
    def test_falling(self, counts: tuple[int, ...], level: str | None) -> None:
        """Against the average of the minutes before the last two."""
        alert = alerts.audience_falling(samples(*counts), {}, CLOCK)
        assert level == (alert.level if alert else None)

    def test_what_lies_long_ago_says_nothing(self) -> None:
        """Nor does an audience of which no recent sample tells."""
        counts = (1000, 1000, 1000, *[100] * 12)
        assert alerts.audience_falling(samples(*counts), {}, CLOCK) is None
        fallen = samples(100, 100, 100, 100, 100, 10, until=CLOCK - 3 * MINUTE)
        assert alerts.audience_falling(fallen, {}, CLOCK) is None

    def test_a_platform_that_ended_took_its_viewers_along(self) -> None:
        """The other platform's audience is what remains: for the session the audience fell."""
        rows = samples(100, 100, 100, 100, 100, 100) + samples(200, 200, 200, 200, until=CLOCK - 2 * MINUTE, platform="weibo")
        alert = alerts.audience_falling(rows, {"weibo": CLOCK - 2 * MINUTE}, CLOCK)
        assert alert is not None
        assert (100, 300) == (alert.figures["viewers"], alert.figures["viewers_before"])

    @given(counts=st.lists(st.integers(0, 10**6), max_size=15))
    def test_any_samples_give_an_answer_that_holds(self, counts: list[int]) -> None:
        """The figures are what the alert claims."""
        alert = alerts.audience_falling(samples(*counts), {}, CLOCK)
        if alert:
            assert alert.figures["viewers"] == counts[-1]
            assert alert.figures["viewers"] < alert.figures["viewers_before"]


def test_every_code_of_the_contract_has_words_that_its_figures_fill() -> None:
    """In all languages the same fields."""
    texts = {key: words for key, words in CATALOGUE.items() if key.startswith("alert.")}
    codes = set(get_args(AlertShape.model_fields["code"].annotation))
    assert codes == {key.split(".")[1] for key in texts}
    for key, words in texts.items():
        fields = [{name for _, name, _, _ in Formatter().parse(words[language]) if name} for language in LANGUAGES]
        assert fields[0] == fields[1] == fields[2], key


async def _alerts(client: httpx.AsyncClient, session: str, lang: str = "en") -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/sessions/{session}/alerts", params={"lang": lang})
    assert 200 == answer.status_code, answer.text
    return list(answer.json()["alerts"])


async def test_a_show_raises_and_ends_its_alerts(client: httpx.AsyncClient) -> None:
    """From the events alone, on the session's own clock of 2021; none before it begins, none after it ends."""
    session = await make_session(client, lineup=[{"product": "knit-01", "name": "ニット", "stock": 60}])
    await send(client, session, "stock.changed", at(0), product="knit-01", stock=3)
    assert [] == await _alerts(client, session)
    await send(client, session, "session.started", at(0))
    assert [] == await _alerts(client, session), "a product that neither sells nor is on air"
    await send(client, session, "product.showcased", at(1), product="knit-01")
    await send(client, session, "product.withdrawn", at(20), product="knit-01")
    (low,) = await _alerts(client, session, "ja")
    assert ("low_stock", "knit-01", "2021-09-25T14:00:00+09:00") == (low["code"], low["product"], low["since"])
    assert "「ニット」の在庫が残り3点です" == low["text"]
    await send(client, session, "stock.changed", at(60), product="knit-01", stock=0)
    assert [] == await _alerts(client, session)
    await send(client, session, "product.clicked", at(61), product="knit-01", count=7)
    await send(client, session, "support.requested", at(30), ticket="t-1")
    await send(client, session, "audience.sampled", at(240), concurrent=100)
    found = await _alerts(client, session)
    assert ["sold_out_clicked", "slow_support"] == [alert["code"] for alert in found]
    assert {"clicks": 7, "stock": 0} == found[0]["figures"]
    assert "2021-09-25T14:03:30+09:00" == found[1]["since"]
    await send(client, session, "support.answered", at(250), ticket="t-1")
    await send(client, session, "audience.sampled", at(1300), concurrent=100)
    assert [] == await _alerts(client, session), "an answer long ago, and ten minutes without a click"
    for minute, viewers in enumerate((100, 100, 100, 100, 100, 100, 40), 22):
        await send(client, session, "audience.sampled", at(60 * minute), concurrent=viewers)
    (falling,) = await _alerts(client, session)
    assert "The audience is falling fast: 40 viewers now, 60% fewer than the 100 of the last 10 minutes" == falling["text"]
    await send(client, session, "session.ended", at(60 * 30))
    assert [] == await _alerts(client, session)
