"""Binance's futures account: balances, positions, brackets, leverage, margin mode, position mode.

What USD-M and coin-margined futures have in common, and the pages of USD-M; the other pages are in `binance_coin`.
"""

from decimal import Decimal

from bot.sim.contract import worth
from bot.sim.margin import notional_cap
from bot.sim.model import WALLET_OF, Listing, Rejected, SimPosition
from bot.sim.wire.binance_call import Call, Json, Row
from bot.sim.wire.binance_errors import VenueError, mandatory_missing
from bot.sim.wire.numbers import milliseconds, plain, text

_ZERO = Decimal(0)


def currencies(call: Call) -> list[str]:
    """What is or could be in the wallet of this market."""
    settled = {listing.settle for listing in call.listings()}
    return sorted(settled | set(call.engine.wallet(call.account, WALLET_OF[call.market])))


def _touched(call: Call, currency: str) -> bool:
    """Assets never used have updateTime 0 on the real exchange, and the usual client drops them."""
    return currency in call.engine.wallet(call.account, WALLET_OF[call.market])


def asset_row(call: Call, currency: str) -> Row:
    """One currency of the account page."""
    state = call.engine.margin(call.account, currency, call.market)
    return {
        "asset": currency,
        "walletBalance": text(state.wallet),
        "unrealizedProfit": text(state.unrealised_pnl),
        "marginBalance": text(state.wallet + state.unrealised_pnl),
        "maintMargin": text(state.maintenance),
        "initialMargin": text(state.initial + state.order_initial),
        "positionInitialMargin": text(state.initial),
        "openOrderInitialMargin": text(state.order_initial),
        "crossWalletBalance": text(state.cross_wallet),
        "crossUnPnl": text(state.cross_unrealised_pnl),
        "availableBalance": text(state.available),
        "maxWithdrawAmount": text(state.withdrawable),
        "updateTime": call.now_ms if _touched(call, currency) else 0,
    }


def _totals(rows: list[Row]) -> Row:
    """Sums over the dollar-like assets, as the account page shows them in single-asset mode."""
    names = {
        "totalInitialMargin": "initialMargin",
        "totalMaintMargin": "maintMargin",
        "totalWalletBalance": "walletBalance",
        "totalUnrealizedProfit": "unrealizedProfit",
        "totalMarginBalance": "marginBalance",
        "totalPositionInitialMargin": "positionInitialMargin",
        "totalOpenOrderInitialMargin": "openOrderInitialMargin",
        "totalCrossWalletBalance": "crossWalletBalance",
        "totalCrossUnPnl": "crossUnPnl",
        "availableBalance": "availableBalance",
        "maxWithdrawAmount": "maxWithdrawAmount",
    }
    return {total: text(sum((Decimal(str(row[name])) for row in rows), _ZERO)) for total, name in names.items()}


def account_v3(call: Call) -> Json:
    """GET fapi/v3/account: only symbols with a position or an order."""
    rows = [asset_row(call, currency) for currency in currencies(call)]
    positions = [_account_position(call, position) for position in _shown_positions(call)]
    return {**_totals(rows), "assets": rows, "positions": positions}


def account_v2(call: Call) -> Json:
    """GET fapi/v2/account: every symbol, with leverage and margin mode."""
    rows = [asset_row(call, currency) | {"marginAvailable": True} for currency in currencies(call)]
    held = {position.symbol: position for position in call.engine.positions(call.account, call.market)}
    positions: list[Row] = []
    for listing in call.listings():
        position = held.get(listing.symbol) or flat(call, listing)
        setup = call.engine.setup(call.account, listing.symbol)
        positions.append(
            _account_position(call, position)
            | {
                "leverage": str(setup.leverage),
                "isolated": setup.isolated,
                "entryPrice": plain(position.entry_price),
                "breakEvenPrice": plain(position.entry_price),
                "maxNotional": plain(notional_cap(listing.tiers, setup.leverage)),
                "bidNotional": "0",
                "askNotional": "0",
            }
        )
    fixed: Row = {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "feeBurn": True,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }
    return {**fixed, **_totals(rows), "assets": rows, "positions": positions}


def balance(call: Call) -> Json:
    """GET fapi/v2/balance and v3/balance."""
    rows: list[Row] = []
    for currency in currencies(call):
        state = call.engine.margin(call.account, currency, call.market)
        rows.append(
            {
                "accountAlias": "SgsR",
                "asset": currency,
                "balance": text(state.wallet),
                "crossWalletBalance": text(state.cross_wallet),
                "crossUnPnl": text(state.cross_unrealised_pnl),
                "availableBalance": text(state.available),
                "maxWithdrawAmount": text(state.withdrawable),
                "marginAvailable": True,
                "updateTime": call.now_ms if _touched(call, currency) else 0,
            }
        )
    return rows


def flat(call: Call, listing: Listing) -> SimPosition:
    """No position, in the shape of one."""
    return SimPosition(
        symbol=listing.symbol, amount=_ZERO, entry_price=_ZERO, isolated_wallet=_ZERO, updated_at=call.now
    )


def _shown_positions(call: Call) -> list[SimPosition]:
    """Positions, and flat rows for symbols that only have resting orders."""
    held = {
        position.symbol: position for position in call.engine.positions(call.account, call.market) if position.amount
    }
    for order in call.engine.open_orders(call.account, call.market):
        held.setdefault(order.symbol, flat(call, call.listing_of(order.symbol)))
    return list(held.values())


def valued(call: Call, position: SimPosition) -> tuple[Decimal, Decimal, Decimal]:
    """Mark price, signed notional and unrealised profit in settlement currency."""
    mark = call.engine.quote(call.market, position.symbol).mark
    notional = worth(call.listing_of(position.symbol), position.amount, mark)
    return mark, notional, call.engine.unrealised_pnl(call.account, position.symbol)


def margins(call: Call, symbol: str) -> Row:
    """The margin fields that the third version of both position pages shares."""
    own = call.engine.position_initial(call.account, symbol)
    orders = call.engine.order_initial(call.account, symbol)
    return {
        "initialMargin": text(own + orders),
        "positionInitialMargin": text(own),
        "openOrderInitialMargin": text(orders),
        "maintMargin": text(call.engine.position_maintenance(call.account, symbol)),
    }


def _account_position(call: Call, position: SimPosition) -> Row:
    _, notional, profit = valued(call, position)
    isolated = call.engine.setup(call.account, position.symbol).isolated and bool(position.amount)
    return {
        "symbol": position.symbol,
        "positionSide": "BOTH",
        "positionAmt": plain(position.amount),
        "unrealizedProfit": text(profit),
        "isolatedMargin": text(position.isolated_wallet + profit if isolated else _ZERO),
        "notional": text(notional),
        "isolatedWallet": text(position.isolated_wallet if isolated else _ZERO),
        **margins(call, position.symbol),
        "updateTime": milliseconds(position.updated_at) if position.amount else 0,
    }


def positions_v3(call: Call) -> Json:
    """GET fapi/v3/positionRisk: only symbols with a position or an order; no leverage, no margin mode."""
    wanted = call.optional_listing()
    return [
        risk_row(call, position)
        | {
            "marginAsset": call.listing_of(position.symbol).quote,
            **margins(call, position.symbol),
            "adl": 2,
            "bidNotional": "0",
            "askNotional": "0",
        }
        for position in _shown_positions(call)
        if wanted is None or wanted.symbol == position.symbol
    ]


def positions_v2(call: Call) -> Json:
    """GET fapi/v2/positionRisk: every symbol, with leverage and margin mode."""
    wanted = call.optional_listing()
    held = {position.symbol: position for position in call.engine.positions(call.account, call.market)}
    rows: list[Row] = []
    for listing in [wanted] if wanted else call.listings():
        position = held.get(listing.symbol) or flat(call, listing)
        setup = call.engine.setup(call.account, listing.symbol)
        rows.append(
            risk_row(call, position)
            | {
                "leverage": str(setup.leverage),
                "marginType": "isolated" if setup.isolated else "cross",
                "isAutoAddMargin": "false",
                "maxNotionalValue": plain(notional_cap(listing.tiers, setup.leverage)),
            }
        )
    return rows


def risk_row(call: Call, position: SimPosition) -> Row:
    """What every version of the position page tells."""
    mark, notional, profit = valued(call, position)
    isolated = call.engine.setup(call.account, position.symbol).isolated and bool(position.amount)
    liquidation = call.engine.liquidation_price(call.account, position.symbol) if position.amount else None
    return {
        "symbol": position.symbol,
        "positionSide": "BOTH",
        "positionAmt": plain(position.amount),
        "entryPrice": text(position.entry_price) if position.amount else "0.0",
        "breakEvenPrice": text(position.entry_price) if position.amount else "0.0",
        "markPrice": text(mark),
        "unRealizedProfit": text(profit),
        "liquidationPrice": text(liquidation) if liquidation is not None else "0",
        "isolatedMargin": text(position.isolated_wallet + profit) if isolated else "0",
        "notional": text(notional) if position.amount else "0",
        "isolatedWallet": text(position.isolated_wallet) if isolated else "0",
        "updateTime": milliseconds(position.updated_at) if position.amount else 0,
    }


def brackets(call: Call) -> Json:
    """GET leverageBracket, one symbol or all."""
    wanted = call.optional_listing()
    return [_bracket_row(listing) for listing in ([wanted] if wanted else call.listings())]


def _bracket_row(listing: Listing) -> Row:
    rows: list[Row] = [
        {
            "bracket": number,
            "initialLeverage": tier.leverage_max,
            "notionalCap": int(tier.cap),
            "notionalFloor": int(tier.floor),
            "maintMarginRatio": float(tier.maintenance_rate),
            "cum": float(tier.deduction),
        }
        for number, tier in enumerate(listing.tiers, start=1)
    ]
    return {"symbol": listing.symbol, "notionalCoef": 1.0, "brackets": rows}


def symbol_settings(call: Call) -> Json:
    """GET symbolConfig: margin mode and leverage, one symbol or all."""
    wanted = call.optional_listing()
    rows: list[Row] = []
    for listing in [wanted] if wanted else call.listings():
        setup = call.engine.setup(call.account, listing.symbol)
        rows.append(
            {
                "symbol": listing.symbol,
                "marginType": "ISOLATED" if setup.isolated else "CROSSED",
                "isAutoAddMargin": False,
                "leverage": setup.leverage,
                "maxNotionalValue": plain(notional_cap(listing.tiers, setup.leverage)),
            }
        )
    return rows


def set_leverage(call: Call) -> Json:
    """POST leverage; setting the same again is accepted."""
    listing, leverage = call.listing(), call.parameters.integer("leverage")
    most = max((tier.leverage_max for tier in listing.tiers), default=1)
    if not 1 <= leverage <= most:
        raise VenueError(-4028, f"Leverage {leverage} is not valid")
    try:
        call.engine.set_leverage(call.account, listing.symbol, leverage)
    except Rejected as refused:
        if refused.reason == "insufficient_margin":
            raise VenueError(-2028, "Leverage is smaller than permitted: insufficient margin balance") from None
        if refused.reason != "no_need_to_change":
            raise
    return {
        "symbol": listing.symbol,
        "leverage": leverage,
        "maxNotionalValue": plain(notional_cap(listing.tiers, leverage)),
    }


def set_margin_mode(call: Call) -> Json:
    """POST marginType; -4046 when it is so already, -4047 with open orders, -4048 with a position."""
    listing = call.listing()
    wanted = call.parameters.choice("marginType", ("ISOLATED", "CROSSED"), VenueError(-1128, "Invalid marginType."))
    try:
        call.engine.set_isolated(call.account, listing.symbol, wanted == "ISOLATED")
    except Rejected as refused:
        if refused.reason == "no_need_to_change":
            raise VenueError(-4046, "No need to change margin type.") from None
        if refused.reason == "margin_mode_position" and call.engine.open_orders(
            call.account, call.market, listing.symbol
        ):
            raise VenueError(-4047, "Margin type cannot be changed if there exists open orders.") from None
        raise
    return {"code": 200, "msg": "success"}


def position_mode(call: Call) -> Json:
    """GET positionSide/dual."""
    return {"dualSidePosition": call.engine.hedge_mode(call.account, call.market)}


def set_position_mode(call: Call) -> Json:
    """POST positionSide/dual; -4059 when it is so already, -4067 with open orders, -4068 with a position."""
    wanted = call.parameters.flag("dualSidePosition")
    if wanted is None:
        raise mandatory_missing("dualSidePosition")
    try:
        call.engine.set_hedge_mode(call.account, wanted, call.market)
    except Rejected as refused:
        if refused.reason == "no_need_to_change":
            raise VenueError(-4059, "No need to change position side.") from None
        if refused.reason == "position_mode_open" and call.engine.open_orders(call.account, call.market):
            raise VenueError(-4067, "Position side cannot be changed if there exists open orders.") from None
        raise
    return {"code": 200, "msg": "success"}


def assets_mode(_: Call) -> Json:
    """GET multiAssetsMargin: single-asset mode only."""
    return {"multiAssetsMargin": False}


def move_margin(call: Call) -> Json:
    """POST positionMargin: type 1 adds to, type 2 takes from an isolated position."""
    listing, amount = call.listing(), call.parameters.decimal("amount")
    direction = call.parameters.integer("type")
    if direction not in (1, 2):
        raise VenueError(-1130, "Data sent for parameter 'type' is not valid.")
    try:
        call.engine.add_isolated_margin(call.account, listing.symbol, amount if direction == 1 else -amount)
    except Rejected as refused:
        if refused.reason == "amount_not_positive":
            raise VenueError(-4055, "Amount must be positive.") from None
        if refused.reason in ("insufficient_balance", "insufficient_margin"):
            wallet = "Cross" if direction == 1 else "Isolated"
            raise VenueError(-4050 if direction == 1 else -4051, f"{wallet} balance insufficient.") from None
        raise
    return {"amount": float(amount), "code": 200, "msg": "Successfully modify position margin.", "type": direction}


def commission(call: Call) -> Json:
    """GET commissionRate of one symbol."""
    listing = call.listing()
    return {
        "symbol": listing.symbol,
        "makerCommissionRate": text(listing.maker_fee, 6),
        "takerCommissionRate": text(listing.taker_fee, 6),
    }
