"""The project's vocabulary: retired words do not come back, and every place that the glossary names exists.

Identifiers are split at underscores and capitals, so that `reseal_all` and `resealAll` are found too. The allow-list holds
bytes that are stored or derive keys, public names, and words that belong to another field (a key press, a CSS class).
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
RETIRED_NAMES = [
    r"vault",
    r"seal(?:s|ed|er|ing)?",
    r"unseal\w*",
    r"reseal\w*",
    r"doors?",
    r"press",
    r"murmur",
    r"homes?",
    r"homeless",
    r"flights?",
    r"standing",
    r"manuscript",
    r"courier",
    r"manner",
    r"heirs?",
    r"lane",
    r"bids?",
    r"twin",
    r"spine",
    r"chronicle",
    r"refold\w*",
    r"setaside",
    r"programme",
    r"papers?",
]
RETIRED_PHRASES = (
    r"(?<!dead[-_ .])letters?", "the park", r"unpark\w*", "key ring", r"hears? of", "heard of", "(?:is|are|was|be) told",
    "told apart", r"speaks? for", "has the word", r"stands? for", r"lets? go", "worked off", r"looks? out for", "broke off",
    "anew", "whoever", "nobody", "somebody", "anybody", r"mend(?:s|ed)?", "walks?", "thick and fast", "for good", "step aside",
    "rests? until", "it rests", "by itself", "all the same", "as it came", "the same again", "in its hands",
)  # fmt: skip
RETIRED = re.compile(rf"(?<![^\W_])(?:{'|'.join((*RETIRED_NAMES, *RETIRED_PHRASES))})(?![^\W_])", re.IGNORECASE)
ALLOWED = re.compile(
    r"sealed_(?:secrets?|keys?|sealed_keys|connections|channels|deliveries|dead_letters|at|\{table)"
    r"|(?<=[\w.\[\"'(`= ])sealed(?=[\"'`\],) :=;]|$)"
    r"|b\"letters?\"|\{letter\}|connections\.letters|\.letters\b|letters(?:: int|=| \+= letters)|\"letters?\"|\bletters?/"
    r"|pending_refolds|\"refolds\"|async def refolds\(|\"reseal\"|`reseal`|connections reseal`|rng\(\"programme\"\)"
    r"|\bletters\b(?=\W+(?:and|or) digits)|lower-?case letters|capital letters|ascii_letters|ast\.walk"
    r"|(?i:in[ _]flight)|(?i:single[-_ ]?flights?)|aria-pressed|\.press\(|\.home\b|\"HOME\"|set_paper|paperSize"
    r"|\"nobody\"|user postgres or nobody|change\.letters \+= letters|letters = |events, letters, last_delivery_at|:letters::"
)
"""Stored bytes, columns, queue and job names, public JSON members; other fields' words."""
NOT_OURS = ("tests/adapters/samples/", "tests/drift/test_vocabulary.py", "app/dashboard/web/css/")
CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def sources() -> list[Path]:
    """Return the text files of the project that people read."""
    listed = subprocess.run(
        ["git", "ls-files", "app", "tests", "migrations", "docs", "README.md", "CHANGELOG.md"],  # noqa: S607 - git of the PATH
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    kinds = {".py", ".sql", ".md", ".js", ".html", ".j2"}
    return [ROOT / name for name in listed if Path(name).suffix in kinds and not name.startswith(NOT_OURS)]


def retired(text: str) -> Iterator[tuple[int, str]]:
    """Return the retired words of a text with their lines."""
    for number, line in enumerate(text.splitlines(), 1):
        allowed = ALLOWED.sub(" ", line)
        for found in RETIRED.finditer(CAPITALS.sub(" ", allowed)):
            yield number, found.group(0)


def test_retired_words_do_not_come_back() -> None:
    """No file holds a word that the glossary replaced."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {word}"
        for path in sources()
        if path.exists()
        for number, word in retired(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


def test_a_retired_word_is_found_in_names_and_prose() -> None:
    """The search sees identifiers in both styles, plurals and phrases, and passes over stored names."""
    text = 'def reseal_all(): ...\nclass KeyVault: ...\n# Nobody hears of it.\nSELECT sealed FROM sealed_keys\nb"letters"\n'
    assert [(1, "reseal_all"), (2, "Vault"), (3, "Nobody"), (3, "hears of")] == list(retired(text))


def test_every_place_of_the_glossary_exists() -> None:
    """Each row of the glossary names files or folders of the project."""
    rows = [
        line.strip("|").split("|")
        for line in (ROOT / "docs" / "reference" / "glossary.md")
        .read_text(encoding="utf-8")
        .partition("\n## Labels")[0]
        .splitlines()
        if line.startswith("| ") and not line.startswith("| term")
    ]
    assert len(rows) > 40
    for row in rows:
        places = re.findall(r"`([^`]+)`", row[-1])
        assert places, row[0]
        assert [] == [place for place in places if not (ROOT / place).exists()], row[0]


def test_every_cited_page_is_in_the_project() -> None:
    """Code and tests cite pages of the project's own documentation only."""
    cited = {
        (path.relative_to(ROOT), page)
        for path in sources()
        if path.suffix != ".md" and path.exists()
        for page in re.findall(r"[\w/.-]*\w\.md\b", path.read_text(encoding="utf-8"))
    }
    docs = ROOT / "docs"
    folders = (ROOT, docs, *(folder for folder in docs.iterdir() if folder.is_dir()))
    assert not [
        (str(path), page) for path, page in cited if not any((folder / page.removeprefix("../")).exists() for folder in folders)
    ]
