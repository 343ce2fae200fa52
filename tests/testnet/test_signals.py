"""Signals at real processes: a cycle is finished, a second wish is obeyed at once, a profile is read again."""

import os
import queue
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.sim.answering import Answer
from bot.sim.faults import Script
from bot.sim.wire.request import WireRequest
from tests.testnet.stage import Stage, stage
from tests.testnet.test_bad_days import HEDGED, whole

LESS = {"BTCUSDT": "-0.504", "ETHUSDT": "-5.04"}  # to the inner edge of the band around 0.4
ORDER = "/fapi/v1/order"
SETTLING = "GET /fapi/v1/order"
LOOK = "GET /fapi/v3/positionRisk"


class Heard:
    """A running command, and what it says line by line."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        self.running = running
        self.said: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        assert running.stdout is not None
        assert running.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=(pipe,), daemon=True) for pipe in (running.stdout, running.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, pipe: object) -> None:
        for line in pipe:  # type: ignore[attr-defined]
            self._lines.put(line)

    def until(self, words: str) -> str:
        """The next line that holds these words."""
        while True:
            line = self._lines.get(timeout=30)
            self.said.append(line)
            if words in line:
                return line

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        code = self.running.wait(30)
        for reader in self._readers:
            reader.join(30)
        for pipe in (self.running.stdout, self.running.stderr):
            assert pipe is not None
            pipe.close()
        while not self._lines.empty():
            self.said.append(self._lines.get())
        assert "Traceback" not in "".join(self.said)
        return code


def when(place: Stage, monkeypatch: pytest.MonkeyPatch, asked: str, strike: Callable[[], None]) -> None:
    """Do something once, the next time this request arrives."""
    answer, left = place.answering.answer, [strike]

    def hooked(request: WireRequest) -> Answer:
        if left and f"{request.method} {request.path}" == asked:
            left.pop()()
        return answer(request)

    monkeypatch.setattr(place.answering, "answer", hooked)


def test_a_profile_is_read_again_and_a_wrong_one_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a cycle, twice in a row, broken, and with what cannot change: the daemon says what it does."""
    with stage(tmp_path) as place:
        heard = Heard(place.start("run"))
        heard.until("hedged")
        assert place.short() == HEDGED

        def edit() -> None:
            text = place.profile.read_text(encoding="utf-8")
            place.profile.write_text(text.replace('ratio = "0.5"', 'ratio = "0.4"'), encoding="utf-8")
            for _ in range(2):
                os.kill(heard.running.pid, signal.SIGHUP)

        when(place, monkeypatch, LOOK, edit)
        told = heard.until("the profile was read again")
        assert "policy.size.ratio 0.5 -> 0.4" in told
        heard.until("hedged")
        heard.until("hedged")
        assert place.short() == LESS

        good = place.profile.read_text(encoding="utf-8")
        place.profile.write_text("mode = ", encoding="utf-8")
        os.kill(heard.running.pid, signal.SIGHUP)
        told = heard.until("the profile was read again")
        assert "the old one stays in force" in told
        assert "not valid TOML" in told

        place.profile.write_text(good.replace("ballast.db", "other.db"), encoding="utf-8")
        os.kill(heard.running.pid, signal.SIGHUP)
        told = heard.until("the profile was read again")
        assert "journal.path cannot change while Ballast runs" in told
        heard.until("hedged")
        os.kill(heard.running.pid, signal.SIGTERM)
        assert heard.ended() == 0
        assert "shorts stay as they are" in "".join(heard.said)
        assert place.short() == LESS
        whole(place)


def test_sigterm_in_the_middle_of_recovery_lets_it_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed with an order on its way, then told to stop while it looks that order up: it settles, hedges and ends."""
    with stage(tmp_path, Script(fault="lost_reply", path=ORDER, method="POST")) as place:
        first = Heard(place.start("once"))
        when(place, monkeypatch, f"POST {ORDER}", first.running.kill)
        assert first.ended() == -signal.SIGKILL
        second = Heard(place.start("once"))
        when(place, monkeypatch, SETTLING, second.running.terminate)
        assert second.ended() == 0
        assert "the cycle in progress is finished first" in "".join(second.said)
        assert place.short() == {"BTCUSDT": "-0.576", "ETHUSDT": "-6"}  # what was lost, made up to the edge of the band
        whole(place)


def test_a_second_signal_ends_it_at_once_and_the_next_start_finds_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order without an answer does not hold anybody who insists; it is doubled by nobody."""
    with stage(tmp_path, Script(fault="timeout", path=ORDER, method="POST", executes=True)) as place:
        heard = Heard(place.start("run"))
        when(place, monkeypatch, f"POST {ORDER}", heard.running.terminate)
        heard.until("the cycle in progress is finished first")
        os.kill(heard.running.pid, signal.SIGINT)
        assert heard.ended() in (1, 130)  # the order is written down as unknown if there is still time for that
        assert "ending at once" in "".join(heard.said)
        assert place.ballast("once").code in (0, 1)
        assert place.short()["BTCUSDT"] == "-0.576"
        whole(place)


def test_a_process_that_stood_still_drops_the_plan_in_hand_and_looks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped while its first order is on its way and woken later, it sends nothing of the old plan any more."""
    with stage(tmp_path, speed=40.0) as place:
        place.write(more="[risk]\nprice_age_max_s = 1\n")
        heard = Heard(place.start("once", "--json"))
        woken = threading.Timer(2.5, lambda: os.kill(heard.running.pid, signal.SIGCONT))

        def stop() -> None:
            os.kill(heard.running.pid, signal.SIGSTOP)
            woken.start()

        when(place, monkeypatch, f"POST {ORDER}", stop)
        assert heard.ended() in (0, 1, 3)
        with sqlite3.connect(place.journal) as connection:
            first = connection.execute("SELECT record FROM cycles WHERE number = 1").fetchone()[0]
            cycles = [
                row[0][:7] for row in connection.execute("SELECT id FROM intents WHERE kind = 'order' ORDER BY id")
            ]
        connection.close()
        assert "have passed since it was decided (a machine that slept" in first
        assert cycles[:1] == ["c000001"]
        assert set(cycles[1:]) <= {"c000002"}
        whole(place)


def test_a_daemon_whose_terminal_was_closed_ends(tmp_path: Path) -> None:
    """The SIGHUP of a terminal that goes away is no wish to read a profile again."""
    with stage(tmp_path) as place:
        ours, theirs = os.openpty()
        heard = Heard(place.start("run", stdin=theirs))
        heard.until("hedged")
        os.close(theirs)
        os.close(ours)
        os.kill(heard.running.pid, signal.SIGHUP)
        assert heard.ended() == 0
        assert "read again" not in "".join(heard.said)
        whole(place)
