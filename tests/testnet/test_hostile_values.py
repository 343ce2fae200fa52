"""Replies of the right shape with rubbish inside: what is read is true or unavailable, and nothing else is raised."""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.domain.account import Side
from bot.domain.errors import AlreadyExists, BallastError, Refused, Unavailable, Unknown
from bot.exchange import windows
from bot.exchange.strict import Unreadable
from bot.exchange.venue import CcxtVenue
from bot.exchange.venues.mexc_account import _ladder
from bot.sim.answering import Answer, AnsweringExchange
from bot.sim.localnet import LOCAL_KEY
from bot.sim.memory_session import MemorySession
from bot.sim.wire.codecs import codec
from bot.sim.wire.request import WireReply, WireRequest
from tests.exchange.world import NOW, FakeTransport, asked, market, reply
from tests.testnet.test_exchange_socket import BTC, ExchangeTime, sell
from tests.testnet.test_hostile_replies import KEYS, LIMITS, VENUES
from tests.testnet.world import START, make_exchange

NESTED = json.loads("[" * 300 + "]" * 300)
RUBBISH: tuple[Any, ...] = (
    None, "", " ", "NaN", "-Infinity", "1e400", "-1", "0", 0, -1, True, [], {}, [None], {"a": None}, NESTED, "9" * 5000,
    "1." + "3" * 5000, "\u00b2", "\u0663", "<html>", "BTCUSDT", 10**40, 1e308, -1e-320, "A" * 100_000, "0x10", "1_000",
)  # fmt: skip
SEEDS = range(12)
Read = Callable[[CcxtVenue], Coroutine[Any, Any, object]]
READS: Mapping[str, Read] = {
    "time": lambda venue: venue.time(),
    "instruments": lambda venue: venue.instruments(["BTC"]),
    "marks": lambda venue: venue.marks([BTC]),
    "prices": lambda venue: venue.prices(["BTC"], "USDT"),
    "funding": lambda venue: venue.funding([BTC]),
    "book": lambda venue: venue.book(BTC, 5),
    "candles": lambda venue: venue.candles(BTC, 3600, START - timedelta(hours=5), START),
    "balances": lambda venue: venue.balances(),
    "accounts": lambda venue: venue.margin_accounts(),
    "positions": lambda venue: venue.positions([BTC]),
    "settings": lambda venue: venue.settings([BTC]),
    "mode": lambda venue: venue.position_mode(),
    "brackets": lambda venue: venue.brackets([BTC]),
    "orders": lambda venue: venue.open_orders([BTC]),
    "order": lambda venue: venue.order_by_client_id(BTC, "first"),
    "fills": lambda venue: venue.fills(BTC, START - timedelta(days=1)),
    "transfers": lambda venue: venue.transfers(START - timedelta(days=1)),
    "income": lambda venue: venue.income(START - timedelta(days=1)),
    "closures": lambda venue: venue.forced_closures(START - timedelta(days=1)),
    "rights": lambda venue: venue.key_rights(),
    "connect": lambda venue: venue.connect(),
}


class Spoiling(AnsweringExchange):
    """Puts rubbish into one place of every reply, once it was told to."""

    chance: random.Random | None = None

    def answer(self, request: WireRequest) -> Answer:
        answer = super().answer(request)
        if self.chance is None or answer.reply is None:
            return answer
        with contextlib.suppress(ValueError):
            spoiled = spoil(json.loads(answer.reply.body), self.chance)
            return Answer(reply=WireReply(status=answer.reply.status, body=json.dumps(spoiled).encode()))
        return answer


def spoil(value: Any, chance: random.Random) -> Any:
    """The value with one place of it replaced, left out, or there twice."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.15:
        return chance.choice(RUBBISH)
    if isinstance(value, dict):
        key = chance.choice(sorted(value))
        if chance.random() < 0.1:
            return {name: kept for name, kept in value.items() if name != key}
        return {**value, key: spoil(value[key], chance)}
    place = chance.randrange(len(value))
    if chance.random() < 0.2:
        return [*value[:place], *value[place + 1 :], *([value[place]] * 2 if chance.random() < 0.5 else [])]
    return [*value[:place], spoil(value[place], chance), *value[place + 1 :]]


@asynccontextmanager
async def spoiling(venue: str) -> AsyncIterator[tuple[CcxtVenue, Spoiling]]:
    world = Spoiling(make_exchange(LOCAL_KEY), codec=codec(venue))
    client = CcxtVenue(
        venue_id=venue,
        clock=ExchangeTime(world),
        localnet="127.0.0.1:1",
        limits=LIMITS,
        transport_factory=lambda: MemorySession(world),
        **KEYS,
    )
    try:
        await client.connect()
        yield client, world
    finally:
        await client.close()


@pytest.mark.parametrize("venue", VENUES)
def test_rubbish_in_a_reply_makes_it_unavailable_and_nothing_worse(venue: str) -> None:
    """One place of every reply is spoiled; a read gives an answer or says that there is none."""

    async def run() -> list[str]:
        broken = []
        async with spoiling(venue) as (client, world):
            await sell(client)
            for name, read in READS.items():
                for seed in SEEDS:
                    world.chance = random.Random(f"{venue} {name} {seed}")  # noqa: S311
                    if name in ("instruments", "connect"):
                        client._reading.markets._loaded_at = None
                    try:
                        await read(client)
                    except Unavailable:
                        pass
                    except Exception as error:
                        broken.append(f"{name} {seed}: {error!r:.200}")
        return broken

    assert asyncio.run(run()) == []


@pytest.mark.parametrize("venue", VENUES)
def test_rubbish_in_the_reply_to_an_order_leaves_it_unknown(venue: str) -> None:
    """It was carried out; whatever the reply says, it is looked up under our own id and found as it is."""

    async def run() -> list[str]:
        broken = []
        async with spoiling(venue) as (client, world):
            for seed in SEEDS:
                own_id = f"order{seed}"
                world.chance = random.Random(f"{venue} order {seed}")  # noqa: S311
                try:
                    await client.place_order(
                        symbol=BTC, side=Side.SELL, amount=Decimal("0.01"), limit_price=Decimal(49900),
                        reduce_only=False, client_id=own_id,
                    )  # fmt: skip
                except (Unknown, AlreadyExists, Unavailable):
                    pass
                except Refused as refused:
                    broken.append(f"{seed}: {refused}")
                except BallastError as error:
                    broken.append(f"{seed}: {error!r}")
                world.chance = None
        return broken

    assert asyncio.run(run()) == []


@pytest.mark.parametrize(
    ("key", "value"), [("quantityPrecision", 10**14), ("pricePrecision", -(10**14)), ("contractType", "1e999999999")]
)
def test_a_number_nobody_can_calculate_with_costs_no_time(key: str, value: object) -> None:
    """Exact arithmetic would take all the memory there is, and writing out the digits would never end."""
    spoiled = reply({"symbols": [{**market("BTC"), key: value}, market("ETH")]})
    with pytest.raises(Unavailable):
        asked(lambda venue: venue.instruments(["BTC"]), {"GET /fapi/v1/exchangeInfo": spoiled})


def test_a_ladder_without_end_is_not_climbed() -> None:
    """MEXC counts the levels of a contract in its reply."""
    info = {
        "riskBaseVol": "1", "riskIncrVol": "1", "maintenanceMarginRate": "0.01", "riskIncrMmr": "0",
        "riskLevelLimit": 10**18, "initialMarginRate": "0.1", "riskIncrImr": "0",
    }  # fmt: skip
    with pytest.raises(Unreadable, match="levels"):
        _ladder(info)


def test_a_list_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Page after page, each saying that there are more: the list is not used, and the cycle goes on."""
    monkeypatch.setattr(windows, "PAGES_MAX", 5)
    transport = FakeTransport({"GET /sapi/v1/asset/transfer": reply({"total": 10**18, "rows": []})})
    with pytest.raises(Unavailable, match="no account fills"):
        asked(lambda venue: venue.transfers(NOW), transport=transport)
    assert transport.lines().count("GET /sapi/v1/asset/transfer") <= 5 * 12
