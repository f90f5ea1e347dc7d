"""Clients that three generators make of the OpenAPI document compile and run: create, send one and many, read, page."""

import asyncio
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.tools import DOCUMENT, HERE, node_tool, python_tools, run
from tests.pipeline.processes import ADMIN_KEY, ServerProcess

pytestmark = [pytest.mark.processes, pytest.mark.long]


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """An empty server, as the environment of a client program."""
    process = ServerProcess(tmp_path, {"TALLYLIGHT_DATABASE_URL": database_url, "TALLYLIGHT_DATA_DIR": str(tmp_path / "data")})
    process.start()
    try:
        asyncio.run(process.ready())
        yield {"TALLYLIGHT_URL": process.base, "TALLYLIGHT_KEY": ADMIN_KEY}
    finally:
        process.end()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A TypeScript project with the installed packages."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("tsconfig.json", "package.json"):
        shutil.copy(HERE / name, folder)
    node_tool("tsc")
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    return folder


def compile_and_run(project: Path, program: str, server: dict[str, str]) -> None:
    """Compile a program with the generated code, and run it against a server."""
    shutil.copy(HERE / program, project)
    compiled = run(node_tool("tsc"), "--project", project, cwd=project)
    assert 0 == compiled.returncode, compiled.stdout
    ran = run("node", project / "built" / program.replace(".ts", ".js"), cwd=project, **server)
    assert (0, "ok\n") == (ran.returncode, ran.stdout), ran.stderr


def test_hey_api(project: Path, server: dict[str, str]) -> None:
    """`@hey-api/openapi-ts`, compiled with `strict` and without a cast."""
    shutil.copy(HERE / "openapi-ts.config.mjs", project)
    generated = run(node_tool("openapi-ts"), "--file", "openapi-ts.config.mjs", cwd=project, OPENAPI_DOCUMENT=str(DOCUMENT))
    assert 0 == generated.returncode, generated.stdout + generated.stderr
    compile_and_run(project, "hey_api.ts", server)


def test_openapi_fetch(project: Path, server: dict[str, str]) -> None:
    """`openapi-typescript` with `openapi-fetch`, compiled with `strict` and without a cast."""
    generated = run(node_tool("openapi-typescript"), DOCUMENT, "--output", project / "generated" / "openapi-typescript.d.ts")
    assert 0 == generated.returncode, generated.stdout + generated.stderr
    compile_and_run(project, "openapi_fetch.ts", server)


def test_openapi_python_client(tmp_path: Path, server: dict[str, str]) -> None:
    """`openapi-python-client`: its models and functions pass mypy, and so does the program that uses them."""
    tools = python_tools()
    package = tmp_path / "client"
    generated = run(
        tools / "openapi-python-client", "generate", "--path", DOCUMENT, "--output-path", package, "--meta", "none", cwd=tmp_path
    )
    assert 0 == generated.returncode, generated.stdout + generated.stderr
    # What it leaves out are media types that it does not know (CSV, XML, a workbook, a picture), and no model.
    warnings = generated.stdout + generated.stderr
    assert "Could not find reference" not in warnings
    assert all("Unsupported content" in warning for warning in warnings.split("WARNING")[1:]), warnings
    package.rename(tmp_path / "tallylight_client")
    shutil.copy(HERE / "python_client.py", tmp_path / "program.py")
    typed = run(
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--python-executable",
        tools / "python",
        "program.py",
        cwd=tmp_path,
    )
    assert 0 == typed.returncode, typed.stdout
    ran = run(tools / "python", "program.py", cwd=tmp_path, PYTHONPATH=str(tmp_path), **server)
    assert (0, "ok\n") == (ran.returncode, ran.stdout), ran.stderr
