"""Reads a Dockerfile, as far as this project's needs it.

In: its text. Out: its stages with their instructions. Never here: what an instruction does.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_KNOWN = {
    "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "USER", "VOLUME", "WORKDIR",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, on one line."""

    keyword: str
    text: str

    def words(self) -> list[str]:
        """Return the arguments of an instruction in JSON form, else the words."""
        return [str(word) for word in json.loads(self.text)] if self.text.startswith("[") else self.text.split()


@dataclass(frozen=True, slots=True)
class Stage:
    """What follows a FROM."""

    base: str
    name: str | None
    instructions: list[Instruction] = field(default_factory=list)


def instructions_of(text: str) -> list[Instruction]:
    """Return the instructions.

    Raises:
        ValueError: one is not known here.
    """
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        keyword, _, rest = line.partition(" ")
        if keyword not in _KNOWN:
            raise ValueError(f"the Dockerfile has an instruction that is not known here: {keyword}")
        found.append(Instruction(keyword, rest.strip()))
    return found


def stages_of(text: str) -> tuple[dict[str, str], list[Stage]]:
    """Return the arguments before the first stage with their defaults, and the stages."""
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for one in instructions_of(text):
        if one.keyword == "FROM":
            base, *named = one.words()
            stages.append(Stage(base, named[1] if named else None))
        elif stages:
            stages[-1].instructions.append(one)
        else:
            arguments |= pairs(one.text)
    return arguments, stages


def pairs(text: str) -> dict[str, str]:
    """Return the `NAME=value` pairs of ARG, ENV and LABEL; values may be quoted."""
    return {name: quoted or plain for name, quoted, plain in re.findall(r'([\w.]+)=(?:"([^"]*)"|(\S*))', text)}


def substituted(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its `$NAME` replaced."""
    return re.sub(r"\$(\w+)", lambda match: values.get(match[1], ""), text)
