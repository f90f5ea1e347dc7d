"""`tallylight keys` against an embedded database of its own."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.keys import keys, run
from app.service import Service
from app.settings import API_KEY_FORMAT

pytestmark = pytest.mark.processes


async def _audited(service: Service) -> list[tuple[str, ...]]:
    async with service.database.acquire() as connection:
        rows = await connection.fetch("SELECT principal_kind, principal_id, action, object_id FROM audit_log ORDER BY at")
    return [tuple(row) for row in rows]


def test_keys_are_made_listed_and_revoked_from_the_shell(embedded_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a server: the command opens the embedded database and prints the key alone."""
    monkeypatch.setenv("TALLYLIGHT_DATA_DIR", str(embedded_folder))
    monkeypatch.delenv("TALLYLIGHT_DATABASE_URL", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    shell = CliRunner()
    made = shell.invoke(keys, ["create", "--role", "operator", "--brand", "maison-k", "--name", "studio"])
    assert 0 == made.exit_code, made.output
    key = made.stdout.strip()
    assert re.match(API_KEY_FORMAT, key)
    _, key_id, secret = key.split("_", 2)
    listed = shell.invoke(keys, ["list"])
    assert all(word in listed.stdout for word in (key_id, "operator", "maison-k", "studio"))
    assert secret not in listed.output
    assert 0 == shell.invoke(keys, ["revoke", key_id]).exit_code
    again = shell.invoke(keys, ["revoke", key_id])
    assert (1, "no such key\n") == (again.exit_code, again.stderr)
    assert [("command", "tallylight", "key.create", key_id), ("command", "tallylight", "key.revoke", key_id)] == run(_audited)
    bound = shell.invoke(keys, ["create", "--role", "admin", "--brand", "maison-k"])
    assert (1, "an admin key cannot be bound to a brand\n") == (bound.exit_code, bound.stderr)
    shell.invoke(keys, ["create", "--role", "viewer", "--expires-at", "2099-01-31T00:00:00+09:00"])
    assert "2099-01-30T15:00:00+00:00" in shell.invoke(keys, ["list"]).stdout
    for moment, says in (("2001-01-01T00:00:00Z", "must be in the future"), ("tomorrow", "expires_at: ")):
        refused = shell.invoke(keys, ["create", "--role", "viewer", "--expires-at", moment])
        assert (1, True) == (refused.exit_code, refused.stderr.startswith(says)), refused.stderr
    wrong = shell.invoke(keys, ["create", "--role", "viewer", "--brand", "Maison K"])
    assert 1 == wrong.exit_code
    assert wrong.stderr.startswith("brand: ")
