"""The CloudEvents SDKs for Python, versions 1 and 2, as clients: every mode, data as objects and as bytes."""

import asyncio
import base64
import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

HERE = Path(__file__).parent / "python_sdk"
UV = Path(sys.executable).with_name("uv")
ROOM = "wechat:python-room"
WAIT = 120

pytestmark = pytest.mark.timeout(WAIT * 2)


@pytest.fixture(scope="session")
def first_version() -> Path:
    """A folder with version 1 of the SDK; the test is skipped without a registry. Version 2 is among our own packages."""
    folder = Path(sys.prefix) / "cloudevents-1"
    lock = (HERE / "requirements.lock").read_bytes()
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as file:
        # Test processes start together, and one installation serves them all.
        fcntl.flock(file, fcntl.LOCK_EX)
        stamp, packages = folder / ".made-from-lock", folder / "packages"
        if not stamp.exists() or stamp.read_bytes() != lock:
            shutil.rmtree(packages, ignore_errors=True)
            lock_file = str(HERE / "requirements.lock")
            command = [str(UV), "pip", "install", "--quiet", "--require-hashes", "--target", str(packages), "-r", lock_file]
            done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT, check=False)
            if done.returncode:
                pytest.skip(f"version 1 of the SDK cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
            stamp.write_bytes(lock)
    return packages


async def messages(packages: Path | None, cases: list[dict[str, Any]]) -> list[tuple[dict[str, str], bytes]]:
    """Return the headers and bodies that a version of the SDK makes of the cases."""
    environment = os.environ | ({"PYTHONPATH": str(packages)} if packages else {})
    process = await asyncio.create_subprocess_exec(
        sys.executable, HERE / "client.py", json.dumps(cases),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment,
    )  # fmt: skip
    answer, errors = await asyncio.wait_for(process.communicate(), WAIT)
    assert 0 == process.returncode, errors.decode()
    return [(made["headers"], base64.b64decode(made["body"])) for made in json.loads(answer)]


@pytest.mark.parametrize("version", [1, 2])
async def test_every_mode_and_kind_of_data_is_counted(
    version: int, client: httpx.AsyncClient, request: pytest.FixtureRequest
) -> None:
    """Each message counts once; the same event in another mode, or as bytes, is the same event."""
    packages = request.getfixturevalue("first_version") if version == 1 else None
    platform, room = ROOM.split(":")
    form = {"title": "t", "brand": "b", "currency": "CNY", "streams": [{"platform": platform, "room": room}]}
    session = (await client.post("/v1/sessions", json=form)).json()["id"]
    cases = []
    for number, (mode, as_bytes) in enumerate(
        (mode, kind) for mode in ("structured", "binary", "batch") for kind in (False, True)
    ):
        for identity in (f"own-{number}", "shared"):
            attributes = {
                "id": identity, "source": "/python/studio", "type": "live.like.sent", "subject": ROOM,
                "time": "2021-09-25T05:31:07.123000+00:00", "datacontenttype": "application/json",
            }  # fmt: skip
            data = {"viewer": "観客三", "count": 10**number if identity != "shared" else 1_000_000}
            cases.append({"mode": mode, "attributes": attributes, "data": data, "bytes": as_bytes})
    total: dict[str, int] = {"accepted": 0, "duplicates": 0, "conflicts": 0}
    for headers, body in await messages(packages, cases):
        answer = await client.post("/v1/events", headers=headers, content=body)
        assert 200 == answer.status_code, answer.text
        for name in total:
            total[name] += answer.json()[name]
    assert {"accepted": 7, "duplicates": 5, "conflicts": 0} == total
    kpis = (await client.get(f"/v1/sessions/{session}/kpis")).json()["kpis"]
    assert 1_111_111 == kpis["likes"]["value"]
