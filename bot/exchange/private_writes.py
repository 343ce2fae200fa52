"""What changes the account at Binance: orders, leverage, margin mode, transfers; each sent once."""

from contextlib import suppress
from decimal import Decimal

from bot.domain.account import MarginMode, Order, Side, Wallet
from bot.domain.errors import Forbidden, Refused, Unknown
from bot.exchange import strict
from bot.exchange import translate_account as translate
from bot.exchange.calls import AlreadySo
from bot.exchange.private_reads import order_told
from bot.exchange.reading import Reading
from bot.exchange.strict import Unreadable


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
    """An immediate-or-cancel limit order under our own client id."""
    _check_order(reading, amount, limit_price, client_id)
    market_id = reading.markets.market_id(symbol)
    params = {
        "symbol": market_id,
        "side": side.value.upper(),
        "type": "LIMIT",
        "timeInForce": "IOC",
        "quantity": strict.decimal_text(_quantity(reading, market_id, amount)),
        "price": strict.decimal_text(limit_price),
        "newClientOrderId": client_id,
        "newOrderRespType": "RESULT",
    }
    if reduce_only:
        params["reduceOnly"] = "true"
    try:
        reply = await reading.calls.write(reading.family.place, params, own_id=client_id)
    except AlreadySo as odd:
        raise _unsettled(reading, f"an order was answered with {odd}") from None
    try:
        placed = order_told(reading, reply)
    except Unreadable as problem:
        raise _unsettled(reading, f"the answer to an order cannot be read: {problem}") from None
    asked = (symbol, client_id, side, amount, reduce_only)
    if (placed.symbol, placed.client_id, placed.side, placed.amount, placed.reduce_only) != asked:
        raise _unsettled(reading, "the answer describes another order than the one sent")
    return placed


def _check_order(reading: Reading, amount: Decimal, limit_price: Decimal, client_id: str) -> None:
    if not amount.is_finite() or not limit_price.is_finite() or amount <= 0 or limit_price <= 0:
        raise Forbidden(f"an order of {amount} at {limit_price} is not an order; nothing was sent")
    if not reading.quirks.client_id_pattern.fullmatch(client_id):
        raise Forbidden(f"{reading.venue} would not take {client_id!r} as a client id; nothing was sent")


def _quantity(reading: Reading, market_id: str, amount: Decimal) -> Decimal:
    """What the venue counts: coins, or whole contracts of an inverse market."""
    size = reading.markets.size(market_id)
    if reading.family.inverse and amount % size != 0:
        raise Forbidden(f"{amount} is no whole number of contracts of {size} each; nothing was sent")
    return amount / size


async def cancel_order(reading: Reading, symbol: str, client_id: str) -> None:
    """Cancel one of our orders; what became of it is told by the order, not by this answer."""
    params = {"symbol": reading.markets.market_id(symbol), "origClientOrderId": client_id}
    reply = await reading.calls.write(reading.family.cancel, params)
    if not isinstance(reply, dict) or reply.get("clientOrderId") != client_id:
        raise _unsettled(reading, "the answer describes another order than the one to cancel")


async def set_leverage(reading: Reading, symbol: str, leverage: int) -> None:
    """Set the initial-margin leverage."""
    market_id = reading.markets.market_id(symbol)
    with suppress(AlreadySo):
        reply = await reading.calls.write(reading.family.leverage, {"symbol": market_id, "leverage": leverage})
        if str(reply.get("leverage")) != str(leverage) or reply.get("symbol") != market_id:
            raise _unsettled(reading, "the answer names another leverage than the one asked for")


async def set_margin_mode(reading: Reading, symbol: str, margin_mode: MarginMode) -> None:
    """Set cross or isolated."""
    word = "CROSSED" if margin_mode is MarginMode.CROSS else "ISOLATED"
    params = {"symbol": reading.markets.market_id(symbol), "marginType": word}
    with suppress(AlreadySo):
        await reading.calls.write(reading.family.margin_mode, params)


async def transfer(reading: Reading, *, currency: str, amount: Decimal, source: Wallet, target: Wallet) -> str:
    """Move collateral between two wallets and return the venue's id of the movement."""
    if not reading.has_wallet_api:
        raise Refused(
            f"{reading.venue} demo cannot move money between wallets by API, so nothing was moved. Top up the demo's "
            "futures wallet on its web page, or rehearse transfers on the local testnet.",
            code="demo",
        )
    word = translate.transfer_type(source, target)
    if word not in translate.transfer_types(reading.family.wallet) or not amount.is_finite() or amount <= 0:
        raise Forbidden(f"a transfer of {amount} {currency} from {source} to {target} is none; nothing was sent")
    params = {"type": word, "asset": currency, "amount": strict.decimal_text(amount)}
    try:
        reply = await reading.calls.write("sapiPostAssetTransfer", params)
        return strict.text(strict.row(reply), "tranId")
    except (AlreadySo, Unreadable):
        raise _unsettled(reading, "the answer to a transfer cannot be read") from None


def _unsettled(reading: Reading, what: str) -> Unknown:
    return Unknown(
        f"{reading.venue}: {what}. It may have been carried out; it will be looked up before anything else is planned."
    )
