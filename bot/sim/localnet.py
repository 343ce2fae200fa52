"""`ballast localnet`: a whole exchange on this machine, with an account, test keys and a market in motion."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from bot.domain.errors import ConfigurationError
from bot.sim.answering import AnsweringExchange
from bot.sim.engine import Engine
from bot.sim.faults import FaultSchedule
from bot.sim.feed import Feed
from bot.sim.market import Market
from bot.sim.model import Listing, WalletName
from bot.sim.scenarios import scenario_feed, scenario_listings
from bot.sim.server import ExchangeClock, LocalServer, check_loopback
from bot.sim.sudden import LEAPS, leap_feed
from bot.sim.tape import tape_feed, tape_listings
from bot.sim.wire.codecs import codec
from bot.sim.wire.exchange import ApiKey, Exchange, WeightMeter

LISTEN_DEFAULT = "127.0.0.1:8701"
ACCOUNT = "family"
# The same words everywhere on purpose: on this machine they open play money only.
LOCAL_KEY = ApiKey(key="localnet-key", secret="localnet-secret", account=ACCOUNT, passphrase="localnet-passphrase")  # noqa: S106
PORTFOLIO_DEFAULT: Mapping[tuple[WalletName, str], Decimal] = {
    ("spot", "BTC"): Decimal("1.2"),
    ("spot", "ETH"): Decimal(12),
    ("spot", "SOL"): Decimal(150),
    ("spot", "USDT"): Decimal(45000),
    ("funding", "USDT"): Decimal(5000),
}
PORTFOLIO_IN_PLACE: Mapping[tuple[WalletName, str], Decimal] = {
    **{key: amount for key, amount in PORTFOLIO_DEFAULT.items() if key[1] != "USDT"},
    ("spot", "USDT"): Decimal(5000),
    ("futures", "USDT"): Decimal(45000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalWorld:
    """Everything behind a local testnet, ready to be served over sockets or from memory."""

    answering: AnsweringExchange
    clock: ExchangeClock
    feed: Feed

    @property
    def engine(self) -> Engine:
        """The state machine, for audits."""
        return self.answering.exchange.engine


def build_world(
    feed: Feed,
    listings: tuple[Listing, ...],
    *,
    venue: str = "binance",
    portfolio: Mapping[tuple[WalletName, str], Decimal] | None = None,
    speed: float = 0.0,
    faults: FaultSchedule | None = None,
) -> LocalWorld:
    """An exchange with one account and the local test keys; assets it does not list are left out of its portfolio.

    Units: `speed` market seconds per wall second; at 0 time moves only when told to.
    """
    engine = Engine(listings=listings, at=feed.start)
    known = {asset for listing in listings for asset in (listing.base, listing.quote)}
    spoken = codec(venue)
    owned = (PORTFOLIO_DEFAULT if spoken.moves_money else PORTFOLIO_IN_PLACE) if portfolio is None else portfolio
    engine.open_account(ACCOUNT, {key: amount for key, amount in owned.items() if key[1] in known})
    market = Market(engine, feed)
    exchange = Exchange(market=market, keys={LOCAL_KEY.key: LOCAL_KEY}, window_scale=max(1, round(speed)))
    if speed > 1:
        # At a thousand market seconds per second a minute of market time lasts no time at all.
        exchange.meter = WeightMeter(unlimited=True)
    clock = ExchangeClock(market.now, feed.end, speed=speed)
    answering = AnsweringExchange(exchange, codec=spoken, faults=faults, catch_up=clock.now if speed else None)
    return LocalWorld(answering=answering, clock=clock, feed=feed)


def open_world(
    *, scenario: str | None, tape: Path | None, venue: str = "binance", seed: int = 1, speed: float = 0.0
) -> LocalWorld:
    """A world from a scenario's name or a directory of candles. Raises: ConfigurationError."""
    if tape is not None and scenario is not None:
        raise ConfigurationError("Choose a scenario or a tape, not both. Nothing was started.")
    if tape is not None:
        recorded = tape_feed(tape)
        return build_world(recorded, tape_listings(recorded), venue=venue, speed=speed)
    if scenario is not None and scenario in LEAPS:
        leap = leap_feed(scenario, seed=seed)
        return build_world(leap, scenario_listings(leap.calm), venue=venue, speed=speed)
    feed = scenario_feed(scenario, seed=seed) if scenario else scenario_feed(seed=seed)
    return build_world(feed, scenario_listings(feed), venue=venue, speed=speed)


def listen_address(listen: str) -> tuple[str, int]:
    """HOST:PORT in parts. Raises: ConfigurationError for anything but a loopback address with a port."""
    host, separator, port = listen.rpartition(":")
    host = host.strip("[]")
    if not separator or not port.isdecimal() or int(port) > 65535:
        raise ConfigurationError(
            f"--listen {listen!r} is not HOST:PORT. Nothing was started. Use for example --listen {LISTEN_DEFAULT}."
        )
    check_loopback(host)
    return host, int(port)


async def serve_localnet(  # noqa: PLR0913 - one word per flag of the command
    *,
    venue: str = "binance",
    listen: str = LISTEN_DEFAULT,
    scenario: str | None = None,
    tape: Path | None = None,
    seed: int = 1,
    speed: float = 1.0,
    write_config: Path | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. Raises: ConfigurationError before anything was started."""
    host, port = listen_address(listen)
    world = open_world(scenario=scenario, tape=tape, venue=venue, seed=seed, speed=speed)
    server = LocalServer(world.answering, host=host, port=port, speed=speed)
    stop = asyncio.Event()
    _stop_on_signals(stop)
    taken_host, taken_port = await server.start()
    try:
        address = f"[{taken_host}]:{taken_port}" if ":" in taken_host else f"{taken_host}:{taken_port}"
        if write_config is not None:
            write_profile(write_config, address, venue=venue)
        say(_greeting(world, address, write_config))
        await stop.wait()
    finally:
        await server.stop()
    say("The local testnet has stopped; its money is gone with it.")


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)


def _greeting(world: LocalWorld, address: str, written: Path | None) -> str:
    feed, speed = world.feed, world.clock.speed
    pace = f"{speed:g} market seconds per second" if speed else "standing still until POST /ballast/advance"
    lines = [
        f"Local testnet ({world.answering.codec.venue}'s language, play money) on http://{address}",
        f"  market   {feed.start:%Y-%m-%d %H:%M} to {feed.end:%Y-%m-%d %H:%M} UTC, {pace}",
        f"  API key    {LOCAL_KEY.key}",
        f"  API secret {LOCAL_KEY.secret}   (the same on every machine, worth nothing)",
        *([f"  passphrase {LOCAL_KEY.passphrase}"] if world.answering.codec.passphrase else []),
        *(f"  note     {note}" for note in getattr(feed, "notes", ())),
    ]
    if written is not None:
        lines.append(f"Try it: ballast once --config {written}")
    return "\n".join([*lines, "Ctrl-C stops it."])


def say(text: str) -> None:
    """Tell the person at the terminal, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def write_profile(path: Path, address: str, *, venue: str = "binance") -> None:
    """Write a profile ready for `once`. Raises: ConfigurationError when the file cannot be written or is not ours."""
    try:
        if path.exists() and _MARK not in path.read_text(encoding="utf-8", errors="replace"):
            raise ConfigurationError(
                f"{path} exists and was not written by `ballast localnet`, so it is left alone. "
                "Choose another name for --write-config."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        filled = _PROFILE.format(
            mark=_MARK, address=address, name=path.name, state=path.stem, venue=venue, prefix=venue.upper()
        )
        path.write_text(filled, encoding="utf-8")
    except OSError as problem:
        raise ConfigurationError(
            f"{path} cannot be written ({problem.strerror}). The local testnet was stopped again. "
            "Choose another name for --write-config."
        ) from None


_MARK = "# Written by `ballast localnet`"
_PROFILE = """{mark}: play money on this machine; overwritten at its next start.
# Try:   ballast once --config {name}
# No key is needed. To pass the test keys by hand all the same:
#   BALLAST_VENUES__{prefix}__API_KEY=localnet-key
#   BALLAST_VENUES__{prefix}__API_SECRET=localnet-secret

mode = "testnet"

[portfolio]
name = "family"
quote = "USDT"
stablecoins = ["USDT", "USDC"]

[[venues]]
id = "{venue}"
role = ["spot", "hedge"]
market = "linear-perpetual"
margin_mode = "cross"
localnet = "{address}"

[policy.size]
rule = "static-ratio"
ratio = "0.5"

[policy.place]
rule = "direct"

[policy.pace]
band_outer = "0.05"
band_inner = "0.02"

[risk]
leverage_cap = "2"

[journal]
path = "state/{state}.db"
"""
