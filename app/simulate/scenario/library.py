"""Scenarios by name or by path.

In: the name of a built-in scenario, or a JSON file. Out: a `Scenario`, or an error that names the invalid fields.
Never here: the network.
"""

import json
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from app.simulate.scenario.scenario import Scenario


class ScenarioError(ValueError):
    """The scenario cannot be read; the text has one `field: problem` per line."""


def names() -> list[str]:
    """Return the names of the built-in scenarios, sorted."""
    folder = resources.files("app.simulate.scenario") / "scenarios"
    return sorted(item.name.removesuffix(".json") for item in folder.iterdir() if item.name.endswith(".json"))


def load(name_or_path: str) -> Scenario:
    """Return a scenario.

    Raises:
        ScenarioError: the scenario does not exist, is not JSON, or has invalid or contradictory figures.
    """
    if name_or_path in names():
        text = (resources.files("app.simulate.scenario") / "scenarios" / f"{name_or_path}.json").read_text(encoding="utf-8")
        return read(text, name_or_path)
    path = Path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ScenarioError(f"{name_or_path}: neither a readable file nor one of {', '.join(names())}") from None
    return read(text, path.stem)


def read(text: str, name: str = "scenario") -> Scenario:
    """Return the scenario of a JSON text; `name` is the default of its name.

    Raises:
        ScenarioError: as in `load`.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ScenarioError(f"{name}: not JSON ({error})") from None
    if isinstance(document, dict):
        document = {"name": name, **document}
    try:
        return Scenario.model_validate(document)
    except ValidationError as error:
        raise ScenarioError("\n".join(_line(item["loc"], item["msg"]) for item in error.errors())) from None


def _line(location: tuple[int | str, ...], message: str) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    text = message.removeprefix("Value error, ")
    return f"{path}: {text}" if path else text
