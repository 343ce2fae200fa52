"""Whole snapshots and the plans they lead to: a change of behaviour shows as a change of a file a person can read."""

import pytest

from tests.golden.scenes import FOLDER, scenes, told


@pytest.mark.parametrize("name", scenes())
def test_a_scene_leads_to_its_plan(name: str) -> None:
    """As the file says; after a change on purpose `python -m tests.golden.scenes` writes it anew."""
    assert told(scenes()[name]) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def test_every_file_has_its_scene() -> None:
    """No plan is kept that nothing leads to any more."""
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(scenes())
