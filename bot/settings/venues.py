"""What can be asked of each exchange in a profile; a test holds it to the tables of `bot/exchange/venues/`."""

from dataclasses import dataclass
from typing import Final

from bot.domain.instrument import MarketKind

_LINEAR: Final = frozenset({MarketKind.LINEAR_PERPETUAL})
_ALL: Final = frozenset({MarketKind.LINEAR_PERPETUAL, MarketKind.LINEAR_FUTURE, MarketKind.INVERSE_PERPETUAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one exchange offers: kinds of futures, and sandboxes, the usual one first, or the reason why there is none.

    `passphrase` says that its keys have a third part, `transfers` that collateral can be moved between wallets.
    `reads_only` marks an exchange whose market was proved for check, plan and dry runs and nothing else, `keyless` one
    whose account is not even read.
    """

    kinds: frozenset[MarketKind]
    sandboxes: tuple[str, ...] = ()
    no_sandbox: str | None = None
    passphrase: bool = False
    transfers: bool = True
    reads_only: bool = False
    keyless: bool = False


_READ: Final = "only its market is read"
_TRADED: Final = "binance, bybit, bingx, weex or mexc"
OFFERS: Final[dict[str, Offer]] = {
    "binance": Offer(kinds=_ALL, sandboxes=("demo",)),
    "bybit": Offer(kinds=_ALL, sandboxes=("demo", "testnet"), transfers=False),
    "bingx": Offer(kinds=_LINEAR, sandboxes=("testnet",)),
    "weex": Offer(
        kinds=_LINEAR,
        no_sandbox="of WEEX's simulation ccxt reaches six calls, without leverage and open orders: too few to hedge",
        passphrase=True,
        transfers=False,
    ),
    "mexc": Offer(kinds=_LINEAR, no_sandbox="MEXC has no sandbox"),
    "okx": Offer(kinds=_LINEAR, no_sandbox=_READ, passphrase=True, reads_only=True),
    "gate": Offer(kinds=_LINEAR, no_sandbox=_READ, reads_only=True),
    "bitget": Offer(kinds=_LINEAR, no_sandbox=_READ, passphrase=True, reads_only=True),
    "hyperliquid": Offer(kinds=_LINEAR, no_sandbox=_READ, reads_only=True, keyless=True),
    "deribit": Offer(kinds=_LINEAR, no_sandbox=_READ, transfers=False, reads_only=True),
    "krakenfutures": Offer(kinds=_LINEAR, no_sandbox=_READ, transfers=False, reads_only=True),
}


def unsupported(venue: str) -> str:
    """Why an exchange cannot be named in a profile."""
    return f'id "{venue}" is not a venue Ballast knows (available: {", ".join(OFFERS)})'


def without_orders(venue: str, mode: str) -> str | None:
    """Why an exchange cannot be used outside a dry run, and what to use instead; None where it can."""
    if not OFFERS[venue].reads_only:
        return None
    return (
        f'[[venues]] {venue}: Ballast reads its market and sends nothing there, so mode "{mode}" cannot be used. Set '
        f'mode = "dry-run" to plan and simulate on its prices; hold real shorts at {_TRADED}'
    )


def unwanted_key(venue: str) -> str | None:
    """Why an exchange must not be given a key; None where it may have one."""
    if not OFFERS[venue].keyless:
        return None
    return (
        f"[[venues]] {venue}: its market is read without a key; take the key out of the environment or .env, since no "
        "wallet's private key should be given to a program that does not need it"
    )


def without_sandbox(venue: str) -> str | None:
    """Why mode "testnet" cannot reach an exchange itself, and what to use instead; None where it can."""
    why = OFFERS[venue].no_sandbox
    if why is None:
        return None
    return (
        f'[[venues]] {venue}: {why}, so mode "testnet" cannot be used there. Rehearse with mode = "dry-run", or on the '
        f"local testnet: `ballast localnet --venue {venue} --write-config rehearsal.toml`"
    )
