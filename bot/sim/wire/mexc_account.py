"""MEXC's futures account: assets, positions, leverage and margin mode per side, position mode, funding, collateral."""

from decimal import Decimal

from bot.sim.margin import tier_at
from bot.sim.model import Listing, Rejected, SimPosition, SymbolSetup
from bot.sim.wire.mexc_call import Call, Json, Row, contracts, name_of, number
from bot.sim.wire.mexc_errors import VenueError, malformed, translated
from bot.sim.wire.mexc_market import page_of
from bot.sim.wire.numbers import milliseconds, plain

ISOLATED, CROSS = 1, 2
LONG, SHORT = 1, 2
_HEDGE, _ONE_WAY = 1, 2
_POSITION_HELD = 1
_ZERO = Decimal(0)


def assets(call: Call) -> Json:
    """GET account/assets: equity has the unrealised profit in it, the balance that can be moved has not."""
    known = {listing.settle for listing in call.listings()} | set(call.engine.wallet(call.account, "futures"))
    return [_asset(call, currency) for currency in sorted(known)]


def asset(call: Call) -> Json:
    """GET account/asset/{currency}."""
    return _asset(call, call.parameters.required("currency"))


def _asset(call: Call, currency: str) -> Row:
    state = call.engine.margin(call.account, currency)
    return {
        "currency": currency,
        "positionMargin": number(state.initial),
        "availableBalance": number(max(_ZERO, state.available)),
        "cashBalance": number(max(_ZERO, state.withdrawable)),
        "frozenBalance": number(state.order_initial),
        "equity": number(state.equity),
        "unrealized": number(state.unrealised_pnl),
        "bonus": 0,
    }


def positions(call: Call) -> Json:
    """GET position/open_positions: what is held and nothing else; no mark price, no value."""
    wanted = call.optional_listing()
    return [
        _position(call, row)
        for row in call.engine.positions(call.account, "linear")
        if row.amount and wanted in (None, call.listing_by_plain(row.symbol))
    ]


def position_id(call: Call, symbol: str) -> int:
    """A stable number for the position in a symbol."""
    names = [listing.symbol for listing in call.listings()]
    return 1_000_000 + names.index(symbol)


def _position(call: Call, held: SimPosition) -> Row:
    listing, setup = call.listing_by_plain(held.symbol), call.engine.setup(call.account, held.symbol)
    amount, profit = abs(held.amount), call.engine.unrealised_pnl(call.account, held.symbol)
    resting = sum(
        (
            order.amount - order.filled
            for order in call.engine.open_orders(call.account, "linear", held.symbol)
            if order.reduce_only
        ),
        _ZERO,
    )
    liquidation = call.engine.liquidation_price(call.account, held.symbol)
    bound = held.isolated_wallet if setup.isolated else call.engine.position_initial(call.account, held.symbol)
    return {
        "positionId": position_id(call, held.symbol),
        "symbol": name_of(listing),
        "positionType": LONG if held.amount > 0 else SHORT,
        "openType": ISOLATED if setup.isolated else CROSS,
        "state": _POSITION_HELD,
        "holdVol": contracts(listing, amount),
        "frozenVol": contracts(listing, resting),
        "closeVol": 0,
        "holdAvgPrice": number(held.entry_price),
        "openAvgPrice": number(held.entry_price),
        "closeAvgPrice": 0,
        "liquidatePrice": number(liquidation) if liquidation is not None else 0,
        "oim": number(bound),
        "im": number(bound),
        "holdFee": 0,
        "realised": 0,
        "leverage": setup.leverage,
        "marginRatio": number(_ratio(call, listing, profit)),
        "createTime": milliseconds(held.updated_at),
        "updateTime": milliseconds(held.updated_at),
        "autoAddIm": False,
    }


def _ratio(call: Call, listing: Listing, profit: Decimal) -> Decimal:
    state = call.engine.margin(call.account, listing.settle)
    equity = state.wallet + profit
    return state.maintenance / equity if equity > 0 else Decimal(1)


def leverage(call: Call) -> Json:
    """GET position/leverage: one row per side. This exchange keeps the short side; the long one stays as it began."""
    listing = call.listing()
    setup = call.engine.setup(call.account, listing.symbol)
    held = {row.symbol: row.amount for row in call.engine.positions(call.account, "linear")}
    mark = call.engine.quote("linear", listing.symbol).mark
    tier = tier_at(listing.tiers, abs(held.get(listing.symbol, _ZERO)) * mark)
    usual = SymbolSetup()
    return [
        {
            "level": listing.tiers.index(tier) + 1,
            "maxVol": contracts(listing, listing.amount_max),
            "mmr": number(tier.maintenance_rate),
            "imr": number(Decimal(1) / tier.leverage_max),
            "positionType": side,
            "openType": ISOLATED if setup.isolated else CROSS,
            "leverage": setup.leverage if side == SHORT else usual.leverage,
            "limitBySys": False,
            "currentMmr": number(tier.maintenance_rate),
        }
        for side in (LONG, SHORT)
    ]


def change_leverage(call: Call) -> Json:
    """POST position/change_leverage: leverage and margin mode of one side, or of a position by its id."""
    wanted = call.parameters.integer("leverage")
    by_id = call.parameters.optional_integer("positionId")
    if by_id is not None:
        listing = _of_id(call, by_id)
        side, mode = SHORT, call.parameters.optional_integer("openType")
    else:
        listing = call.listing()
        side, mode = call.parameters.integer("positionType"), call.parameters.integer("openType")
    if mode not in (None, ISOLATED, CROSS):
        raise VenueError(2002, "Wrong opening type")
    if side not in (LONG, SHORT):
        raise VenueError(2022, "Wrong position type")
    if not 1 <= wanted <= listing.tiers[0].leverage_max:
        raise VenueError(2006, "Leverage ratio error")
    if side == SHORT:
        if mode is not None:
            set_mode(call, listing, isolated=mode == ISOLATED)
        _set_leverage(call, listing, wanted)
    return None


def set_mode(call: Call, listing: Listing, *, isolated: bool) -> None:
    """Cross or isolated for a symbol; the same again changes nothing."""
    try:
        call.engine.set_isolated(call.account, listing.symbol, isolated)
    except Rejected as refused:
        if refused.reason != "no_need_to_change":
            raise translated(refused, "linear") from None


def _set_leverage(call: Call, listing: Listing, wanted: int) -> None:
    try:
        call.engine.set_leverage(call.account, listing.symbol, wanted)
    except Rejected as refused:
        if refused.reason != "no_need_to_change":
            raise translated(refused, "linear") from None


def _of_id(call: Call, wanted: int) -> Listing:
    for row in call.engine.positions(call.account, "linear"):
        if row.amount and position_id(call, row.symbol) == wanted:
            return call.listing_by_plain(row.symbol)
    raise VenueError(2009, "Position is not exists or closed.")


def change_margin(call: Call) -> Json:
    """POST position/change_margin: ADD to or SUB from the collateral of an isolated position."""
    listing = _of_id(call, call.parameters.integer("positionId"))
    amount, way = call.parameters.decimal("amount"), call.parameters.required("type")
    if way not in ("ADD", "SUB"):
        raise malformed("linear", "type")
    call.engine.add_isolated_margin(call.account, listing.symbol, amount if way == "ADD" else -amount)
    return None


def position_mode(call: Call) -> Json:
    """GET position/position_mode: 1 hedge, 2 one-way."""
    return _HEDGE if call.engine.hedge_mode(call.account) else _ONE_WAY


def change_position_mode(call: Call) -> Json:
    """POST position/change_position_mode; the same again is accepted."""
    wanted = call.parameters.integer("positionMode")
    if wanted not in (_HEDGE, _ONE_WAY):
        raise malformed("linear", "positionMode")
    try:
        call.engine.set_hedge_mode(call.account, wanted == _HEDGE)
    except Rejected as refused:
        if refused.reason != "no_need_to_change":
            raise
    return None


def funding_records(call: Call) -> Json:
    """GET position/funding_records: newest first, by pages; what was received is positive."""
    wanted = call.optional_listing()
    rates = {}
    rows: list[Row] = []
    for entry in call.engine.income(call.account):
        if entry.kind != "FUNDING_FEE" or not entry.symbol:
            continue
        listing = call.listing_by_plain(entry.symbol)
        if wanted not in (None, listing):
            continue
        if entry.symbol not in rates:
            rates[entry.symbol] = {past.at: past.rate for past in call.engine.funding_history(entry.symbol)}
        rate = rates[entry.symbol].get(entry.at, _ZERO)
        rows.append(
            {
                "id": entry.id,
                "symbol": name_of(listing),
                "positionType": SHORT if (entry.amount >= 0) == (rate >= 0) else LONG,
                "positionValue": number(abs(entry.amount / rate)) if rate else 0,
                "funding": number(entry.amount),
                "rate": number(rate),
                "settleTime": milliseconds(entry.at),
            }
        )
    return page_of(call, rows[::-1])


def transfer_records(call: Call) -> Json:
    """GET account/transfer_record: what came in and went out, newest first."""
    currency = call.parameters.optional("currency")
    rows: list[Row] = [
        {
            "id": move.id,
            "txid": f"{move.id:032x}",
            "currency": move.asset,
            "amount": plain(move.amount),
            "type": "IN" if move.target == "futures" else "OUT",
            "state": "SUCCESS",
            "createTime": milliseconds(move.at),
            "updateTime": milliseconds(move.at),
        }
        for move in call.engine.transfers(call.account)
        if "futures" in (move.source, move.target) and currency in (None, move.asset)
    ]
    return page_of(call, rows[::-1])
