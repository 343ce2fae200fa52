"""A hedge that ends by itself is told in time to whoever keeps it from being moved."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.cli import run
from bot.domain.record import CycleRecord
from bot.ending import NEAR, SOON
from bot.execution.journal import KnownPosition
from bot.watch.watchman import Facts, Watchman
from tests.builders import NOW, VENUE, d, snapshot
from tests.cli.records import record
from tests.cycles.desk import journal
from tests.futures_builders import dated, futures_view, short_in
from tests.settings.profiles import GOOD

DAY = timedelta(days=1)


def _held(left: timedelta) -> CycleRecord:
    """A short in a future that ends after this time."""
    row = dated(10)
    shown = futures_view({row: "60000"}, short_in(row, "0.5"))
    at = dated(10).expires_at
    assert at is not None
    ends_at = at.replace(hour=8, minute=0)
    shown = replace(shown, at=ends_at - left)
    return replace(record(), at=ends_at - left, snapshot=snapshot(shown))


def _told(given: list[CycleRecord], paused: str | None = None) -> list[str]:
    man = Watchman(unavailable_after=DAY, unsettled_after=DAY)
    return [alert.sentence for row in given for alert in man.noticed(row, Facts(paused=paused))]


@pytest.mark.parametrize(
    ("left", "paused", "count"),
    [
        (NEAR + DAY, None, 0),
        (NEAR, None, 1),
        (SOON, "on holiday", 1),
        (SOON + DAY, "on holiday", 0),
        (-DAY, None, 0),
    ],
)
def test_a_hedge_that_ends_soon_is_told_once(left: timedelta, paused: str | None, count: int) -> None:
    """Earlier while a pause keeps it from being moved; what is over is told otherwise."""
    told = _told([_held(left), _held(left)], paused)
    assert len(told) == count
    assert all("nothing protects the coins" in row for row in told)


def test_the_alert_ends_with_the_move() -> None:
    """A cycle that could not see anything is no end."""
    gone = replace(record(), at=NOW + DAY, snapshot=snapshot(futures_view({dated(10): "60000"})))
    blind = replace(record(), snapshot=None)
    assert _told([_held(NEAR), blind, gone])[1:] == ["Over: hedge ends soon."]


def test_pausing_names_the_hedges_that_end_meanwhile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever goes on holiday learns it at once."""
    with journal(tmp_path) as book:
        for symbol, amount in (("BTC/USDT:USDT-270326", "-1"), ("BTC/USDT:USDT", "-1"), ("ETH/USDT:USDT-270326", "0")):
            known = KnownPosition(venue=VENUE, symbol=symbol, asset="BTC", amount=d(amount), changed_at=NOW)
            book.set_position(known)
    config = tmp_path / "given.toml"
    config.write_text(f'{GOOD}\n[journal]\npath = "{(tmp_path / "ballast.db").as_posix()}"\n', encoding="utf-8")
    assert run(["pause", "--config", str(config)]) == 0
    told = capsys.readouterr().out
    assert "BTC/USDT:USDT-270326 ends on 2027-03-26 and is not rolled while paused" in told
    assert told.count("is not rolled") == 1
