"""The market table: checked, kept for a day, never replaced by less."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.domain.account import Side
from bot.domain.errors import ConfigurationError, Refused, Unavailable
from bot.domain.instrument import Instrument, MarketKind
from bot.exchange.venue import CcxtVenue
from tests.exchange.world import (
    BTC,
    NOW,
    Answer,
    FakeTransport,
    FrozenClock,
    asked,
    make_venue,
    market,
    order_row,
    position_row,
    premium,
    reply,
)

INFO = "GET /fapi/v1/exchangeInfo"


async def bitcoin(venue: CcxtVenue) -> tuple[Instrument, ...]:
    return await venue.instruments(["BTC"])


def test_an_instrument_has_the_venues_own_steps() -> None:
    """Filters are read from the venue's text, exactly."""
    (row,) = asked(bitcoin)
    assert (row.symbol, row.kind, row.settle, row.contract_size) == (
        BTC,
        MarketKind.LINEAR_PERPETUAL,
        "USDT",
        Decimal(1),
    )
    assert (str(row.amount_step), str(row.price_tick), row.notional_min) == ("0.001", "0.10", Decimal(100))
    assert row.active
    assert row.expires_at is None


def test_a_warm_start_asks_for_no_markets(tmp_path: Path) -> None:
    """The table of yesterday evening serves this morning."""
    cold, warm = FakeTransport({}), FakeTransport({})
    first = asked(bitcoin, transport=cold, cache=tmp_path)

    async def again(venue: CcxtVenue) -> tuple[Instrument, ...]:
        assert not venue._client.markets  # no unified call is made here, so ccxt is spared the table
        return await bitcoin(venue)

    assert asked(again, transport=warm, cache=tmp_path, clock=FrozenClock(NOW + timedelta(hours=23))) == first
    assert (cold.lines().count(INFO), warm.lines().count(INFO)) == (1, 0)


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:100], lambda _: "", lambda _: "[]", lambda text: text.replace("BTCUSDT", "")]
)
def test_a_damaged_cache_is_ignored(tmp_path: Path, spoil: Callable[[str], str]) -> None:
    """A cut file costs one request and a note, never a start."""
    asked(bitcoin, cache=tmp_path)
    (file,) = tmp_path.rglob("markets.json")
    file.write_text(spoil(file.read_text()))
    assert len(asked(bitcoin, cache=tmp_path)) == 1


def test_a_clock_that_steps_back_costs_no_request() -> None:
    """The measured offset moves by milliseconds; the table just loaded is not taken for one of the future."""
    transport, clock = FakeTransport({}), FrozenClock()

    async def back(venue: CcxtVenue) -> None:
        clock.at -= timedelta(seconds=2)
        await bitcoin(venue)

    asked(back, transport=transport, clock=clock)
    assert transport.lines().count(INFO) == 1


def test_a_cache_of_another_version_or_day_is_not_used(tmp_path: Path) -> None:
    """Another ccxt may read markets differently; a day old is too old; from the future is wrong."""
    asked(bitcoin, cache=tmp_path)
    (file,) = tmp_path.rglob("markets.json")
    good = json.loads(file.read_text())
    for change in ({"version": "other"}, {"at": "2026-11-20T00:00:00+00:00"}, {"at": "2027-01-01T00:00:00+00:00"}):
        file.write_text(json.dumps(good | change))
        transport = FakeTransport({})
        asked(bitcoin, transport=transport, cache=tmp_path)
        assert INFO in transport.lines()


def test_an_unwritable_cache_costs_only_a_note(tmp_path: Path) -> None:
    """A file where the directory should be does not stop a start."""
    blocked = tmp_path / "cache"
    blocked.write_text("")

    async def notes(venue: CcxtVenue) -> tuple[str, ...]:
        return venue.notes

    assert "could not be written" in asked(notes, cache=blocked)[0]


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"symbols":[]}', '{"symbols":null}', "<html>", '{"symbols":[{}]}'])
def test_no_market_table_is_made_of_rubbish(body: str) -> None:
    """An empty table is an outage, not a venue without markets."""
    with pytest.raises(Unavailable):
        asked(bitcoin, {INFO: Answer(body=body)})


def test_a_table_that_lost_rows_does_not_replace_a_good_one() -> None:
    """After a day the table is asked for again; one with fewer than nine tenths is not believed."""
    full = [market("BTC"), *(market(f"COIN{number}") for number in range(9))]
    transport = FakeTransport({INFO: [reply({"symbols": full}), reply({"symbols": full[:8]})]})
    clock = FrozenClock()

    async def tomorrow(venue: CcxtVenue) -> None:
        clock.pass_time(25 * 3600)
        assert len(await bitcoin(venue)) == 1
        assert len(venue._reading.markets) == 10
        assert "stays" in venue.notes[-1]

    asked(tomorrow, transport=transport, clock=clock)
    assert transport.lines().count(INFO) == 2


def test_a_table_without_the_contracts_that_were_delivered_is_a_good_one() -> None:
    """Where few are listed they are more than a tenth: every new table was refused, and a coin stayed unhedged."""
    ends = NOW + timedelta(hours=2)
    quarter = market("BTC") | {
        "symbol": f"BTCUSDT_{ends:%y%m%d}",
        "contractType": "CURRENT_QUARTER",
        "deliveryDate": int(ends.timestamp() * 1000),
    }
    transport = FakeTransport(
        {INFO: [reply({"symbols": [market("BTC"), quarter]}), reply({"symbols": [market("BTC")]})]}
    )
    clock = FrozenClock()

    async def tomorrow(venue: CcxtVenue) -> None:
        await bitcoin(venue)
        assert len(venue._reading.markets) == 2
        clock.pass_time(25 * 3600)
        await bitcoin(venue)
        assert len(venue._reading.markets) == 1
        assert venue.notes == ()

    asked(tomorrow, transport=transport, clock=clock)


def test_an_order_in_a_contract_can_be_looked_up_for_a_week_after_its_delivery(tmp_path: Path) -> None:
    """It left the list, and an order sent just before it ended may not be settled yet, here or in the next process."""
    ends = NOW + timedelta(hours=2)
    name = f"BTCUSDT_{ends:%y%m%d}"
    symbol = f"{BTC}-{ends:%y%m%d}"
    quarter = market("BTC") | {
        "symbol": name, "contractType": "CURRENT_QUARTER", "deliveryDate": int(ends.timestamp() * 1000)
    }  # fmt: skip
    clock = FrozenClock()
    asked(bitcoin, {INFO: reply({"symbols": [market("BTC"), quarter]})}, cache=tmp_path, clock=clock)

    async def looked_up(venue: CcxtVenue) -> str | None:
        await bitcoin(venue)
        found = await venue.order_by_client_id(symbol, "abc")
        return None if found is None else found.symbol

    order = reply(order_row("abc", symbol=name))
    for days in (1, 4):
        clock.pass_time(days * 86_400)
        later = told_later(clock.now() - NOW)
        answers = {**later, INFO: reply({"symbols": [market("BTC")]}), "GET /fapi/v1/order": order}
        transport = FakeTransport(answers)
        assert asked(looked_up, transport=transport, cache=tmp_path, clock=clock) == symbol
    clock.pass_time(3 * 86_400)
    with pytest.raises(Unavailable, match="lists no market"):
        asked(
            looked_up,
            transport=FakeTransport({**answers, **told_later(clock.now() - NOW)}),
            cache=tmp_path,
            clock=clock,
        )


def test_a_market_without_filters_is_unavailable_not_guessed() -> None:
    """Steps and minimums are never assumed."""
    with pytest.raises(Unavailable):
        asked(bitcoin, {INFO: reply({"symbols": [market("BTC") | {"filters": []}]})})


def test_an_unlisted_symbol_is_named_and_nothing_is_sent() -> None:
    """The message says what to check."""
    transport = FakeTransport({"GET /fapi/v1/premiumIndex": reply(premium())})
    with pytest.raises(Unavailable, match="lists no market XYZ/USDT:USDT"):
        asked(lambda venue: venue.marks(["XYZ/USDT:USDT"]), transport=transport)
    assert "GET /fapi/v1/premiumIndex" not in transport.lines()


def test_dated_futures_are_another_kind() -> None:
    """A quarterly future is listed with its expiry and only when asked for."""
    quarter = market("BTC") | {
        "symbol": "BTCUSDT_261225",
        "contractType": "CURRENT_QUARTER",
        "deliveryDate": 1798185600000,
    }
    answers = {INFO: reply({"symbols": [market("BTC"), quarter]})}
    assert [row.symbol for row in asked(bitcoin, answers)] == [BTC]
    (dated,) = asked(bitcoin, answers, market_kinds=(MarketKind.LINEAR_FUTURE,))
    assert dated.symbol == "BTC/USDT:USDT-261225"
    assert dated.expires_at is not None


@pytest.mark.parametrize("changes", [{"venue_id": "nowhere"}, {"market_kinds": (MarketKind.SPOT,)}])
def test_what_is_not_supported_is_refused_in_the_constructor(changes: dict[str, Any]) -> None:
    """The message names what is."""
    with pytest.raises(ConfigurationError, match=r"binance|linear"):
        make_venue(FakeTransport({}), **changes)


def told_later(later: timedelta) -> dict[str, Answer]:
    return {"GET /fapi/v1/time": reply({"serverTime": int((NOW + later).timestamp() * 1000)})}


def test_a_table_with_a_gap_is_asked_for_again_soon_and_then_within_the_hour(tmp_path: Path) -> None:
    """A coin the list lacks may have been left out by accident: it is unhedged for ten minutes, not a day."""

    async def nobody_lists_it(venue: CcxtVenue) -> None:
        assert await venue.instruments(["XYZ"]) == ()

    asked(nobody_lists_it, cache=tmp_path)
    for minutes, times in ((8, 0), (12, 1), (35, 0), (45, 1), (95, 0), (110, 1)):
        later = timedelta(minutes=minutes)
        transport, clock = FakeTransport(told_later(later)), FrozenClock(NOW + later)
        asked(nobody_lists_it, transport=transport, cache=tmp_path, clock=clock)
        assert transport.lines().count(INFO) == times


def test_a_refused_order_has_the_rules_read_anew(tmp_path: Path) -> None:
    """Steps and minimums may have changed since the morning; the next process reads them again, too."""
    asked(bitcoin, cache=tmp_path)
    later = timedelta(hours=5)
    clock = FrozenClock(NOW + later)

    async def refused(venue: CcxtVenue) -> None:
        with pytest.raises(Refused):
            await venue.place_order(
                symbol=BTC, side=Side.SELL, amount=Decimal(1), limit_price=Decimal(50000), reduce_only=False,
                client_id="mine",
            )  # fmt: skip

    no = reply({"code": -1111, "msg": "Precision is over the maximum defined for this asset."}, status=400)
    answers = {**told_later(later), "POST /fapi/v1/order": no}
    asked(refused, transport=FakeTransport(answers), cache=tmp_path, clock=clock)
    transport = FakeTransport(told_later(later))
    asked(bitcoin, transport=transport, cache=tmp_path, clock=clock)
    assert transport.lines().count(INFO) == 1
    # what was changed just now may be changed back: it is read once more in half an hour, and then kept for a day
    for minutes, times in ((25, 0), (35, 1), (600, 0)):
        after = later + timedelta(minutes=minutes)
        transport = FakeTransport(told_later(after))
        asked(bitcoin, transport=transport, cache=tmp_path, clock=FrozenClock(NOW + after))
        assert transport.lines().count(INFO) == times


@pytest.mark.parametrize(("amount", "times"), [("-0.500", 0), ("-0.0005", 1), ("-0.5005", 1)])
def test_a_position_that_could_not_be_bought_back_has_the_rules_read_anew(amount: str, times: int) -> None:
    """It was traded by other rules than those of the table, which were read at a bad moment."""
    held = reply(
        [
            position_row(
                positionAmt=amount, notional=str(51_000 * float(amount)), unRealizedProfit=str(1000 * float(amount))
            )
        ]
    )
    clock, later = FrozenClock(), timedelta(minutes=31)
    transport = FakeTransport({"GET /fapi/v3/positionRisk": held})

    async def half_an_hour_later(venue: CcxtVenue) -> None:
        await bitcoin(venue)
        clock.pass_time(later.total_seconds())
        transport.answers |= told_later(later)
        await venue.positions([BTC])
        await bitcoin(venue)

    asked(half_an_hour_later, transport=transport, clock=clock)
    assert transport.lines().count(INFO) == 1 + times


@pytest.mark.parametrize(("minutes", "times"), [(29, 0), (31, 1)])
def test_rules_that_are_doubted_are_read_anew_after_half_an_hour(minutes: int, times: int) -> None:
    """Those that were read just now would be told the same way."""
    clock, later = FrozenClock(), timedelta(minutes=minutes)
    transport = FakeTransport({})

    async def doubt_them(venue: CcxtVenue) -> None:
        await bitcoin(venue)
        clock.pass_time(later.total_seconds())
        transport.answers |= told_later(later)
        venue.doubt_rules()
        await bitcoin(venue)

    asked(doubt_them, transport=transport, clock=clock)
    assert transport.lines().count(INFO) == 1 + times


@pytest.mark.parametrize("used", [True, False])
def test_a_market_in_use_that_vanished_stays_in_sight_and_counts_as_closed(used: bool) -> None:
    """A short there is still a short, and nothing new is opened; what nobody uses may go."""
    full = [market("BTC"), *(market(f"COIN{number}") for number in range(19))]
    transport = FakeTransport({INFO: [reply({"symbols": full}), reply({"symbols": full[1:]})]})
    clock = FrozenClock()

    async def a_day_later(venue: CcxtVenue) -> tuple[Instrument, ...]:
        if used:
            venue._reading.markets.market_id(BTC)
        clock.pass_time(25 * 3600)
        return await bitcoin(venue)

    found = asked(a_day_later, transport=transport, clock=clock)
    assert [(row.symbol, row.active) for row in found] == ([(BTC, False)] if used else [])


def test_a_market_that_vanished_is_looked_for_again_within_minutes(tmp_path: Path) -> None:
    """The hole may have been the list's, though another contract of the coin lives; the next process knows it, too."""
    dated = {
        **market("BTC"),
        "symbol": "BTCUSDT_261225",
        "contractType": "CURRENT_QUARTER",
        "deliveryDate": 1798185600000,
    }
    full = [market("BTC"), dated, *(market(f"COIN{number}") for number in range(19))]
    clock = FrozenClock()

    async def seen(venue: CcxtVenue) -> list[tuple[str, bool]]:
        venue._reading.markets.market_id(BTC)
        return [(row.symbol, row.active) for row in await bitcoin(venue)]

    async def a_day_later(venue: CcxtVenue) -> list[tuple[str, bool]]:
        assert await seen(venue) == [(BTC, True)]
        clock.pass_time(25 * 3600)
        return await seen(venue)

    transport = FakeTransport({INFO: [reply({"symbols": full}), reply({"symbols": full[1:]})]})
    assert asked(a_day_later, transport=transport, cache=tmp_path, clock=clock) == [(BTC, False)]
    for minutes, listed, active, times in ((5, full, False, 0), (10, full[1:], False, 1), (15, full, True, 1)):
        clock.pass_time(minutes * 60)
        transport = FakeTransport({**told_later(clock.now() - NOW), INFO: reply({"symbols": listed})})
        assert asked(seen, transport=transport, cache=tmp_path, clock=clock) == [(BTC, active)]
        assert transport.lines().count(INFO) == times
