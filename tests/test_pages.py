"""The pages hang together: links lead somewhere, indexes name every page, the house names files that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    """A page that was renamed takes its links along."""
    linked = LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in linked if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("folder", [DOCS, DOCS / "decisions", DOCS / "policy", DOCS / "venues"])
def test_an_index_names_every_page(folder: Path) -> None:
    """A page nobody links to is not read."""
    named = {Path(target).name for target in LINK.findall((folder / "README.md").read_text(encoding="utf-8"))}
    assert {page.name for page in folder.glob("*.md")} - {"README.md"} - named == set()


def test_decisions_are_numbered_in_order() -> None:
    """By their names and by their titles, none twice."""
    pages = sorted((DOCS / "decisions").glob("0*.md"))
    expected = list(range(1, len(pages) + 1))
    assert [int(page.name[:4]) for page in pages] == expected
    assert [int(page.read_text(encoding="utf-8").split()[1].rstrip(".")) for page in pages] == expected


def test_the_house_names_files_that_exist() -> None:
    """Every path in the table of questions, whole or beside the one before it."""
    missing, folder = [], ROOT
    for row in (DOCS / "house.md").read_text(encoding="utf-8").splitlines():
        for name in re.findall(r"`([\w/]+\.(?:py|md)|[\w/]+/)`", row.partition(" | ")[2]):
            whole = ROOT / name
            folder = whole.parent if whole.exists() else folder
            if not (whole.exists() or (folder / name).exists()):
                missing.append(name)
    assert missing == []
