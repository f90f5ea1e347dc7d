"""The examples of docs/reference/exports.md, run as they stand against a server."""

import asyncio
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.cli.serve import Server
from app.service import Service
from app.settings import Settings
from tests.live.conftest import server
from tests.pipeline.processes import free_port

__all__ = ["server"]
DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "exports.md"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of a server on a port of its own."""
    return settings.model_copy(update={"port": free_port()})


# pandas and DuckDB warn of their own.
@pytest.mark.filterwarnings("default")
async def test_the_examples_give_the_figures_of_the_show(
    server: Server, service: Service, show: str, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Pandas reads amounts and ratios, DuckDB the lines of orders and the clicks of events."""
    del server
    assert show
    monkeypatch.setenv("BASE", f"http://127.0.0.1:{service.settings.port}")
    monkeypatch.setenv("KEY", client.headers["Authorization"].removeprefix("Bearer "))
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert 2 == len(blocks)
    names: dict[str, Any] = {}

    def run() -> None:
        for block in blocks:
            exec(compile(block, str(DOCUMENT), "exec"), names)  # noqa: S102 - the project's own page

    await asyncio.to_thread(run)
    (gmv,) = names["kpis"]["gmv"]
    assert (Decimal("200.10"), "counted") == (gmv, names["kpis"]["gmv_basis"][0])
    assert {"knit": 2, "coat": 1} == names["pieces"].to_dict()
    assert [("knit", 2, Decimal("200.0000")), ("coat", 1, Decimal("0.0700"))] == names["by_product"].fetchall()
