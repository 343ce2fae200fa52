"""`ballast journal`: what its three ways print and how they end."""

import json
from pathlib import Path

import pytest

from bot.cli.run import run
from bot.execution.journal import Journal
from tests.builders import NOW


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal with one cycle."""
    path = tmp_path / "j.db"
    with Journal.open(path, new_id="0123456789abcdef") as book:
        book.begin_cycle(NOW)
    return path


def test_verify_tells_people_and_machines(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table, or one JSON object."""
    assert run(["journal", "verify", "--file", str(journal)]) == 0
    assert "every request went from sent to one ending" in capsys.readouterr().out
    assert run(["journal", "verify", "--json", "--file", str(journal)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["topic"] for row in told["findings"]} == {"file", "schema", "requests", "story", "cycles"}


def test_a_file_that_is_no_journal_ends_with_2_and_is_not_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence, no traceback."""
    path = tmp_path / "letter.txt"
    path.write_text("dear diary " * 100)
    for way in (["verify"], ["export"], ["backup", str(tmp_path / "copy.db")]):
        assert run(["journal", *way, "--file", str(path)]) == 2
    assert "cannot be used" in capsys.readouterr().err
    assert not (tmp_path / "copy.db").exists()


def test_export_and_backup_end_well(journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines on standard output; a whole copy in a new file, and no second one over it."""
    assert run(["journal", "export", "--file", str(journal)]) == 0
    assert [json.loads(line)["line"] for line in capsys.readouterr().out.splitlines()] == ["journal", "cycle"]
    copy = str(tmp_path / "copy.db")
    assert run(["journal", "backup", copy, "--file", str(journal)]) == 0
    assert run(["journal", "backup", copy, "--file", str(journal)]) == 2
