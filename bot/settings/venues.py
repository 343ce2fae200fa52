"""What can be asked of each exchange in a profile; a test holds it to the tables of `bot/exchange/venues/`."""

from dataclasses import dataclass
from typing import Final

from bot.domain.instrument import MarketKind

_LINEAR: Final = frozenset({MarketKind.LINEAR_PERPETUAL})
_ALL: Final = frozenset({MarketKind.LINEAR_PERPETUAL, MarketKind.LINEAR_FUTURE, MarketKind.INVERSE_PERPETUAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one exchange offers: kinds of futures, and a sandbox or the reason why there is none.

    `passphrase` says that its keys have a third part, `transfers` that collateral can be moved between wallets.
    """

    kinds: frozenset[MarketKind]
    no_sandbox: str | None = None
    passphrase: bool = False
    transfers: bool = True


OFFERS: Final[dict[str, Offer]] = {
    "binance": Offer(kinds=_ALL),
    "bybit": Offer(kinds=_LINEAR, transfers=False),
    "bingx": Offer(kinds=_LINEAR),
    "weex": Offer(
        kinds=_LINEAR,
        no_sandbox="of WEEX's simulation ccxt reaches six calls, without leverage and open orders: too few to hedge",
        passphrase=True,
        transfers=False,
    ),
    "mexc": Offer(kinds=_LINEAR, no_sandbox="MEXC has no sandbox"),
}
PLANNED: Final = ("okx", "gate", "bitget", "hyperliquid", "deribit", "krakenfutures")


def unsupported(venue: str) -> str:
    """Why an exchange cannot be named in a profile."""
    state = "is not available in this version" if venue in PLANNED else "is not a venue Ballast knows"
    return f'id "{venue}" {state} (available: {", ".join(OFFERS)})'


def without_sandbox(venue: str) -> str | None:
    """Why mode "testnet" cannot reach an exchange itself, and what to use instead; None where it can."""
    why = OFFERS[venue].no_sandbox
    if why is None:
        return None
    return (
        f'[[venues]] {venue}: {why}, so mode "testnet" cannot be used there. Rehearse with mode = "dry-run", or on the '
        f"local testnet: `ballast localnet --venue {venue} --write-config rehearsal.toml`"
    )
