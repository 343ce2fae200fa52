"""Bad input and bad days, through the command as a process: a sentence, an exit code, nothing lost, nothing doubled."""

import json
import signal
import sqlite3
import time
from datetime import timedelta
from pathlib import Path

import pytest

from bot.sim.faults import Script
from tests.testnet.stage import Ended, Stage, stage

HEDGED = {"BTCUSDT": "-0.6", "ETHUSDT": "-6"}
WRITES = ("order", "leverage", "marginType", "transfer")


def told(ended: Ended, code: int, *words: str) -> None:
    """The right exit code, the right words, and no wall of text."""
    assert ended.code == code, ended.text
    assert "Traceback" not in ended.text
    for word in words:
        assert word in ended.text


def untouched(place: Stage) -> None:
    """Nothing that could change anything arrived."""
    assert [line for line in place.answering.asked if line.rpartition("/")[2] in WRITES and "GET" not in line] == []


def whole(place: Stage) -> None:
    """The journal is in order and everything in it is settled."""
    with sqlite3.connect(place.journal) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert set(connection.execute("SELECT state FROM intents")) <= {("done",)}
    connection.close()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("[risk\n", ("not valid TOML", "line")),
        ('[[holdings]]\nasset = "BTC"\namount = "-3"\nlabel = "x"\n', ("amount", "-3")),
        ('[[holdings]]\nasset = "BTC"\namount = "1"\n' * 2, ("BTC", "twice")),
        ('[[holdings]]\nasset = "btc"\namount = "1"\n', ("upper-case",)),
        ('[risk]\nleverage_cap = "9"\n', ("leverage_cap", "9", "leverage_cap_override")),
        ('[risk]\nleverage_kap = "2"\n', ("leverage_kap", "leverage_cap")),
    ],
    ids=["wrong TOML", "negative amount", "duplicate holdings", "asset in lower case", "leverage 9", "misspelt key"],
)
def test_a_wrong_profile_is_named_and_nothing_is_touched(tmp_path: Path, more: str, words: tuple[str, ...]) -> None:
    """Key and value in one sentence, exit code 2, not one request."""
    with stage(tmp_path) as place:
        place.write(more=more)
        told(place.ballast("once"), 2, "othing was touched", *words)
        assert place.answering.asked == []
        assert not place.journal.exists()


def test_a_ratio_of_1_4_is_refused(tmp_path: Path) -> None:
    """More than all of it cannot be hedged."""
    with stage(tmp_path) as place:
        place.profile.write_text(place.profile.read_text().replace('"0.5"', '"1.4"'))
        told(place.ballast("once"), 2, "ratio", "1.4")
        untouched(place)


def test_an_asset_nobody_lists_is_said_and_the_others_are_hedged(tmp_path: Path) -> None:
    """It can neither be valued nor hedged; that stops nothing else."""
    with stage(tmp_path) as place:
        place.write(more='[[holdings]]\nasset = "XYZQ"\namount = "3"\n')
        told(place.ballast("once"), 0, "3 XYZQ has no price here")
        told(place.ballast("check"), 0, "no perpetual for XYZQ")
        assert place.short() == HEDGED


def test_a_missing_key_names_the_variables(tmp_path: Path) -> None:
    """Real venues are not asked without one."""
    with stage(tmp_path) as place:
        place.profile.write_text(place.profile.read_text().replace(f'localnet = "{place.address}"', ""))
        told(place.ballast("once"), 2, "BALLAST_VENUES__BINANCE__API_KEY", "Nothing was touched")


@pytest.mark.parametrize("wrong", ["api_key", "api_secret"])
def test_a_wrong_key_is_told_with_what_to_check(tmp_path: Path, wrong: str) -> None:
    """The venue turns it away; nothing changes, and the sentence says where to look."""
    with stage(tmp_path) as place:
        keys = {"api_key": "localnet-key", "api_secret": "localnet-secret", wrong: "localnet-wrong"}
        lines = "".join(f'{name} = "{value}"\n' for name, value in keys.items())
        place.profile.write_text(place.profile.read_text().replace("localnet =", f"{lines}localnet ="))
        told(place.ballast("once"), 3, "does not accept the API key", "Nothing was changed")
        told(place.ballast("check"), 3, "does not accept the API key")
        untouched(place)


def test_a_clock_ten_minutes_off_is_corrected_and_said(tmp_path: Path) -> None:
    """The venue's own time is asked for and used; the doctor says that the machine's clock is wrong."""
    with stage(tmp_path, clock_off=timedelta(minutes=-10)) as place:
        told(place.ballast("check"), 0, "600.0 s behind")
        told(place.ballast("once"), 0)
        assert place.short() == HEDGED


def test_a_venue_that_is_down_at_the_start_is_waited_for_by_the_daemon(tmp_path: Path) -> None:
    """`once` leaves with 3; `run` says so, goes on and hedges when it is back; SIGTERM ends it in order."""
    down = tuple(Script(fault="status_503", path="/fapi/v1/time", nth=number) for number in range(1, 7))
    with stage(tmp_path, *down) as place:
        told(place.ballast("once"), 3, "Nothing was changed")
        place.write(more="[schedule]\ncycle_every_s = 1\n")
        running = place.start("run")
        _until(lambda: place.short() == HEDGED)
        running.send_signal(signal.SIGTERM)
        out, said = running.communicate(timeout=30)
    told(Ended(code=running.returncode, out=out, said=said), 0, "unavailable", "next")


def test_nobody_at_the_address_says_how_to_start_it(tmp_path: Path) -> None:
    """A local testnet that is not running is no riddle."""
    with stage(tmp_path) as place:
        place.write(address="127.0.0.1:9")
        for command in ("once", "plan", "run", "flatten"):
            told(place.ballast(command), 3, "127.0.0.1:9", "ballast localnet")


def test_a_port_in_use_is_told_with_another_one(tmp_path: Path) -> None:
    """Two local testnets do not share a port."""
    with stage(tmp_path) as place:
        told(
            place.ballast("localnet", "--listen", place.address),
            2,
            place.address.rpartition(":")[2],
            "taken",
            "--listen",
        )


def test_a_journal_folder_that_cannot_be_written_stops_before_anything_is_sent(tmp_path: Path) -> None:
    """No memory, no orders."""
    with stage(tmp_path) as place:
        for journal in (Path("/proc/ballast/ballast.db"), place.profile / "ballast.db", tmp_path):
            place.write(journal=journal)
            told(place.ballast("once"), 2, str(journal), "Nothing was sent")
        untouched(place)


def test_a_journal_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """Not one byte of it changes."""
    with stage(tmp_path) as place:
        told(place.ballast("once"), 0)
        with sqlite3.connect(place.journal) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
        before = place.journal.read_bytes()
        for command in ("once", "status", "pause", "resume", "flatten", "check"):
            told(place.ballast(command), 2, "newer Ballast", "version 99")
        assert place.journal.read_bytes() == before


@pytest.mark.parametrize("damage", ["truncated", "noise", "empty-page"])
def test_a_damaged_journal_is_refused_with_what_to_do(tmp_path: Path, damage: str) -> None:
    """It is neither guessed at nor begun anew behind the owner's back."""
    with stage(tmp_path) as place:
        told(place.ballast("once"), 0)
        held = place.short()
        raw = place.journal.read_bytes()
        spoilt = {
            "truncated": raw[: len(raw) // 2 + 100],
            "noise": b"not a journal " * 400,
            "empty-page": raw[:4096] + b"\0" * 4096 + raw[8192:],
        }
        place.journal.write_bytes(spoilt[damage])
        told(place.ballast("once"), 2, str(place.journal), "Nothing was sent")
        told(place.ballast("status"), 2, str(place.journal))
        assert place.short() == held


@pytest.mark.parametrize("room", [0, 60_000, 90_000, 120_000])
def test_a_full_disk_loses_and_doubles_nothing(tmp_path: Path, room: int) -> None:
    """However far it gets: what was sent is found again, and with space it arrives."""
    with stage(tmp_path) as place:
        ended = place.ballast("once", file_bytes_max=room)
        assert ended.code in (0, 1, 2), ended.text
        assert "Traceback" not in ended.text
        assert "internal error" not in ended.text
        if ended.code == 2:
            untouched(place)
        place.answering.advance(timedelta(seconds=30))
        for _ in range(4):
            ended = place.ballast("once")
            if ended.code == 0:
                break
            place.answering.advance(timedelta(seconds=30))
        told(ended, 0)
        assert place.short() == HEDGED
        whole(place)


@pytest.mark.parametrize("wait_s", [0.3, 0.8, 1.3])
def test_ctrl_c_at_any_moment_doubles_nothing(tmp_path: Path, wait_s: float) -> None:
    """Interrupted wherever it is, it leaves without a trace, and the next runs finish the work once."""
    slow = tuple(Script(fault="slow", method="POST", nth=number) for number in range(1, 20))
    with stage(tmp_path, *slow) as place:
        running = place.start("once")
        time.sleep(wait_s)
        running.send_signal(signal.SIGINT)
        out, said = running.communicate(timeout=30)
        assert running.returncode in (0, 1, 130, -signal.SIGINT), said
        assert "Traceback" not in out + said or running.returncode == -signal.SIGINT
        for _ in range(4):
            place.answering.advance(timedelta(seconds=30))
            ended = place.ballast("once")
            if ended.code == 0:
                break
        told(ended, 0)
        assert place.short() == HEDGED
        whole(place)


def test_a_ban_outlives_the_process(tmp_path: Path) -> None:
    """The next process asks that host nothing before the deadline, says until when, and goes on after it."""
    with stage(tmp_path, Script(fault="banned", path="/fapi/v3/positionRisk", nth=1)) as place:
        told(place.ballast("once"), 3, "silence until")
        asked = len(place.answering.asked)
        again = place.ballast("once")
        told(again, 3, "fapi.binance.com asked for silence until 2025-03-03 12:0")
        assert not [line for line in place.answering.asked[asked:] if "/fapi/" in line]
        told(place.ballast("plan"), 3, "silence until")
        told(place.ballast("check"), 3, "silence until")
        assert not [line for line in place.answering.asked[asked:] if "/fapi/" in line]
        place.answering.advance(timedelta(seconds=130))
        told(place.ballast("once"), 0)
        assert place.short() == HEDGED


def test_without_a_folder_for_locks_nothing_starts(tmp_path: Path) -> None:
    """Never silently no lock."""
    with stage(tmp_path) as place:
        place.environment["TMPDIR"] = str(place.profile)
        told(place.ballast("once"), 2, "TMPDIR", "Nothing was sent")
        untouched(place)


def test_a_halt_is_70_everywhere_until_its_token_is_given(tmp_path: Path) -> None:
    """Status prints the token; a wrong one changes nothing; flatten works meanwhile."""
    with stage(tmp_path) as place:
        told(place.ballast("once"), 0)
        with sqlite3.connect(place.journal) as connection:
            connection.execute("INSERT INTO meta VALUES ('latch', 'broken: ballast resume --arm abc123')")
            connection.execute("INSERT INTO meta VALUES ('latch_token', 'abc123')")
        connection.close()
        told(place.ballast("once"), 70)
        told(place.ballast("status"), 70, "HALTED", "--arm abc123")
        told(place.ballast("resume"), 70, "--arm abc123")
        told(place.ballast("resume", "--arm", "nonsense"), 70, "still halted")
        told(place.ballast("flatten", "--verify"), 0, "flat, no short is open")
        assert place.short() == {}
        told(place.ballast("resume", "--arm", "abc123"), 0)
        told(place.ballast("once"), 0)
        assert place.short() == HEDGED


def test_a_request_at_a_removed_venue_is_named_and_can_be_abandoned(tmp_path: Path) -> None:
    """Every cycle says what waits and the command that ends it."""
    with stage(tmp_path) as place:
        told(place.ballast("once"), 0)
        with sqlite3.connect(place.journal) as connection:
            body = json.dumps(
                {
                    "id": "c000000-01", "venue": "okx", "symbol": "BTC/USDT:USDT", "side": "sell", "amount": "1",
                    "limit_price": "1", "reduce_only": False, "protective": False, "reasons": [],
                }
            )  # fmt: skip
            connection.execute(
                "INSERT INTO intents (id, client_id, kind, venue, symbol, state, body, sent_at, notional,"
                " position_before) VALUES ('c000000-01', 'x', 'order', 'okx', 'BTC/USDT:USDT', 'unknown', ?,"
                " '2025-03-03T11:00:00.000+00:00', '1', '0')",
                (body,),
            )
        connection.close()
        told(place.ballast("once"), 0, "resume --abandon c000000-01")
        told(place.ballast("resume", "--abandon", "c000000-02"), 2, "c000000-01")
        told(place.ballast("resume", "--abandon", "c000000-01"), 0, "abandoned by hand")
        assert "abandon" not in place.ballast("once").text
        whole(place)


def _until(reached, seconds: float = 40) -> None:  # type: ignore[no-untyped-def]
    ends = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < ends, "it never got there"
        time.sleep(0.1)
