"""`tallylight report`: a file from the terminal, on the database itself."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from openpyxl import load_workbook

from tests.cli.shell import call
from tests.databases import SECRET
from tests.kpis.event_builders import Read


@pytest.fixture
async def sections(session: str, read: Read) -> list[Any]:
    """The sections as the server sends them."""
    found: list[Any] = (await read(session, "report", lang="en"))["sections"]
    return found


def test_the_command_writes_what_the_server_sends(session: str, sections: list[Any], database_url: str, tmp_path: Path) -> None:
    """By the file's ending: a workbook, a page, JSON."""
    env = {"TALLYLIGHT_DATABASE_URL": database_url, "TALLYLIGHT_SECRET_KEY": SECRET}
    for name in ("sheet.xlsx", "sheet.html", "sheet.json"):
        done = call("report", session, "-o", name, "--lang", "en", env=env, cwd=tmp_path)
        assert (0, "") == (done.exit_code, done.stdout), done.stderr
    book = load_workbook(BytesIO((tmp_path / "sheet.xlsx").read_bytes()))
    assert ["Results", "Over time", "Order lines"] == book.sheetnames
    assert "<h2>Live analysis</h2>" in (tmp_path / "sheet.html").read_text(encoding="utf-8")
    document = json.loads((tmp_path / "sheet.json").read_text(encoding="utf-8"))
    assert (sections, "internal") == (document["sections"], document["edition"])
    done = call("report", session, "-o", "client.json", "--lang", "en", "--edition", "client", env=env, cwd=tmp_path)
    assert (0, "client") == (done.exit_code, json.loads((tmp_path / "client.json").read_text(encoding="utf-8"))["edition"])


def test_mistakes_are_told(database_url: str, tmp_path: Path) -> None:
    """An unknown ending or language is a wrong argument; a session that is not there is no file."""
    env = {"TALLYLIGHT_DATABASE_URL": database_url, "TALLYLIGHT_SECRET_KEY": SECRET}
    assert 2 == call("report", uuid4(), "-o", "sheet.pdf", env=env, cwd=tmp_path).exit_code
    assert 2 == call("report", uuid4(), "-o", "sheet.json", "--lang", "fr", env=env, cwd=tmp_path).exit_code
    assert 2 == call("report", uuid4(), "-o", "sheet.json", "--edition", "brand", env=env, cwd=tmp_path).exit_code
    missing = call("report", uuid4(), "-o", "sheet.json", env=env, cwd=tmp_path)
    assert 1 == missing.exit_code
    assert "no such session" in missing.stderr
    assert [] == list(tmp_path.glob("sheet.*"))
