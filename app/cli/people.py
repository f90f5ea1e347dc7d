"""`tallylight people`: people and their sign-in links from the server's own shell.

In: arguments and the settings of the environment. Out: a link, once, on standard output; the list as a table.
Never here: requests to a server; the command opens the database.
"""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from app.catalogue.callers import people as person_rows
from app.catalogue.callers.people import NewPerson, Person
from app.cli.audit import acting_as_command
from app.cli.keys import SHELL, fail, run
from app.service import Service
from app.settings import Settings

people = typer.Typer(help="Create and list people, and make sign-in links.", no_args_is_help=True)

_PAGE = 200


def page_url(settings: Settings, port: int | None = None) -> str:
    """Return the URL of the page: the public one of the settings, else that of this machine."""
    if settings.public_url is not None:
        base = str(settings.public_url).rstrip("/")
        return base if base.endswith(settings.root_path) else base + settings.root_path
    # A wildcard address is none that a browser can open.
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://{host}:{port or settings.port}{settings.root_path}"


async def sign_in_url(service: Service, person: UUID, port: int | None = None) -> str:
    """Return a new sign-in link of a person."""
    secret, _ = await person_rows.create_link(service.database, person, datetime.now(UTC))
    return f"{page_url(service.settings, port)}/#/sign-in/{secret}"


async def _all(service: Service) -> list[Person]:
    found: list[Person] = []
    after: tuple[UUID] | None = None
    while True:
        page = await person_rows.listing(service.database, after=after, limit=_PAGE)
        found += page.items
        if page.next is None:
            return found
        after = (found[-1].id,)


async def sign_in_url_of(service: Service, name: str, port: int) -> str:
    """Return a sign-in link of the administrator of this name, who is created if there is none."""
    with acting_as_command("person.create"):
        found = next((one for one in await _all(service) if (one.name, one.role, one.active) == (name, "admin", True)), None)
        person = found or await person_rows.create(service.database, SHELL, NewPerson(name=name, role="admin"))
        return await sign_in_url(service, person.id, port)


async def first_sign_in_url(service: Service, port: int) -> str | None:
    """Return a sign-in link of the first administrator; None once a key exists or a person has signed in."""
    if await service.keys.listing() or any(one.last_seen_at for one in await _all(service)):
        return None
    return await sign_in_url_of(service, "Administrator", port)


@people.command()
def create(
    name: Annotated[str, typer.Argument(help="the person's name")],
    role: Annotated[str, typer.Option(help="viewer, operator or admin")],
    brand: Annotated[str | None, typer.Option(help="slug of the brand that the person is bound to")] = None,
) -> None:
    """Create a person and print the first sign-in link on standard output. It works once, within 72 hours."""
    try:
        form = NewPerson.model_validate({"name": name, "role": role, "brand": brand})
    except ValidationError as error:
        fail("; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors()))

    async def work(service: Service) -> str:
        person = await person_rows.create(service.database, SHELL, form)
        return await sign_in_url(service, person.id)

    typer.echo(run(work, "person.create"))


@people.command()
def link(person: Annotated[str, typer.Argument(help="the person's id, or the whole name if only one person has it")]) -> None:
    """Print another sign-in link of a person, for another device or for one who has lost theirs."""

    async def work(service: Service) -> str:
        found = [one for one in await _all(service) if person in {str(one.id), one.name}]
        if len(found) != 1:
            fail(f"{len(found)} people have this id or name; see `people list`")
        return await sign_in_url(service, found[0].id)

    typer.echo(run(work, "sign_in_link.create"))


@people.command("list")
def list_people() -> None:
    """Show all people."""
    table = Table("id", "name", "role", "brand", "active", "created", "last seen")
    for one in run(_all):
        seen = one.last_seen_at.isoformat(timespec="seconds") if one.last_seen_at else ""
        active = "yes" if one.active else "no"
        table.add_row(str(one.id), one.name, one.role, one.brand, active, one.created_at.isoformat(timespec="seconds"), seen)
    Console().print(table, markup=False)
