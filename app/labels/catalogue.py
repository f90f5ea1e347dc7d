"""The label catalogue: all texts of the user interface, in Japanese, Chinese and English.

In: a key such as `metric.gmv`. Out: text. Never here: figures, negotiation of the language.

API, report and dashboard share it. A file beside this one per subject, key → language → text; no key stands twice.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

Language = Literal["ja", "zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
DEFAULT_LANGUAGE: Language = "ja"
"""The agency's own results sheet is Japanese."""

CATALOGUE: Mapping[str, Mapping[str, str]] = {
    key: texts
    for file in sorted(Path(__file__).parent.glob("*.json"))
    for key, texts in json.loads(file.read_text(encoding="utf-8")).items()
}


def label(key: str, language: Language) -> str:
    """Return the text of a key.

    Raises:
        KeyError: the catalogue has no such key.
    """
    return CATALOGUE[key][language]


def label_or(key: str, otherwise: str, language: Language) -> str:
    """Return the text of a key, or the given text if the catalogue has none, for example for an unknown platform."""
    return CATALOGUE[key][language] if key in CATALOGUE else otherwise


def labels(prefix: str, language: Language) -> dict[str, str]:
    """Return the texts of all keys under a prefix, by what follows it: `labels("status.", "en")["live"]`."""
    return {key.removeprefix(prefix): texts[language] for key, texts in CATALOGUE.items() if key.startswith(prefix)}


def name_in(names: Mapping[str, str], language: Language) -> str | None:
    """Return a thing's name in a language, else in the next one that has it; None without any name."""
    for candidate in (language, *LANGUAGES):
        if names.get(candidate):
            return names[candidate]
    return next((text for text in names.values() if text), None)
