"""Which coin a contract's name speaks of, and how many coins an amount of it is: the audit's own reading of names."""

from datetime import datetime
from decimal import Decimal

INDEX_FROM_MARK = Decimal("1.003")  # exposure is valued at the index, orders are sized at the mark
FACES = {"BTC": Decimal(100), "ETH": Decimal(10)}  # dollars per coin-margined contract


def coin_of(symbol: str) -> str:
    """BTC for BTCUSDT, BTCUSDT_250328 and BTCUSD_PERP."""
    return symbol.partition("_")[0].removesuffix("USDT").removesuffix("USD")


def pair_of(symbol: str) -> str:
    """BTCUSDT for BTCUSDT_250328: both trade in the same lots."""
    return symbol.partition("_")[0]


def expiry_of(symbol: str) -> datetime | None:
    """When BTCUSDT_250328 ends; None for a perpetual. Source: Binance, contract specifications, 08:00 UTC."""
    day = symbol.partition("_")[2]
    return datetime.strptime(f"{day} 08 +0000", "%y%m%d %H %z") if day.isdigit() else None


def inverse(symbol: str) -> bool:
    """Whether amounts are contracts and money is coins; by the venue's name or the journal's."""
    return symbol.endswith("USD_PERP") or "/USD:" in symbol


def in_coins(symbol: str, amount: Decimal, price: Decimal) -> Decimal:
    """An amount of a contract in coins at a price. Signs: as `amount`."""
    coin = symbol.partition("/")[0] if "/" in symbol else coin_of(symbol)
    return amount * FACES[coin] / price if inverse(symbol) else amount


def same_contract(journal_symbol: str, venue_symbol: str) -> bool:
    """Whether the journal's name and the venue's name mean one contract: coin, kind and expiry agree."""
    expiry = venue_symbol.partition("_")[2].removeprefix("PERP")
    return (
        journal_symbol.startswith(f"{coin_of(venue_symbol)}/")
        and inverse(journal_symbol) == inverse(venue_symbol)
        and journal_symbol.partition("-")[2] == expiry
    )
