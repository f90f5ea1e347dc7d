"""The table of dependencies names every package, with its licence and its weight as they are."""

import re
import tomllib
from importlib import metadata
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ASKED = [*PROJECT["dependencies"], *chain.from_iterable(PROJECT["optional-dependencies"].values())]
WANTED = [re.match(r"[A-Za-z0-9_.-]+", text).group() for text in ASKED]  # type: ignore[union-attr]
ROWS = {
    cells[0].strip("`"): cells
    for line in (ROOT / "docs" / "reference" / "dependencies.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
    for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
}
PAGE = (ROOT / "docs" / "reference" / "dependencies.md").read_text(encoding="utf-8")
LOCKED = {
    name.lower(): version
    for name, version in re.findall(
        r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^ ;\\]+)",
        (ROOT / "requirements-dev.lock").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
}
ALLOWED = {
    "MIT",
    "MIT License",
    "BSD License",
    "PSFL",
    "OFL-1.1",
    "Apache-2.0",
    "Apache Software License",
    "BSD-2-Clause",
    "BSD-3-Clause",
}
"""Licences that Apache-2.0 may use without further duties for the caller of the API."""


def licence(package: str) -> str:
    """Return the licence that an installed package states."""
    stated = metadata.metadata(package)
    for field in ("License-Expression", "License"):
        if field in stated:
            return str(stated[field])
    classifiers: list[str] = stated.get_all("Classifier") or []
    return next(text.rpartition(":: ")[2] for text in classifiers if text.startswith("License ::"))


def test_the_table_names_every_dependency() -> None:
    """A row per entry of `pyproject.toml`, in its order: first what is always there, then the extras."""
    assert list(ROWS) == WANTED


@pytest.mark.parametrize("package", WANTED)
def test_a_row_states_licence_and_weight_of_the_installed_package(package: str) -> None:
    """The licence is the package's own and one that the project may use; the weight is right within a third and a megabyte."""
    _, purpose, keeper, _, _, stated, weight = ROWS[package]
    assert purpose
    assert keeper
    assert stated == licence(package)
    assert set(re.split(r" (?:OR|AND) ", stated)) <= ALLOWED
    files = (file.locate() for file in metadata.distribution(package).files or () if file.suffix != ".pyc")
    measured = sum(Path(file).stat().st_size for file in files if Path(file).exists()) / 2**20
    assert abs(int(weight) - measured) <= 1 + measured / 3


@pytest.mark.parametrize("package", WANTED)
def test_a_row_states_the_locked_version_and_the_month_of_its_release(package: str) -> None:
    """After an update of the lock, the row says when the new version was released."""
    version, released = ROWS[package][3:5]
    assert version == LOCKED[package.lower()]
    assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", released)


def test_what_was_not_released_for_two_years_is_explained() -> None:
    """The age is that against the newest release of the table, so that it does not depend on the day of the test."""
    months = {package: int(cells[4][:4]) * 12 + int(cells[4][5:]) for package, cells in ROWS.items()}
    old = {package for package, month in months.items() if max(months.values()) - month > 24}
    assert old == set(re.findall(r"^- `([^`]+)`", PAGE, flags=re.MULTILINE))
