"""The two futures sections of Binance: the same questions under two prefixes, and what differs between them.

Source: the public manual of Binance, USD-M and COIN-M futures; read 2026-11-25. Names are ccxt's, by path.
"""

from dataclasses import dataclass
from typing import Final

from bot.domain.account import Wallet
from bot.domain.instrument import MarketKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One section. `inverse` ones count in contracts and settle in coins; `wallet` holds their collateral.

    `settings` is None where leverage and margin mode of a symbol are told by the list of positions.
    """

    name: str
    inverse: bool
    wallet: Wallet
    account: str
    positions: str
    settings: str | None
    brackets: str
    position_mode: str
    open_orders: str
    order: str
    past_orders: str
    trades: str
    income: str
    place: str
    cancel: str
    leverage: str
    margin_mode: str
    premium: str
    funding_intervals: str
    funding_history: str
    depth: str
    candles: str


USD_M: Final = Family(
    name="USD-M",
    inverse=False,
    wallet=Wallet.FUTURES,
    account="fapiPrivateV3GetAccount",
    positions="fapiPrivateV3GetPositionRisk",
    settings="fapiPrivateGetSymbolConfig",
    brackets="fapiPrivateGetLeverageBracket",
    position_mode="fapiPrivateGetPositionSideDual",
    open_orders="fapiPrivateGetOpenOrders",
    order="fapiPrivateGetOrder",
    past_orders="fapiPrivateGetAllOrders",
    trades="fapiPrivateGetUserTrades",
    income="fapiPrivateGetIncome",
    place="fapiPrivatePostOrder",
    cancel="fapiPrivateDeleteOrder",
    leverage="fapiPrivatePostLeverage",
    margin_mode="fapiPrivatePostMarginType",
    premium="fapiPublicGetPremiumIndex",
    funding_intervals="fapiPublicGetFundingInfo",
    funding_history="fapiPublicGetFundingRate",
    depth="fapiPublicGetDepth",
    candles="fapiPublicGetKlines",
)

COIN_M: Final = Family(
    name="COIN-M",
    inverse=True,
    wallet=Wallet.COIN_FUTURES,
    account="dapiPrivateGetAccount",
    positions="dapiPrivateGetPositionRisk",
    settings=None,
    brackets="dapiPrivateV2GetLeverageBracket",
    position_mode="dapiPrivateGetPositionSideDual",
    open_orders="dapiPrivateGetOpenOrders",
    order="dapiPrivateGetOrder",
    past_orders="dapiPrivateGetAllOrders",
    trades="dapiPrivateGetUserTrades",
    income="dapiPrivateGetIncome",
    place="dapiPrivatePostOrder",
    cancel="dapiPrivateDeleteOrder",
    leverage="dapiPrivatePostLeverage",
    margin_mode="dapiPrivatePostMarginType",
    premium="dapiPublicGetPremiumIndex",
    funding_intervals="dapiPublicGetFundingInfo",
    funding_history="dapiPublicGetFundingRate",
    depth="dapiPublicGetDepth",
    candles="dapiPublicGetKlines",
)


def families_of(kinds: tuple[MarketKind, ...]) -> tuple[Family, ...]:
    """The sections these kinds of market live in."""
    found = []
    if any(kind is not MarketKind.INVERSE_PERPETUAL for kind in kinds):
        found.append(USD_M)
    if MarketKind.INVERSE_PERPETUAL in kinds:
        found.append(COIN_M)
    return tuple(found)
