"""What any venue tells the owner of a key, asked through ccxt's unified calls and led by the venue's table."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.domain.account import (
    Balance,
    Fill,
    ForcedClosure,
    IncomeEntry,
    KeyRights,
    MarginAccount,
    MarginMode,
    Order,
    Position,
    PositionMode,
    SymbolSettings,
    Transfer,
    Wallet,
)
from bot.domain.errors import Unavailable
from bot.exchange import strict, unified_brackets, unified_lookup
from bot.exchange import translate_unified_account as translate
from bot.exchange.calls import SaidNo
from bot.exchange.reading import Reading
from bot.exchange.speech import Ask, Params
from bot.exchange.strict import Row, Unreadable
from bot.exchange.translate_unified import found_at
from bot.exchange.unified_fills import PAGES_MAX, paged_fills
from bot.exchange.unified_public import marks, speech_of, understood
from bot.exchange.windows import whole

order_by_client_id, order_of = unified_lookup.order_by_client_id, unified_lookup.order_of
named_orders, brackets = unified_lookup.named_orders, unified_brackets.brackets
KEYS_UNKNOWN: Final = KeyRights(read=None, trade_futures=None, transfer=None, withdraw=None, ip_restricted=None)


async def balances(reading: Reading) -> tuple[Balance, ...]:
    """Spot and funding wallets. Where one wallet serves spot and futures, its collateral is counted as collateral."""
    speech = speech_of(reading)
    if reading.demo and not speech.demo_has_spot:
        return ()
    wallets = [(Wallet.SPOT, speech.balances)]
    if speech.funding_wallet is not None and reading.has_wallet_api:
        wallets.append((Wallet.FUNDING, speech.funding_wallet))
    replies = await asyncio.gather(*(_in_wallet(reading, wallet, ask) for wallet, ask in wallets))
    found: list[Balance] = []
    for (wallet, _), reply in zip(wallets, replies, strict=True):
        collateral = speech.one_wallet and wallet is Wallet.SPOT and reading.holds_shorts
        without = reading.settles if collateral else frozenset[str]()
        what = f"{wallet.value} balance"
        found += understood(reading, what, translate.balances, reading.venue, wallet, reply, without)
    if reading.family.inverse and speech.one_wallet and reading.holds_shorts:
        found += translate.coins_owned(await margin_accounts(reading))
    return understood(reading, "what lies in spot and funding wallet", translate.told_once, found)


async def _in_wallet(reading: Reading, wallet: Wallet, ask: Ask) -> object:
    try:
        return await reading.calls.read_shared(ask.call, {"params": ask.params})
    except SaidNo as no:
        if wallet is not Wallet.FUNDING or no.code not in reading.quirks.codes.permission:
            raise
    raise Unavailable(
        f"{reading.venue} does not show the funding wallet to this API key, so what lies there is not known. Nothing "
        "was changed. Give the key the right to move money inside the account (never the right to withdraw)."
    )


async def margin_accounts(reading: Reading) -> tuple[MarginAccount, ...]:
    """Collateral by currency."""
    table = speech_of(reading).collateral
    reply = await reading.calls.read_shared(table.ask.call, {"params": table.ask.params})
    found = understood(reading, "collateral", translate.margin_accounts, reading.venue, reply, table)
    if reading.demo and speech_of(reading).demo_settle is not None:
        # play money of another name stands for the currency the contracts are settled in
        played = [row for row in found if row.currency == speech_of(reading).demo_settle]
        found = tuple(replace(row, currency=reading.settle) for row in played)
    if not speech_of(reading).one_wallet:
        return found
    return tuple(row for row in found if row.currency in reading.settles)


async def positions(reading: Reading, symbols: Iterable[str]) -> tuple[Position, ...]:
    """Every open position; "none" only when the account's own collateral says so too, or tells nothing twice."""
    del symbols  # the account answers with all of them
    found = await _open_positions(reading)
    if found or await _flat(reading):
        return found
    again = await _open_positions(reading)
    if not again:
        await _flat(reading)
    return again


async def _open_positions(reading: Reading) -> tuple[Position, ...]:
    table = speech_of(reading).positions
    asked = asyncio.gather(*(reading.calls.read_shared(table.ask.call, row) for row in _settles(reading)))
    replies, accounts = await asyncio.gather(asked, _witness(reading))
    rows = [row for reply in replies for row in understood(reading, "positions", translate.position_rows, reply)]
    open_rows = [row for row in rows if row["contracts"] not in (0, 0.0, "0")]
    prices = {}
    if table.mark is None and open_rows:
        held = [str(row.get("symbol")) for row in open_rows]
        prices = {mark.symbol: mark.mark_price for mark in await marks(reading, held)}
    mode = await _mode_of(reading, open_rows)
    found = understood(reading, "positions", _positions, reading, open_rows, prices, mode)
    understood(reading, "positions", translate.believed, found, accounts)
    return found


async def _witness(reading: Reading) -> tuple[MarginAccount, ...]:
    """The collateral that tells what is won or lost, where the positions do not."""
    return () if speech_of(reading).positions.tells_profit else await margin_accounts(reading)


def _settles(reading: Reading) -> list[dict[str, object]]:
    table = speech_of(reading).positions
    if reading.family.inverse or not table.by_settle:
        return [{"params": {**table.ask.params, **_which(reading)}}]
    return [{"params": {**table.ask.params, "settleCoin": reading.settle}}]


def _which(reading: Reading) -> Params:
    """What asks about all inverse contracts instead of the linear ones."""
    return (speech_of(reading).inverse or {}) if reading.family.inverse else {}


async def _mode_of(reading: Reading, rows: Sequence[Row]) -> MarginMode:
    """The margin mode of rows that tell none."""
    speech = speech_of(reading)
    if not rows or not speech.positions.mode_of_account:
        return reading.margin_mode
    ask = speech.leverage.mode
    reply = await reading.calls.read_shared(ask.call, {"symbol": strict.text(rows[0], "symbol"), "params": ask.params})
    return understood(reading, "margin mode", translate.margin_mode, reply, speech.leverage)


def _positions(
    reading: Reading, rows: Iterable[Row], prices: dict[str, Decimal], usual_mode: MarginMode
) -> tuple[Position, ...]:
    table = speech_of(reading).positions
    found = []
    for row in rows:
        symbol = strict.text(row, "symbol")
        read = translate.position(
            reading.venue,
            row,
            table,
            reading.markets.unit(symbol),
            prices.get(symbol),
            inverse=reading.markets.inverse(symbol),
            usual_mode=usual_mode,
        )
        if read is not None:
            found.append(read)
    both = {row.symbol for row in found if row.amount > 0} & {row.symbol for row in found if row.amount < 0}
    if both:
        raise Unreadable(
            f"{', '.join(sorted(both))}: a long and a short at once, while Ballast needs one position per contract; "
            "close the long on the exchange's page"
        )
    return strict.unique(found, lambda row: row.symbol)


async def _flat(reading: Reading) -> bool:
    """Whether collateral bears witness that nothing is open: an empty list is believed only where nothing is bound.

    False where no collateral is told either. Raises: Unavailable when some is bound, or a profit is open.
    """
    accounts = await margin_accounts(reading)
    for account in accounts:
        if account.initial > 0 and not await _bound_by_orders(reading):
            raise Unavailable(
                f"{reading.venue} listed no position while {account.initial} {account.currency} are bound to one. The "
                "list is not believed, nothing was changed; the next cycle asks again."
            )
        if account.unrealised_pnl != 0:
            raise Unavailable(
                f"{reading.venue} listed no position while a profit or loss of {account.unrealised_pnl} "
                f"{account.currency} is open. The list is not believed; the next cycle asks again."
            )
    return bool(accounts)


async def _bound_by_orders(reading: Reading) -> bool:
    return bool(await open_orders(reading, ()))


async def settings(reading: Reading, symbols: Iterable[str]) -> tuple[SymbolSettings, ...]:
    """Leverage and margin mode now set."""
    table = speech_of(reading).leverage

    async def one(symbol: str) -> SymbolSettings:
        calls = [(table.read.call, {"symbol": symbol, "params": table.read.params})]
        if table.mode.call != table.read.call:
            calls.append((table.mode.call, {"symbol": symbol, "params": table.mode.params}))
        replies = await asyncio.gather(*(reading.calls.read_shared(*call) for call in calls))
        what = f"settings of {symbol}"
        leverage, mode = (
            understood(reading, what, translate.about, row, symbol, reading.markets.market_id(symbol))
            for row in (replies[0], replies[-1])
        )
        return understood(reading, what, translate.symbol_settings, reading.venue, symbol, leverage, mode, table)

    return tuple(await asyncio.gather(*(one(symbol) for symbol in dict.fromkeys(symbols))))


async def position_mode(reading: Reading) -> PositionMode:
    """One-way or hedge mode; a venue that does not tell shows it by its positions, which are checked one by one."""
    speech = speech_of(reading)
    way = speech.position_mode
    if way is None:
        return PositionMode.ONE_WAY
    symbol = reading.markets.any_symbol(inverse=reading.family.inverse)
    reply = await reading.calls.read(way.call, translate.filled_in(way.params, reading.facts(symbol, "")))
    word = str(found_at(reply, way.rows)).lower()
    return understood(reading, "position mode", speech.position_modes.__getitem__, word)


async def forced_closures(reading: Reading, since: datetime) -> tuple[ForcedClosure, ...]:
    """No list of them is read here: what happened is found by elimination."""
    del since
    raise Unavailable(f"what {reading.venue} closed by itself is not asked for here")


async def open_orders(reading: Reading, symbols: Iterable[str]) -> tuple[Order, ...]:
    """Every resting futures order, whoever placed it."""
    table = speech_of(reading).orders
    ask = table.open_orders
    asked: list[dict[str, object]] = [{"symbol": None, "params": ask.params}]
    if ask.each:
        asked = [{"symbol": symbol, "params": ask.params} for symbol in dict.fromkeys(symbols)]
    elif reading.family.inverse:
        # ccxt would name USDT, in which none of them is settled; nothing rests where no such coin lies
        coins = [row.currency for row in await margin_accounts(reading)]
        asked = [{"symbol": None, "params": {**ask.params, **_which(reading), "settleCoin": coin}} for coin in coins]
    replies = await asyncio.gather(*(reading.calls.read_shared(ask.call, row) for row in asked))
    rows = [row for reply in replies for row in understood(reading, "open orders", strict.rows, reply)]
    return tuple(understood(reading, "open orders", order_of, reading, row) for row in rows)


async def fills(reading: Reading, symbol: str, since: datetime) -> tuple[Fill, ...]:
    """Our trades in one symbol, complete."""
    table = speech_of(reading).orders
    if table.fill_pages is not None:
        return await paged_fills(reading, table.fill_pages, symbol, since)
    unit = reading.markets.unit(symbol) if table.fill_counts is None else Decimal(1)

    async def page(first_ms: int, last_ms: int) -> list[Fill]:
        asked = {"symbol": symbol, "since": first_ms, "limit": table.fills_page}
        asked["params"] = {**table.fills.params, table.fills_until: last_ms}
        rows = understood(reading, "list of trades", strict.rows, await reading.calls.read(table.fills.call, asked))
        for row in rows:
            understood(reading, "list of trades", translate.check_market, row, reading.markets.market_id(symbol))
        return [understood(reading, "trade", translate.fill, reading.venue, row, table, unit) for row in rows]

    until, window = reading.now() + timedelta(seconds=1), timedelta(days=table.fills_window_d)
    found = await whole(page, since, until, window=window, rows_max=table.fills_page)
    return translate.distinct([row for row in found if row.at >= since and row.symbol == symbol])


async def income(reading: Reading, since: datetime) -> tuple[IncomeEntry, ...]:
    """Funding paid and received since then; other bookings only where the venue lists them."""
    speech = speech_of(reading)
    ask = speech.income
    if ask is None:
        raise Unavailable(f"{reading.venue} lists no bookings through its API, so none are shown. Nothing was changed.")

    async def page(first_ms: int, last_ms: int | None) -> list[IncomeEntry]:
        until = {} if last_ms is None else {"until": last_ms}
        params = {**ask.params, **_which(reading), **until}
        asked = {"symbol": None, "since": first_ms, "limit": None, "params": params}
        rows = understood(reading, "list of bookings", strict.rows, await reading.calls.read(ask.call, asked))
        return [understood(reading, "booking", _funding_entry, reading, row) for row in rows]

    if speech.income_pages is not None:
        booked = await _paged_income(reading, ask, speech.income_pages, since)
    elif speech.income_window_d is None:
        booked = await page(strict.milliseconds(since), None)
    else:
        until, window = reading.now() + timedelta(seconds=1), timedelta(days=speech.income_window_d)
        booked = await whole(page, since, until, window=window, rows_max=speech.income_page)
    distinct = {row.entry_id: row for row in booked if row.at >= since}
    return tuple(sorted(distinct.values(), key=lambda row: (row.at, row.entry_id)))


async def _paged_income(reading: Reading, ask: Ask, page_word: str, since: datetime) -> list[IncomeEntry]:
    """Page after page of a list that is newest first, until one is older than asked for or is not full."""
    found: list[IncomeEntry] = []
    for number in range(1, PAGES_MAX + 1):
        asked = {"symbol": None, "since": None, "limit": None, "params": {**ask.params, page_word: number}}
        rows = understood(reading, "list of bookings", strict.rows, await reading.calls.read(ask.call, asked))
        page = [understood(reading, "booking", _funding_entry, reading, row) for row in rows]
        found += page
        if len(page) < speech_of(reading).income_page or min(row.at for row in page) < since:
            return found
    raise Unavailable(f"{reading.venue} lists more bookings than can be read; the list is incomplete and not used.")


def _funding_entry(reading: Reading, row: Row) -> IncomeEntry:
    at = strict.moment(row, "timestamp")
    ask = speech_of(reading).income
    market = None if ask is None or "market" not in ask.paths else found_at(row, ask.paths["market"])
    symbol = strict.text(row, "symbol") if market is None else reading.markets.symbol(str(market))
    return IncomeEntry(
        venue=reading.venue,
        symbol=symbol,
        kind="funding",
        amount=strict.number(row, "amount") * speech_of(reading).funding_sign,
        # ccxt names the quote currency where an inverse contract paid in its coin
        currency=symbol.rpartition(":")[2] if reading.family.inverse else str(row.get("code") or reading.settle),
        at=at,
        entry_id=f"funding:{symbol}:{row.get('id') or strict.milliseconds(at)}",
    )


async def transfers(reading: Reading, since: datetime) -> tuple[Transfer, ...]:
    """Movements between the wallets of the account."""
    movement = speech_of(reading).movement
    if movement is None or not movement.listed:
        raise Unavailable(f"{reading.venue} keeps no list of transfers that can be read. Nothing was changed.")
    words = {word: wallet for wallet, word in movement.wallets.items()}
    found = []
    for ask in movement.listed:
        asked = {"code": reading.settle, "since": strict.milliseconds(since), "limit": 100, "params": ask.params}
        rows = understood(reading, "transfers", strict.rows, await reading.calls.read(ask.call, asked))
        found += [understood(reading, "transfer", _transfer, reading, row, words) for row in rows]
    return tuple(sorted(found, key=lambda row: (row.at, row.transfer_id)))


def _transfer(reading: Reading, row: Row, words: dict[str, Wallet]) -> Transfer:
    status = str(row.get("status"))
    return Transfer(
        venue=reading.venue,
        transfer_id=strict.text(row, "id"),
        currency=strict.text(row, "currency"),
        amount=strict.positive(row, "amount"),
        source=strict.one_of(row, "fromAccount", words),
        target=strict.one_of(row, "toAccount", words),
        at=strict.moment(row, "timestamp"),
        done=status in ("ok", "None"),
    )


async def key_rights(reading: Reading) -> KeyRights:
    """What the key may do, as far as the venue tells."""
    rights = speech_of(reading).rights
    if rights is None or not reading.has_wallet_api:
        return KEYS_UNKNOWN
    call, translation = rights
    params = translate.filled_in(speech_of(reading).rights_params, {"api_key": reading.api_key})
    reply = await reading.calls.read(call, params)
    return understood(reading, "rights of the key", translation, reply)
