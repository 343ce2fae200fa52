"""Each of the 104 faults has a home that really exists, and a row on the page that tells what a user sees."""

import re
from pathlib import Path

from bot.sim.faults import FAULTS
from tests.soak.catalogue import CATALOGUE, DRILLS, KILLS, MATRIX, NETWORK, SECRETS, counted, numbers
from tests.soak.signs import SIGNS

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "faults.md"
SOURCES = {
    DRILLS: sorted((HERE / "drills").rglob("*.py")),
    KILLS: sorted((HERE / "killing").rglob("*.py")),
    MATRIX: [HERE / "matrix.py"],
    NETWORK: [HERE / "hostile.py", HERE / "doors.py"],
    SECRETS: [HERE / "canary.py"],
}


def _source(part: str) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in SOURCES[part])


def test_every_fault_of_the_catalogue_has_a_home_that_exists() -> None:
    """A kind of fault, a sign of a seed's course, or a part beside the seeds that names it."""
    assert list(CATALOGUE) == [f"F{number:02}" for number in range(1, 105)]
    sources = {part: _source(part) for part in SOURCES}
    for number, home in CATALOGUE.items():
        assert home.kinds or home.signs or home.parts, number
        assert {kind.split("@")[0] for kind in home.kinds} <= set(FAULTS), number
        assert set(home.signs) <= set(SIGNS), number
        for part in home.parts:
            assert f'"{number}"' in sources[part], f"{part} does not name {number}"


def test_every_kind_of_fault_belongs_to_the_catalogue() -> None:
    """Whatever can be put on the line or into the account is counted under a number."""
    assert {kind for kind in FAULTS if not numbers(kind, "bybit")} == set()


def test_faults_are_counted_under_their_numbers() -> None:
    """A kind counts for every fault it stands for, at the venues where it does; signs are added."""
    found = counted({"code_1007": 2, "manual_trade": 3}, "bybit", {"hand meddle": 1})
    assert (found["F20"], found["F23"], found["F42"], found["F75"]) == (2, 2, 3, 4)
    assert "F23" not in counted({"code_1007": 2}, "weex", {})


def test_the_page_tells_of_every_fault_in_the_catalogues_words() -> None:
    """docs/faults.md and the catalogue list the same faults under the same names, each with all its columns."""
    rows = re.findall(r"^\| (F\d+) \| (.+?) \|(.+)\|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [(number, name) for number, name, _ in rows] == [(number, row.name) for number, row in CATALOGUE.items()]
    for number, _, rest in rows:
        cells = [cell.strip() for cell in rest.split(" | ")]
        assert len(cells) == 4, number
        assert all(cells), number
