"""One journal, one world: as a user meets it who changes the mode and forgets the journal."""

from pathlib import Path

from tests.testnet.stage import stage


def test_a_journal_of_the_testnet_is_refused_by_a_dry_run_and_left_as_it_was(tmp_path: Path) -> None:
    """Exit code 2, a sentence with a way out, not one private request; back in its own mode it goes on."""
    with stage(tmp_path) as world:
        world.ballast("once")
        held = world.short()
        assert held
        rehearsal = world.profile.read_text(encoding="utf-8")
        world.profile.write_text(rehearsal.replace('mode = "testnet"', 'mode = "dry-run"'), encoding="utf-8")
        reached = len(world.answering.asked)
        for command in ("plan", "once", "flatten"):
            ended = world.ballast(command)
            assert ended.code == 2, ended.text
            assert 'made in mode "testnet" and this run is in mode "dry-run"' in ended.text
            assert "ballast-dry-run.db" in ended.text
        assert not any("account" in line or "order" in line for line in world.answering.asked[reached:])
        assert world.ballast("check").code == 2
        world.profile.write_text(rehearsal, encoding="utf-8")
        assert world.ballast("once").code in (0, 1)
        assert world.short() == held
