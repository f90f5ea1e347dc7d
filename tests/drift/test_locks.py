"""The lock files pin the dependencies of pyproject.toml by hash and name no origin."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from app.extras import EXTRAS as KNOWN

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = PROJECT["project"]["dependencies"]
EXTRAS = PROJECT["project"]["optional-dependencies"]
ASKED = {
    "requirements.lock": RUNTIME,
    "requirements-dev.lock": [*RUNTIME, *chain.from_iterable(EXTRAS.values()), *PROJECT["dependency-groups"]["dev"]],
    **{f"requirements/{name}.lock": wanted for name, wanted in EXTRAS.items()},
}


def pins(text: str) -> dict[str, list[str]]:
    """Return name and version → hashes of a lock file."""
    entries = re.split(r"\n(?=[a-zA-Z0-9])", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    found = {}
    for entry in entries:
        named = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", entry)
        assert named, f"not pinned: {entry[:60]}"
        found[f"{canonicalize_name(named[1])} {named[2]}"] = re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry)
    return found


@pytest.mark.parametrize("name", ASKED)
def test_every_pin_has_a_hash(name: str) -> None:
    """Every package of a lock file has a hash."""
    found = pins((ROOT / name).read_text(encoding="utf-8"))
    assert [] == [pin for pin, hashes in found.items() if not hashes]


@pytest.mark.parametrize("name", ASKED)
def test_no_lock_names_a_registry_or_a_folder(name: str) -> None:
    """The installer decides where packages come from: no URL, no index option, no path of a machine."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert [] == re.findall(r"^.*(?:://|--(?:extra-)?index|--find-links|/\w+/).*$", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", ASKED)
def test_a_lock_holds_all_that_is_asked_for(name: str) -> None:
    """Every dependency of pyproject.toml is pinned at a version that it allows; after a change: `make lock`."""
    versions = dict(pin.split(" ") for pin in pins((ROOT / name).read_text(encoding="utf-8")))
    for line in ASKED[name]:
        wanted = Requirement(line)
        assert wanted.specifier.contains(versions.get(canonicalize_name(wanted.name), "0"), prereleases=True), line


def test_all_locks_agree() -> None:
    """The development lock pins the same versions as the others, so that what is tested is what runs."""
    development = set(pins((ROOT / "requirements-dev.lock").read_text(encoding="utf-8")))
    for name in ASKED:
        assert set(pins((ROOT / name).read_text(encoding="utf-8"))) <= development, name


def test_every_extra_has_a_lock_and_a_probe() -> None:
    """The container installs an extra by its lock, and the server knows by its modules whether it is there."""
    assert sorted(EXTRAS) == sorted(path.stem for path in (ROOT / "requirements").glob("*.lock")) == sorted(KNOWN)
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert sorted(EXTRAS) == sorted(re.findall(r"for extra in ([a-z ]+);", recipe)[0].split())
