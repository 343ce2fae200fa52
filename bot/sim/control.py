"""What demos, audits and tests may ask of the local testnet beside the venue's own interface."""

import random
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import get_args

from bot.sim.answering import AnsweringExchange
from bot.sim.faults import DEFAULT_KINDS, FaultSchedule, Script
from bot.sim.model import Rejected, WalletName
from bot.sim.state import EPOCH


def milliseconds(at: datetime) -> int:
    """Integer milliseconds since 1970."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def clock(answering: AnsweringExchange, speed: float) -> dict[str, object]:
    """Exchange time, how fast it runs, and whether the feed has more to tell."""
    market = answering.exchange.market
    return {"now_ms": milliseconds(market.now), "speed": speed, "ended": market.ended}


def state(answering: AnsweringExchange) -> dict[str, object]:
    """Positions, wallets and last quotes of every account with a key, as the engine knows them. Amounts are strings."""
    engine = answering.exchange.engine
    accounts: dict[str, object] = {}
    for name in sorted({key.account for key in answering.exchange.keys.values()}):
        accounts[name] = {
            "wallets": {
                wallet: {
                    asset: format(free + locked, "f") for asset, (free, locked) in engine.wallet(name, wallet).items()
                }
                for wallet in get_args(WalletName)
            },
            "positions": [
                {
                    "symbol": position.symbol,
                    "amount": format(position.amount, "f"),
                    "entry_price": format(position.entry_price, "f"),
                    "mark_price": format(engine.mark(position.symbol), "f"),
                }
                for position in engine.positions(name)
            ],
        }
    quotes = {}
    for market, symbol in sorted(answering.exchange.market.feed.markets):
        with suppress(Rejected):  # a tape may begin before a coin was listed
            quotes[f"{market}:{symbol}"] = format(engine.quote(market, symbol).mark, "f")
    return {
        "now_ms": milliseconds(engine.now),
        "accounts": accounts,
        "quotes": quotes,
        "ledger_length": len(engine.ledger),
        "requests": answering.faults.requests,
        "faults": answering.faults.counts,
    }


def ledger_since(answering: AnsweringExchange, since: int) -> list[dict[str, object]]:
    """Lines of the exchange's own book after a sequence number, at most a thousand."""
    lines = answering.exchange.engine.ledger[since : since + 1000]
    return [{**asdict(event), "at": event.at.isoformat()} for event in lines]


def change_faults(answering: AnsweringExchange, asked: dict[str, object]) -> dict[str, object]:
    """Replace the fault schedule: seed, intensity, kinds, scripts. Raises ValueError in words a person can use."""
    unknown = set(asked) - {"seed", "intensity", "kinds", "scripts"}
    if unknown:
        raise ValueError(f"unknown word {sorted(unknown)[0]!r}; known are seed, intensity, kinds, scripts")
    kinds, scripts = asked.get("kinds", DEFAULT_KINDS), asked.get("scripts", [])
    if not isinstance(kinds, list | tuple) or not isinstance(scripts, list):
        raise ValueError("kinds and scripts must be lists")
    planned = []
    for each in scripts:
        if not isinstance(each, dict):
            raise ValueError('a script is an object such as {"fault": "lost_reply", "method": "POST", "nth": 3}')
        planned.append(Script(**each))
    intensity = asked.get("intensity", 0)
    if isinstance(intensity, bool) or not isinstance(intensity, int | float):
        raise ValueError("intensity must be a number between 0 and 1")
    chance = random.Random(str(asked.get("seed", 0)))  # noqa: S311 - luck of a simulation, not a secret
    kept = answering.faults.fired
    answering.faults = FaultSchedule(chance, intensity=intensity, kinds=[str(kind) for kind in kinds], scripts=planned)
    answering.faults.fired = kept
    return {"intensity": answering.faults.intensity, "kinds": list(answering.faults.kinds), "scripts": len(planned)}
