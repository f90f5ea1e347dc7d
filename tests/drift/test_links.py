"""Links of the documentation: each leads to a page, a heading or a file of the repository."""

import re
from pathlib import Path

from app.guide.pages import anchor_of, folder, pages, pictures

ROOT = Path(__file__).parents[2]
TARGET = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")


def dead_in_guide() -> list[str]:
    """Return the links of the guide, as the server resolves them, that lead to no page, heading or picture."""
    found = []
    for page in pages().values():
        for link in page.links:
            linked, _, anchor = link.partition("#")
            target = pages().get(linked) or pages().get(f"{linked}/README")
            known = (target is not None or linked in pictures()) if not anchor else target is not None
            if not known or (anchor and target and anchor not in {section.anchor for section in target.sections}):
                found.append(f"{page.name}: {link}")
    return found


def dead_in_files(*files: Path) -> list[str]:
    """Return the links of Markdown files that lead to no file, or to a heading that its file does not have."""
    found = []
    for path in files:
        text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        for target, anchor in TARGET.findall(text):
            file = (path.parent / target) if target else path
            if not file.exists():
                found.append(f"{path.name}: {target}")
            elif anchor and file.suffix == ".md":
                headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
                if anchor not in {anchor_of(heading.replace("`", "")) for heading in headings}:
                    found.append(f"{path.name}: {target}#{anchor}")
    return found


def test_every_link_of_a_page_leads_to_a_page_and_a_heading() -> None:
    """A link names a page of the documentation, and a heading that is on it."""
    assert [] == dead_in_guide()


def test_every_link_out_of_the_documentation_leads_to_a_file() -> None:
    """The README and the pages name files of the repository that exist, and headings that they have."""
    assert [] == dead_in_files(*folder().rglob("*.md"), *ROOT.glob("*.md"))


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    """A file that is missing, a heading that was renamed; not what stands in a block of code, and no address of the web."""
    page = (tmp_path / "page").with_suffix(".md")
    page.write_text(
        f"# A `b` title\n\n[1](#a-b-title) [2](#gone) [3](other/) [4]({page.name}#a-b-title) [5](https://x.example/y)\n\n"
        "```text\n[6](none/)\n```\n",
        encoding="utf-8",
    )
    assert [f"{page.name}: #gone", f"{page.name}: other/"] == dead_in_files(page)
