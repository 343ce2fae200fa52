"""What every venue must pass on the local testnet before Ballast trades there, numbered for the record.

Each case meets the exchange through the real ccxt over real sockets and judges by the exchange's own book.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from bot.domain.account import MarginMode, OrderStatus, PositionMode, Side, Wallet
from bot.domain.errors import AlreadyExists, BallastError, ConfigurationError, Refused, Unavailable, Unknown
from bot.domain.record import CycleRecord
from bot.flatten import flatten
from bot.sim.localnet import ACCOUNT
from tests.acceptance.stage import BTC, DEPOSITS, ETH, Stage, stage

LOT = Decimal("0.001")


class NotOffered(Exception):
    """The venue has no such thing; Ballast says so instead of trying."""


@dataclass(frozen=True, slots=True)
class Case:
    number: str
    title: str
    play: Callable[[str], Awaitable[None]]


CASES: list[Case] = []


def case(title: str) -> Callable[[Callable[[str], Awaitable[None]]], Callable[[str], Awaitable[None]]]:
    def keep(play: Callable[[str], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
        CASES.append(Case(f"E{len(CASES) + 1:02d}", title, play))
        return play

    return keep


def near(amount: Decimal, wanted: str | Decimal, lots: int = 1) -> bool:
    return abs(amount - Decimal(wanted)) <= LOT * lots


def reasons(record: CycleRecord) -> str:
    return " ".join([*record.notes, *(row.reason for row in record.refusals)])


@case("open a hedge")
async def opens(venue: str) -> None:
    async with stage(venue) as world:
        record = await world.cycles_until("hedged")
        assert near(world.short("BTC"), "0.6"), world.short("BTC")
        assert near(world.short("ETH"), "6"), world.short("ETH")
        assert {row.facts["side"] for row in world.orders()} == {"sell"}
        shown = {row.symbol: row.amount for row in record.snapshot.venue(venue).positions} if record.snapshot else {}
        assert shown[BTC] == -world.short("BTC"), shown
        assert shown[ETH] == -world.short("ETH"), shown
        settled = (await world.venue.settings((BTC,)))[0]
        assert (settled.leverage, settled.margin_mode) == (Decimal(2), MarginMode.CROSS)
        second = await world.cycle()
        assert (second.status.value, second.intents) == ("hedged", ())


@case("grow it")
async def grows(venue: str) -> None:
    async with stage(venue) as world:
        await world.cycles_until("hedged")
        world.engine.deposit(ACCOUNT, "spot", "BTC", Decimal("0.4"))
        await world.pass_time(60)
        await world.cycles_until("hedged")
        assert world.short("BTC") > Decimal("0.72"), world.short("BTC")
        assert world.short("BTC") <= Decimal("0.8")


@case("shrink it, reduce-only")
async def shrinks(venue: str) -> None:
    async with stage(venue) as world:
        await world.cycles_until("hedged")
        world.engine.withdraw(ACCOUNT, "spot", "BTC", Decimal("0.4"))
        await world.cycle()
        await world.pass_time(3700)  # the coins could be on their way to another venue for an hour
        await world.cycles_until("hedged")
        assert Decimal("0.39") < world.short("BTC") <= Decimal("0.44"), world.short("BTC")
        bought = [row for row in world.orders() if row.facts["side"] == "buy"]
        assert bought
        assert all(row.facts["reduce_only"] for row in bought)


@case("flatten, verified")
async def flattens(venue: str) -> None:
    async with stage(venue) as world:
        await world.cycles_until("hedged")
        record = await flatten(world.desk, verify=True)
        assert record.status.value == "hedged", reasons(record)
        assert world.short("BTC") == 0
        assert world.short("ETH") == 0


@case("a closing order never opens the other side")
async def flip_refused(venue: str) -> None:
    async with stage(venue) as world:
        await world.cycles_until("hedged")
        with suppress(Refused, Unknown):
            await world.venue.place_order(
                symbol=BTC, side=Side.BUY, amount=Decimal("1.5"), limit_price=Decimal(50100), reduce_only=True,
                client_id="flip0000000000000001",
            )  # fmt: skip
        assert world.short("BTC") >= 0, world.short("BTC")


@case("below the minimum nothing is sent")
async def minimums(venue: str) -> None:
    async with stage(
        venue, deposits={**DEPOSITS, ("spot", "BTC"): Decimal("0.000015"), ("spot", "ETH"): Decimal(0)}
    ) as world:
        record = await world.cycle()
        assert (record.status.value, world.orders()) == ("hedged", []), reasons(record)


@case("amounts and prices on the venue's grid")
async def precision(venue: str) -> None:
    async with stage(venue, deposits={**DEPOSITS, ("spot", "BTC"): Decimal("1.23456789")}, ratio="0.333") as world:
        await world.cycles_until("hedged")
        (instrument,) = await world.venue.instruments(["BTC"])
        held = world.short("BTC")
        assert instrument.floor_amount(held) == held
        assert Decimal("0.33") * Decimal("1.2345") < held <= Decimal("0.333") * Decimal("1.23456789")


@case("partial fills")
async def partial_fills(venue: str) -> None:
    async with stage(venue) as world:
        world.script("partial_fill", scope="order", times=2)
        first = await world.cycle()
        assert first.status.value in ("acted", "hedged")
        await world.pass_time(40)
        await world.cycles_until("hedged")
        assert near(world.short("BTC"), "0.6", 25), world.short("BTC")
        assert world.short("BTC") <= Decimal("0.6")


@case("the reply to an order is lost")
async def lost_reply(venue: str) -> None:
    async with stage(venue) as world:
        world.script("lost_reply", scope="order")
        first = await world.cycle()
        assert first.status.value != "hedged"
        await world.pass_time(120)
        await world.cycles_until("hedged")
        _once_each(world)
        assert near(world.short("BTC"), "0.6", 25), world.short("BTC")


@case("the order itself is lost")
async def lost_request(venue: str) -> None:
    async with stage(venue) as world:
        world.script("lost_request", scope="order")
        await world.cycle()
        await world.pass_time(120)
        await world.cycles_until("hedged", at_most=10)
        _once_each(world)
        assert near(world.short("BTC"), "0.6", 25), world.short("BTC")


def _once_each(world: Stage) -> None:
    ids = [row.facts["client_id"] for row in world.orders()]
    assert len(set(ids)) == len(ids), ids


@case("the same client id twice")
async def duplicate_id(venue: str) -> None:
    async with stage(venue) as world:
        await world.cycles_until("hedged")
        taken = len(world.orders())
        order = {"symbol": BTC, "side": Side.SELL, "amount": Decimal("0.01"), "limit_price": Decimal(49950)}
        own = {"reduce_only": False, "client_id": "twice000000000000001"}
        await world.venue.place_order(**order, **own)  # type: ignore[arg-type]
        found = await world.venue.order_by_client_id(BTC, "twice000000000000001")
        assert found is not None
        assert (found.status, found.filled) == (OrderStatus.CLOSED, Decimal("0.01"))
        with suppress(AlreadyExists, Unknown, Refused):
            await world.venue.place_order(**order, **own)  # type: ignore[arg-type]
            if world.answering.codec.venue in ("binance", "weex"):
                return  # unique among open orders only: the bot never sends an id twice, see E09
            raise AssertionError("a second order was taken under one id")
        assert len(world.orders()) == taken + 1


@case("leverage already as wanted")
async def leverage_already_set(venue: str) -> None:
    async with stage(venue) as world:
        await world.venue.connect()
        await world.venue.set_leverage(BTC, 3)
        await world.venue.set_leverage(BTC, 3)
        await world.venue.set_margin_mode(BTC, MarginMode.CROSS)
        assert (await world.venue.settings((BTC,)))[0].leverage == 3


@case("hedge mode is refused")
async def wrong_mode(venue: str) -> None:
    async with stage(venue) as world:
        world.engine.set_hedge_mode(ACCOUNT, True)
        assert await _mode(world) is PositionMode.HEDGE
        record = await world.cycle()
        assert (record.status.value, world.orders()) == ("refused", []), reasons(record)
        assert "one-way" in reasons(record)


async def _mode(world: Stage) -> PositionMode:
    await world.venue.connect()
    return await world.venue.position_mode()


@case("not enough margin")
async def not_enough_margin(venue: str) -> None:
    async with stage(venue, deposits={("spot", "BTC"): Decimal("1.2"), ("futures", "USDT"): Decimal(2000)}) as world:
        await world.venue.connect()
        await world.venue.set_leverage(BTC, 2)
        try:
            await world.venue.place_order(
                symbol=BTC, side=Side.SELL, amount=Decimal("0.5"), limit_price=Decimal(49900), reduce_only=False,
                client_id="poor0000000000000001",
            )  # fmt: skip
        except Refused:
            pass
        else:
            found = await world.venue.order_by_client_id(BTC, "poor0000000000000001")
            assert found is None or found.filled == 0
        assert world.short("BTC") == 0
        await world.cycles_until("refused", at_most=3)
        assert Decimal("0.05") < world.short("BTC") <= Decimal("0.08"), world.short("BTC")


@case("a rate limit is obeyed")
async def rate_limit(venue: str) -> None:
    async with stage(venue) as world:
        await world.venue.connect()
        world.script("too_many_requests")
        record = await world.cycle()
        assert (record.status.value, world.orders()) == ("unavailable", []), reasons(record)
        asked = len(world.answering.seen)
        await world.cycle()
        assert len(world.answering.seen) - asked <= _other_hosts(world), "asked again before the deadline"
        await world.pass_time(120)
        await world.cycles_until("hedged")


@case("a ban is obeyed")
async def ban(venue: str) -> None:
    async with stage(venue) as world:
        await world.venue.connect()
        world.script("banned")
        record = await world.cycle()
        assert (record.status.value, world.orders()) == ("unavailable", []), reasons(record)
        await world.pass_time(700)
        await world.cycles_until("hedged")


def _other_hosts(world: Stage) -> int:
    """Requests that may still go to hosts of the venue that asked for nothing."""
    return 40 if len({row.host for row in world.answering.seen}) > 1 else 0


@case("maintenance")
async def maintenance(venue: str) -> None:
    async with stage(venue) as world:
        world.feed.closed = True
        record = await world.cycle()
        assert (record.status.value, world.orders()) == ("unavailable", []), reasons(record)
        world.feed.closed = False
        await world.pass_time(60)
        await world.cycles_until("hedged")


@case("an expired timestamp")
async def expired_timestamp(venue: str) -> None:
    async with stage(venue) as world:
        await world.venue.connect()
        world.script("code_1021", scope="order")
        record = await world.cycle()
        assert record.status.value != "hedged"
        await world.pass_time(120)
        await world.cycles_until("hedged")
        _once_each(world)


@case("a wrong key")
async def wrong_key(venue: str) -> None:
    async with stage(venue, secret="localnet-wrong") as world:
        try:
            record = await world.cycle()
        except ConfigurationError as error:
            said = str(error)
        else:
            said = reasons(record)
            assert record.status.value in ("unavailable", "refused"), said
        assert "key" in said, said
        assert world.orders() == []


@case("a suspended symbol")
async def suspended(venue: str) -> None:
    async with stage(venue) as world:
        await world.venue.connect()
        _suspend(world, "BTCUSDT")
        await world.cycle()
        await world.pass_time(60)
        await world.cycle()
        assert world.short("BTC") == 0
        assert near(world.short("ETH"), "6"), world.short("ETH")


def _suspend(world: Stage, symbol: str) -> None:
    from dataclasses import replace  # noqa: PLC0415

    state = world.engine._state
    listing = state.listings[("linear", symbol)]
    state.listings[("linear", symbol)] = replace(listing, tradable=False)


@case("a new process finds an order of the old one")
async def restart(venue: str) -> None:
    async with stage(venue) as world:
        world.script("lost_reply", scope="order")
        await world.cycle()
        taken = len(world.orders())
        assert taken >= 1
        await world.pass_time(120)
        await world.restart()
        await world.cycles_until("hedged")
        _once_each(world)
        assert near(world.short("BTC"), "0.6", 25), world.short("BTC")


@case("funding is paid and shown with its sign")
async def funding_booked(venue: str) -> None:
    async with stage(venue) as world:
        await world.cycles_until("hedged")
        since = world.engine.now - timedelta(minutes=5)
        await world.pass_time(9 * 3600)
        rates = {row.symbol: row for row in await world.venue.funding((BTC,))}
        assert rates[BTC].rate > 0
        assert rates[BTC].interval_h == 8
        booked = [row for row in world.engine.income(ACCOUNT, since) if row.kind.lower().startswith("funding")]
        received = sum((row.amount for row in booked if row.symbol == "BTCUSDT"), Decimal(0))
        assert received > 0
        shown = await world.venue.income(since)
        seen = sum((row.amount for row in shown if row.kind == "funding" and row.symbol == BTC), Decimal(0))
        assert abs(seen - received) < Decimal("0.0001"), (seen, received)


@case("collateral is moved inside the account")
async def transfers(venue: str) -> None:
    async with stage(venue) as world:
        await world.venue.connect()
        before = world.engine.wallet(ACCOUNT, "futures")["USDT"][0]
        try:
            await world.venue.transfer(currency="USDT", amount=Decimal(1000), source=Wallet.SPOT, target=Wallet.FUTURES)
        except Refused as refused:
            raise NotOffered(refused.code) from None
        assert world.engine.wallet(ACCOUNT, "futures")["USDT"][0] == before + 1000
        (found,) = await world.venue.transfers(world.engine.now - timedelta(minutes=5))
        assert (found.amount, found.source, found.target, found.done) == (
            Decimal(1000),
            Wallet.SPOT,
            Wallet.FUTURES,
            True,
        )


@case("a liquidation is noticed and named")
async def liquidation(venue: str) -> None:
    async with stage(venue) as world:
        await world.cycles_until("hedged")
        await world.move("BTC", "150000", seconds=120)
        await world.move("BTC", "50000", seconds=180)
        record = await world.cycle()
        assert "BTC" in reasons(record)
        assert any(word in reasons(record).lower() for word in ("liquidat", "somebody else")), reasons(record)


@case("isolated margin")
async def isolated(venue: str) -> None:
    # enough where nothing can be moved in: leverage of an isolated position is a whole number, here 1
    enough = {**DEPOSITS, ("futures", "USDT"): Decimal(60000)}
    async with stage(venue, margin_mode="isolated", deposits=enough) as world:
        await world.cycles_until("hedged")
        assert near(world.short("BTC"), "0.6"), world.short("BTC")
        position = world.desk.lookout.watched[0].venue
        (held,) = [row for row in await position.positions((BTC,)) if row.symbol == BTC]
        assert held.margin_mode is MarginMode.ISOLATED
        assert held.isolated_margin > 0


async def played(venue: str, found: Case) -> tuple[str, str]:
    """One case at one venue: how it ended, and why."""
    try:
        await found.play(venue)
    except NotOffered as why:
        return "not offered", str(why)
    except AssertionError as why:
        return "FAILED", str(why)[:300] or "an assertion"
    except (BallastError, Exception) as error:
        return "FAILED", f"{type(error).__name__}: {error}"[:300]
    return "passed", ""


__all__ = ["CASES", "ETH", "Case", "NotOffered", "Unavailable", "played"]
