"""One cycle with three orders against the same requests made by bare ccxt: two accounts alike, one process, one run."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from bench.bare import BareTrader, Call
from bench.shares import shares
from bench.world import local_testnet
from bot.clock import LocalnetClock
from bot.cycle import Desk, run_cycle
from bot.policy.size import StaticRatio
from bot.settings import load_settings
from bot.wiring import open_desk

CPU_RATIO_MAX = 1.25
WARM_UP = 4
PROFILED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """CPU seconds of one cycle of ours and of the same requests by bare ccxt."""

    ours_s: float
    bare_s: float
    calls: int


def measure(folder: Path, rounds: int) -> list[str]:
    """Alternate our cycle and the bare calls; both testnets run in processes of their own and are not counted."""
    with local_testnet(folder, "ours") as (_, ours), local_testnet(folder, "bare") as (address, bare):
        return asyncio.run(_measure(ours, bare, address, rounds))


async def _measure(ours: Path, bare: Path, address: str, rounds: int) -> list[str]:
    async with _desk(bare) as desk:
        await run_cycle(desk)  # the peer's account holds the same shorts before anything is measured
    trader = BareTrader(address, await LocalnetClock.ask(address))
    pairs: list[Pair] = []
    try:
        async with _desk(ours) as desk:
            await run_cycle(desk)
            for number in range(WARM_UP + rounds):
                calls: list[Call] = []
                ours_s = await _timed(_traded(desk, number, calls))
                bare_s = await _timed(lambda made=calls, count=number: trader.cycle(made, count))  # type: ignore[misc]
                pairs.append(Pair(ours_s=ours_s, bare_s=bare_s, calls=len(calls)))
            parts = await shares([_traded(desk, number, []) for number in range(WARM_UP + rounds, PROFILED + rounds)])
    finally:
        await trader.close()
    measured = pairs[WARM_UP:]
    ratio = median(pair.ours_s / pair.bare_s for pair in measured)
    ours_ms = median(pair.ours_s for pair in measured) * 1000
    bare_ms = median(pair.bare_s for pair in measured) * 1000
    return [
        f"one cycle, 3 assets, 3 orders: CPU {ours_ms:.1f} ms, bare ccxt {bare_ms:.1f} ms for the same "
        f"{measured[0].calls} requests; ratio {ratio:.2f} "
        f"(wanted at most {CPU_RATIO_MAX}: {'yes' if ratio <= CPU_RATIO_MAX else 'NO'})",
        f"  where it goes (profiled): {', '.join(f'{name} {share:.0%}' for name, share in parts)}",
    ]


def _desk(profile: Path) -> AbstractAsyncContextManager[Desk]:
    settings = load_settings([profile], environ={}, env_file=None)
    journal = settings.journal.model_copy(update={"path": profile.parent / "state" / "bench.db"})
    return open_desk(settings.model_copy(update={"journal": journal}), purpose="once")


async def _timed(what: Callable[[], Awaitable[None]]) -> float:
    began = time.process_time()
    await what()
    return time.process_time() - began


def _traded(desk: Desk, number: int, calls: list[Call]) -> Callable[[], Awaitable[None]]:
    """A cycle that moves every hedge: down to 40 %, up to 50 %, in turn."""
    ratio = Decimal("0.4") if number % 2 == 0 else Decimal("0.5")
    size = StaticRatio(ratio=ratio, leverage_cap=Decimal(2))
    policy = replace(desk.mind.policy, size=size)
    limits = replace(desk.mind.limits, orders_per_hour_max=10_000, order_notional_per_hour_max=Decimal(10**12))
    moved = replace(desk, mind=replace(desk.mind, policy=policy, limits=limits))
    client = _client(desk)
    sent = type(client).request

    async def recorded(path: str, api: str = "public", method: str = "GET", params: Any = None, **rest: Any) -> Any:
        calls.append((path, api, method, params or {}))
        return await sent(client, path, api, method, params or {}, **rest)

    async def cycle() -> None:
        client.request = recorded
        try:
            record = await run_cycle(moved)
        finally:
            del client.request
        orders = sum(1 for outcome in record.outcomes if outcome.average_price is not None)
        assert orders == 3, f"{orders} orders instead of 3: {record.status} {record.notes} {record.refusals}"

    return cycle


def _client(desk: Desk) -> Any:
    venue: Any = desk.hands.venues["binance"]
    return venue._client
