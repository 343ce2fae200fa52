"""What changes the account at any venue, through ccxt's unified calls and led by the venue's table; each sent once."""

from contextlib import suppress
from decimal import Decimal

from bot.domain.account import MarginMode, Order, OrderStatus, Side, Wallet
from bot.domain.errors import Forbidden, Refused, Unknown
from bot.exchange import strict
from bot.exchange import translate_unified_account as translate
from bot.exchange.calls import AlreadySo
from bot.exchange.reading import Reading
from bot.exchange.strict import Unreadable
from bot.exchange.translate_unified import found_at
from bot.exchange.unified_account import settings
from bot.exchange.unified_public import speech_of


async def place_order(  # noqa: PLR0913 - the order, fact by fact, as in the port
    reading: Reading,
    *,
    symbol: str,
    side: Side,
    amount: Decimal,
    limit_price: Decimal,
    reduce_only: bool,
    client_id: str,
) -> Order:
    """An immediate-or-cancel limit order under our own client id; the acknowledgement alone says nothing of fills."""
    _check_order(reading, amount, limit_price, client_id)
    table = speech_of(reading).orders
    side_params = table.closing if reduce_only else table.opening
    mode = await _mode_of(reading, symbol)
    params = {
        "symbol": symbol,
        "type": "limit",
        "side": side.value,
        "amount": float(amount / reading.markets.unit(symbol)),
        "price": float(limit_price),
        "params": {**table.params, **mode, **side_params, table.client_id: client_id},
    }
    try:
        reply = await reading.calls.write("create_order", params, own_id=client_id)
    except AlreadySo as odd:
        raise _unsettled(reading, f"an order was answered with {odd}") from None
    try:
        return _acknowledged(reading, reply, symbol, side, amount, reduce_only=reduce_only, client_id=client_id)
    except Unreadable as problem:
        raise _unsettled(reading, f"the answer to an order cannot be read: {problem}") from None


async def _mode_of(reading: Reading, symbol: str) -> dict[str, object]:
    """What of margin mode and leverage travels with an order. Raises: Unavailable, and nothing was sent."""
    table = speech_of(reading).orders
    if reading.margin_mode is MarginMode.CROSS:
        return dict(table.cross)
    if table.isolated_leverage is None:
        return dict(table.isolated)
    (now,) = await settings(reading, (symbol,))
    return {**table.isolated, table.isolated_leverage: int(now.leverage)}


def _acknowledged(  # noqa: PLR0913 - what was sent, fact by fact
    reading: Reading, reply: object, symbol: str, side: Side, amount: Decimal, *, reduce_only: bool, client_id: str
) -> Order:
    """The order as far as the acknowledgement goes: taken, and open until a look tells more."""
    source = strict.row(reply)
    order_id = strict.text(source, "id")
    echo = speech_of(reading).orders.echo
    if echo is not None and found_at(source, echo) != client_id:
        raise Unreadable("the answer describes another order than the one sent")
    return Order(
        venue=reading.venue,
        symbol=symbol,
        order_id=order_id,
        client_id=client_id,
        side=side,
        amount=amount,
        filled=Decimal(0),
        average_price=None,
        status=OrderStatus.OPEN,
        reduce_only=reduce_only,
        at=None,
    )


def _check_order(reading: Reading, amount: Decimal, limit_price: Decimal, client_id: str) -> None:
    if not amount.is_finite() or not limit_price.is_finite() or amount <= 0 or limit_price <= 0:
        raise Forbidden(f"an order of {amount} at {limit_price} is not an order; nothing was sent")
    if not reading.quirks.client_id_pattern.fullmatch(client_id):
        raise Forbidden(f"{reading.venue} would not take {client_id!r} as a client id; nothing was sent")


async def cancel_order(reading: Reading, symbol: str, client_id: str) -> None:
    """Cancel one of our orders; what became of it is told by the order, not by this answer."""
    way = speech_of(reading).orders.cancel
    asked = translate.filled_in(way.params, reading.facts(symbol, client_id))
    await reading.calls.write(way.call, [asked] if way.listed else asked)


async def set_leverage(reading: Reading, symbol: str, leverage: int) -> None:
    """Set the initial-margin leverage, on every side the venue keeps apart."""
    await _set_both(reading, symbol, leverage, reading.margin_mode)


async def _set_both(reading: Reading, symbol: str, leverage: int, margin_mode: MarginMode) -> None:
    table = speech_of(reading).leverage
    mode = table.cross if margin_mode is MarginMode.CROSS else table.isolated
    for sided in table.set_leverage:
        with suppress(AlreadySo):
            await reading.calls.write(
                "set_leverage", {"leverage": leverage, "symbol": symbol, "params": {**sided, **mode}}
            )


async def set_margin_mode(reading: Reading, symbol: str, margin_mode: MarginMode) -> None:
    """Set cross or isolated."""
    table = speech_of(reading).leverage
    if table.set_mode is None:  # the mode is set together with the leverage, which stays as it is
        (now,) = await settings(reading, (symbol,))
        if now.margin_mode is not margin_mode:
            await _set_both(reading, symbol, int(now.leverage), margin_mode)
        return
    with suppress(AlreadySo):
        await reading.calls.write(
            "set_margin_mode",
            {"marginMode": margin_mode.value, "symbol": symbol, "params": table.set_mode},
        )


async def transfer(reading: Reading, *, currency: str, amount: Decimal, source: Wallet, target: Wallet) -> str:
    """Move collateral between two wallets and return the venue's id of the movement."""
    movement = speech_of(reading).movement
    if movement is None or not reading.has_wallet_api:
        raise Refused(
            f"{reading.venue} cannot move money between wallets by API here, so nothing was moved. Move it on the "
            "exchange's web page, or set transfers = false for this venue so that the short is sized to what is there.",
            code="no-transfer",
        )
    origin, goal = movement.wallets.get(source), movement.wallets.get(target)
    if origin is None or goal is None or origin == goal or not amount.is_finite() or amount <= 0:
        raise Forbidden(f"a transfer of {amount} {currency} from {source} to {target} is none; nothing was sent")
    exactly = {movement.amount: strict.decimal_text(amount)} if movement.amount else {}
    asked = {"code": currency, "amount": float(amount), "fromAccount": origin, "toAccount": goal, "params": exactly}
    try:
        reply = await reading.calls.write("transfer", asked)
        return strict.text(strict.row(reply), "id")
    except (AlreadySo, Unreadable):
        raise _unsettled(reading, "the answer to a transfer cannot be read") from None


def _unsettled(reading: Reading, what: str) -> Unknown:
    return Unknown(
        f"{reading.venue}: {what}. It may have been carried out; it will be looked up before anything else is planned."
    )
