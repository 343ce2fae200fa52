"""Positions, leverage and position mode on Bybit.

Source: bybit-exchange.github.io/docs/v5/position: position info, set leverage, switch position mode. A symbol that is
asked for is always answered, flat or not; without a symbol only what is held. `positionValue` is at entry price.
"""

from decimal import Decimal

from bot.sim.model import Listing, Rejected, SimPosition
from bot.sim.wire.bybit_call import Call, Row, name_of, unit_of, value_of
from bot.sim.wire.bybit_errors import VenueError, bad_parameter
from bot.sim.wire.numbers import decimals, milliseconds, plain, text

_MODES = {0: False, 3: True}
_PRICE_MAX = Decimal(1999999)


def position_list(call: Call) -> Row:
    """GET /v5/position/list: by symbol, or by settlement coin."""
    if call.market == "spot":
        raise bad_parameter("category")
    wanted, coin = call.optional_listing(), call.parameters.optional("settleCoin")
    if wanted is None and coin is None and call.market == "linear":
        raise VenueError(10001, "params error: symbol and settleCoin cannot both be empty")
    held = {row.symbol: row for row in call.engine.positions(call.account, call.market)}
    if wanted is not None:
        rows = _rows_of(call, wanted, held.get(wanted.symbol))
    else:
        found = ((call.engine.contract(row.symbol), row) for row in held.values())
        rows = [_held_row(call, listing, row) for listing, row in found if coin in (None, listing.settle)]
    return call.page(rows, default=20, most=200)


def _rows_of(call: Call, listing: Listing, position: SimPosition | None) -> list[Row]:
    if call.engine.hedge_mode(call.account, call.market):
        return [_flat_row(call, listing, index) for index in (1, 2)]
    return [_flat_row(call, listing, 0) if position is None else _held_row(call, listing, position)]


def _flat_row(call: Call, listing: Listing, index: int) -> Row:
    setup = call.engine.setup(call.account, listing.symbol)
    return {
        "positionIdx": index,
        "riskId": 1,
        "riskLimitValue": plain(listing.tiers[0].cap) if listing.tiers else "0",
        "symbol": name_of(listing),
        "side": "",
        "size": "0",
        "avgPrice": "0",
        "positionValue": "",
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 0,
        "leverage": str(setup.leverage),
        "positionBalance": "0",
        "markPrice": text(call.engine.quote(listing.market, listing.symbol).mark),
        "liqPrice": "",
        "bustPrice": "",
        "positionMM": "0",
        "positionMMByMp": "0",
        "positionIM": "0",
        "positionIMByMp": "0",
        "tpslMode": "Full",
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "unrealisedPnl": "",
        "curRealisedPnl": "0",
        "cumRealisedPnl": "0",
        "sessionAvgPrice": "",
        "seq": call.now_ms,
        "isReduceOnly": False,
        "mmrSysUpdatedTime": "",
        "leverageSysUpdatedTime": "",
        "createdTime": "0",
        "updatedTime": str(call.now_ms),
    }


def _held_row(call: Call, listing: Listing, position: SimPosition) -> Row:
    account, symbol = call.account, listing.symbol
    initial = plain(call.engine.position_initial(account, symbol))
    maintenance = plain(call.engine.position_maintenance(account, symbol))
    liquidation = call.engine.liquidation_price(account, symbol)
    shown = liquidation is not None and listing.price_tick < liquidation < _PRICE_MAX
    since = str(milliseconds(position.updated_at))
    size = abs(position.amount)
    return _flat_row(call, listing, 0) | {
        "side": "Buy" if position.amount > 0 else "Sell",
        "size": plain(size * unit_of(listing)),
        "avgPrice": plain(position.entry_price),
        "positionValue": plain(value_of(listing, size, position.entry_price)),
        "adlRankIndicator": 2,
        "positionBalance": "",  # ccxt: deprecated, often empty on unified accounts
        "liqPrice": text(liquidation, decimals(listing.price_tick)) if shown and liquidation is not None else "",
        "positionMM": maintenance,
        "positionMMByMp": maintenance,
        "positionIM": initial,
        "positionIMByMp": initial,
        "unrealisedPnl": plain(call.engine.unrealised_pnl(account, symbol)),
        "createdTime": since,
        "updatedTime": since,
    }


def set_leverage(call: Call) -> Row:
    """POST /v5/position/set-leverage: both sides alike; 110043 when it is so already."""
    listing = call.listing()
    _check_trading_right(call)
    buy, sell = call.parameters.decimal("buyLeverage"), call.parameters.decimal("sellLeverage")
    if listing.market == "spot" or buy != sell or buy != buy.to_integral_value():
        raise bad_parameter("leverage")
    leverage = int(buy)
    if leverage == call.engine.setup(call.account, listing.symbol).leverage:
        raise VenueError(110043, "leverage not modified")
    most = max((tier.leverage_max for tier in listing.tiers), default=1)
    if not 1 <= leverage <= most:
        raise VenueError(110013, f"cannot set leverage [{leverage}] gt maxLeverage [{most}] by risk limit")
    try:
        call.engine.set_leverage(call.account, listing.symbol, leverage)
    except Rejected as refused:
        if refused.reason == "insufficient_margin":
            raise VenueError(110044, "Available margin is insufficient.") from None
        if refused.reason == "leverage_bracket":
            raise VenueError(110013, "Cannot set leverage due to risk limit level.") from None
        raise
    return {}


def switch_mode(call: Call) -> Row:
    """POST /v5/position/switch-mode: here for all contracts of the category, whatever symbol or coin is named."""
    _check_trading_right(call)
    mode = call.parameters.optional_integer("mode")
    if mode not in _MODES or call.market == "spot":
        raise bad_parameter("mode")
    if call.parameters.optional("coin") is None:
        call.listing()
    if call.engine.hedge_mode(call.account, call.market) == _MODES[mode]:
        raise VenueError(110025, "Position mode is not modified")
    if call.engine.open_orders(call.account, call.market):
        raise VenueError(110028, "You have existing open orders, so the position mode cannot be switched.")
    call.engine.set_hedge_mode(call.account, _MODES[mode], call.market)
    return {}


def _check_trading_right(call: Call) -> None:
    if not call.owner.may_trade_futures:
        raise VenueError(10005, "Permission denied, please check your API key permissions.")
