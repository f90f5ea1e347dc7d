"""Named SQL from the files beside the modules.

In: a file's name, with its package: `kpis/reads`. Out: its queries by name. Never here: strings built at run time.

A query with few parameters has numbered ones, `$1`. Where they are many, they have names, `:session_id`, which are numbered once:
the database gets the same text either way, and the file can be pasted into psql, whose variables are
written so, except for a statement that includes others.

A line `-- include: <file> <name> where <condition>` includes an INSERT of that file, which writes only if the condition holds.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_NAMED = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")
_NUMBERED = re.compile(r"\$(\d+)")
_INCLUDED = re.compile(r"^ *-- include: (\w+/\w+) (\w+) where (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Statement:
    """A query whose parameters have names."""

    sql: str
    """With `$1`, `$2`, … in the place of the names."""
    parameters: tuple[str, ...]
    """The names, in the order of their numbers."""

    def __call__(self, **values: object) -> tuple[str, *tuple[object, ...]]:
        """Return the text and the values, as the methods of a connection take them.

        Raises:
            TypeError: a parameter has no value, or a value no parameter.
        """
        try:
            found = [values[name] for name in self.parameters]
        except KeyError:
            found = None
        if found is None or len(found) != len(values):
            raise TypeError(f"parameters differ in {', '.join(sorted(values.keys() ^ set(self.parameters)))}")
        return self.sql, *found


@cache
def queries(file: str) -> dict[str, str]:
    """Return name → SQL of `<file>.sql`; a query begins with a line `-- name: …`."""
    text = (Path(__file__).parent / f"{file}.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return {name: _INCLUDED.sub(_included, sql.strip()) for name, sql in zip(parts[1::2], parts[2::2], strict=True)}


def _included(line: re.Match[str]) -> str:
    sql = queries(line[1])[line[2]].rstrip(";")
    before, conflict, after = sql.partition("\nON CONFLICT")
    assert conflict, f"{line[2]} has no line ON CONFLICT, before which the condition would be"
    return f"{before}\nWHERE {line[3]}{conflict}{after}"


@cache
def statement(file: str, name: str) -> Statement:
    """Return a query of `<file>.sql` whose parameters have names; a name that stands twice is one parameter."""
    numbers: dict[str, int] = {}
    sql = _NAMED.sub(lambda found: f"${numbers.setdefault(found[1], len(numbers) + 1)}", queries(file)[name])
    return Statement(sql, tuple(numbers))


@cache
def together(*parts: str) -> str:
    """Return one statement that runs these, each of which writes other tables, in this order; none returns rows.

    The parameters of each follow those of the one before it.
    """
    found, count = [], 0
    for number, sql in enumerate(parts):
        numbers = [int(digits) for digits in _NUMBERED.findall(sql)]
        shifted = _NUMBERED.sub(lambda place, count=count: f"${int(place[1]) + count}", sql.rstrip(";"))  # type: ignore[misc]
        found.append(f"part_{number} AS (\n{shifted}\n)")
        count += max(numbers)
    # PostgreSQL runs expressions of WITH that nothing refers to from the last to the first.
    return f"WITH {', '.join(reversed(found))} SELECT"
