"""Public replies as each venue writes them, read by the real client: amounts in coins, rates, times, and the traps."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.domain.account import BookLevel, Side
from bot.domain.errors import Forbidden, Unavailable
from bot.domain.instrument import MarketKind
from bot.exchange.quirks import KNOWN, Quirks, quirks_of
from bot.exchange.speech import Counts
from bot.exchange.venue import CcxtVenue
from tests.exchange.replay import Replay, recording
from tests.exchange.world import Answer, FrozenClock, make_venue

D = Decimal
HOUR = timedelta(hours=1)
READ_ONLY = ("okx", "gate", "bitget", "hyperliquid", "deribit", "krakenfutures")


@dataclass(frozen=True)
class Facts:
    """What differs between the recordings; everything else is the same market at every venue."""

    quote: str = "USDT"
    step: str = "0.0001"
    rate: str = "0.0001515"
    interval_h: int = 8
    settled: tuple[str, ...] = ("0.0002", "0.00009")
    price: str = "60000"


FACTS: Mapping[str, Facts] = {
    "binance": Facts(step="0.001"),
    "bybit": Facts(step="0.001"),
    "bingx": Facts(),
    "weex": Facts(),
    "mexc": Facts(),
    "okx": Facts(),
    "gate": Facts(rate="0.002053"),
    "bitget": Facts(),
    "hyperliquid": Facts(
        quote="USDC", step="0.00001", rate="0.0000125", interval_h=1, settled=("0.0000125", "0.000009"), price="60000.1"
    ),
    "deribit": Facts(quote="USDC", rate="0.00000395", interval_h=1, settled=("0.00001", "0.000012")),
    "krakenfutures": Facts(quote="USD", rate="0.00001", interval_h=1, settled=("0.000012", "0.00001"), price="60000.1"),
}


def looked(replay: Replay, check: Callable[[CcxtVenue], Awaitable[Any]], venue: str, **changes: Any) -> Any:
    """Connect the venue to the recording and run one check with it."""
    settings = {"read_only": True, "api_key": None, "api_secret": None, "quote": FACTS[venue].quote, **changes}

    async def run() -> Any:
        made = make_venue(replay, FrozenClock(replay.recording.at), venue_id=venue, **settings)
        try:
            await made.connect()
            return await check(made)
        finally:
            await made.close()

    return asyncio.run(run())


def read_right(venue: str, replay: Replay) -> None:
    """Everything a plan needs of the market, against figures that stand in the recording."""
    facts, at = FACTS[venue], replay.recording.at
    symbol = f"BTC/{facts.quote}:{facts.quote}"

    async def check(made: CcxtVenue) -> None:
        (instrument,) = await made.instruments(["BTC"])
        assert (instrument.symbol, instrument.amount_step, instrument.expires_at) == (symbol, D(facts.step), None)
        assert instrument.active
        (mark,) = await made.marks([symbol])
        assert (mark.mark_price, mark.index_price, mark.at) == (D("60010.5"), D("60000.1"), at)
        (funding,) = await made.funding([symbol])
        assert (funding.rate, funding.interval_h) == (D(facts.rate), D(facts.interval_h))
        assert funding.next_at is None or at < funding.next_at <= at + facts.interval_h * HOUR
        (price,) = await made.prices(["BTC"], facts.quote)
        assert price.price == D(facts.price)
        book = await made.book(symbol, 20)
        assert book.bids == (BookLevel(price=D(60010), amount=D("25.6")), BookLevel(price=D(60009), amount=D("1.2")))
        assert book.asks == (BookLevel(price=D(60011), amount=D("41.5")), BookLevel(price=D(60012), amount=D(3)))
        bars = await made.candles(symbol, 3600, at - 3 * HOUR, at)
        assert [(bar.opened_at, bar.close, bar.volume) for bar in bars] == [
            (at - 3 * HOUR, D(60200), D(15)),
            (at - 2 * HOUR, D(60700), D(15)),
            (at - HOUR, D(60100), D(15)),
        ]
        assert (bars[0].open, bars[0].high, bars[0].low) == (D(60000), D(60500), D(59500))
        settled = await made.funding_history(symbol, at - 24 * HOUR)
        assert tuple(rate for _, rate in settled) == tuple(D(rate) for rate in facts.settled)

    looked(replay, check, venue)


def mutated(monkeypatch: pytest.MonkeyPatch, venue: str, change: Callable[[Quirks], Quirks]) -> None:
    row = quirks_of(venue)
    assert row is not None
    broken = change(row)
    monkeypatch.setattr("bot.exchange.assembly.quirks_of", lambda _: broken)


def spoken(**changes: Any) -> Callable[[Quirks], Quirks]:
    """A table with another way of speaking."""

    def change(row: Quirks) -> Quirks:
        assert row.speech is not None
        return replace(row, speech=replace(row.speech, **changes))

    return change


def test_every_venue_has_a_recording_with_its_source() -> None:
    """No venue is offered whose replies were never put in front of the real client."""
    assert set(FACTS) == set(KNOWN)
    assert all(recording(venue).source for venue in KNOWN)


@pytest.mark.parametrize("venue", KNOWN)
def test_a_recorded_market_is_read_right(venue: str) -> None:
    """Instruments, marks, index, funding, prices, books and candles come out in coins, rates and times."""
    replay = Replay(venue)
    read_right(venue, replay)
    assert replay.unanswered == []


TRAPS: Mapping[str, tuple[str, Callable[[Quirks], Quirks]]] = {
    "OKX contracts taken for coins": ("okx", spoken(counts=Counts.COINS)),
    "OKX candles taken for contracts": ("okx", spoken(candle_counts=None)),
    "OKX without an index": ("okx", spoken(index=None)),
    "Gate contracts taken for coins": ("gate", spoken(counts=Counts.COINS)),
    "Deribit's rate of eight hours taken for every hour's": ("deribit", spoken(history_rate="fundingRate")),
    "Deribit paid every eight hours": ("deribit", spoken(paid_every_h=None)),
    "Kraken asked for its time": ("krakenfutures", spoken(time_call="fetch_time")),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_wrong_cell_is_noticed(trap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each trap that venues set, put into the table on purpose, turns the reading red."""
    venue, change = TRAPS[trap]
    mutated(monkeypatch, venue, change)
    with pytest.raises((AssertionError, Unavailable)):
        read_right(venue, Replay(venue))


def coin_margined(replay: Replay, check: Callable[[CcxtVenue], Awaitable[Any]]) -> Any:
    keyed = {"api_key": "canary-key", "api_secret": "canary-secret"}
    return looked(replay, check, "deribit", market_kinds=(MarketKind.INVERSE_PERPETUAL,), **keyed)


def test_deribit_counts_coin_margined_contracts_in_dollars() -> None:
    """Sizes are US dollars already, below zero for shorts; a flat row is no position; the book is in dollars too."""
    symbol = "BTC/USD:BTC"
    (position,) = coin_margined(Replay("deribit"), lambda made: made.positions([symbol]))
    assert (position.symbol, position.amount, position.mark_price) == (symbol, D(-5000), D("60010.5"))
    book = coin_margined(Replay("deribit"), lambda made: made.book(symbol, 5))
    assert book.bids[0].amount == D(351820)
    (instrument,) = coin_margined(Replay("deribit"), lambda made: made.instruments(["BTC"]))
    assert (instrument.contract_size, instrument.amount_step) == (D(1), D(10))  # one dollar, lots of ten


def test_deribit_contract_size_as_a_factor_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Multiplied by its contract size, the short would be ten times what it is."""
    mutated(monkeypatch, "deribit", spoken(inverse_unit=None))
    (position,) = coin_margined(Replay("deribit"), lambda made: made.positions(["BTC/USD:BTC"]))
    assert position.amount == D(-50000)


def test_older_funding_is_asked_for_where_the_newest_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full page is followed by the one before it, so that no payment in between is lost."""
    mutated(monkeypatch, "okx", spoken(funding_page=2))
    replay = Replay("okx")
    since = replay.recording.at - 100 * HOUR
    settled = looked(replay, lambda made: made.funding_history("BTC/USDT:USDT", since), "okx")
    asked = [dict(row.url.query) for row in replay.requests if row.url.path.endswith("funding-rate-history")]
    assert len(settled) == 2
    assert ["after" in row for row in asked] == [False, True]


ERRORS = {
    "okx": ("GET /api/v5/public/mark-price", Answer(body='{"code":"51001","msg":"no such","data":[]}'), "51001"),
    "gate": (
        "GET /api/v4/futures/usdt/contracts/BTC_USDT",
        Answer(status=400, body='{"label":"CONTRACT_NOT_FOUND","message":"no such"}'),
        "CONTRACT_NOT_FOUND",
    ),
    "bitget": ("GET /api/v2/mix/market/tickers", Answer(status=400, body='{"code":"40034","msg":"no"}'), "40034"),
    "deribit": (
        "GET /api/v2/public/ticker?instrument_name=BTC_USDC-PERPETUAL",
        Answer(status=400, body='{"jsonrpc":"2.0","error":{"message":"instrument not found","code":13020}}'),
        "13020",
    ),
    "krakenfutures": (
        "GET /derivatives/api/v3/tickers",
        Answer(body='{"result":"error","error":"contractNotFound","serverTime":"2026-11-24T12:00:00.000Z"}'),
        "contractNotFound",
    ),
    "hyperliquid": ("POST /info metaAndAssetCtxs", Answer(status=422, body="Failed to deserialize"), "not JSON"),
}


@pytest.mark.parametrize("venue", ERRORS)
def test_a_venue_that_says_no_is_quoted_and_never_an_empty_market(venue: str) -> None:
    """Errors under status 200, in words, or inside an object are seen as what they are."""
    name, answer, code = ERRORS[venue]
    quote = FACTS[venue].quote
    replay = Replay(venue)

    async def check(made: CcxtVenue) -> None:
        replay.replies[name] = answer
        await made.marks([f"BTC/{quote}:{quote}"])

    with pytest.raises(Unavailable) as caught:
        looked(replay, check, venue)
    assert code in str(caught.value)


@pytest.mark.parametrize("venue", READ_ONLY)
def test_nothing_can_be_sent_to_a_venue_that_is_only_read(venue: str) -> None:
    """With keys and without `read_only`, orders and settings stop before they leave."""
    quote = FACTS[venue].quote
    symbol, replay = f"BTC/{quote}:{quote}", Replay(venue)
    keys = {"api_key": "canary", "api_secret": "Y2FuYXJ5", "api_passphrase": "canary"}

    async def check(made: CcxtVenue) -> None:
        order = {"side": Side.SELL, "amount": D("0.01"), "limit_price": D(60000)}
        client_id = "0x" + "a" * 32
        with pytest.raises((Forbidden, Unavailable)):
            await made.place_order(symbol=symbol, reduce_only=False, client_id=client_id, **order)  # type: ignore[arg-type]
        with pytest.raises((Forbidden, Unavailable)):
            await made.cancel_order(symbol, client_id)

    looked(replay, check, venue, read_only=False, **keys)
    row = quirks_of(venue)
    assert row is not None
    for request in replay.requests:
        assert row.is_read(request.method, request.url.path), request.line


PROBES = {"gate": ("unifiedAccount", "/api/v4/account/detail"), "bitget": ("uta", "/api/v3/account/settings")}


@pytest.mark.parametrize("venue", PROBES)
@pytest.mark.parametrize("told", [True, False])
def test_the_kind_of_account_is_told_and_not_probed(venue: str, told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key, ccxt would first ask a private page and keep a failure as an answer; the table spares it that."""
    option, page = PROBES[venue]
    if not told:
        mutated(
            monkeypatch,
            venue,
            lambda row: replace(row, options={key: value for key, value in row.options.items() if key != option}),
        )
    replay = Replay(venue)
    keys = {"api_key": "canary", "api_secret": "canary", "api_passphrase": "canary"}
    looked(replay, lambda made: made.marks(["BTC/USDT:USDT"]), venue, **keys)
    assert (page in {request.url.path for request in replay.requests}) is not told


def test_hyperliquid_signs_nothing_by_itself() -> None:
    """Ccxt's approval of a builder's fee and its referral do not run, and their page cannot be reached."""
    replay = Replay("hyperliquid")

    async def check(made: CcxtVenue) -> None:
        before = len(replay.requests)
        await made._client.initialize_client()
        assert len(replay.requests) == before
        with pytest.raises(Forbidden):
            async with made._session.post("https://api.hyperliquid.xyz/exchange", data=b"{}", headers={}):
                pass

    looked(replay, check, "hyperliquid", read_only=False)
    assert {request.url.path for request in replay.requests} == {"/info"}


def test_hyperliquid_side_effects_let_run_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the cell, ccxt asks more than it was asked to, and what it signs is stopped at the session."""
    mutated(monkeypatch, "hyperliquid", lambda row: replace(row, side_effects=()))
    replay = Replay("hyperliquid")

    async def check(made: CcxtVenue) -> str:
        return str(made._client.initialize_client.__qualname__)

    assert "hyperliquid" in looked(replay, check, "hyperliquid")


def test_every_get_of_deribit_that_changes_something_is_listed() -> None:
    """Ccxt's own list of private pages is the measure: what does not get, list or simulate counts as a write."""
    row = quirks_of("deribit")
    assert row is not None
    harmless = ("get_", "list_", "simulate_", "verify_")

    async def check(made: CcxtVenue) -> list[str]:
        return list(made._client.api["private"]["get"])

    names = looked(Replay("deribit"), check, "deribit")
    writes = {f"/api/v2/private/{name}" for name in names if not name.startswith(harmless)}
    assert writes == {path for path in row.writes_by_get if "/private/" in path}
    assert not row.is_read("GET", "/api/v2/private/buy")


def test_deribit_tells_its_index_of_implied_volatility() -> None:
    """The newest hour of DVOL counts, in points and with its own time; other coins and other venues have none."""
    replay = Replay("deribit")
    found = looked(replay, lambda made: made.implied_volatility("BTC"), "deribit")
    assert found is not None
    assert found.points == 61.25
    assert found.at == recording("deribit").at - HOUR
    assert looked(replay, lambda made: made.implied_volatility("SOL"), "deribit") is None
    assert looked(Replay("okx"), lambda made: made.implied_volatility("BTC"), "okx") is None


def test_a_damaged_index_is_no_index() -> None:
    """An index of nothing or of ten times too much is not believed, and the rule falls back on what was measured."""
    name = "GET /api/v2/public/get_volatility_index_data"
    for row in ([1, 2], [1795518000000, 60, 60, 60, 0], [1795518000000, 60, 60, 60, 6000]):
        replay = Replay("deribit", {name: {"jsonrpc": "2.0", "result": {"data": [row]}}})
        with pytest.raises(Unavailable, match="implied volatility"):
            looked(replay, lambda made: made.implied_volatility("BTC"), "deribit")
