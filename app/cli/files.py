"""What the commands that write a file have in common: its format, its language, an open service, the writing itself.

In: options of a command. Out: a written file, or one sentence and an exit code. Never here: content.
"""

import sys
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path

import typer

from app.cli.process import run_or_exit, settings_or_exit
from app.labels.catalogue import LANGUAGES, Language
from app.problems import ProblemError
from app.service import Service, open_service


def to_terminal(output: Path) -> bool:
    """Tell whether the content goes to standard output."""
    return str(output) == "-"


def format_of(output: Path, formats: Collection[str]) -> str:
    """Return the format that the ending of a file's name gives; JSON for standard output.

    Raises:
        typer.BadParameter: the ending is none of `formats`.
    """
    kind = ".json" if to_terminal(output) else output.suffix.lower()
    if kind not in formats:
        raise typer.BadParameter(f"must end in one of {', '.join(formats)}", param_hint="--output")
    return kind


def is_internal(edition: str) -> bool:
    """Return whether an edition is the internal one.

    Raises:
        BadParameter: it is neither the client's nor the internal one.
    """
    if edition not in {"client", "internal"}:
        raise typer.BadParameter("must be client or internal", param_hint="--edition")
    return edition == "internal"


def language_of(text: str) -> Language:
    """Return a language by its code.

    Raises:
        typer.BadParameter: there is no such language.
    """
    language: Language | None = next((known for known in LANGUAGES if known == text), None)
    if language is None:
        raise typer.BadParameter(f"must be one of {', '.join(LANGUAGES)}", param_hint="--lang")
    return language


def run_with_service(work: Callable[[Service], Awaitable[None]]) -> None:
    """Do work with a service on the configured database; a problem is one sentence and exit code 1."""
    settings = settings_or_exit()

    async def opened() -> None:
        async with open_service(settings) as service:
            try:
                await work(service)
            except ProblemError as problem:
                typer.echo("; ".join(error.detail for error in problem.errors) or str(problem), err=True)
                raise typer.Exit(1) from None

    run_or_exit(opened)


def save(content: bytes, output: Path) -> None:
    """Write content to a file or to standard output; a file that cannot be written is one sentence and exit code 1."""
    if to_terminal(output):
        sys.stdout.buffer.write(content)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        typer.echo(f"cannot write {output}: {error.strerror}", err=True)
        raise typer.Exit(1) from None
