"""The past as rules know it: asked for once, kept, never guessed, and never a reason to stop."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import cast

from bot.archive import ASK_AGAIN, VERSION, Archive
from bot.domain.history import History, HistoryAsk, ImpliedVolatility
from bot.domain.ports import MarketReader
from bot.exchange.store import Store
from tests.builders import BTC, NOW, view
from tests.market_past import MarketPast

DAY = timedelta(days=1)
DAILY = HistoryAsk(asset="BTC", span=30 * DAY)
FUNDING = HistoryAsk(asset="BTC", kind="funding", span=9 * DAY)


def archive(folder: Path, *, patience_s: float = 5.0) -> Archive:
    return Archive(Store(folder, version=VERSION), world="binance market", patience_s=patience_s)


def read(shelf: Archive, market: MarketPast, *asks: HistoryAsk, at: datetime = NOW) -> History:
    shown = replace(view(), at=at)
    return asyncio.run(shelf.read(asks or (DAILY,), cast("MarketReader", market), shown, "USDT"))


def test_a_first_look_reads_the_whole_span_and_a_second_one_nothing(tmp_path: Path) -> None:
    """Until a new bar can have closed the venue is left alone."""
    market, shelf = MarketPast(), archive(tmp_path)
    bars = read(shelf, market).bars["BTC", 86_400]
    assert len(bars) == 30
    assert bars.known_at == NOW
    assert read(shelf, market, at=NOW + timedelta(hours=23)).bars["BTC", 86_400] is bars
    assert market.asked == [(BTC, NOW - 30 * DAY)]


def test_only_the_missing_tail_is_asked_for_and_the_oldest_bar_falls_off(tmp_path: Path) -> None:
    """One day later one bar comes in; the newest known one is read again to compare."""
    market, shelf = MarketPast(), archive(tmp_path)
    read(shelf, market)
    bars = read(shelf, market, at=NOW + DAY).bars["BTC", 86_400]
    assert market.asked[1:] == [(BTC, NOW - DAY)]
    assert bars.known_at == NOW + DAY
    assert len(bars) == 31
    assert len(read(shelf, market, at=NOW + 5 * DAY).bars["BTC", 86_400]) <= 32


def test_what_is_on_disk_spares_the_next_start_the_whole_question(tmp_path: Path) -> None:
    """A new process proves the newest bar and asks for no more."""
    market = MarketPast()
    read(archive(tmp_path), market)
    bars = read(archive(tmp_path), market).bars["BTC", 86_400]
    assert len(bars) == 30
    assert market.asked[1:] == [(BTC, NOW - DAY)]


def test_a_damaged_file_is_asked_for_again_and_reported(tmp_path: Path) -> None:
    """Cut off, of another shape, with impossible prices, or from tomorrow: never believed."""
    read(archive(tmp_path), MarketPast())
    (file,) = tmp_path.glob("history_*")
    good = file.read_text()
    document = json.loads(good)
    wrecks = [good[: len(good) // 2], json.dumps({**document, "data": {"since": "x", "rows": 3}})]
    rows = ([1, 2, 3], [*document["data"]["rows"][-1][:3], 1e9, 1, 1])
    wrecks += [json.dumps({**document, "data": {**document["data"], "rows": [row]}}) for row in rows]
    for wreck in wrecks:
        file.write_text(wreck)
        market, shelf = MarketPast(), archive(tmp_path)
        assert len(read(shelf, market).bars["BTC", 86_400]) == 30
        assert market.asked == [(BTC, NOW - 30 * DAY)]
        assert "damaged" in shelf.remarks()[0]


def test_another_world_under_the_same_name_is_found_out(tmp_path: Path) -> None:
    """The local testnet began anew with other prices: what was kept is thrown away."""
    read(archive(tmp_path), MarketPast())
    bars = read(archive(tmp_path), MarketPast(price=lambda _: 7.0)).bars["BTC", 86_400]
    assert set(bars.close) == {7.0}


def test_time_that_went_back_throws_the_future_away(tmp_path: Path) -> None:
    """Bars that have not closed yet are never shown."""
    market, shelf = MarketPast(), archive(tmp_path)
    read(shelf, market, at=NOW + 10 * DAY)
    assert read(shelf, market, at=NOW).bars_of("BTC", NOW).known_at == NOW  # type: ignore[union-attr]
    read(shelf, market, at=NOW + 10 * DAY)
    assert read(archive(tmp_path), market, at=NOW).bars["BTC", 86_400].known_at == NOW


def test_a_gap_stays_a_gap(tmp_path: Path) -> None:
    """A bar that never was is counted as missing and not invented."""
    market = MarketPast(missing=frozenset({NOW - 5 * DAY, NOW - 6 * DAY}))
    bars = read(archive(tmp_path), market).bars["BTC", 86_400]
    assert (len(bars), bars.gaps) == (28, 2)


def test_a_young_market_is_not_asked_for_what_it_never_had(tmp_path: Path) -> None:
    """Listed ten days ago: the head is asked for once, not every day."""
    market, shelf = MarketPast(born_at=NOW - 10 * DAY), archive(tmp_path)
    assert len(read(shelf, market).bars["BTC", 86_400]) == 10
    assert len(read(shelf, market, at=NOW + DAY).bars["BTC", 86_400]) == 11
    assert market.asked[1:] == [(BTC, NOW - DAY)]


def test_a_market_that_tells_nothing_is_asked_ever_more_rarely(tmp_path: Path) -> None:
    """Neither every cycle of a daemon nor every start of a cron job asks for the whole span again."""
    unborn = MarketPast(born_at=NOW + 400 * DAY)
    at, asked_after = NOW, [timedelta(0)]
    while at < NOW + 2 * DAY:
        read(archive(tmp_path), unborn, at=at)  # a new process each time
        if len(unborn.asked) > len(asked_after):
            asked_after.append(at - NOW)
        at += timedelta(minutes=5)
    assert len(unborn.asked) < 20
    gaps = [later - earlier for earlier, later in pairwise(asked_after)]
    assert gaps == sorted(gaps)
    assert gaps[0] == 2 * ASK_AGAIN
    born = MarketPast()
    assert len(read(archive(tmp_path), born, at=NOW + 2 * DAY + timedelta(hours=6)).bars["BTC", 86_400]) == 30


def test_an_empty_answer_takes_nothing_away(tmp_path: Path) -> None:
    """A list without rows is no proof that the past was another one."""
    shelf = archive(tmp_path)
    read(shelf, MarketPast(), DAILY, FUNDING)
    later = read(shelf, MarketPast(born_at=NOW + 400 * DAY, settlements=0), DAILY, FUNDING, at=NOW + 2 * DAY)
    assert len(later.bars["BTC", 86_400]) == 30
    assert len(later.funding["BTC"]) == 30
    assert "not even what it told before" in later.troubles["BTC"]
    assert read(shelf, MarketPast(), at=NOW + 2 * DAY + ASK_AGAIN).bars["BTC", 86_400].known_at == NOW + 2 * DAY


def test_a_dead_or_hanging_venue_costs_the_figure_and_not_the_cycle(tmp_path: Path) -> None:
    """What was known stays; the trouble is told in words; the venue gets some rest before the next question."""
    market, shelf = MarketPast(), archive(tmp_path, patience_s=0.05)
    read(shelf, market)
    market.down = True
    late = read(shelf, market, at=NOW + 2 * DAY)
    assert "down" in late.troubles["BTC"]
    assert not late.bars["BTC", 86_400].fresh(NOW + 3 * DAY)
    asked = len(market.asked)
    read(shelf, market, at=NOW + 2 * DAY + ASK_AGAIN / 2)
    assert len(market.asked) == asked
    market.down, market.hang_s = False, 3600
    assert "still being read" in read(shelf, market, at=NOW + 3 * DAY).troubles["BTC"]
    asked = len(market.asked)
    read(shelf, market, at=NOW + 3 * DAY + timedelta(seconds=30))
    assert len(market.asked) == asked
    market.hang_s = 0
    resumed = read(shelf, market, at=NOW + 3 * DAY + timedelta(seconds=90))
    assert resumed.bars["BTC", 86_400].known_at == NOW + 3 * DAY


def test_whatever_goes_wrong_is_trouble_and_not_the_end_of_a_cycle(tmp_path: Path) -> None:
    """Even a mistake of our own while reading."""

    class Broken(MarketPast):
        async def _answer(self) -> None:
            raise ZeroDivisionError("a slip")

    found = read(archive(tmp_path), Broken())
    assert "ZeroDivisionError: a slip" in found.troubles["BTC"]


def test_a_reply_that_cannot_be_is_not_taken(tmp_path: Path) -> None:
    """A price of zero is trouble, not history."""
    found = read(archive(tmp_path), MarketPast(price=lambda _: 0.0))
    assert found.bars == {}
    assert "cannot be" in found.troubles["BTC"]


def test_a_full_disk_costs_a_remark(tmp_path: Path) -> None:
    """The folder cannot be written: the figure is there all the same."""
    (tmp_path / "cache").write_text("a file where a folder should be")
    shelf = archive(tmp_path / "cache")
    assert len(read(shelf, MarketPast()).bars["BTC", 86_400]) == 30
    assert "could not be written" in shelf.remarks()[0]


def test_funding_is_asked_for_when_a_settlement_is_due(tmp_path: Path) -> None:
    """Once per interval, and only where there is a perpetual."""
    market, shelf = MarketPast(), archive(tmp_path)
    ask = HistoryAsk(asset="BTC", kind="funding", span=10 * DAY)
    stranger = HistoryAsk(asset="MOON", kind="funding", span=10 * DAY)
    found = read(shelf, market, ask, stranger, at=NOW - timedelta(hours=1))
    assert len(found.funding["BTC"]) == 30
    assert "MOON" not in found.funding
    read(shelf, market, ask, at=NOW - timedelta(minutes=30))
    assert len(market.asked) == 1


def test_a_bar_is_known_at_its_close_and_not_before(tmp_path: Path) -> None:
    """An instant before midnight the day is not over."""
    found = read(archive(tmp_path), MarketPast())
    assert found.bars_of("BTC", NOW - timedelta(seconds=1)).known_at == NOW - DAY  # type: ignore[union-attr]
    assert found.bars_of("BTC", NOW - 31 * DAY) is None


def test_an_implied_index_is_read_where_the_venue_has_one(tmp_path: Path) -> None:
    """Asked once an hour; a venue without one is not asked, and no candles are asked for in its name."""
    ask = HistoryAsk(asset="BTC", kind="implied")
    plain = MarketPast()
    assert read(archive(tmp_path), plain, ask).implied == {}
    assert plain.asked == []
    with_index, shelf = IndexedPast(), archive(tmp_path)
    assert read(shelf, with_index, ask).implied["BTC"].points == 55.0
    read(shelf, with_index, ask, at=NOW + timedelta(minutes=30))
    assert with_index.asked == [("index BTC", NOW)]
    with_index.down = True
    late = read(shelf, with_index, ask, at=NOW + 2 * DAY)
    assert late.implied["BTC"].at == NOW
    assert "could not be read" in late.troubles["BTC"]


class IndexedPast(MarketPast):
    """A market with an options exchange beside it."""

    async def implied_volatility(self, asset: str) -> ImpliedVolatility | None:
        self.asked.append((f"index {asset}", NOW))
        await self._answer()
        return ImpliedVolatility(points=55.0, at=NOW)
