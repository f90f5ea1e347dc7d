"""`tallylight settlement`: statements of a brand's month, from the database.

In: a brand, a month, a file name whose ending gives the format. Out: text, files, an exit code. Never here: rules, layout.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.catalogue.access import Principal, Role
from app.cli.audit import acting_as_command
from app.cli.files import format_of, is_internal, language_of, run_with_service, save
from app.labels.catalogue import Language
from app.service import Service
from app.settlement.files import rendering
from app.settlement.files.wording import FileContent
from app.settlement.statements import settlement_reader, settlements
from app.settlement.statements.document import Settlement, client_edition, with_hash
from app.settlement.statements.issue import issue as issue_statement
from app.settlement.statements.settlement_reader import Filter, Stored
from app.settlement.statements.settlements import Caller

settlement = typer.Typer(help="Draft, issue and list statements, and write them to files.", no_args_is_help=True)

FORMATS = (".xlsx", ".html", ".beancount", ".json")
_PRINCIPAL = Principal("command", "command line", Role.ADMIN, None)
_PAGE = 200

Brand = Annotated[str, typer.Argument(help="The brand's slug.")]
Month = Annotated[str, typer.Argument(help="The month, such as 2021-09.")]


def _month(text: str) -> date:
    try:
        return datetime.strptime(f"{text}-01", "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise typer.BadParameter("must be a month such as 2021-09", param_hint="MONTH") from None


def _caller(service: Service) -> Caller:
    return Caller(_PRINCIPAL, "command line", datetime.now(UTC), service.settings.issuer_name)


def _show(found: Settlement) -> None:
    words = FileContent(found, "en", internal=True).words()
    table = Table("kind", "description", "basis", "rate", "amount")
    for line in found.lines:
        table.add_row(words.kind(line), words.description(line), words.basis(line), words.rate(line), words.money(line.amount))
    console = Console()
    console.print(table, markup=False)
    label, amount = words.payable()
    typer.echo(f"{found.number or 'draft'}: {label} {amount}, of which tax {words.money(found.totals.tax)}")
    for missing in found.missing:
        typer.echo(f"missing: {missing.detail}", err=True)


@settlement.command()
def draft(brand: Brand, month: Month) -> None:
    """Compute the draft of a month, or compute it again."""
    first = _month(month)

    async def work(service: Service) -> None:
        with acting_as_command("settlement.draft"):
            _show((await settlements.draft(service.database, _caller(service), brand, first)).settlement)

    run_with_service(work)


@settlement.command()
def issue(brand: Brand, month: Month) -> None:
    """Issue the draft of a month. It never changes from then on."""
    first = _month(month)

    async def work(service: Service) -> None:
        found = await settlement_reader.of_month(service.database, _PRINCIPAL, brand, first)
        with acting_as_command("settlement.issue", found.settlement.id):
            _show((await issue_statement(service.database, _caller(service), found.settlement.id, None)).settlement)

    run_with_service(work)


@settlement.command("list")
def list_settlements(brand: Annotated[str | None, typer.Option(help="Only statements of this brand.")] = None) -> None:
    """List statements, the newest first."""

    async def work(service: Service) -> None:
        table, after = Table("month", "brand", "number", "payable to the brand", "missing"), None
        while True:
            page = await settlement_reader.listing(service.database, _PRINCIPAL, Filter(brand), after=after, limit=_PAGE)
            for found in page.items:
                payable = FileContent(found, "en", internal=True).words().money(found.totals.payable_to_brand)
                table.add_row(f"{found.month:%Y-%m}", found.brand, found.number or "draft", payable, str(len(found.missing)))
            if page.next is None:
                break
            after = (page.items[-1].id,)
        Console().print(table)

    run_with_service(work)


@settlement.command()
def file(
    brand: Brand,
    month: Month,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help=f"The file to write; its ending gives the format: {', '.join(FORMATS)}. `-`: JSON on standard output.",
        ),
    ],
    lang: Annotated[str, typer.Option(help="ja, zh or en.")] = "ja",
    edition: Annotated[str, typer.Option(help="client or internal.")] = "client",
) -> None:
    """Write the statement of a month to a file; without --edition it is the brand's."""  # fmt: skip
    first, kind, language, internal = _month(month), format_of(output, FORMATS), language_of(lang), is_internal(edition)

    async def work(service: Service) -> None:
        stored = await settlement_reader.of_month(service.database, _PRINCIPAL, brand, first)
        save(await _content(service, stored, kind, language, internal=internal), output)

    run_with_service(work)


async def _content(service: Service, stored: Stored, kind: str, language: Language, *, internal: bool) -> bytes:
    found = stored.settlement if internal else client_edition(stored.settlement)
    if kind == ".xlsx":
        return (await rendering.workbook(service.renderer, found, language, internal=internal)).content
    if kind == ".html":
        return (await rendering.page(service.renderer, found, language, internal=internal)).content
    if kind == ".beancount":
        return rendering.ledger(found, language, internal=internal).content
    text = with_hash(stored.document, found.sha256) if internal else found.model_dump_json()
    return text.encode() + b"\n"
