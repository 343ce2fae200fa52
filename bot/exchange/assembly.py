"""What a venue is put together from: its quirks, the hosts it may reach, its calls, its markets."""

from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr

from bot.domain.errors import ConfigurationError
from bot.domain.instrument import MarketKind
from bot.domain.ports import Clock
from bot.exchange.calls import Calls, Limits
from bot.exchange.client import ccxt_version
from bot.exchange.dialect import Dialect
from bot.exchange.families import Family, families_of
from bot.exchange.markets import Markets
from bot.exchange.quirks import KNOWN, Quirks, quirks_of
from bot.exchange.reading import Reading
from bot.exchange.store import Store
from bot.exchange.venue_time import VenueTime

Sandbox = Literal["demo", "testnet"]
Secret = SecretStr | str | None


def sandbox_beside(venue_id: str, sandbox: Sandbox | None) -> bool:
    """Whether this is not the venue's usual sandbox but the other one."""
    quirks = quirks_of(venue_id)
    return quirks is not None and sandbox is not None and sandbox != quirks.sandbox


def quirks_for(venue_id: str, market_kinds: tuple[MarketKind, ...], sandbox: Sandbox | None) -> Quirks:
    """What a venue does in its own way. Raises: ConfigurationError for what it does not offer."""
    known = quirks_of(venue_id)
    if known is None:
        raise ConfigurationError(f"venue {venue_id!r} is not supported; known: {', '.join(KNOWN)}.")
    quirks = known.in_sandbox(sandbox)
    if quirks is None:
        raise ConfigurationError(
            f"{venue_id}: there is no sandbox {sandbox!r}. Nothing was touched. Leave the key out."
        )
    for kind in market_kinds:
        if kind not in quirks.market_types:
            raise ConfigurationError(
                f"{venue_id}: market {kind.value!r} is not supported there; use one of "
                f"{', '.join(sorted(quirks.market_types))}."
            )
    if len(families_of(market_kinds)) != 1:
        raise ConfigurationError(
            f"{venue_id}: linear and inverse markets have different collateral, so one entry cannot trade both. "
            "Nothing was touched. List either linear kinds or inverse ones."
        )
    return quirks


def market_types(quirks: Quirks, market_kinds: tuple[MarketKind, ...]) -> dict[str, object]:
    """Which lists of markets ccxt is to read."""
    if quirks.speech is not None and MarketKind.INVERSE_PERPETUAL not in market_kinds:
        return dict(quirks.speech.market_types)
    return {"types": list(dict.fromkeys(word for kind in market_kinds for word in quirks.market_types[kind]))}


def reachable(quirks: Quirks, *, demo: bool, localnet: str | None) -> frozenset[str]:
    """The hosts that may be reached; with a local testnet it answers for them all."""
    if localnet is not None:
        return quirks.hosts
    return quirks.hosts_demo if demo else quirks.hosts_live


def plain(secret: Secret) -> str:
    """A secret as it has to be signed with."""
    return secret.get_secret_value() if isinstance(secret, SecretStr) else secret or ""


def reading_for(  # noqa: PLR0913 - only the constructor calls it
    quirks: Quirks,
    client: Any,
    *,
    clock: Clock,
    limits: Limits,
    cache: Path | None,
    environment: str,
    has_wallet_api: bool,
    family: Family,
    dialect: Dialect,
) -> Reading:
    """What every read and write works with: calls with their clock and limits, markets, the folder they are kept in."""
    venue_time = VenueTime(clock)
    client.milliseconds = venue_time.milliseconds
    calls = Calls(client, quirks, clock=clock, venue_time=venue_time, limits=limits)
    folder = None if cache is None else cache / f"{quirks.id}-{environment}".replace(":", "-")
    store = Store(folder, version=f"1/ccxt {ccxt_version()}/{quirks.id}/{environment}")
    reading = Reading(
        venue=quirks.id,
        quirks=quirks,
        calls=calls,
        markets=Markets(
            quirks.id, client, store, name="markets_coin" if family.inverse else "markets", speech=quirks.speech
        ),
        clock=clock,
        store=store,
        has_wallet_api=has_wallet_api,
        demo=not has_wallet_api,
        family=family,
        api_key=client.apiKey or "",
        parse=lambda what, row, symbol: dict(getattr(client, what)(row, client.market(symbol))),
    )

    async def measure() -> None:
        await dialect.public.server_time(reading)

    calls.measure = measure
    return reading
