"""Every example of the documentation runs as it is written, against one server."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import playwright
import pytest

from tests.channels.fake_bots import FakeBots
from tests.databases import LOCAL, SECRET, dsn_for, plain_only
from tests.guide.examples import Block, blocks, differences
from tests.guide.terminal import Terminal
from tests.pipeline.processes import ADMIN_KEY, HEADERS, ServerProcess
from tests.platforms.fake_server import Running

pytestmark = plain_only("the pages back the database up, which Citus' own means do there")

SHELL = [(page, list(own)) for page, own in groupby((one for one in blocks() if one.language == "sh"), lambda one: one.page)]
SCRIPTS = [one for one in blocks() if one.language == "js"]
NODE = Path(playwright.__file__).parent / "driver" / "node"
EVENTS: list[dict[str, Any]] = [
    {"type": "live.session.started", "time": "14:00:00", "data": {}},
    {"type": "live.viewer.entered", "time": "14:00:05", "data": {"viewer": "o-1", "source": "fans", "fan_level": 4}},
    {"type": "live.product.showcased", "time": "14:01:00", "data": {"product": "knit-01"}},
    {"type": "live.product.clicked", "time": "14:02:00", "data": {"viewer": "o-1", "product": "knit-01"}},
    {
        "type": "live.order.paid",
        "time": "14:06:00",
        "data": {
            "order": "A-1",
            "buyer": "o-1",
            "currency": "CNY",
            "amount": "1099.00",
            "lines": [{"product": "knit-01", "quantity": 1, "amount": "1099.00"}],
        },
    },
    {"type": "live.session.ended", "time": "16:24:00", "data": {}},
]


class Instance:
    """A server with its database, and a show for each page."""

    def __init__(self, process: ServerProcess, dsn: str, receivers: str) -> None:
        """Know where the server, its database and the receivers of messages are."""
        self.base = process.base
        self.receivers = receivers
        self.environment = {"TALLYLIGHT_DATABASE_URL": dsn, "TALLYLIGHT_SECRET_KEY": SECRET, "TALLYLIGHT_API_BASE_ALLOW": LOCAL}
        self._api = httpx.Client(base_url=f"{process.base}/v1", headers=HEADERS, timeout=20)

    def close(self) -> None:
        """Close the connections to the server."""
        self._api.close()

    def names(self, number: int) -> dict[str, str]:
        """Return what is replaced in the text of a page: the server's address, a brand, rooms and order numbers of its own."""
        return {
            "http://127.0.0.1:8080": self.base,
            "https://qyapi.weixin.qq.com": self.receivers,
            "maison-k": f"maison-{number}",
            "export/UzFf": f"export/{number}UzFf",
        }

    def show(self, number: int) -> str:
        """Create the show that the variable SESSION of a page names, and return its id."""
        brand = f"maison-{number}"
        lineup = [{"product": "knit-01", "name": "ニット", "live_price": "1099.00", "stock": 60}]
        form = {"title": "Autumn", "brand": brand, "currency": "CNY", "lineup": lineup, "time_zone": "Asia/Tokyo", "host": "小林"}
        session = str(self.posted("sessions", form)["id"])
        events = [
            {"specversion": "1.0", "source": "//tool.example/obs", "subject": session, "id": f"f3b1c2d4-{place:04}"}
            | event | {"time": f"2021-09-25T{event['time']}+09:00"}
            for place, event in enumerate(EVENTS, 5)
        ]  # fmt: skip
        assert len(events) == self.posted("events", events)["accepted"]
        return session

    def posted(self, path: str, body: Any) -> Any:
        """Return the answer to a request of the prelude."""
        answer = self._api.post(f"/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def instance(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A server process on a database of its own."""
    name = "examples"

    async def make() -> None:
        connection = await asyncpg.connect(postgres)
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        await connection.execute(f"CREATE DATABASE {name}_empty")
        await connection.close()

    asyncio.run(make())
    dsn = dsn_for(postgres, name)
    folder = tmp_path_factory.mktemp("server")
    settings = {
        "TALLYLIGHT_DATABASE_URL": dsn, "TALLYLIGHT_API_BASE_ALLOW": LOCAL, "TALLYLIGHT_ISSUER_NAME": "Agency", "TALLYLIGHT_DATA_DIR": str(folder),
    }  # fmt: skip
    process = ServerProcess(folder, settings)
    with Running(FakeBots()) as receivers:
        process.start()
        try:
            asyncio.run(process.ready())
            with closing(Instance(process, dsn, receivers.base)) as opened:
                yield opened
        finally:
            process.end()


@pytest.mark.processes
def test_every_shell_example_runs_in_the_order_of_its_page(instance: Instance, tmp_path: Path) -> None:
    """Each command ends well, and prints what the page shows below it as a comment."""
    wrong = []
    for number, (_, own) in enumerate(SHELL):
        folder = tmp_path / str(number)
        folder.mkdir()
        values = {
            "BASE": instance.base, "API": f"{instance.base}/v1", "KEY": ADMIN_KEY, "SESSION": instance.show(number),
            "NEW_DATABASE": instance.environment["TALLYLIGHT_DATABASE_URL"].replace("/examples", "/examples_empty"),
        }  # fmt: skip
        terminal = Terminal(folder, instance.environment)
        outcome = terminal.run(own, values, instance.names(number))
        terminal.close()
        if outcome.error is not None:
            stopped = own[len(outcome.outputs) - 1] if outcome.outputs else own[0]
            wrong.append(f"{stopped.place}: {outcome.error}")
            continue
        wrong += [
            f"{one.place}: {text}" for one, output in zip(own, outcome.outputs, strict=True) for text in unlike(one, output)
        ]
    assert not wrong, "\n\n".join(wrong)


def unlike(block: Block, output: str) -> list[str]:
    """Return where the last line that a block printed is not what its last line, a comment with JSON, says."""
    last = block.text.rstrip().splitlines()[-1]
    if not last.startswith("# {"):
        return []
    return differences(json.loads(last.removeprefix("# ")), json.loads(output.rstrip().splitlines()[-1]))


def test_what_a_page_shows_is_compared() -> None:
    """Another value and a missing member are found; … is any value."""
    block = Block("p", 1, "sh", "", 'curl x\n# {"accepted": 4, "id": "…"}\n')
    assert [] == unlike(block, 'x\n{"accepted":4,"id":"7","more":1}\n')
    assert ["/accepted: 3 is not 4"] == unlike(block, '{"accepted":3,"id":"7"}')
    assert ["/id is missing"] == unlike(block, '{"accepted":4}')


HARNESS = """
import {{ pathToFileURL }} from "node:url";
const fetched = globalThis.fetch, Source = globalThis.EventSource;
globalThis.fetch = (url, options) => fetched(new URL(url, {base!r}), options);
globalThis.EventSource = class extends Source {{ constructor(url) {{ super(new URL(url, {base!r})); }} }};
const headers = {{ Authorization: "Bearer {key}" }}, session = {session!r};
const url = {base!r} + "/v1/sessions/" + session + "/revisions/1";
globalThis.show = document => {{ console.log(document.session); process.exit(0); }};
console.assert = holds => {{ console.log(holds); process.exit(holds ? 0 : 1); }};
{text}
if (typeof watch === "function") await watch(session, headers);
"""
"""What the page of a browser has around an example: its own address, `headers`, `session`, the `url` of a revision, and `show`."""
CANONICALIZE = """
export default function canonical(value) {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return "[" + value.map(canonical).join(",") + "]";
  return "{" + Object.keys(value).sort().map(name => JSON.stringify(name) + ":" + canonical(value[name])).join(",") + "}";
}
"""


@pytest.mark.processes
def test_every_script_runs(instance: Instance, tmp_path: Path) -> None:
    """The event stream is read with a ticket, and the hash of a released document is verified."""
    session = instance.show(1000)
    instance.posted(f"sessions/{session}/finalize", {})
    package = tmp_path / "node_modules" / "canonicalize"
    package.mkdir(parents=True)
    (package / "index.js").write_text(CANONICALIZE, encoding="utf-8")
    (package / "package.json").write_text('{"type": "module", "main": "index.js"}', encoding="utf-8")
    for number, block in enumerate(SCRIPTS):
        imports = "".join(line for line in block.text.splitlines(keepends=True) if line.startswith("import "))
        text = HARNESS.format(base=instance.base, key=ADMIN_KEY, session=session, text=block.text.replace(imports, ""))
        file = tmp_path / f"example-{number}.mjs"
        file.write_text(imports + text, encoding="utf-8")
        done = subprocess.run(
            [NODE, "--experimental-eventsource", file], cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False
        )
        assert done.returncode == 0, f"{block.place}: {done.stdout}{done.stderr}"
        assert done.stdout.strip() in {session, "true"}


def test_the_pages_have_examples() -> None:
    """The README and every page that shows a request are among what is run."""
    pages = {page for page, _ in SHELL}
    assert {"README.md", "docs/tutorial.md", "docs/reference/settlement.md", "docs/reference/operations.md"} <= pages
    assert {"docs/reference/release.md", "docs/reference/stream.md"} == {one.page for one in SCRIPTS}
