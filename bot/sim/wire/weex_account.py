"""WEEX's account pages: balances, positions, leverage and modes, bookings, fees."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from bot.sim.model import Listing, Rejected, SimPosition
from bot.sim.wire.numbers import milliseconds, plain, text
from bot.sim.wire.weex_call import Call, Json, Row
from bot.sim.wire.weex_errors import VenueError, contradiction, invalid, missing
from bot.sim.wire.weex_legs import accounts, margins, positions

_ZERO = Decimal(0)
_FIRST_ID = 737_000_000_000_000_000
_INCOME_NAMES = {
    "FUNDING_FEE": "position_funding",
    "COMMISSION": "order_fill_fee_income",
    "REALIZED_PNL": "position_close_short",
    "INSURANCE_CLEAR": "order_liquidate_fee_income",
}
_INCOME_SPAN = timedelta(days=100)


def spot_balance(call: Call) -> Json:
    """GET api/v3/account/: only assets that are there."""
    held = call.engine.wallet(call.account, "spot")
    rows = [
        {"asset": asset, "free": text(free), "locked": text(locked)}
        for asset, (free, locked) in sorted(held.items())
        if free or locked
    ]
    return {
        "makerCommission": 0,
        "takerCommission": 0,
        "commissionRates": {"maker": "0.00000000", "taker": "0.00000000"},
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "updateTime": call.now_ms,
        "accountType": "SPOT",
        "balances": rows,
        "permissions": ["SPOT"],
        "uid": 8880000001,
    }


def balance(call: Call) -> Json:
    """GET capi/v3/account/balance: `frozen` is what orders hold; what positions bind is missing from available only."""
    settled = {listing.settle for listing in call.listings()}
    rows: list[Row] = []
    for currency in sorted(settled | set(call.engine.wallet(call.account, "futures"))):
        states = margins(call, currency)
        rows.append(
            {
                "asset": currency,
                "balance": text(sum((state.wallet for state in states), _ZERO)),
                "availableBalance": text(sum((state.available for state in states), _ZERO)),
                "frozen": text(sum((state.order_initial for state in states), _ZERO)),
                "unrealizePnl": text(sum((state.unrealised_pnl for state in states), _ZERO)),
            }
        )
    return [row for row in rows if any(Decimal(str(row[name])) for name in ("balance", "unrealizePnl"))]


def all_positions(call: Call) -> Json:
    """GET allPosition: long and short in rows of their own; what was closed stays as a row of size zero."""
    return _position_rows(call, call.listings())


def single_position(call: Call) -> Json:
    """GET singlePosition: the rows of one contract."""
    return _position_rows(call, [call.listing()])


def _position_rows(call: Call, wanted: list[Listing]) -> list[Row]:
    by_symbol = {listing.symbol: listing for listing in wanted}
    held = [(account, row) for account, row in positions(call) if row.symbol in by_symbol]
    rows = [_position_row(call, account, row, by_symbol[row.symbol]) for account, row in held]
    shown = {row.symbol for _, row in held}
    for listing in wanted:
        if listing.symbol not in shown and call.engine.trades(call.account, "linear", listing.symbol):
            flat = SimPosition(
                symbol=listing.symbol, amount=_ZERO, entry_price=_ZERO, isolated_wallet=_ZERO, updated_at=call.now
            )
            rows.append(_position_row(call, call.account, flat, listing))
    return rows


def position_id(call: Call, listing: Listing, account: str) -> int:
    """The number of a position, the same as long as the contract is listed."""
    order = list(call.engine.listings).index((listing.market, listing.symbol))
    return _FIRST_ID + 2 * order + (account != call.account)


def _position_row(call: Call, account: str, position: SimPosition, listing: Listing) -> Row:
    engine, setup = call.engine, call.engine.setup(account, position.symbol)
    size, opened = abs(position.amount), abs(position.amount) * position.entry_price
    liquidation = engine.liquidation_price(account, position.symbol) if size else None
    at = milliseconds(position.updated_at)
    return {
        "id": position_id(call, listing, account),
        "asset": listing.settle,
        "symbol": position.symbol,
        "side": "LONG" if position.amount > 0 else "SHORT",
        "marginType": "ISOLATED" if setup.isolated else "CROSSED",
        "separatedMode": "SEPARATED" if engine.hedge_mode(call.account) else "COMBINED",
        "separatedOpenOrderId": 0,
        "leverage": text(Decimal(setup.leverage), 2),
        "size": plain(size),
        "openValue": plain(opened),
        "openFee": text(opened * listing.taker_fee),
        "fundingFee": "0",
        "marginSize": text(engine.position_initial(account, position.symbol)),
        "isolatedMargin": text(position.isolated_wallet) if setup.isolated else "0",
        "isAutoAppendIsolatedMargin": False,
        "cumOpenSize": plain(size),
        "cumOpenValue": plain(opened),
        "cumOpenFee": "0",
        "cumCloseSize": "0",
        "cumCloseValue": "0",
        "cumCloseFee": "0",
        "cumFundingFee": "0",
        "cumLiquidateFee": "0",
        "createdMatchSequenceId": at,
        "updatedMatchSequenceId": at,
        "createdTime": at,
        "updatedTime": at,
        "unrealizePnl": text(engine.unrealised_pnl(account, position.symbol) if size else _ZERO),
        "liquidatePrice": plain(liquidation) if liquidation is not None and liquidation > 0 else "0",
    }


def symbol_settings(call: Call) -> Json:
    """GET symbolConfig: mode, margin mode and leverage, one contract or all."""
    separated = "SEPARATED" if call.engine.hedge_mode(call.account) else "COMBINED"
    rows: list[Row] = []
    for listing in call.asked_listings():
        setup = call.engine.setup(call.account, listing.symbol)
        leverage = text(Decimal(setup.leverage), 2)
        rows.append(
            {
                "symbol": listing.symbol,
                "marginType": "ISOLATED" if setup.isolated else "CROSSED",
                "separatedType": separated,
                "crossLeverage": leverage,
                "isolatedLongLeverage": leverage,
                "isolatedShortLeverage": leverage,
            }
        )
    return rows


def set_leverage(call: Call) -> Json:
    """POST leverage: of the margin mode in use; both sides of an isolated contract together."""
    listing = call.listing()
    setup = call.engine.setup(call.account, listing.symbol)
    mode = (call.parameters.optional("marginType") or "CROSSED").upper()
    if mode not in ("CROSSED", "ISOLATED"):
        raise invalid("marginType")
    names = ("isolatedLongLeverage", "isolatedShortLeverage") if mode == "ISOLATED" else ("crossLeverage",)
    told = [value for name in names if (value := call.parameters.optional(name)) is not None]
    if not told:
        raise missing(names[0])
    if (mode == "ISOLATED") != setup.isolated:
        raise contradiction()
    number = call.parameters.decimal(names[-1] if call.parameters.optional(names[-1]) else names[0])
    if number != int(number) or not 0 < number < 1000:
        raise invalid(names[0])
    _unless_already(lambda: call.engine.set_leverage(call.account, listing.symbol, int(number)))
    shown = str(int(number))
    return {
        "symbol": listing.symbol,
        "marginType": mode,
        "crossLeverage": "0" if mode == "ISOLATED" else shown,
        "isolatedLongLeverage": shown if mode == "ISOLATED" else "0",
        "isolatedShortLeverage": shown if mode == "ISOLATED" else "0",
    }


def set_modes(call: Call) -> Json:
    """POST marginType: margin mode of one contract, and combined or separated positions where that is sent too."""
    listing = call.listing()
    mode = call.parameters.choice("marginType", ("CROSSED", "ISOLATED"))
    separated = call.parameters.optional("separatedType")
    if separated is not None:
        wanted = call.parameters.choice("separatedType", ("COMBINED", "SEPARATED"))
        _unless_already(lambda: call.engine.set_hedge_mode(call.account, wanted == "SEPARATED"))
    _unless_already(lambda: call.engine.set_isolated(call.account, listing.symbol, mode == "ISOLATED"))
    return _success(call)


def move_margin(call: Call) -> Json:
    """POST positionMargin: type 1 adds to, type 2 takes from an isolated position, named by its number."""
    number, amount = call.parameters.optional_integer("isolatedPositionId"), call.parameters.decimal("amount")
    direction = call.parameters.optional_integer("type")
    if direction not in (1, 2):
        raise invalid("type")
    named = [
        (account, row)
        for account, row in positions(call)
        if position_id(call, call.listing_of(row.symbol), account) == number
    ]
    if not named:
        raise invalid("isolatedPositionId")
    account, row = named[0]
    call.engine.add_isolated_margin(account, row.symbol, amount if direction == 1 else -amount)
    return _success(call)


def _success(call: Call) -> Json:
    return {"code": "200", "msg": "success", "requestTime": call.now_ms}


def _unless_already(change: Callable[[], None]) -> None:
    """Carry out a change; asking for what is so already is accepted."""
    try:
        change()
    except Rejected as refused:
        if refused.reason != "no_need_to_change":
            raise


def income(call: Call) -> Json:
    """POST income: newest first, twenty rows unless more are asked for; times only as a pair."""
    listing, kind = call.optional_listing(), call.parameters.optional("incomeType")
    limit = call.parameters.limit(20, 100)
    started, ended = call.parameters.time("startTime"), call.parameters.time("endTime")
    if (started is None) != (ended is None):
        raise contradiction()
    until = min(ended or call.now, call.now)
    since = started or until - _INCOME_SPAN
    if since > until:
        raise VenueError(-1171, "startTime cannot be greater than endTime.")
    if until - since > _INCOME_SPAN:
        raise VenueError(-1170, "startTime must be within the last 100 days. Time range cannot exceed 100 days.")
    rows: list[Row] = []
    for account in accounts(call):
        for line in call.engine.income(account, since):
            name = _INCOME_NAMES.get(line.kind, "transfer_in" if line.amount > 0 else "transfer_out")
            if line.at > until or kind not in (None, name) or (listing and line.symbol != listing.symbol):
                continue
            rows.append(
                {
                    "billId": str(_FIRST_ID + line.id),
                    "asset": line.currency,
                    "symbol": line.symbol,
                    "income": text(line.amount),
                    "incomeType": name,
                    "balance": text(call.engine.margin(call.account, line.currency).wallet),
                    "fillFee": "0",
                    "time": str(milliseconds(line.at)),
                    "transferReason": "UNKNOWN_TRANSFER_REASON",
                }
            )
    rows.sort(key=lambda row: (int(str(row["time"])), str(row["billId"])), reverse=True)
    more = len(rows) > limit
    return {"hasNextPage": more, "nextKey": rows[limit - 1]["billId"] if more else None, "items": rows[:limit]}


def commission(call: Call) -> Json:
    """GET commissionRate of one contract."""
    listing = call.listing()
    return {
        "symbol": listing.symbol,
        "makerCommissionRate": plain(listing.maker_fee),
        "takerCommissionRate": plain(listing.taker_fee),
    }


def account_settings(call: Call) -> Json:
    """GET accountConfig."""
    return {"canTrade": True, "canDeposit": True, "canWithdraw": True, "updateTime": call.now_ms}
