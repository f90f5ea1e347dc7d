"""Named SQL from the files in `sql/`.

In: a file's name. Out: its queries by name. Never here: parameters or strings built at run time.
"""

import re
from functools import cache
from pathlib import Path


@cache
def queries(file: str) -> dict[str, str]:
    """Return name → SQL of `sql/<file>.sql`; a query begins with a line `-- name: …`."""
    text = (Path(__file__).parent / "sql" / f"{file}.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return {name: sql.strip() for name, sql in zip(parts[1::2], parts[2::2], strict=True)}
