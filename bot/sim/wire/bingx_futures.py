"""BingX's perpetual account: collateral, positions, tiers, leverage, margin mode, position mode."""

from decimal import ROUND_DOWN, Decimal

from bot.sim.contract import worth
from bot.sim.margin import MarginState, notional_cap
from bot.sim.model import Listing, Rejected, SimPosition
from bot.sim.wire.bingx_call import Call, Json, Row, name_of, venue_id
from bot.sim.wire.bingx_errors import VenueError, invalid
from bot.sim.wire.numbers import decimals, milliseconds, plain, text

_ZERO = Decimal(0)
_CENT_OF_CENT = Decimal("0.0001")
_CURRENCIES = ("USDT", "USDC")


def balance(call: Call) -> Json:
    """GET swap/v3/user/balance: one row for each currency that can be collateral, four decimals."""
    if call.play_money:
        return [{**_balance_row(call, "USDT"), "asset": "VST"}]
    return [_balance_row(call, currency) for currency in _CURRENCIES]


def _balance_row(call: Call, currency: str) -> Row:
    state = call.engine.margin(call.account, currency, call.market)
    return {
        "userId": "1000001",
        "asset": currency,
        "balance": text(state.wallet, 4),
        "equity": text(state.equity, 4),
        "unrealizedProfit": text(state.unrealised_pnl, 4),
        "realisedProfit": "0.0000",
        "availableMargin": text(_available(state), 4),
        "usedMargin": text(state.initial, 4),
        "freezedMargin": text(state.order_initial, 4),
        "shortUid": "1000001",
    }


def _available(state: MarginState) -> Decimal:
    """What the wallet holds beyond what is bound; an open profit is not part of it, an open loss is."""
    return state.withdrawable.quantize(_CENT_OF_CENT, ROUND_DOWN)


def positions(call: Call) -> Json:
    """GET user/positions: open ones only, one symbol or all."""
    wanted = call.optional_listing()
    return [
        _position_row(call, held)
        for held in call.engine.positions(call.account, call.market)
        if held.amount and (wanted is None or wanted.symbol == held.symbol)
    ]


def _position_row(call: Call, held: SimPosition) -> Row:
    """The side is told by a word and the amount is positive, in one-way mode too, as recorded."""
    listing = call.engine.contract(held.symbol)
    setup, mark = call.engine.setup(call.account, held.symbol), call.engine.mark(held.symbol)
    profit = call.engine.unrealised_pnl(call.account, held.symbol)
    value = abs(worth(listing, held.amount, mark))
    bound = abs(worth(listing, held.amount, held.entry_price)) / setup.leverage
    liquidation = call.engine.liquidation_price(call.account, held.symbol)
    maintenance = call.engine.position_maintenance(call.account, held.symbol)
    equity = call.engine.margin(call.account, listing.settle, call.market).equity
    places, size = decimals(listing.price_tick), text(abs(held.amount), decimals(listing.amount_step))
    collateral = held.isolated_wallet if setup.isolated else bound
    return {
        "positionId": str(venue_id(milliseconds(held.updated_at))),
        "symbol": name_of(listing),
        "currency": listing.settle,
        "positionAmt": size,
        "availableAmt": size,
        "positionSide": "LONG" if held.amount > 0 else "SHORT",
        "isolated": setup.isolated,
        "avgPrice": text(held.entry_price, places),
        "initialMargin": text(bound, 4),
        "margin": text(collateral + profit, 4),
        "leverage": setup.leverage,
        "unrealizedProfit": text(profit, 4),
        "realisedProfit": "0.0000",
        "liquidationPrice": float(round(liquidation, places)) if liquidation is not None else 0,
        "pnlRatio": text(profit / bound if bound else _ZERO, 4),
        "maxMarginReduction": "0.0000",
        "riskRate": text(maintenance / equity if equity > 0 else Decimal(1), 4),
        "markPrice": text(mark, places),
        "positionValue": text(value, 4),
        "onlyOnePosition": not call.engine.hedge_mode(call.account, call.market),
        "createTime": milliseconds(held.updated_at),
        "updateTime": milliseconds(held.updated_at),
    }


def tiers(call: Call) -> Json:
    """GET swap/v1/maintMarginRatio of one symbol; the leverage a tier allows is not told."""
    listing = call.listing()
    return [
        {
            "tier": f"Tier {number}",
            "symbol": name_of(listing),
            "minPositionVal": plain(tier.floor),
            "maxPositionVal": plain(tier.cap),
            "maintMarginRatio": text(tier.maintenance_rate, 6),
            "maintAmount": text(tier.deduction, 6),
        }
        for number, tier in enumerate(listing.tiers, start=1)
    ]


def _room(call: Call, listing: Listing) -> Row:
    leverage = call.engine.setup(call.account, listing.symbol).leverage
    cap = notional_cap(listing.tiers, leverage)
    value = min(cap, call.engine.margin(call.account, listing.settle, call.market).available * leverage)
    amount = text(value / call.engine.mark(listing.symbol), decimals(listing.amount_step))
    return {
        "availableLongVol": amount,
        "availableShortVol": amount,
        "availableLongVal": text(value, 4),
        "availableShortVal": text(value, 4),
        "maxPositionLongVal": text(cap, 1),
        "maxPositionShortVal": text(cap, 1),
    }


def leverage(call: Call) -> Json:
    """GET trade/leverage: both sides, also in one-way mode."""
    listing = call.listing()
    now_set = call.engine.setup(call.account, listing.symbol).leverage
    most = max((tier.leverage_max for tier in listing.tiers), default=1)
    return {
        "longLeverage": now_set,
        "shortLeverage": now_set,
        "maxLongLeverage": most,
        "maxShortLeverage": most,
        **_room(call, listing),
    }


def set_leverage(call: Call) -> Json:
    """POST trade/leverage: `side` must fit the position mode; setting the same again is accepted."""
    listing, wanted = call.listing(), call.parameters.integer("leverage")
    side = call.parameters.choice("side", ("LONG", "SHORT", "BOTH"))
    hedged = call.engine.hedge_mode(call.account, call.market)
    if hedged == (side == "BOTH"):
        mode, words = ("Hedge", "LONG or SHORT") if hedged else ("One-way", "BOTH")
        raise VenueError(109400, f"In the {mode} mode, the 'Side' field can only be set to {words}.")
    most = max((tier.leverage_max for tier in listing.tiers), default=1)
    if not 1 <= wanted <= most:
        raise VenueError(101414, f"The maximum leverage for the trading pair is {most}, please reduce the leverage")
    try:
        call.engine.set_leverage(call.account, listing.symbol, wanted)
    except Rejected as refused:
        if refused.reason == "insufficient_margin":
            raise VenueError(109400, "margin is not enough") from None
        if refused.reason != "no_need_to_change":
            raise
    return {"leverage": wanted, "symbol": name_of(listing), **_room(call, listing)}


def margin_mode(call: Call) -> Json:
    """GET trade/marginType."""
    setup = call.engine.setup(call.account, call.listing().symbol)
    return {"marginType": "ISOLATED" if setup.isolated else "CROSSED"}


def set_margin_mode(call: Call) -> Json:
    """POST trade/marginType: 109400 with a position or an order; the same again is accepted."""
    listing = call.listing()
    wanted = call.parameters.choice("marginType", ("ISOLATED", "CROSSED"))
    try:
        call.engine.set_isolated(call.account, listing.symbol, wanted == "ISOLATED")
    except Rejected as refused:
        if refused.reason != "no_need_to_change":
            raise
    return {}


def position_mode(call: Call) -> Json:
    """GET swap/v1/positionSide/dual: a text, not a boolean."""
    return {"dualSidePosition": str(call.engine.hedge_mode(call.account, call.market)).lower()}


def set_position_mode(call: Call) -> Json:
    """POST swap/v1/positionSide/dual: 109401 with a position or an order; the same again is accepted."""
    wanted = call.parameters.flag("dualSidePosition")
    if wanted is None:
        raise invalid("dualSidePosition")
    try:
        call.engine.set_hedge_mode(call.account, wanted, call.market)
    except Rejected as refused:
        if refused.reason != "no_need_to_change":
            raise
    return position_mode(call)


def move_margin(call: Call) -> Json:
    """POST trade/positionMargin: type 1 adds to, type 2 takes from an isolated position."""
    listing, amount = call.listing(), call.parameters.decimal("amount")
    direction = call.parameters.integer("type")
    if direction not in (1, 2):
        raise invalid("type", "must be 1 or 2.")
    try:
        call.engine.add_isolated_margin(call.account, listing.symbol, amount if direction == 1 else -amount)
    except Rejected as refused:
        if refused.reason == "amount_not_positive":
            raise invalid("amount", "must be positive.") from None
        if refused.reason in ("insufficient_balance", "insufficient_margin"):
            raise VenueError(80001, "margin not enough") from None
        raise
    return {"amount": float(amount), "type": direction}


def commission(call: Call) -> Json:
    """GET user/commissionRate."""
    listing = next(iter(call.listings()), None)
    taker, maker = (listing.taker_fee, listing.maker_fee) if listing else (_ZERO, _ZERO)
    rates = {"takerCommissionRate": float(taker), "makerCommissionRate": float(maker)}
    return rates if call.market == "spot" else {"commission": rates}
