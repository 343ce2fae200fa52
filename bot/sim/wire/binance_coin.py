"""Binance's coin-margined futures account: the pages that differ from USD-M. Amounts are contracts, money is coins.

Source: developers.binance.com, coin-margined futures REST documentation.
"""

from decimal import Decimal

from bot.sim.contract import worth
from bot.sim.margin import notional_cap
from bot.sim.model import Listing, SimPosition
from bot.sim.wire.binance_call import Call, Json, Row
from bot.sim.wire.binance_futures import asset_row, currencies, flat, margins, risk_row, valued
from bot.sim.wire.binance_rules import pair_of
from bot.sim.wire.numbers import milliseconds, plain, text

_ZERO = Decimal(0)


def account(call: Call) -> Json:
    """GET dapi/v1/account: every coin and every symbol, with leverage and margin mode."""
    held = {position.symbol: position for position in call.engine.positions(call.account, "inverse")}
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "updateTime": 0,
        "assets": [asset_row(call, currency) for currency in currencies(call)],
        "positions": [
            _account_position(call, listing, held.get(listing.symbol) or flat(call, listing))
            for listing in call.listings()
        ],
    }


def balance(call: Call) -> Json:
    """GET dapi/v1/balance."""
    rows: list[Row] = []
    for currency in currencies(call):
        row = asset_row(call, currency)
        rows.append(
            {
                "accountAlias": "SgsR",
                "asset": currency,
                "balance": row["walletBalance"],
                "withdrawAvailable": row["maxWithdrawAmount"],
                "crossWalletBalance": row["crossWalletBalance"],
                "crossUnPnl": row["crossUnPnl"],
                "availableBalance": row["availableBalance"],
                "updateTime": row["updateTime"],
            }
        )
    return rows


def positions(call: Call) -> Json:
    """GET dapi/v1/positionRisk: every symbol, of one pair or one coin when asked; it takes no symbol."""
    pair, coin = call.parameters.optional("pair"), call.parameters.optional("marginAsset")
    held = {position.symbol: position for position in call.engine.positions(call.account, "inverse")}
    rows: list[Row] = []
    for listing in call.listings():
        if pair not in (None, pair_of(listing)) or coin not in (None, listing.settle):
            continue
        position = held.get(listing.symbol) or flat(call, listing)
        setup = call.engine.setup(call.account, listing.symbol)
        row = risk_row(call, position)
        row["notionalValue"] = row.pop("notional")
        rows.append(
            row
            | {
                "leverage": str(setup.leverage),
                "marginType": "isolated" if setup.isolated else "cross",
                "isAutoAddMargin": "false",
                "maxQty": _most_contracts(call, listing, setup.leverage),
            }
        )
    return rows


def brackets(call: Call) -> Json:
    """GET dapi/v2/leverageBracket (by symbol) and v1 (by pair): tiers counted in coins."""
    by_pair = call.parameters.optional("pair")
    wanted = call.optional_listing()
    return [
        {"symbol": listing.symbol, "pair": pair_of(listing), "notionalCoef": 1.0, "brackets": _tiers(listing)}
        for listing in ([wanted] if wanted else call.listings())
        if by_pair in (None, pair_of(listing))
    ]


def _tiers(listing: Listing) -> list[Row]:
    return [
        {
            "bracket": number,
            "initialLeverage": tier.leverage_max,
            "qtyCap": int(tier.cap),
            "qtyFloor": int(tier.floor),
            "maintMarginRatio": float(tier.maintenance_rate),
            "cum": float(tier.deduction),
        }
        for number, tier in enumerate(listing.tiers, start=1)
    ]


def _account_position(call: Call, listing: Listing, position: SimPosition) -> Row:
    _, notional, profit = valued(call, position)
    setup = call.engine.setup(call.account, listing.symbol)
    bound = setup.isolated and bool(position.amount)
    return {
        "symbol": listing.symbol,
        "positionSide": "BOTH",
        "positionAmt": plain(position.amount),
        **margins(call, listing.symbol),
        "unrealizedProfit": text(profit),
        "leverage": str(setup.leverage),
        "isolated": setup.isolated,
        "entryPrice": text(position.entry_price),
        "breakEvenPrice": text(position.entry_price),
        "maxQty": _most_contracts(call, listing, setup.leverage),
        "notionalValue": text(notional),
        "isolatedWallet": text(position.isolated_wallet if bound else _ZERO),
        "updateTime": milliseconds(position.updated_at) if position.amount else 0,
    }


def _most_contracts(call: Call, listing: Listing, leverage: int) -> str:
    """How many contracts the leverage allows at the present mark."""
    one = worth(listing, Decimal(1), call.engine.quote("inverse", listing.symbol).mark)
    return plain(notional_cap(listing.tiers, leverage) // one)
