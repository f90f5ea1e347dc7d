"""Samples of what platforms send, one a file; a file names the kind of connection that it is for.

In: the files in `samples/`. Out: their names by kind, and the connection that each one needs. Never here: requests.
"""

import json
from pathlib import Path
from typing import Any

from app.adapters.registry import ADAPTERS

SAMPLES = Path(__file__).parent / "samples"


def read_sample(name: str) -> dict[str, Any]:
    """Return a sample."""
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return found


_ALL = {path.stem: read_sample(path.stem) for path in sorted(SAMPLES.glob("*.json"))}
KINDS: dict[str, str] = {name: found["kind"] for name, found in _ALL.items() if "kind" in found}
"""Sample → kind of its connection. Samples without one are of CloudEvents, which need no connection."""
ANSWERED = [name for name in KINDS if _ALL[name].get("expect", {}).get("status") in {200, "2xx"}]
"""Samples of requests, with the answer that the platform expects."""


def secrets_of(found: dict[str, Any]) -> dict[str, str]:
    """Return the secrets of the connection that a sample is for."""
    return {one.name: found[one.name] for one in ADAPTERS[found["kind"]].SECRETS if one.name in found}
