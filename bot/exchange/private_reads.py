"""What Binance tells the owner of a key: balances, collateral, positions, orders, bookings."""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final, TypeVar

from bot.domain.account import (
    Balance,
    Fill,
    ForcedClosure,
    ForcedKind,
    IncomeEntry,
    KeyRights,
    LeverageBracket,
    MarginAccount,
    NamedOrder,
    Order,
    Position,
    PositionMode,
    SymbolSettings,
    Transfer,
)
from bot.domain.errors import Unavailable
from bot.exchange import strict, translate_coin
from bot.exchange import translate_account as translate
from bot.exchange.calls import SaidNo, unreadable
from bot.exchange.reading import Reading
from bot.exchange.store import young
from bot.exchange.strict import Unreadable
from bot.exchange.windows import check_page

T = TypeVar("T")

BRACKETS_AGE_MAX: Final = timedelta(hours=24)
TRADES_WINDOW: Final = timedelta(days=7)  # docs: startTime to endTime at most seven days
FORCED: Final = {
    "autoclose-": ForcedKind.LIQUIDATION,
    "adl_autoclose": ForcedKind.DELEVERAGING,
    "settlement_autoclose-": ForcedKind.SETTLEMENT,
}
INCOME_WINDOW: Final = timedelta(days=30)
PAGE: Final = 1000
NAMES: Final = 100  # orders of one symbol; whoever else trades here is among the newest
TRANSFER_PAGE: Final = 100
KEYS_UNKNOWN: Final = KeyRights(read=None, trade_futures=None, transfer=None, withdraw=None, ip_restricted=None)


def _read(reading: Reading, what: str, reply: object, translation: Callable[[Any], T]) -> T:
    try:
        return translation(reply)
    except Unreadable as problem:
        unreadable(reading.venue, what, problem)


async def balances(reading: Reading) -> tuple[Balance, ...]:
    """Spot wallet, the funding wallet where the venue offers it over this key's hosts, coins behind inverse futures."""
    spot, funding, coins = await asyncio.gather(_spot(reading), _funding_wallet(reading), _coin_wallet(reading))
    return spot + funding + coins


async def _coin_wallet(reading: Reading) -> tuple[Balance, ...]:
    if not reading.family.inverse:
        return ()
    reply = await reading.calls.read_shared(reading.family.account)
    return _read(reading, "coin wallet", reply, lambda body: translate_coin.balances(reading.venue, body))


async def _spot(reading: Reading) -> tuple[Balance, ...]:
    reply = await reading.calls.read("privateGetAccount", {"omitZeroBalances": "true"})
    return _read(reading, "spot balance", reply, lambda body: translate.spot_balances(reading.venue, body))


async def _funding_wallet(reading: Reading) -> tuple[Balance, ...]:
    if not reading.has_wallet_api:
        return ()
    found = await _funding_once(reading)
    if not found and not reading.funding_wallet_empty:
        # an empty list is believed only when it comes twice; it would shrink the hedge
        found = await _funding_once(reading)
    reading.funding_wallet_empty = not found
    return found


async def _funding_once(reading: Reading) -> tuple[Balance, ...]:
    reply = await reading.calls.read("sapiPostAssetGetFundingAsset")
    return _read(reading, "funding wallet", reply, lambda body: translate.funding_balances(reading.venue, body))


async def margin_accounts(reading: Reading) -> tuple[MarginAccount, ...]:
    """Collateral by currency."""
    reply = await reading.calls.read_shared(reading.family.account)
    accounts = translate_coin.margin_accounts if reading.family.inverse else translate.margin_accounts
    return _read(reading, "collateral", reply, lambda body: accounts(reading.venue, body))


async def positions(reading: Reading, symbols: Iterable[str]) -> tuple[Position, ...]:
    """Every open position; "none" only when the account's own margin says so too."""
    del symbols  # this venue answers with all of them in one small reply
    family, markets = reading.family, reading.markets

    def listed(body: object) -> tuple[Position, ...]:
        if family.inverse:
            return translate_coin.positions(reading.venue, body, markets.symbol, markets.size)
        return translate.positions(reading.venue, body, markets.symbol)

    # what COIN-M lists also tells leverage and margin mode, so that both questions share one request
    ask = reading.calls.read_shared if family.inverse else reading.calls.read
    found = _read(reading, "positions", await ask(family.positions), listed)
    if found:
        return found
    witness = await reading.calls.read_shared(family.account)
    flat = translate_coin.flat_by_account if family.inverse else translate.flat_by_account
    if not _read(reading, "collateral", witness, flat):
        raise Unavailable(
            f"{reading.venue} listed no position while margin is bound to one. The list is not believed, nothing was "
            "changed; the next cycle asks again."
        )
    return ()


async def settings(reading: Reading, symbols: Iterable[str]) -> tuple[SymbolSettings, ...]:
    """Leverage and margin mode now set."""

    async def one(symbol: str) -> SymbolSettings:
        market_id, what = reading.markets.market_id(symbol), f"settings of {symbol}"
        told = translate_coin.symbol_settings
        if reading.family.settings is None:
            reply = await reading.calls.read_shared(reading.family.positions)
        else:
            told = translate.symbol_settings
            reply = await reading.calls.read(reading.family.settings, {"symbol": market_id})
        return _read(reading, what, reply, lambda body: told(reading.venue, symbol, body, market_id))

    return tuple(await asyncio.gather(*(one(symbol) for symbol in dict.fromkeys(symbols))))


async def position_mode(reading: Reading) -> PositionMode:
    """One-way or hedge mode."""
    reply = await reading.calls.read(reading.family.position_mode)
    return _read(reading, "position mode", reply, translate.position_mode)


async def brackets(reading: Reading, symbols: Iterable[str]) -> dict[str, tuple[LeverageBracket, ...]]:
    """Maintenance tiers, asked for once a day."""
    wanted = list(dict.fromkeys(symbols))
    found = await asyncio.gather(*(_brackets_of(reading, symbol) for symbol in wanted))
    return dict(zip(wanted, found, strict=True))


async def _brackets_of(reading: Reading, symbol: str) -> tuple[LeverageBracket, ...]:
    now, market_id = reading.now(), reading.markets.market_id(symbol)
    known = reading.brackets.get(symbol)
    if known is not None and young(known[0], now, BRACKETS_AGE_MAX):
        return known[1]
    name = f"brackets_{market_id}"
    kept = reading.store.load(name, now=now, age_max=BRACKETS_AGE_MAX)
    reply = kept if kept is not None else await _bracket_reply(reading, market_id)
    tiers = translate_coin.brackets if reading.family.inverse else translate.brackets
    found = _read(reading, f"maintenance tiers of {symbol}", reply, lambda body: tiers(body, market_id))
    reading.brackets[symbol] = (now, found)
    if kept is None:
        reading.store.save(name, reply, now=now)
    return found


async def _bracket_reply(reading: Reading, market_id: str) -> object:
    return await reading.calls.read(reading.family.brackets, {"symbol": market_id})


async def open_orders(reading: Reading, symbols: Iterable[str]) -> tuple[Order, ...]:
    """Every resting futures order, whoever placed it."""
    del symbols  # this venue answers with all of them in one small reply
    markets = reading.markets

    def listed(body: object) -> tuple[Order, ...]:
        if reading.family.inverse:
            return translate_coin.orders(reading.venue, body, markets.symbol, markets.size)
        return translate.orders(reading.venue, body, markets.symbol)

    return _read(reading, "open orders", await reading.calls.read(reading.family.open_orders), listed)


async def order_by_client_id(reading: Reading, symbol: str, client_id: str) -> Order | None:
    """The order under our id; None only for the venue's own "no such order"."""
    params = {"symbol": reading.markets.market_id(symbol), "origClientOrderId": client_id}
    try:
        reply = await reading.calls.read(reading.family.order, params)
    except SaidNo as no:
        if no.code in reading.quirks.codes.order_absent:
            return None
        raise
    found = _read(reading, "order", reply, lambda body: order_told(reading, body))
    if found.client_id != client_id or found.symbol != symbol:
        raise Unavailable(f"{reading.venue} answered with another order than asked for; the next cycle asks again.")
    return found


async def named_orders(reading: Reading, symbol: str) -> tuple[NamedOrder, ...]:
    """Names and times of the newest orders in one symbol; docs: without a start the newest of the last seven days."""
    market_id = reading.markets.market_id(symbol)
    reply = await reading.calls.read(reading.family.past_orders, {"symbol": market_id, "limit": NAMES})
    return _read(
        reading,
        "past orders",
        reply,
        lambda body: tuple(
            NamedOrder(
                venue=reading.venue,
                symbol=symbol,
                client_id=strict.text(row, "clientOrderId"),
                at=strict.moment(row, "time"),
            )
            for row in strict.rows(body)
        ),
    )


def order_told(reading: Reading, body: object) -> Order:
    """An order in the words of this venue. Raises: Unreadable."""
    markets = reading.markets
    if reading.family.inverse:
        return translate_coin.order(reading.venue, body, markets.symbol, markets.size)
    return translate.order(reading.venue, body, markets.symbol)


async def fills(reading: Reading, symbol: str, since: datetime) -> tuple[Fill, ...]:
    """Our trades in one symbol, complete."""
    market_id = reading.markets.market_id(symbol)

    def listed(body: object) -> list[Fill]:
        if reading.family.inverse:
            return translate_coin.fills(reading.venue, symbol, body, market_id, reading.markets.size(market_id))
        return translate.fills(reading.venue, symbol, body, market_id)

    found = await _paged(
        reading,
        since,
        name=reading.family.trades,
        params={"symbol": market_id},
        window=TRADES_WINDOW,
        translation=lambda body: [(fill.at, fill.trade_id, fill) for fill in listed(body)],
    )
    return tuple(sorted(found, key=lambda fill: (fill.at, int(fill.trade_id))))


async def income(reading: Reading, since: datetime) -> tuple[IncomeEntry, ...]:
    """Bookings on the futures wallet, complete."""
    found = await _paged(
        reading,
        since,
        name=reading.family.income,
        params={},
        window=INCOME_WINDOW,
        translation=lambda body: [
            (entry.at, entry.entry_id, entry) for entry in translate.income(reading.venue, body, reading.markets.symbol)
        ],
    )
    return tuple(sorted(found, key=lambda entry: (entry.at, entry.entry_id)))


async def forced_closures(reading: Reading, since: datetime) -> tuple[ForcedClosure, ...]:
    """What Binance closed by itself, named by the client ids it gives such orders; the newest hundred."""
    name = "dapiPrivateGetForceOrders" if reading.family.inverse else "fapiPrivateGetForceOrders"
    reply = await reading.calls.read(name, {"startTime": strict.milliseconds(since), "limit": 100})
    told = _read(
        reading, "forced orders", reply, lambda body: tuple(order_told(reading, row) for row in strict.rows(body))
    )
    found = []
    for row in told:
        kind = next((kind for start, kind in FORCED.items() if (row.client_id or "").startswith(start)), None)
        if kind is not None and row.filled > 0:
            at = row.at or reading.now()
            found.append(ForcedClosure(venue=reading.venue, symbol=row.symbol, kind=kind, amount=row.filled, at=at))
    return tuple(found)


async def _paged(
    reading: Reading,
    since: datetime,
    *,
    name: str,
    params: Mapping[str, object],
    window: timedelta,
    translation: Callable[[Any], list[tuple[datetime, Hashable, T]]],
) -> list[T]:
    # a full page is continued from its last moment, asked again: rows of one millisecond may be split over pages
    found: dict[Hashable, T] = {}
    start, end = since, reading.now() + timedelta(seconds=1)
    for number in count(1):
        if start >= end:
            break
        check_page(number)
        stop = min(start + window, end)
        bounds = {"startTime": strict.milliseconds(start), "endTime": strict.milliseconds(stop), "limit": PAGE}
        reply = await reading.calls.read(name, {**params, **bounds})
        page = _read(reading, "list of bookings", reply, translation)
        found.update((identity, item) for _, identity, item in page)
        if len(page) < PAGE:
            start = stop
            continue
        newest = max(at for at, _, _ in page)
        if newest <= start:
            raise Unavailable(
                f"{reading.venue} has more rows in one millisecond than one answer holds, so the list is incomplete."
            )
        start = newest
    return list(found.values())


async def transfers(reading: Reading, since: datetime) -> tuple[Transfer, ...]:
    """Movements between the wallets of the account."""
    if not reading.has_wallet_api:
        raise Unavailable(
            f"{reading.venue} demo keeps no list of transfers. Nothing was changed; rehearse them on the local testnet."
        )
    words = translate.transfer_types(reading.family.wallet)
    listed = await asyncio.gather(*(_transfers_of(reading, word, since) for word in words))
    return tuple(sorted((item for page in listed for item in page), key=lambda item: (item.at, item.transfer_id)))


async def _transfers_of(reading: Reading, word: str, since: datetime) -> list[Transfer]:
    found: dict[str, Transfer] = {}
    for current in count(1):
        check_page(current)
        params = {
            "type": word,
            "startTime": strict.milliseconds(since),
            "current": current,
            "size": TRANSFER_PAGE,
        }
        reply = await reading.calls.read("sapiGetAssetTransfer", params)
        page = _read(reading, "transfers", reply, lambda body: translate.transfers(reading.venue, body))
        found.update((item.transfer_id, item) for item in page)
        total = _read(reading, "transfers", reply, lambda body: strict.not_negative(strict.row(body), "total"))
        if current * TRANSFER_PAGE >= total:
            break
    return list(found.values())


async def key_rights(reading: Reading) -> KeyRights:
    """What the key may do; the demo does not tell."""
    if not reading.has_wallet_api:
        return KEYS_UNKNOWN
    reply = await reading.calls.read("sapiGetAccountApiRestrictions")
    return _read(reading, "rights of the key", reply, translate.key_rights)
