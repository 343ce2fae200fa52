"""One cycle with three orders against the very same requests made by bare ccxt, in one process and one run."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from bench.world import local_testnet
from bot.cycle import Desk, run_cycle
from bot.exchange.client import exchange_class
from bot.policy.size import StaticRatio
from bot.settings import load_settings
from bot.wiring import open_desk

CPU_RATIO_MAX = 1.25
Call = tuple[str, str, str, dict[str, Any]]


def measure(folder: Path, rounds: int) -> list[str]:
    """Alternate our cycle and the bare calls."""
    with local_testnet(folder) as (address, profile):
        return asyncio.run(_measure(address, profile, rounds))


async def _measure(address: str, profile: Path, rounds: int) -> list[str]:
    settings = load_settings([profile], environ={}, env_file=None)
    settings = settings.model_copy(
        update={"journal": settings.journal.model_copy(update={"path": profile.parent / "cycle.db"})}
    )
    bare = _bare_client(address)
    pairs: list[tuple[float, float, int]] = []
    try:
        async with open_desk(settings, purpose="once") as desk:
            await run_cycle(desk)
            bare.milliseconds = _client(desk).milliseconds
            for number in range(rounds + 2):
                calls: list[Call] = []
                ours = await _timed(_traded(desk, number, calls))
                theirs = await _timed(_replayed(bare, calls, number))
                if number >= 2:
                    pairs.append((ours, theirs, len(calls)))
    finally:
        await bare.close()
    ratio = median(ours / theirs for ours, theirs, _ in pairs)
    return [
        f"one cycle, 3 assets, 3 orders: CPU {median(row[0] for row in pairs) * 1000:.1f} ms, bare ccxt "
        f"{median(row[1] for row in pairs) * 1000:.1f} ms for the same {pairs[0][2]} requests; ratio {ratio:.2f} "
        f"(wanted at most {CPU_RATIO_MAX}: {'yes' if ratio <= CPU_RATIO_MAX else 'NO'})"
    ]


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
        calls.append((path, api, method, dict(params or {})))
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


def _replayed(bare: Any, calls: list[Call], number: int) -> Callable[[], Awaitable[None]]:
    """The same requests: reads at once, as they were, orders one after the other."""

    async def replay() -> None:
        reads = [row for row in calls if row[2] == "GET"]
        writes = [row for row in calls if row[2] != "GET"]
        await asyncio.gather(*(bare.request(*row) for row in reads))
        for count, (path, api, method, params) in enumerate(writes):
            fresh = {**params, "newClientOrderId": f"bench{number}x{count}"} if "quantity" in params else params
            try:
                await bare.request(path, api, method, fresh)
            except Exception as error:
                # A reduction replayed finds less to reduce; what is compared is the cost of the call.
                if "-2022" not in str(error) and "-2019" not in str(error):
                    raise

    return replay


def _client(desk: Desk) -> Any:
    venue: Any = desk.hands.venues["binance"]
    return venue._client


def _bare_client(address: str) -> Any:
    client = exchange_class("binance")(
        {"apiKey": "localnet-key", "secret": "localnet-secret", "enableRateLimit": False, "timeout_on_exit": 1}
    )
    for name, url in client.urls["api"].items():
        if isinstance(url, str):
            client.urls["api"][name] = f"http://{address}/" + url.split("/", 3)[3]
    return client
