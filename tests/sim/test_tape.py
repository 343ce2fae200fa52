from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.errors import ConfigurationError
from bot.sim.engine import Engine
from bot.sim.market import Market
from bot.sim.tape import tape_feed, tape_listings
from tests.sim.builders import BTC, SPOT, D

polars = pytest.importorskip("polars", reason="tapes are read by polars, which is not installed")

BEGIN = datetime(2023, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOUR_MS = 3_600_000
Columns = dict[str, list[float]]


def bars(prices: list[float], *, skip: tuple[int, ...] = ()) -> Columns:
    rows = [number for number in range(len(prices)) if number not in skip]
    begin_ms = round(BEGIN.timestamp() * 1000)
    return {
        "ts": [begin_ms + number * HOUR_MS for number in rows],
        "open": [prices[number] for number in rows],
        "high": [prices[number] * 1.02 for number in rows],
        "low": [prices[number] * 0.97 for number in rows],
        "close": [prices[number] * 1.01 for number in rows],
        "volume": [1000.0 for _ in rows],
    }


def write(directory: Path, name: str, columns: Columns) -> None:
    polars.DataFrame(columns).write_parquet(directory / f"{name}.parquet")


def tape(directory: Path) -> Path:
    prices = [100.0 + number for number in range(48)]
    write(directory, "spot_BTCUSDT_1h", bars(prices, skip=(10, 11)))
    write(directory, "perp_BTCUSDT_1h", bars([price * 1.001 for price in prices]))
    marks = bars([price * 1.002 for price in prices])
    del marks["volume"]
    write(directory, "mark_BTCUSDT_1h", marks)
    begin_ms = round(BEGIN.timestamp() * 1000)
    hours, rates, intervals = [8, 12, 20], [0.001, -0.002, 0.003], [8, 4, 8]
    write(
        directory,
        "funding_BTCUSDT",
        {"ts": [begin_ms + h * HOUR_MS for h in hours], "rate": rates, "interval_h": list(map(float, intervals))},
    )
    return directory


def test_a_bar_plays_as_open_high_low_close(tmp_path: Path) -> None:
    """The high of the mark comes before the low, so that a short meets its worst moment first."""
    feed = tape_feed(tape(tmp_path))
    marks = [feed.quotes(BEGIN + number * timedelta(minutes=15))[BTC].mark for number in range(5)]
    expected = [100.2, 100.2 * 1.02, 100.2 * 0.97, 100.2 * 1.01, 101 * 1.002]
    assert [float(mark) for mark in marks] == pytest.approx(expected)
    bar = feed.candles("linear", "BTCUSDT", 3600, BEGIN, BEGIN + HOUR)[0]
    assert [float(price) for price in (bar.open, bar.high, bar.low, bar.close)] == pytest.approx(
        [100.1, 100.1 * 1.02, 100.1 * 0.97, 100.1 * 1.01]
    )
    assert bar.volume == 1000


def test_recorded_funding_is_paid_at_its_own_times(tmp_path: Path) -> None:
    """Eight hours, then four: rates as recorded, known to clients only afterwards."""
    feed = tape_feed(tape(tmp_path))
    engine = Engine(listings=tape_listings(feed), at=feed.start)
    market = Market(engine, feed)
    engine.open_account("me", {("futures", "USDT"): D(100000)})
    engine.place("me", market="linear", symbol="BTCUSDT", side="sell", order_type="MARKET", amount=D(1))
    market.advance_to(BEGIN + 9 * HOUR)
    assert engine.funding("BTCUSDT") == (D("0.001"), 4, BEGIN + 12 * HOUR)
    market.advance_to(BEGIN + 21 * HOUR)
    assert [(line.at, line.rate) for line in engine.funding_history("BTCUSDT")] == [
        (BEGIN + 8 * HOUR, D("0.001")),
        (BEGIN + 12 * HOUR, D("-0.002")),
        (BEGIN + 20 * HOUR, D("0.003")),
    ]
    first = next(line for line in engine.income("me") if line.kind == "FUNDING_FEE")
    assert float(first.amount) == pytest.approx(0.001 * 108 * 1.002)


def test_a_hole_in_spot_keeps_the_last_price_and_says_stale(tmp_path: Path) -> None:
    """The perpetual trades on; the index follows the mark while spot stands still."""
    feed = tape_feed(tape(tmp_path))
    quotes = feed.quotes(BEGIN + 11 * HOUR)
    assert quotes[SPOT].stale
    assert float(quotes[SPOT].mid) == pytest.approx(109 * 1.01)
    assert not quotes[BTC].stale
    assert quotes[BTC].index == quotes[BTC].mark
    assert not feed.quotes(BEGIN + 12 * HOUR)[SPOT].stale


def test_a_part_of_the_tape_can_be_chosen(tmp_path: Path) -> None:
    """Candles still know what came before the part."""
    feed = tape_feed(tape(tmp_path), since=BEGIN + 24 * HOUR, until=BEGIN + 30 * HOUR)
    assert (feed.start, feed.end) == (BEGIN + 24 * HOUR, BEGIN + 30 * HOUR)
    assert len(feed.candles("linear", "BTCUSDT", 3600, BEGIN, feed.start)) == 24
    with pytest.raises(ConfigurationError, match="2023-05-01 00:00 to 2023-05-02 23:45"):
        tape_feed(tmp_path, since=BEGIN + timedelta(days=90))


def test_missing_files_are_named_and_replaced_by_the_nearest_truth(tmp_path: Path) -> None:
    """Without mark the perpetual stands in; without perpetual the symbol is spot only; strangers are skipped."""
    tape(tmp_path)
    (tmp_path / "mark_BTCUSDT_1h.parquet").unlink()
    write(tmp_path, "spot_ETHUSDT_1h", bars([10.0] * 48))
    write(tmp_path, "spot_XYZUSDT_1h", bars([10.0] * 48))
    feed = tape_feed(tmp_path)
    assert feed.markets == {BTC, SPOT, ("spot", "ETHUSDT")}
    assert feed.quotes(BEGIN)[BTC].mark == feed.quotes(BEGIN)[BTC].mid
    assert any("no mark file" in note for note in feed.notes)
    assert any("XYZUSDT" in note for note in feed.notes)
    assert {(listing.market, listing.symbol) for listing in tape_listings(feed)} == feed.markets


@pytest.mark.parametrize(
    ("column", "row", "value", "words"),
    [
        ("close", 3, float("nan"), "no number in column 'close', row 3"),
        ("low", 4, 0.0, "impossible price in column 'low', row 4"),
        ("high", 4, 1.0, "impossible price in column 'high', row 4"),
        ("ts", 5, 1682899200000, "goes back in time in column 'ts', row 5"),
        ("ts", 47, 1683068400001 + 7_200_000, "leaves the full hour in column 'ts', row 47"),
    ],
)
def test_damaged_rows_are_refused_with_file_column_and_row(
    tmp_path: Path, column: str, row: int, value: float, words: str
) -> None:
    """A tape that cannot be true is not replayed."""
    columns = bars([100.0] * 48)
    columns[column][row] = value
    write(tmp_path, "perp_BTCUSDT_1h", columns)
    with pytest.raises(ConfigurationError, match=r"perp_BTCUSDT_1h\.parquet") as caught:
        tape_feed(tmp_path)
    assert words in str(caught.value)


def test_wrong_folders_and_files_are_refused_in_words(tmp_path: Path) -> None:
    """No folder, an empty folder, a missing column, a file that is no Parquet."""
    with pytest.raises(ConfigurationError, match="There is no tape directory"):
        tape_feed(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match=r"docs/tape\.md"):
        tape_feed(tmp_path)
    columns = bars([100.0] * 4)
    del columns["volume"]
    write(tmp_path, "perp_BTCUSDT_1h", columns)
    with pytest.raises(ConfigurationError, match="no column 'volume'"):
        tape_feed(tmp_path)
    (tmp_path / "perp_BTCUSDT_1h.parquet").write_text("ts,open\n1,2\n")
    with pytest.raises(ConfigurationError, match="cannot be read as Parquet"):
        tape_feed(tmp_path)


def dated_tape(directory: Path, *, contract: str = "BTCUSDT_230502") -> Path:
    """A contract recorded for twelve hours, 0.5 % above spot; it expires on the second morning."""
    tape(directory)
    rows = bars([100.5 + number for number in range(12)], skip=(5,))
    del rows["volume"]
    expiry_ms = round((BEGIN + 32 * HOUR).timestamp() * 1000)
    frame = polars.DataFrame(rows).with_columns(
        polars.lit(contract).alias("contract"),
        polars.lit(expiry_ms).alias("expiry_ts"),
        polars.lit("prompt").alias("leg"),
    )
    frame.write_parquet(directory / "expiry_BTCUSDT_1h.parquet")
    return directory


def test_a_dated_contract_is_played_filled_by_its_basis_and_settled(tmp_path: Path) -> None:
    """Recorded prices first, the last basis to the index until the expiry, nothing afterwards."""
    feed = tape_feed(dated_tape(tmp_path))
    key = ("linear", "BTCUSDT_230502")
    engine = Engine(listings=tape_listings(feed), at=feed.start)
    market = Market(engine, feed)
    assert engine.quote(*key).mark == D("100.5")  # type: ignore[arg-type]
    engine.open_account("me", {("futures", "USDT"): D(1000)})
    engine.place("me", market="linear", symbol=key[1], side="sell", order_type="MARKET", amount=D(1))
    market.advance_to(BEGIN + 20 * HOUR)
    quote = engine.quote(*key)  # type: ignore[arg-type]
    assert 1 < quote.mark / quote.index < D("1.02")
    market.advance_to(BEGIN + 33 * HOUR)
    assert not engine.positions("me")
    price, delivered = engine.settlement_price(key[1])
    assert delivered
    assert abs(price / engine.quote(*BTC).index - 1) < D("0.05")
    assert key not in feed.quotes(BEGIN + 32 * HOUR)
    assert any("BTCUSDT_230502: the last basis" in note for note in feed.notes)


@pytest.mark.parametrize(
    ("contract", "drop", "words"),
    [("BTCUSDT_230630", "", "would be named BTCUSDT_230502"), ("BTCUSDT_230502", "contract", "column 'contract'"),
     ("BTCUSDT_230502", "expiry_ts", "column 'expiry_ts'"), ("BTCUSDT_230502", "high", "column 'high'")],
)  # fmt: skip
def test_a_damaged_file_of_dated_contracts_is_refused_by_name(
    tmp_path: Path, contract: str, drop: str, words: str
) -> None:
    """File and column are named."""
    path = dated_tape(tmp_path, contract=contract) / "expiry_BTCUSDT_1h.parquet"
    if drop:
        polars.read_parquet(path).drop(drop).write_parquet(path)
    with pytest.raises(ConfigurationError, match=words):
        tape_feed(tmp_path)
