"""Labels say one thing with one word: the words of docs/reference/glossary.md are used, and those that it names beside them are not."""

import re
from pathlib import Path

import pytest

from app.labels.catalogue import CATALOGUE, Language

GLOSSARY = (Path(__file__).parents[2] / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8")
_ROWS = [
    [cell.strip() for cell in line.strip("| ").split("|")]
    for line in GLOSSARY.partition("## Labels")[2].splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| thing "))
]
COLUMNS: dict[Language, int] = {"ja": 1, "zh": 3}


def _labels(language: Language) -> dict[str, str]:
    # What stands in braces is a name of a figure.
    return {key: re.sub(r"{\w+}", "", texts[language]) for key, texts in CATALOGUE.items()}


@pytest.mark.parametrize("language", COLUMNS)
def test_every_word_of_the_glossary_is_used_and_its_rivals_are_not(language: Language) -> None:
    """In the labels of the language."""
    labels, column = _labels(language), COLUMNS[language]
    texts = "\n".join(labels.values())
    assert len(_ROWS) > 20
    assert [] == [row[column] for row in _ROWS if row[column] not in texts]
    rivals = [rival for row in _ROWS for rival in row[column + 1].split("、")]
    assert {} == {key: (rival, text) for key, text in labels.items() for rival in rivals if rival in text}


@pytest.mark.parametrize(("language", "column"), [("ja", 3), ("zh", 4)])
def test_every_domain_term_with_a_label_has_one(language: Language, column: int) -> None:
    """A term without an asterisk in the table of the domain stands in a label."""
    section = GLOSSARY.partition("## Domain")[2].partition("## Technical")[0]
    rows = [
        line.strip("| ").split("|") for line in section.splitlines() if line.startswith("| ") and not line.startswith("| term")
    ]
    texts = "\n".join(_labels(language).values())
    terms = [term.strip() for row in rows for term in re.split(r"[、·・（）]", row[column - 1]) if term.strip()]
    assert len(terms) > 50
    assert [] == [term for term in terms if not term.endswith("*") and term not in texts]
