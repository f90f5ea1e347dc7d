"""Files of statements: beancount's own checker accepts the export, and a workbook's formulas give the amounts of the statement."""

import re
from datetime import UTC, datetime
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import httpx
import openpyxl
import pytest
from beancount import loader
from hypothesis import given

from app.labels.catalogue import LANGUAGES, Language
from app.settlement.amounts.rounding import rounded
from app.settlement.amounts.statement import Statement
from app.settlement.files.beancount import export
from app.settlement.files.page import render
from app.settlement.files.wording import FileContent, percent
from app.settlement.files.workbook import write_workbook
from app.settlement.statements.document import Settlement, client_edition
from tests.properties import examples
from tests.settlement.conftest import CONTRACT, RATE, SEPTEMBER, KeyFor, Released
from tests.settlement.months_of_money import Months, months

NOW = datetime(2021, 10, 1, tzinfo=UTC)
ISSUER = "株式会社 JOSO LAB"


def document(statement: Statement, number: str | None = "2021-09-001") -> Settlement:
    """Return a statement as it is stored."""
    return Settlement(
        **dict(statement), id=UUID(int=1), number=number, status="draft" if number is None else "issued", brand="maison-k",
        brand_name='Maison "K" \\ 株式会社', issuer=ISSUER, computed_at=NOW, date=None if number is None else NOW.date(), issued_at=NOW,
        issued_by="key:1", deliverables=[], platform=[],
    )  # fmt: skip


@examples(25)
@pytest.mark.property
@given(months())
def test_beancount_accepts_every_export(found: Months) -> None:
    """Each file alone and all files in one ledger, in both editions: no error, and the brand's account holds what is payable."""
    issued = [document(statement, number) for number, statement in found.issued()]
    for edition in (issued, [client_edition(statement) for statement in issued]):
        text = "".join(map(export, edition))
        entries, errors, _ = loader.load_string(text)
        assert [] == errors, text
        held = sum(
            posting.units.number
            for entry in entries
            for posting in getattr(entry, "postings", ())
            if posting.account == "Liabilities:Settlement:Brands:Maison-k"
        )
        carried = sum(line.amount for statement in issued for line in statement.lines if line.kind == "carry_over")
        assert -held == sum(statement.totals.payable_to_brand for statement in issued) - carried


def test_the_test_would_see_a_file_that_does_not_balance(example: Settlement) -> None:
    """One yen less, and beancount refuses it."""
    _, errors, _ = loader.load_string(export(example).replace("-5297763 JPY", "-5297762 JPY"))
    assert ["Transaction does not balance"] == [error.message.partition(":")[0] for error in errors]


@pytest.fixture
async def example(client: httpx.AsyncClient, released: Released) -> Settlement:
    """The issued statement of the example, with a line of each entered kind."""
    await client.post("/v1/contracts", json=CONTRACT)
    await client.put(RATE, json={"rate": "17.09", "source": "a bank"})
    await released(48188800)
    draft = (await client.post("/v1/settlements", json=SEPTEMBER)).json()
    answer = await client.post(f"/v1/settlements/{draft['id']}/issue")
    return Settlement.model_validate(answer.json()).model_copy(update={"issuer": ISSUER})


def cells(path: Path, *, values: bool) -> list[tuple[Any, ...]]:
    """Return the first sheet's cells: stored values, or formulas."""
    book = openpyxl.load_workbook(path, data_only=values)
    return list(book.worksheets[0].iter_rows(values_only=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_states_the_example_with_formulas(example: Settlement, tmp_path: Path, language: Language) -> None:
    """Converted goods, share, sums and tax are formulas; the second sheet has one header row, and its amounts add up."""
    write_workbook(FileContent(example, language, internal=True), tmp_path / "s.xlsx")
    amounts = [row[5] for row in cells(tmp_path / "s.xlsx", values=True) if isinstance(row[5], int)]
    assert [8235465, -2470639, -200000, 5564826, 2670639, 267063, 5297763] == amounts
    formulas = [row[5] for row in cells(tmp_path / "s.xlsx", values=False) if str(row[5]).startswith("=")]
    assert [
        "=ROUNDDOWN(C#*D#,0)",
        "=-ROUNDDOWN(C#*D#,0)",
        "=SUM(F#:F#)",
        "=-SUMIFS(F#:F#,E#:E#,0.1)",
        "=ROUNDDOWN(F#*0.1,0)",
        "=SUM(F#:F#)-F#",
    ] == [re.sub(r"(?<=[A-F])\d+", "#", found) for found in formulas]
    lines = openpyxl.load_workbook(tmp_path / "s.xlsx").worksheets[1]
    head, *rows = lines.iter_rows(values_only=True)
    assert len(head) == len(set(head))
    assert 5564826 == sum(int(str(row[17])) for row in rows)


def computed(cell: str, texts: dict[str, Any]) -> float:
    """Return what a spreadsheet computes for a cell: the formulas of a statement, in doubles."""
    text = texts[cell]
    if not isinstance(text, str):
        return float(text or 0)
    assert text.startswith("=")
    text = re.sub(
        r"SUMIFS\((F\d+):(F\d+),E\d+:E\d+,([\d.]+)\)",
        lambda found: repr(
            sum(computed(one, texts) for one in column(found[1], found[2]) if texts[f"E{one[1:]}"] == float(found[3]))
        ),
        text[1:],
    )
    text = re.sub(
        r"SUM\((F\d+):(F\d+)\)", lambda found: repr(sum(computed(one, texts) for one in column(found[1], found[2]))), text
    )
    text = re.sub(r"\b[A-F]\d+\b", lambda found: f"({computed(found[0], texts)!r})", text)
    rules = {"ROUNDDOWN": "floor", "ROUND": "half_up", "ROUNDUP": "ceil"}
    names = {name: lambda value, _, rule=rule: rounded(Fraction(value), rule) for name, rule in rules.items()}
    return float(eval(text, {"__builtins__": {}}, names))  # noqa: S307 - the formulas of our own file


def column(first: str, last: str) -> list[str]:
    """Return the cells of a range of one column."""
    return [f"{first[0]}{row}" for row in range(int(first[1:]), int(last[1:]) + 1)]


@examples(4)
@pytest.mark.property
@given(months())
def test_every_formula_computes_the_amount_that_its_cell_shows(found: Months) -> None:
    """Over random statements, in both editions; the last sum is what is payable."""
    for number, statement in found.issued():
        for edition in (document(statement, number), client_edition(document(statement, number))):
            with TemporaryDirectory() as folder:
                path = Path(folder) / "s.xlsx"
                write_workbook(FileContent(edition, "ja", internal=bool(edition.contracts)), path)
                sheets = [openpyxl.load_workbook(path, data_only=values).worksheets[0] for values in (False, True)]
            texts, shown = ({cell.coordinate: cell.value for row in sheet.iter_rows() for cell in row} for sheet in sheets)
            formulas = {cell: text for cell, text in texts.items() if isinstance(text, str) and text.startswith("=")}
            assert formulas
            assert {cell: float(str(shown[cell])) for cell in formulas} == {cell: computed(cell, texts) for cell in formulas}
            assert statement.totals.payable_to_brand in {shown[cell] for cell in formulas}


def test_the_client_s_files_have_nothing_internal(example: Settlement, tmp_path: Path) -> None:
    """Neither the chain nor a person in any of the three."""
    found = client_edition(example)
    write_workbook(FileContent(found, "ja", internal=False), tmp_path / "s.xlsx")
    book = openpyxl.load_workbook(tmp_path / "s.xlsx")
    texts = [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row]
    assert 2 == len(book.worksheets)
    for text in (*texts, render(FileContent(found, "ja", internal=False)), export(found)):
        assert "kobayashi" not in text
        assert "key:" not in text
    assert "kobayashi" in render(FileContent(example, "ja", internal=True))
    assert "Kol-kobayashi" in export(example)


def invoice_errors(page: str, statement: Settlement) -> list[str]:
    """Return which of the six items of a qualified invoice a page lacks, and wrong tax.

    Source: Consumption Tax Act, article 57-4 (1); NTA, Q&A on the invoice system, question 57: tax is rounded once per invoice and
    rate. Written for this test, without the code that it checks.
    """
    text = re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL))
    plain = text.replace(",", "")
    errors = []
    if ISSUER not in text or not re.search(r"T\d{13}", text):
        errors.append("issuer and registration number")
    if not re.search(r"\d{4}年\d{1,2}月\d{1,2}日", text):
        errors.append("date")
    if "御中" not in text:
        errors.append("recipient")
    for line in statement.lines:
        if f"{line.amount}円" not in plain:
            errors.append(f"line {line.kind}")
        if line.tax_rate == "0.08" and "※" not in text:
            errors.append("mark of the reduced rate")
    for tax in statement.tax:
        base = -sum(line.amount for line in statement.lines if line.tax_rate == tax.rate)
        if (
            f"税率{percent(tax.rate)}対象（税抜） {base}円" not in plain
            or f"消費税額（{percent(tax.rate)}） {tax.amount}円" not in plain
        ):
            errors.append(f"total and tax at {tax.rate}")
        exact = base * int(float(tax.rate) * 100 + 0.5)
        allowed = {"floor": abs(exact) // 100, "half_up": (abs(exact) + 50) // 100, "ceil": -(-abs(exact) // 100)}
        if abs(tax.amount) != allowed[statement.tax_rounding]:
            errors.append(f"rounding at {tax.rate}")
    return errors


@examples(25)
@pytest.mark.property
@given(months())
def test_every_page_with_a_registration_number_is_a_qualified_invoice(found: Months) -> None:
    """All six items, and tax rounded once per rate; without the number the page does not call itself one."""
    for number, statement in found.issued():
        numbered = document(statement.model_copy(update={"registration_number": "T7000012050002"}), number)
        page = render(FileContent(numbered, "ja", internal=False))
        assert [] == invoice_errors(page, numbered)
        assert "適格請求書" in page
        assert "適格請求書" not in render(FileContent(document(statement, number), "ja", internal=False))


def test_a_page_that_rounds_by_line_is_found(example: Settlement) -> None:
    """The checker sees wrong tax and a missing item."""
    wrong = example.model_copy(update={"tax": [example.tax[0].model_copy(update={"amount": 267064})], "issuer": None})
    assert ["issuer and registration number", "rounding at 0.10"] == invoice_errors(
        render(FileContent(wrong, "ja", internal=False)), wrong
    )


async def test_files_are_served_in_the_edition_of_the_caller(
    client: httpx.AsyncClient, example: Settlement, key_for: KeyFor
) -> None:
    """A brand gets its client edition whatever it asks for; an unknown statement is 404."""
    bound, path = await key_for("viewer", "maison-k"), f"/v1/settlements/{example.id}"
    for extension, media_type in (("xlsx", "application/vnd"), ("html", "text/html"), ("beancount", "text/plain")):
        own = await client.get(f"{path}.{extension}", params={"lang": "zh"})
        assert (200, "zh") == (own.status_code, own.headers["content-language"])
        assert own.headers["content-type"].startswith(media_type)
        assert "%E5%86%85%E9%83%A8%E7%89%88" in own.headers["content-disposition"]
        assert 403 == (await client.get(f"{path}.{extension}", params={"edition": "internal"}, headers=bound)).status_code
        clients = await client.get(f"{path}.{extension}", headers=bound)
        asked = await client.get(f"{path}.{extension}", params={"edition": "client"})
        for answer in (clients, asked):
            assert 200 == answer.status_code
            assert "%E7%A4%BE%E5%86%85" not in answer.headers["content-disposition"]
            if extension == "xlsx":
                assert 2 == len(openpyxl.load_workbook(BytesIO(answer.content)).worksheets)
            else:
                assert "obayashi" not in answer.text
        assert 404 == (await client.get(f"/v1/settlements/{UUID(int=9)}.{extension}")).status_code
        assert 404 == (await client.get(f"{path}.{extension}", headers=await key_for("viewer", "other"))).status_code


def test_rounding_by_magnitude_is_what_excel_does() -> None:
    """ROUNDDOWN, ROUND and ROUNDUP mirror negative values; so do the rules."""
    for rule in ("floor", "half_up", "ceil"):
        assert [-rounded(Fraction(value, 4), rule) for value in range(9)] == [
            rounded(Fraction(-value, 4), rule) for value in range(9)
        ]
