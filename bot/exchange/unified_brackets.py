"""Maintenance tiers of any venue, asked for once a day through ccxt's unified calls or read out of its market table."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Final

from bot.domain.account import LeverageBracket
from bot.exchange import strict
from bot.exchange import translate_unified_account as translate
from bot.exchange.reading import Reading
from bot.exchange.store import young
from bot.exchange.strict import Row
from bot.exchange.unified_public import marks, speech_of, understood

BRACKETS_AGE_MAX: Final = timedelta(hours=24)


async def brackets(reading: Reading, symbols: Iterable[str]) -> dict[str, tuple[LeverageBracket, ...]]:
    """Maintenance tiers, asked for once a day; a venue that tells none gets one cautious tier from its table."""
    speech, wanted = speech_of(reading), list(dict.fromkeys(symbols))
    if speech.tiers is not None:
        return await _brackets_of_table(reading, speech.tiers, wanted)
    if speech.brackets is None:
        rate, leverage = speech.tier
        cautious = LeverageBracket(
            notional_floor=Decimal(0),
            notional_cap=Decimal(10**12),
            maintenance_rate=rate,
            maintenance_deduction=Decimal(0),
            leverage_max=leverage,
            assumed=True,
        )
        return dict.fromkeys(wanted, (cautious,))
    found = await asyncio.gather(*(_brackets_of(reading, symbol) for symbol in wanted))
    return dict(zip(wanted, found, strict=True))


async def _brackets_of_table(
    reading: Reading, tiers: Callable[[Row, Decimal, Decimal], list[dict[str, object]]], wanted: list[str]
) -> dict[str, tuple[LeverageBracket, ...]]:
    """Tiers that stand in the market table, valued at the marks of now; a symbol without a mark has none."""
    found = {}
    for mark in await marks(reading, wanted):
        what, unit = f"maintenance tiers of {mark.symbol}", reading.markets.unit(mark.symbol)
        rows = understood(reading, what, tiers, reading.markets.told(mark.symbol), unit, mark.mark_price)
        found[mark.symbol] = understood(reading, what, translate.brackets, rows)
    return found


async def _brackets_of(reading: Reading, symbol: str) -> tuple[LeverageBracket, ...]:
    now, ask = reading.now(), speech_of(reading).brackets
    known = reading.brackets.get(symbol)
    if ask is None or (known is not None and young(known[0], now, BRACKETS_AGE_MAX)):
        return known[1] if known else ()
    name = f"brackets_{reading.markets.market_id(symbol)}"
    reply = reading.store.load(name, now=now, age_max=BRACKETS_AGE_MAX)
    kept = reply is not None
    if not kept:
        if ask.each:
            reply = await reading.calls.read(ask.call, {"symbol": symbol, "params": ask.params})
        else:
            every = await reading.calls.read_shared(ask.call, {"symbols": None, "params": ask.params})
            reply = every.get(symbol) if isinstance(every, dict) else None
    what, told = f"maintenance tiers of {symbol}", speech_of(reading).tier_floors_told
    reply = understood(reading, what, translate.with_leverage, reply)
    found = understood(reading, what, translate.brackets, reply, floors_told=told)
    reading.brackets[symbol] = (now, found)
    if not kept:
        slim = [{key: row[key] for key in _TIER_KEYS if key in row} for row in strict.rows(reply)]
        reading.store.save(name, slim, now=now)
    return found


_TIER_KEYS: Final = ("minNotional", "maxNotional", "maintenanceMarginRate", "maxLeverage")
