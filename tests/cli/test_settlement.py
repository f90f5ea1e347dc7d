"""`tallylight settlement`: draft, issue, list, and files of a statement from the server's shell."""

import asyncio
import json
from functools import partial
from pathlib import Path

from app.catalogue.access import Principal, Role
from app.service import open_service
from app.settings import Settings
from app.settlement.contracts import contracts
from app.settlement.contracts.contracts import NewContract
from tests.cli.shell import call
from tests.databases import SECRET

CONTRACT = NewContract.model_validate({
    "brand": "maison-k", "plan": "custom", "starts_on": "2021-09-01", "shares": [{"to": "agency", "rate": "0.30"}],
    "fees": [{"kind": "monthly", "name": "運営費", "amount": "200000"}],
})  # fmt: skip


async def _agree(settings: Settings) -> None:
    async with open_service(settings) as service:
        await contracts.create(service.database, Principal("command", "test", Role.ADMIN, None), CONTRACT)


def test_a_month_is_drafted_issued_listed_and_written_from_the_shell(settings: Settings, tmp_path: Path) -> None:
    """Each command tells what it did; what cannot be done exits with 1."""
    asyncio.run(_agree(settings))
    own = {"TALLYLIGHT_DATABASE_URL": settings.database_url or "", "TALLYLIGHT_SECRET_KEY": SECRET, "COLUMNS": "300"}
    shell = partial(call, "settlement", env=own, cwd=tmp_path)
    assert 1 == shell("issue", "maison-k", "2021-09").exit_code
    drafted = shell("draft", "maison-k", "2021-09")
    assert 0 == drafted.exit_code, drafted.stderr
    assert "draft: Payable by the brand JP¥220,000" in drafted.stdout
    issued = shell("issue", "maison-k", "2021-09")
    assert "2021-09-001: Payable by the brand JP¥220,000, of which tax JP¥20,000" in issued.stdout
    again = shell("issue", "maison-k", "2021-09")
    assert (1, "the month is issued as 2021-09-001; it does not change\n") == (again.exit_code, again.stderr)
    assert "2021-09-001" in shell("list").stdout
    for name in ("s.xlsx", "s.html", "s.beancount", "s.json"):
        written = shell("file", "maison-k", "2021-09", "-o", name, "--lang", "zh")
        assert 0 == written.exit_code, written.stderr
        assert (tmp_path / name).stat().st_size
    assert "2021-09-001" == json.loads((tmp_path / "s.json").read_text())["number"]
    assert 2 == shell("file", "maison-k", "2021-09", "-o", "s.pdf").exit_code
    assert 2 == shell("draft", "maison-k", "2021-13").exit_code
