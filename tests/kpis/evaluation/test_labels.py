"""The label catalogue is complete, and the words fit the figures."""

import json
import re
import string
from pathlib import Path

from app.kpis.evaluation import consistency
from app.kpis.evaluation.consistency import KpiWarning, message
from app.kpis.evaluation.metrics import METRICS, Unit
from app.kpis.products.products import UNITS
from app.labels import catalogue as labels
from app.labels.catalogue import CATALOGUE, LANGUAGES, label, name_in
from app.reports import document as report_document
from app.storage.kpis.session_status import SessionStatus

ROOT = Path(__file__).parents[3] / "app"


def test_every_label_exists_in_every_language() -> None:
    """Japanese, Chinese and English, none of them empty, all with the same places for figures."""
    assert {} == {key: texts for key, texts in CATALOGUE.items() if set(LANGUAGES) != set(texts)}
    assert {} == {key: texts for key, texts in CATALOGUE.items() if not all(text.strip() for text in texts.values())}
    places = {
        key: [sorted({name for _, name, _, _ in string.Formatter().parse(text) if name}) for text in texts.values()]
        for key, texts in CATALOGUE.items()
    }
    assert {} == {key: found for key, found in places.items() if [found[0]] * len(LANGUAGES) != found}


def test_no_key_stands_in_two_files() -> None:
    """Each word has one place."""
    files = [json.loads(file.read_text(encoding="utf-8")) for file in (ROOT / "labels").glob("*.json")]
    assert len(CATALOGUE) == sum(len(keys) for keys in files)


def test_every_kpi_status_check_and_section_has_its_label() -> None:
    """What the code can name, the catalogue can say."""
    codes = [code for code, _, _ in consistency.AT_MOST]
    codes += re.findall(r'"(\w+)",\n', Path(consistency.__file__).read_text(encoding="utf-8"))
    wanted = {f"metric.{metric.slug}" for metric in METRICS} | {f"status.{status.value}" for status in SessionStatus}
    wanted |= {f"warning.{code}" for code in codes if f"metric.{code}" not in CATALOGUE}
    wanted |= {f"product.{field}" for field in UNITS} | {
        f"factor.{name}" for names in report_document.FACTORS.values() for name in names
    }
    wanted |= {f"promotion.{column}" for column in report_document.PROMOTION_COLUMNS}
    assert set() == wanted - CATALOGUE.keys()
    assert {"warning.watch_time_exceeds_peak", "warning.products_differ_from_total"} <= wanted


def test_every_warning_can_be_worded() -> None:
    """The figures of a finding fill the places of its message."""
    finding = KpiWarning("counted_and_reported_differ", {"platform": "weibo", "metric": "viewers", "counted": 1, "reported": 2})
    assert "Viewers on Weibo" in message(finding, "CNY", "en")
    assert "累計視聴人数" in message(finding, "CNY", "ja")
    assert "观看人数" in message(finding, "CNY", "zh")


def test_a_name_falls_back_to_another_language() -> None:
    """The language asked for, then Japanese, Chinese, English, then any."""
    assert "b" == name_in({"zh": "a", "en": "b"}, "en")
    assert "a" == name_in({"zh": "a", "en": "b"}, "ja")
    assert "x" == name_in({"fr": "x"}, "ja")
    assert name_in({}, "ja") is None
    assert "Live" == labels.labels("status.", "en")["live"]
    assert "GMV" == label("metric.gmv", "ja")


def test_every_metric_says_what_it_is_counted_in() -> None:
    """Slugs are unique, and formulas name figures that exist."""
    slugs = [metric.slug for metric in METRICS]
    assert len(slugs) == len(set(slugs))
    assert set(Unit) == {metric.unit for metric in METRICS}
    for metric in METRICS:
        if metric.quotient is not None:
            assert metric.formula
