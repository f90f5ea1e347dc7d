"""The process that reads an imported file.

In: the file as standard input, one JSON argument. Out: parts on standard output, see `write_all` and `write_columns`: each is the
number of its bytes on a line of its own, and JSON.
Never here: the database, secrets, the network.

To read a file takes seconds of computing that hold the interpreter's lock, and a hostile file can make a reader take any amount
of memory or time. A process of its own has limits, and the server does not wait for it.
"""

import gc
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from itertools import chain
from typing import Any, BinaryIO

from pydantic_core import from_json, to_json

from app.adapters.validation import Misconfigured, faults_of_model
from app.imports.columns import describe_columns
from app.imports.csv_cells import BadFile
from app.imports.csv_import import Import
from app.imports.options import ImportOptions, ProductOptions, RateOptions, TrackingOptions
from app.imports.product_import import ProductImport
from app.imports.rate_import import RateImport
from app.imports.record_import import RecordImport
from app.imports.rows import Group
from app.imports.tracking_import import TrackingImport

MOST_MEMORY = 2 * 1024**3
"""Bytes of address space."""
MOST_SECONDS = 120
"""Seconds of computing."""
_EVENTS = 300
"""Events of a batch: as many as a flush of imports takes, and so few that others do not wait long while the server reads them."""
_ROWS = 1_000
_MODELS: dict[str, type[ImportOptions | ProductOptions | RateOptions | TrackingOptions]] = {
    "exchange_rates": RateOptions, "products": ProductOptions, "tracking": TrackingOptions,
}  # fmt: skip
_RECORDS: dict[str, type[RecordImport]] = {
    "exchange_rates": RateImport, "products": ProductImport, "tracking": TrackingImport,
}  # fmt: skip


def write_all(file: BinaryIO, argument: Any, out: BinaryIO) -> None:
    """Write one part with what was found out of the file, then two per batch: reports of rows, and their events or records.

    A file that cannot be used makes one part with `misconfigured` or `bad_file`.
    """
    with _refusals(out):
        found = _open(file, argument)
        _write(out, {"file": _facts(found)})
        for batch in _batches(found.groups()):
            _write(out, [row for group in batch for row in group.rows])
            _write(out, list(chain.from_iterable(group.events for group in batch)))
            # Waits while the server has enough to store.
            out.flush()


def write_columns(file: BinaryIO, argument: Any, out: BinaryIO) -> None:
    """Write one part with the headings of the file and what they are taken for, or why there are none."""
    options = argument["options"]
    with _refusals(out):
        model = _MODELS.get(str(options.get("kind")), ImportOptions)
        # The answer says which needed columns are missing; no session is needed for it.
        asked = {name: "-" for name in ("subject",) if name in model.model_fields} | options | {"guess": True}
        if faults := list(faults_of_model(model, asked, "")):
            raise Misconfigured(faults)
        chosen = model.model_validate(asked)
        known = chosen.fields if isinstance(chosen, ImportOptions) else None
        _write(out, {"file": describe_columns(file, str(options["kind"]), chosen, known)})


def _write(out: BinaryIO, part: Any) -> None:
    content = to_json(part)
    out.write(b"%d\n" % len(content))
    out.write(content)


@contextmanager
def _refusals(out: BinaryIO) -> Iterator[None]:
    """Write why a file cannot be used."""
    try:
        yield
    except Misconfigured as error:
        _write(out, {"misconfigured": [asdict(fault) for fault in error.faults]})
    except BadFile as error:
        _write(out, {"bad_file": str(error), "option": error.option})
    except MemoryError:
        _write(out, {"bad_file": "takes too much memory to read", "option": None})


def _open(file: BinaryIO, argument: Any) -> Import | RecordImport:
    options = argument["options"]
    if (records := _RECORDS.get(str(options.get("kind")))) is not None:
        return records(file, options)
    return Import(file, options, argument["source"], datetime.fromisoformat(argument["imported_at"]))


def _facts(found: Import | RecordImport) -> dict[str, Any]:
    layout, survey, options = found.layout, found.survey, found.options
    given = {
        "encoding": options.encoding,
        "separator": options.separator,
        "sheet": options.sheet,
        "heading_row": options.heading_row,
    }
    facts = {"encoding": layout.encoding, "separator": layout.separator, "sheet": layout.sheet, "heading_row": layout.heading_row}
    guessed = [name for name, value in facts.items() if value is not None and given[name] is None]
    guessed += ["columns"] if found.guessed else []
    guessed += ["decimal"] if survey.decimal and options.decimal is None else []
    # A rate is of a day.
    of_days = isinstance(found, RateImport)
    guessed += ["timezone"] if survey.needs_zone and not of_days and "timezone" not in options.model_fields_set else []
    guessed += ["date_order"] if survey.date_order and options.date_order is None else []
    return {
        "format": layout.format,
        **facts,
        "columns": {name: layout.columns[heading] for name, heading in found.columns.items()},
        "headings": found.columns,
        "timezone": options.timezone,
        "decimal": survey.decimal,
        "date_order": survey.date_order,
        "serial_dates": sorted(survey.serial_dates),
        "dates": {} if of_days else survey.dates,
        "float_codes": sorted(survey.float_codes),
        "hidden_rows": survey.hidden_rows,
        "total_rows": sorted(survey.total_rows),
        "repeated_headings": found.repeated_headings,
        "guessed": guessed,
        "guessed_columns": {name: column.by for name, column in found.guessed.items()},
    }


def _batches(groups: Iterator[Group]) -> Iterator[list[Group]]:
    batch: list[Group] = []
    rows = events = 0
    for group in groups:
        batch.append(group)
        rows, events = rows + len(group.rows), events + len(group.events)
        if rows >= _ROWS or events >= _EVENTS:
            yield batch
            batch, rows, events = [], 0, 0
    if batch:
        yield batch


def main() -> None:
    """Read the file that is standard input."""
    # Telemetry comes first.
    os.nice(10)
    # A row makes a few dozen objects and no cycle; the default looks for cycles every 700 objects.
    gc.freeze()
    gc.set_threshold(50_000)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    with os.fdopen(0, "rb", closefd=False) as file:
        argument = from_json(os.fsencode(sys.argv[1]))
        write = write_columns if argument.get("only") == "columns" else write_all
        write(file, argument, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
