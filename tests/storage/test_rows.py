"""A row that a query's columns fill by their order has its fields in the same order: none can change places unseen."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from app.service import Service

ROOT = Path(__file__).parents[2]


class Filled(NamedTuple):
    """A function that fills a row with what its only query gives."""

    place: str
    row: Any
    sql: str


def _filled() -> Iterator[Filled]:
    for path in sorted((ROOT / "app" / "storage").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        module = importlib.import_module(name.removesuffix(".__init__"))
        for function in ast.walk(tree):
            if not isinstance(function, ast.AsyncFunctionDef):
                continue
            rows = {
                node.func.id for node in ast.walk(function)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id[0].isupper() and len(node.args) == 1
                and isinstance(node.args[0], ast.Starred) and isinstance(node.args[0].value, ast.Name)
            }  # fmt: skip
            asked = {
                (node.value.id, node.slice.value) for node in ast.walk(function)
                if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Constant)
                and isinstance(getattr(module, node.value.id, None), dict) and node.value.id.startswith("_")
            }  # fmt: skip
            if len(rows) == len(asked) == 1:
                (row,), ((file, query),) = rows, asked
                yield Filled(f"{name}.{function.name}", getattr(module, row), getattr(module, file)[query])


async def test_a_row_has_the_columns_of_its_query_in_their_order(service: Service) -> None:
    """A column that is added in another place than its field is found here; a field may have a plainer name than the column."""
    filled = list(_filled())
    assert len(filled) > 40
    wrong = {}
    async with service.database.acquire() as connection:
        for place, row, sql in filled:
            columns = [column.name for column in (await connection.prepare(sql)).get_attributes()]
            fields = list(row._fields)
            if [name for name in columns if name in fields] != [name for name in fields if name in columns]:
                wrong[place] = (columns, fields)
    assert {} == wrong
