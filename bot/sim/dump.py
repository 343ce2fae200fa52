"""The simulated exchange as plain JSON and back: amounts as strings, times as ISO texts, nothing lost but the ledger.

The ledger is the audit's own copy and grows without end; a dump keeps its length only, so that numbering goes on.
"""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from bot.sim.model import Listing, Quote, SimOrder, SimPosition, SimTrade, SymbolSetup
from bot.sim.state import AccountState, SimFunding, SimIncome, SimTransfer, State

VERSION = 1
T = TypeVar("T")


def dump_state(state: State) -> dict[str, Any]:
    """Write everything down."""
    return {
        "version": VERSION,
        "now": _plain(state.now),
        "unique_forever": state.unique_forever,
        "last_id": state.last_id,
        "ledger_length": state.ledger_before + len(state.ledger),
        "viewed": state.viewed is not None and state.viewed == state.view(),
        "listings": [
            {**_plain(item), "funding_next_at": _plain(state.funding_next_at.get(item.symbol, state.now))}
            for item in state.listings.values()
        ],
        "funding_interval_h": dict(state.funding_interval_h),
        "rate_announced": _plain(state.rate_announced),
        "funding_settled": [_plain(row) for rows in state.funding_settled.values() for row in rows],
        "quotes": [[market, symbol, _plain(quote)] for (market, symbol), quote in state.quotes.items()],
        "index_seen": [[symbol, *_plain(seen)] for symbol, seen in state.index_seen.items()],
        "delivered": _plain(state.delivered),
        "eaten": [[*key, _plain(notional), _plain(at)] for key, (notional, at) in state.eaten.items()],
        "cash": [[owner, wallet, _plain(held)] for (owner, wallet), held in state.cash.purses()],
        "accounts": [_account(account) for account in state.accounts.values()],
    }


def restore_state(dumped: Mapping[str, Any]) -> State:
    """Read it back.

    Raises: ValueError for another version and for anything that is not a dump.
    """
    if dumped.get("version") != VERSION:
        raise ValueError(f"version {dumped.get('version')!r} instead of {VERSION}")
    try:
        return _restored(dumped)
    except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise ValueError(f"damaged at {error}") from None


def _restored(dumped: Mapping[str, Any]) -> State:
    state = State((), _built(datetime, dumped["now"]), unique_forever=bool(dumped["unique_forever"]))
    state.last_id, state.ledger_before = int(dumped["last_id"]), int(dumped["ledger_length"])
    state.delivered = _built(dict[str, Decimal], dumped.get("delivered", {}))
    state.index_seen = {
        symbol: (_built(Decimal, total), _built(Decimal, seconds))
        for symbol, total, seconds in dumped.get("index_seen", [])
    }
    for row in dumped["listings"]:
        state.add_listing(_built(Listing, row), _built(datetime, row["funding_next_at"]))
    state.funding_interval_h.update(dumped["funding_interval_h"])
    state.rate_announced = _built(dict[str, Decimal], dumped["rate_announced"])
    for row in dumped["funding_settled"]:
        state.funding_settled[row["symbol"]].append(_built(SimFunding, row))
    state.quotes = {(market, symbol): _built(Quote, quote) for market, symbol, quote in dumped["quotes"]}
    state.eaten = {
        (market, symbol, side): (_built(Decimal, notional), _built(datetime, at))
        for market, symbol, side, notional, at in dumped["eaten"]
    }
    for owner, wallet, held in dumped["cash"]:
        for asset, amount in _built(dict[str, Decimal], held).items():
            state.cash.bring((owner, wallet), asset, amount)
    for row in dumped["accounts"]:
        state.accounts[row["name"]] = _restored_account(row)
    state.viewed = state.view() if dumped.get("viewed") else None
    return state


def _account(account: AccountState) -> dict[str, Any]:
    trades = sorted((row for rows in account.trades_of.values() for row in rows), key=lambda row: row.trade_id)
    return {
        "name": account.name,
        "hedge_mode": account.hedge_mode,
        "hedge_mode_inverse": account.hedge_mode_inverse,
        "positions": _plain(list(account.positions.values())),
        "setups": {symbol: _plain(setup) for symbol, setup in account.setups.items()},
        "orders": _plain(list(account.orders.values())),
        "trades": _plain(trades),
        "incomes": _plain(account.incomes),
        "transfers": _plain(account.transfers),
    }


def _restored_account(row: Mapping[str, Any]) -> AccountState:
    account = AccountState(
        row["name"],
        hedge_mode=bool(row["hedge_mode"]),
        hedge_mode_inverse=bool(row.get("hedge_mode_inverse", False)),
    )
    account.positions = {item["symbol"]: _built(SimPosition, item) for item in row["positions"]}
    account.setups = {symbol: _built(SymbolSetup, item) for symbol, item in row["setups"].items()}
    for item in row["orders"]:
        order = _built(SimOrder, item)
        account.orders[order.order_id] = order
        account.orders_of.setdefault((order.market, order.symbol), []).append(order)
        account.by_client_id[(order.market, order.symbol, order.client_id)] = order.order_id
        if order.open:
            account.open[order.order_id] = order
    for item in row["trades"]:
        trade = _built(SimTrade, item)
        account.trades_of.setdefault((trade.market, trade.symbol), []).append(trade)
    account.incomes = [_built(SimIncome, item) for item in row["incomes"]]
    account.transfers = [_built(SimTransfer, item) for item in row["transfers"]]
    return account


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value


def _built(kind: type[T], value: Any) -> T:
    """Build a value of a type from what `_plain` made of it."""
    built: T = _value(kind, value)
    return built


def _value(kind: Any, value: Any) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else _value(next(part for part in inner if part is not types.NoneType), value)
    if origin is tuple:
        parts = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(_value(part, item) for part, item in zip(parts, value, strict=True))
    if origin is dict:
        return {key: _value(inner[1], item) for key, item in value.items()}
    return _known(value, inner) if origin is Literal else _single(kind, value)


def _single(kind: Any, value: Any) -> Any:
    if is_dataclass(kind):
        build: Any = kind
        return build(**{name: _value(part, value[name]) for name, part in _hints(build).items() if name in value})
    return datetime.fromisoformat(value) if kind is datetime else kind(value)


def _known(value: Any, words: tuple[Any, ...]) -> Any:
    if value not in words:
        raise ValueError(f"{value!r} is none of {', '.join(map(str, words))}")
    return value


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}
