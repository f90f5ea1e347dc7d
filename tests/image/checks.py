"""What the image must do: migrate, serve, answer, stop; back up; refuse by name what it was built without.

In: an image, a user, a database. Out: nothing, or an AssertionError that says what failed. Never here: how a container is made.
"""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.databases import SECRET
from tests.image.building import Image
from tests.image.running import Container, Serving, wait_for

_KEY = "tl_image_0123456789abcdefghijklmnop"
_EVENT = {
    "specversion": "1.0", "id": "1", "source": "/image", "type": "live.order.paid", "time": "2021-09-25T05:30:00Z",
    "data": {
        "order": "o-1", "buyer": "b-1", "currency": "CNY", "amount": "12.34",
        "lines": [{"product": "knit-01", "quantity": 1, "amount": "12.34"}],
    },
}  # fmt: skip


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings(database_url: str | None, port: int) -> dict[str, str]:
    """Return the environment of a container; without a database it runs its own."""
    found = {
        "TALLYLIGHT_PORT": str(port), "TALLYLIGHT_HOST": "127.0.0.1", "TALLYLIGHT_BOOTSTRAP_ADMIN_KEY": _KEY,
        "TALLYLIGHT_SECRET_KEY": SECRET,
    }  # fmt: skip
    return found if database_url is None else found | {"TALLYLIGHT_DATABASE_URL": database_url}


def serves(container: Container, log: Path, extras: Sequence[str]) -> None:
    """Start the image's command, ask it for everything that needs a part of the image, stop it."""
    port = int(container.environment["TALLYLIGHT_PORT"])
    with container.serving(log) as serving:
        ready = wait_for(lambda: not serving.alive() or _get(port, "/readyz")[0] == 200)
        assert ready, log.read_text()
        assert serving.alive(), log.read_text()
        _is_confined(serving, container)
        healthy = container.run(*container.image.healthcheck)
        assert 0 == healthy.returncode, healthy.stderr
        _answers(port, "charts" in extras)
        assert 0 == serving.stop(), log.read_text()


def _is_confined(serving: Serving, container: Container) -> None:
    """The process has the user, no capability, and no way to more."""
    assert container.uid == serving.main.uids().real == serving.main.uids().effective
    status = Path(f"/proc/{serving.main.pid}/status").read_text()
    told = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {"CapEff": 0, "CapPrm": 0, "CapBnd": 0} == {name: int(told[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")}
    assert "1" == told["NoNewPrivs"].strip()


def is_read_only(container: Container) -> None:
    """Nothing can be written but `/tmp`, not even for a user that owns everything."""
    for path, writable in (("/tmp/x", True), ("/srv/tallylight/x", False), ("/opt/venv/x", False), ("/etc/x", False)):
        assert writable is (0 == container.run("touch", path).returncode), path
    assert str(container.uid) == container.run("id", "-u").stdout.strip()


def _answers(port: int, draws: bool) -> None:
    form = {"title": "Image", "brand": "image", "currency": "CNY", "streams": [{"platform": "wechat", "room": "image"}]}
    session = json.loads(_post(port, "/v1/sessions", form))["id"]
    receipt = json.loads(_post(port, "/v1/events", _EVENT | {"subject": session}, "application/cloudevents+json"))
    assert 1 == receipt["accepted"], receipt
    report = f"/v1/sessions/{session}/report"
    for path in ("/", "/guide", "/docs", "/metrics", f"/v1/sessions/{session}/kpis", f"{report}.xlsx", f"{report}.html"):
        status, body = _get(port, path)
        assert 200 == status, (path, body[:500])
    assert draws is (b"<svg" in body)
    page = _get(port, "/")[1].decode()
    vega = page.partition('<meta name="vega" content="')[2].partition('"')[0]
    assert draws is bool(vega)
    status, body = _get(port, vega or "/assets/any/vega.js")
    assert (200 if draws else 501) == status
    assert draws or "tallylight[charts]" in json.loads(body)["detail"]


def migrates(container: Container) -> None:
    """The command brings an empty database to head."""
    done = container.tallylight("migrate")
    assert 0 == done.returncode, done.stderr


def backs_up(image: Image, uid: int, database_url: str, folder: Path) -> None:
    """The command writes a backup into the volume."""
    done = Container(image, uid, 0, settings(database_url, 0), folder).tallylight(
        "backup", "-o", "/data/x.backup", "--without-key"
    )
    assert 0 == done.returncode, done.stderr
    assert (folder / "x.backup").stat().st_size > 0


def refuses_to_run_alone(container: Container) -> None:
    """Without the embedded PostgreSQL and without a database, the server says which part is missing."""
    done = container.tallylight("serve")
    assert 0 != done.returncode
    assert "tallylight[embedded]" in done.stderr + done.stdout, done.stderr


def _post(port: int, path: str, body: Any, media_type: str = "application/json") -> bytes:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", method="POST", data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {_KEY}", "Content-Type": media_type},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - a server on loopback
        return bytes(answer.read())


def _get(port: int, path: str) -> tuple[int, bytes]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {_KEY}"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - a server on loopback
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""
