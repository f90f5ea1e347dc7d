"""What exports hold: the same figures as the documents of the API, exactly, with pseudonyms, safe in a spreadsheet."""

import io
import itertools
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyarrow import parquet

from app.exports import parquet as parquet_file
from app.exports.columns import TABLES, Kind
from app.exports.formats import FORMATS, CsvFile, file_of
from app.exports.parquet import ParquetFile
from app.kpis.evaluation.metrics import METRICS
from app.problems import ProblemError
from app.settings import Settings
from tests.cli.shell import call
from tests.databases import SECRET
from tests.exports.conftest import FORMULA, Export
from tests.kpis.event_builders import NewSession, Read, Send, paid

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "exports.md"


async def test_kpis_are_those_of_the_document(show: str, export: Export, read: Read) -> None:
    """Value and basis of every slug; a missing one is an empty field."""
    (row,) = await export("kpis", brand="maison-k")
    document = await read(show, "kpis")
    assert (show, str(document["duration_seconds"]), "CNY") == (
        row["session"],
        row["duration_seconds"].removesuffix(".000000"),
        "CNY",
    )
    figures: dict[str, Any] = document["kpis"]
    for metric in METRICS:
        value = figures[metric.slug]["value"]
        assert figures[metric.slug]["basis"] == row[f"{metric.slug}_basis"], metric.slug
        text = row[metric.slug]
        if value is None:
            assert "" == text, metric.slug
        elif isinstance(value, str):
            assert value == text, metric.slug
        else:
            assert Decimal(str(value)) == Decimal(text), metric.slug
    assert ("200.10", "50.00", "0.000667") == (row["gmv"], row["refund_amount"], row["conversion_rate"])


async def test_products_are_those_of_the_document(show: str, export: Export, read: Read) -> None:
    """The line-up first, then the others; every figure of the document in its column."""
    rows = await export("products", brand="maison-k", lang="ja")
    document = await read(show, "products", lang="ja")
    products = [*document["products"], *document["other"]["products"]]
    assert [one["product"] for one in products] == [row["product"] for row in rows] == ["knit", "coat"]
    assert [("ニット", "true", "100.00", "5"), ("coat", "false", "", "")] == [
        (row["name"], row["listed"], row["live_price"], row["planned"]) for row in rows
    ]
    for one, row in zip(products, rows, strict=True):
        for field, basis in one["basis"].items():
            assert basis == row[f"{field}_basis"]
            value = "" if one[field] is None else one[field]
            assert row[field] == value if isinstance(value, str) else Decimal(row[field]) == Decimal(str(value)), field


async def test_orders_have_exact_amounts_and_the_codes_of_aliases(show: str, export: Export, read: Read) -> None:
    """A row per order, also of one that was not paid."""
    rows = {row["order"]: row for row in await export("orders", brand="maison-k")}
    listed = (await read(show, "orders"))["orders"]
    assert [
        ("'-1", "200.00", "50.00", "refunded", "2"),
        ("o2", "0.10", "0.00", "paid", "1"),
        ("o3", "9.99", "0.00", "placed", "0"),
    ] == [(order, row["amount"], row["refunded_amount"], row["state"], row["units"]) for order, row in rows.items()]
    for order in listed:
        row = rows["'" + order["order"] if order["order"].startswith("-") else order["order"]]
        assert (order["buyer"], order["lines"]) == (row["buyer"], json.loads(row["lines"]))
    assert "knit" == json.loads(rows["'-1"]["lines"])[0]["product"]
    assert ("2021-09-25T05:02:00Z", "", "") == (rows["'-1"]["paid_at"], rows["o3"]["paid_at"], rows["o2"]["shipped_at"])


async def test_the_whole_log_is_there_once(show: str, export: Export, client: httpx.AsyncClient) -> None:
    """Each event in order of time with its data; a void one says since when."""
    rows = await export("events", brand="maison-k")
    logged = (await client.get("/v1/events", params={"session": show, "limit": 100})).json()["events"]
    assert [(one["id"], one["type"], one["data"]) for one in logged] == [
        (row["id"], row["type"], json.loads(row["data"])) for row in rows
    ]
    (void,) = [row for row in rows if row["voided_at"]]
    assert "live.like.sent" == void["type"]
    assert ("2021-09-25T05:05:20Z", show) == (void["time"], void["session"])


async def test_no_export_names_a_person(show: str, client: httpx.AsyncClient) -> None:
    """Raw ids of viewers and buyers are in no table, in no format."""
    assert show
    for table, file_format in itertools.product(TABLES, FORMATS):
        answer = await client.get(f"/v1/exports/{table}", params={"format": file_format})
        content = answer.content
        if file_format == "parquet":
            content = str(parquet.read_table(io.BytesIO(content)).to_pylist()).encode()
        assert len(content) > 100
        assert b"raw-" not in content, (table, file_format)


async def test_windows_are_half_open_and_of_the_row_s_own_time(
    show: str, export: Export, new_session: NewSession, send: Send
) -> None:
    """A session by its start, an order by its payment, an event by its time; a session that has not begun by its schedule."""
    planned = await new_session(title="next", streams=[], scheduled_at="2021-09-26T05:00:00Z")
    unscheduled = await new_session(title="idea", streams=[])
    begin, end = "2021-09-25T05:00:00Z", "2021-09-26T05:00:00Z"
    assert [show, planned, unscheduled] == [row["session"] for row in await export("sessions", brand="maison-k")]
    assert [show] == [row["session"] for row in await export("sessions", from_=begin, to=end)]
    assert [planned] == [row["session"] for row in await export("sessions", from_=end)]
    assert [] == await export("sessions", to=begin)
    assert ["o2"] == [row["order"] for row in await export("orders", from_="2021-09-25T05:03:00Z", to="2021-09-25T05:03:10Z")]
    clicked = await export("events", from_="2021-09-25T05:01:10Z", to="2021-09-25T05:01:11Z")
    assert ["live.product.clicked"] == [row["type"] for row in clicked]
    await send("wechat:room", paid(5000, "late", "b", ("knit", 1, "1.00")))
    assert ["late"] == [row["order"] for row in await export("orders", from_="2021-09-25T06:00:00Z")]


async def test_parquet_has_the_types_and_the_same_values(show: str, export: Export, client: httpx.AsyncClient) -> None:
    """Money and ratios are decimals, times are moments in UTC, texts are as they were."""
    assert show
    for table, columns in TABLES.items():
        answer = await client.get(f"/v1/exports/{table}", params={"format": "parquet"})
        assert "application/vnd.apache.parquet" == answer.headers["content-type"]
        found = parquet.read_table(io.BytesIO(answer.content))
        assert list(columns) == found.column_names
        types = {
            Kind.TEXT: "string", Kind.INTEGER: "int64", Kind.MONEY: "decimal128(38, 4)", Kind.DECIMAL: "decimal128(38, 6)",
            Kind.TIME: "timestamp[us, tz=UTC]", Kind.FLAG: "bool",
        }  # fmt: skip
        assert [types[kind] for kind in columns.values()] == [str(field.type) for field in found.schema]
        rows = await export(table)
        assert len(rows) == found.num_rows > 0
        for text, row in zip(rows, found.to_pylist(), strict=True):
            for name, kind in columns.items():
                if name != "as_of":
                    assert _parsed(text[name], kind) == row[name], (table, name)


def _parsed(text: str, kind: Kind) -> Any:
    if text == "":
        return None
    if kind is Kind.TEXT:
        return text.removeprefix("'")
    if kind is Kind.TIME:
        return datetime.fromisoformat(text)
    return {Kind.FLAG: lambda: text == "true", Kind.INTEGER: lambda: int(text)}.get(kind, lambda: Decimal(text))()


async def test_no_field_is_a_formula(show: str, export: Export) -> None:
    """The title that a person entered has an apostrophe, which a reader can take away again."""
    (row,) = await export("sessions")
    assert (show, "'" + FORMULA) == (row["session"], row["title"])


def test_every_text_comes_back_from_csv() -> None:
    """An apostrophe is added before what begins like a formula and before itself, so that removing one gives the text."""
    file = CsvFile({"text": Kind.TEXT})
    for text in ("=1", "+1", "-1", "@x", "\tx", "\r", "＝1", "－1", "'", "'=1", "''", "plain", '"=1', "a,b\r\nc"):
        (line,) = [_unquoted(file.add([(text,)]).decode().removeprefix("text\r\n"))]
        assert not line.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "－"))
        assert text == line.removeprefix("'")


def _unquoted(line: str) -> str:
    line = line.removesuffix("\r\n")
    return line[1:-1].replace('""', '"') if line.startswith('"') else line


def test_amounts_keep_their_digits_in_both_formats() -> None:
    """Yen have no decimals, dinars three; no value passes through a float."""
    columns = {"money": Kind.MONEY, "time": Kind.TIME}
    values = [Decimal(123456789012345678901234567890), Decimal("0.001"), Decimal("-0.01"), Decimal("481888.00"), None]
    rows = [(value, datetime(2021, 9, 25, 5, 30, 0, 1, tzinfo=UTC)) for value in values]
    lines = (CsvFile(columns).add(rows)).decode().splitlines()
    assert ["123456789012345678901234567890", "0.001", "-0.01", "481888.00", ""] == [line.partition(",")[0] for line in lines[1:]]
    assert lines[1].endswith(",2021-09-25T05:30:00.000001Z")
    file = ParquetFile(columns)
    content = file.add(rows) + file.end()
    found = parquet.read_table(io.BytesIO(content)).to_pylist()
    assert [tuple(row.values()) for row in found] == rows


def test_a_table_without_rows_is_a_file() -> None:
    """CSV has its heading, Parquet its schema."""
    for name, columns in TABLES.items():
        csv_file, parquet_one = file_of("csv", columns), file_of("parquet", columns)
        assert ",".join(columns) + "\r\n" == (csv_file.add([]) + csv_file.end()).decode(), name
        assert list(columns) == parquet.read_schema(io.BytesIO(parquet_one.add([]) + parquet_one.end())).names


async def test_without_the_library_parquet_is_refused_by_name(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The problem names the field and its rule; CSV is there all along."""

    def missing() -> Any:
        raise ImportError

    monkeypatch.setattr(parquet_file, "_arrow", missing)
    answer = await client.get("/v1/exports/sessions", params={"format": "parquet"})
    assert 422 == answer.status_code
    (error,) = answer.json()["errors"]
    assert ("/format", "format_not_installed") == (error["pointer"], error["code"])
    assert "tallylight[parquet]" in error["detail"]
    assert 200 == (await client.get("/v1/exports/sessions")).status_code
    with pytest.raises(ProblemError):
        file_of("parquet", TABLES["sessions"])


async def test_what_cannot_be_exported_is_refused_by_name(client: httpx.AsyncClient) -> None:
    """An unknown table, format, time or brand, and a window that ends before it begins."""
    for path, pointer in (
        ("viewers", "/table"), ("orders?format=xlsx", "/format"), ("orders?from=yesterday", "/from"),
        ("orders?from=2021-09-02T00:00:00Z&to=2021-09-01T00:00:00Z", "/to"),
    ):  # fmt: skip
        answer = await client.get(f"/v1/exports/{path}")
        assert 422 == answer.status_code, path
        assert pointer == answer.json()["errors"][0]["pointer"]
    missing = await client.get("/v1/exports/orders?brand=no-such")
    assert (404, "brand_not_found") == (missing.status_code, missing.json()["code"])


async def test_head_says_what_the_file_would_be(show: str, client: httpx.AsyncClient) -> None:
    """A check of the parameters, without the table being read."""
    assert show
    answer = await client.head("/v1/exports/orders", params={"brand": "maison-k", "format": "parquet"})
    assert (200, b"") == (answer.status_code, answer.content)
    assert "filename=\"orders.parquet\"; filename*=UTF-8''maison-k_orders.parquet" in answer.headers["content-disposition"]
    assert 404 == (await client.head("/v1/exports/orders", params={"brand": "no-such"})).status_code


def test_every_column_is_documented() -> None:
    """The page names each column of each table, and each kind."""
    sections = DOCUMENT.read_text(encoding="utf-8").split("\n### ")
    documented = {section.partition("\n")[0]: section for section in sections}
    slugs = {name for metric in METRICS for name in (metric.slug, f"{metric.slug}_basis")}
    for table, columns in TABLES.items():
        names = {name for name in columns if not (table == "products" and name.endswith("_basis"))}
        assert [] == [name for name in names - (slugs if table == "kpis" else set()) if f"`{name}`" not in documented[table]], (
            table
        )
    for kind in Kind:
        assert f"| {kind} |" in sections[0]


@pytest.mark.processes
def test_the_command_writes_what_the_route_sends(settings: Settings, tmp_path: Path) -> None:
    """By the ending of the file's name; a file that cannot be written, and a brand that is not there, are one sentence."""
    env = {"TALLYLIGHT_DATABASE_URL": settings.database_url or "", "TALLYLIGHT_SECRET_KEY": SECRET}
    for name in ("sessions.csv", "kpis.parquet", "-"):
        done = call("export", "kpis", "-o", name, "--from", "2021-09-25T14:00:00+09:00", env=env, cwd=tmp_path)
        assert 0 == done.exit_code, done.stderr
        assert (name == "-") == done.stdout.startswith("session,brand")
    assert list(TABLES["kpis"]) == parquet.read_schema(tmp_path / "kpis.parquet").names
    assert ",".join(TABLES["kpis"]) + "\r\n" == (tmp_path / "sessions.csv").read_bytes().decode()
    missing = call("export", "orders", "--brand", "no-such", "-o", "x.csv", env=env, cwd=tmp_path)
    assert (1, "no such brand\n", False) == (missing.exit_code, missing.stderr, (tmp_path / "x.csv").exists())
    assert "cannot write" in call("export", "orders", "-o", "none/x.csv", env=env, cwd=tmp_path).stderr
    assert [2, 2] == [
        call("export", *words, env=env, cwd=tmp_path).exit_code for words in (("orders", "-o", "x.xlsx"), ("x", "-o", "x.csv"))
    ]
    assert {"kpis.parquet", "sessions.csv"} == {
        one.name for one in tmp_path.iterdir() if one.suffix in {".csv", ".parquet", ".part"}
    }
