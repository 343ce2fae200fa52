"""Putting the objects of one run together; the only place that knows which world they are from."""

import asyncio
import gc
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Literal

from bot.adopt_only import old_copy, take_up
from bot.archive import VERSION as ARCHIVE_VERSION
from bot.archive import Archive
from bot.build import note_build
from bot.clock import LocalnetClock, SystemClock, this_boot
from bot.cycle import RECALLED, Desk
from bot.domain.errors import ConfigurationError, Unavailable
from bot.domain.history import widest
from bot.domain.ports import Clock
from bot.domain.ports import Venue as VenuePort
from bot.domain.snapshot import Holding
from bot.exchange.calls import Limits
from bot.exchange.store import Store
from bot.exchange.transport import aiohttp_transport
from bot.exchange.venue import CcxtVenue
from bot.execution.free_space import cramped
from bot.execution.journal import FORGETFUL, Journal
from bot.execution.planner import OrderRule
from bot.execution.retention import Retention
from bot.execution.settlement import Hands
from bot.halting import HaltRule
from bot.lock import hold_account
from bot.observe import Lookout, Watched
from bot.patience import Patience
from bot.pinned import fingerprint, pin, refuse_other_world
from bot.policy.recent_volatility import volatility_asks
from bot.risk.autopilot import MarginLimits
from bot.risk.caps import RESPONSE_BY_HAND_DAYS, RESPONSE_BY_TRANSFER_DAYS, CapRule
from bot.risk.check import RiskLimits
from bot.risk.collateral import CollateralRule
from bot.risk.plausible import AHEAD_MAX
from bot.risk.transit import TransitRule
from bot.rulebook import make_policy, refuse_late_convictions
from bot.settings import Settings, Venue
from bot.silence import keep_silence
from bot.upkeep import Mind

Purpose = Literal["plan", "once", "run", "flatten"]
LOCALNET_CALLS_PER_S = 100_000


@asynccontextmanager
async def open_desk(settings: Settings, *, purpose: Purpose, clock: Clock | None = None) -> AsyncIterator[Desk]:
    """Open journal, lock and venues for one run and close them after it.

    A plan takes no lock and writes nothing; everything else holds the account while it runs.
    Venues are first called when a cycle begins, so that a daemon outlives a venue that is down at its start.
    Raises: ConfigurationError, JournalError, AccountBusy; nothing was sent then.
    """
    async with AsyncExitStack() as stack:
        told: tuple[str, ...] = ()
        if purpose == "plan":
            journal = stack.enter_context(_reading_journal(settings))
            told = (*check_world(settings, journal), *_old_copy(settings, journal))
        else:
            journal = stack.enter_context(open_journal(settings, beside=False))
            accounts = tuple(_account(settings, row) for row in settings.venues if row.has_keys)
            stack.enter_context(hold_account(settings.journal.path, accounts))
            told = check_world(settings, journal)
            pin(journal, settings.mode, _worlds(settings))
        ticking = clock or await _clock(settings)
        if purpose != "plan" and settings.mode != "dry-run":  # a simulated account lives in the journal itself
            take_up(journal, ticking.now())
        if purpose != "plan":
            note_build(journal, ticking.now())
        if purpose != "flatten":
            refuse_late_convictions(settings, journal.setting(RECALLED), ticking.now())
        venues: dict[str, VenuePort] = {}
        for row in settings.venues:
            venue = make_account(settings, row, ticking, Glance(journal) if purpose == "plan" else journal)
            stack.push_async_callback(venue.close)
            venues[row.id] = venue
        gc.freeze()
        gc.enable()
        yield make_desk(settings, venues, journal, ticking, told=told)


def _old_copy(settings: Settings, journal: Journal) -> tuple[str, ...]:
    if settings.mode == "dry-run" or journal.path == FORGETFUL:
        return ()
    why = old_copy(journal)
    return () if why is None else (why,)


class _Entrance:
    """Passed at the beginning of every cycle: venues are reachable, clocks measured, keys harmless."""

    def __init__(self, settings: Settings, venues: dict[str, VenuePort], patience: Patience) -> None:
        self._settings = settings
        self._venues = venues
        self._patience = patience
        self._checked: set[str] = set()

    async def __call__(self) -> Mapping[str, str]:
        """Tell which venues that only hold coins do not answer, and why.

        Raises: Unavailable when the venue with the shorts does not answer, ConfigurationError for a key that must not
        be used.
        """
        rows = self._settings.venues
        answers = await asyncio.gather(*(self._enter(row) for row in rows), return_exceptions=True)
        failures = [(row, one) for row, one in zip(rows, answers, strict=True) if isinstance(one, BaseException)]
        away = {row.id: str(one) for row, one in failures if isinstance(one, Unavailable) and not row.hedges}
        grave = [one for row, one in failures if row.id not in away]
        for fault in sorted(grave, key=lambda one: isinstance(one, Unavailable)):
            raise fault
        return away

    async def _enter(self, row: Venue) -> None:
        if row.hedges:
            await self._pass(row, self._venues[row.id])
            return
        self._patience.begin(row.id)
        await self._patience.wait_for(row.id, self._pass(row, self._venues[row.id]))

    async def _pass(self, row: Venue, venue: VenuePort) -> None:
        await venue.connect()
        if row.has_keys and row.id not in self._checked:
            await _refuse_dangerous_key(self._settings, row, venue)
            self._checked.add(row.id)


def patience_with(settings: Settings) -> float:
    """Seconds of a cycle that others wait for a venue that only holds coins: a request that hangs, and a second try."""
    return 2 * settings.network.timeout_s


def check_world(settings: Settings, journal: Journal) -> tuple[str, ...]:
    """Whether this journal may be used here. Raises: ConfigurationError when it was made in another world."""
    return refuse_other_world(journal, settings.journal.path, settings.mode, _worlds(settings))


def _worlds(settings: Settings) -> dict[str, tuple[str, str]]:
    return {
        row.id: (
            row.place(settings.mode),
            fingerprint(row.api_key.get_secret_value() if row.api_key else ""),
        )
        for row in settings.venues
    }


def open_journal(settings: Settings, *, beside: bool = True) -> Journal:
    """Open the journal; `beside` for a short visit while a daemon may hold it.

    Raises: JournalError when it cannot be used.
    """
    return Journal.open(settings.journal.path, new_id=secrets.token_hex(8), beside=beside)


@dataclass(frozen=True, slots=True)
class Glance:
    """A memory that is read and never written."""

    memory: Journal

    def setting(self, key: str) -> str | None:
        """Give back what is remembered."""
        return self.memory.setting(key)

    def set_setting(self, key: str, value: str | None) -> None:
        """Let it go."""


def make_account(settings: Settings, row: Venue, clock: Clock, memory: Journal | Glance) -> VenuePort:
    """The account of one [[venues]] entry: the exchange itself, or in a dry run a simulated one over its market."""
    venue = make_venue(settings, row, clock)
    # a plan writes nothing of its own, but a ban it earns must not be forgotten
    lasting = memory.memory if isinstance(memory, Glance) else memory
    where, boot = row.localnet or row.place(settings.mode), "" if row.localnet else this_boot()
    keep_silence(venue, lasting, clock, where=where, boot=boot)
    if settings.mode != "dry-run":
        return venue
    from bot.sim.shadow import ShadowVenue  # noqa: PLC0415 - only dry runs pay for the simulated exchange

    return ShadowVenue(
        reader=venue,
        memory=memory,
        balances=settings.dry_run.balances if row.hedges else {},
        taker_fee=settings.dry_run.taker_fee,
        real=venue if row.has_keys else None,
    )


def make_venue(settings: Settings, row: Venue, clock: Clock) -> CcxtVenue:
    """The exchange of one [[venues]] entry in the configured mode; a dry run may read the real one and nothing else."""
    calls_per_s = LOCALNET_CALLS_PER_S if row.localnet else max(1, int(settings.network.calls_per_s))
    return CcxtVenue(
        venue_id=row.id,
        clock=clock,
        mode="testnet" if settings.mode == "testnet" else "live",
        sandbox=row.sandbox if settings.mode == "testnet" and not row.localnet else None,
        read_only=settings.mode == "dry-run",
        market_kinds=row.kinds,
        margin_mode=row.margin_mode,
        holds_shorts=row.hedges,
        quote=settings.portfolio.quote,
        api_key=row.api_key,
        api_secret=row.api_secret,
        api_passphrase=row.api_passphrase,
        localnet=row.localnet,
        cache_directory=settings.journal.path.parent / "cache",
        transport_factory=partial(aiohttp_transport, ipv6=True) if settings.network.ipv6 and not row.localnet else None,
        limits=Limits(
            timeout_s=settings.network.timeout_s,
            reads_per_s=calls_per_s,
            writes_per_s=calls_per_s,
            weighted=row.localnet is None,
        ),
    )


def make_desk(
    settings: Settings, venues: dict[str, VenuePort], journal: Journal, clock: Clock, *, told: Sequence[str] = ()
) -> Desk:
    """Everything a cycle works with, from the settings and the given venues; `told` goes into every record."""
    watched = tuple(
        Watched(venue=venues[row.id], counts_spot=row.counts_spot, hedges=row.hedges) for row in settings.venues
    )
    mind, archive = make_mind(settings), _archive(settings)
    patience = Patience(clock, per_cycle_s=patience_with(settings))
    tolerance = clock.tolerance if isinstance(clock, LocalnetClock) else 1.0
    lookout = Lookout(
        watched=watched,
        external=tuple(Holding(asset=row.asset, amount=row.amount, source=row.label) for row in settings.holdings),
        quote=settings.portfolio.quote,
        stablecoins=frozenset(settings.portfolio.stablecoins),
        excluded=frozenset(settings.policy.size.exclude),
        price_age_max=timedelta(seconds=settings.risk.price_age_max_s) * tolerance,
        ahead_max=AHEAD_MAX * tolerance,
        clock=clock,
        anchors=mind.policy.anchors,
        asks=lambda assets: widest((*mind.policy.asks(assets), *volatility_asks(assets))),
        archive=archive,
        peg_reference=settings.portfolio.peg_reference or None,
        patience=patience,
    )
    return Desk(
        mode=settings.mode,
        portfolio=settings.portfolio.name,
        mind=mind,
        lookout=lookout,
        hands=Hands(venues=venues, journal=journal, clock=clock),
        enter=_Entrance(settings, venues, patience),
        balance_jump_max=settings.risk.balance_jump_max,
        transit=TransitRule(longest=timedelta(seconds=settings.risk.transit_max_s))
        if settings.risk.transit_max_s > 0
        else None,
        retention=Retention(
            every_cycle=timedelta(days=settings.journal.records_days),
            every_hour=timedelta(days=settings.journal.hourly_records_days),
        ),
        halting=HaltRule(
            hedge_ratio_max=settings.risk.hedge_ratio_max,
            refused_cycles_max=settings.risk.refused_cycles_max,
            runaway_hours_max=settings.risk.runaway_hours_max,
        ),
        # On a local testnet that runs fast, a quarter of a second of this machine is as often as it makes sense.
        margin_every_s=max(settings.schedule.margin_every_s, 0.25 * tolerance if tolerance > 1 else 0.0)
        if settings.schedule.margin_every_s > 0
        else 0.0,
        cramped=lambda: cramped(settings.journal.path.parent, settings.journal.free_space_min_mb),
        remarks=lambda: [
            *told,
            *(text for one in (*venues.values(), archive) for text in getattr(one, "remarks", tuple)()),
        ],
    )


def _archive(settings: Settings) -> Archive:
    """The past as rules know it, kept beside the journal, apart for every world."""
    hedge = settings.hedge_venue
    world = f"{hedge.id} {hedge.localnet or (hedge.place('testnet') if settings.mode == 'testnet' else 'market')}"
    return Archive(Store(settings.journal.path.parent / "cache", version=ARCHIVE_VERSION), world=world)


def make_mind(settings: Settings) -> Mind:
    """The rules and limits the user chose."""
    risk, hedge = settings.risk, settings.hedge_venue
    return Mind(
        policy=make_policy(settings),
        limits=RiskLimits(
            leverage_cap=risk.leverage_cap,
            hedge_ratio_max=risk.hedge_ratio_max,
            order_notional_max=risk.order_notional_max,
            order_notional_per_hour_max=risk.order_notional_per_hour_max,
            orders_per_hour_max=risk.orders_per_hour_max,
            slippage_max=risk.slippage_max,
            index_distance_max=risk.index_distance_max,
            expiry_cutoff=timedelta(hours=risk.expiry_cutoff_h),
            symbols=frozenset(risk.symbols_allowed) or None,
        ),
        margin=MarginLimits(distance_min=risk.liquidation_distance_min, caps=_cap_rule(settings)),
        orders=OrderRule(
            slippage_max=risk.slippage_max,
            book_share_max=risk.book_share_max,
            order_notional_max=risk.order_notional_max,
            margin_mode=hedge.margin_mode,
        ),
        collateral={
            hedge.id: CollateralRule(
                currency=settings.portfolio.quote,
                buffer=risk.collateral_buffer,
                spot_reserve=risk.spot_reserve,
                # in a simulation it stands for what is moved by hand where the venue offers no way
                transfers_allowed=hedge.tops_up or (settings.mode == "dry-run" and hedge.transfers),
                coins=hedge.inverse,
            )
        },
    )


def _cap_rule(settings: Settings) -> CapRule:
    risk = settings.risk
    days = risk.response_days
    if days is None:
        days = RESPONSE_BY_TRANSFER_DAYS if settings.hedge_venue.tops_up else RESPONSE_BY_HAND_DAYS
    return CapRule(
        leverage_max=risk.leverage_cap,
        response_days=days,
        liquidations_per_year=float(risk.liquidations_per_year_max),
    )


def _reading_journal(settings: Settings) -> Journal:
    if settings.journal.path.exists():
        return open_journal(settings)
    return Journal.open(FORGETFUL, new_id=secrets.token_hex(8))


async def _clock(settings: Settings) -> Clock:
    address = next((row.localnet for row in settings.venues if row.localnet), None)
    return await LocalnetClock.ask(address) if address else SystemClock()


async def _refuse_dangerous_key(settings: Settings, row: Venue, venue: VenuePort) -> None:
    rights = await venue.key_rights()
    if rights.withdraw:
        raise ConfigurationError(
            f"the API key for {row.id} may withdraw. Nothing was done with it. Whoever steals it could empty the "
            "account; Ballast never needs that right. Make a key without withdrawal permission, best bound to this "
            "machine's IP address, and delete this one."
        )
    if settings.mode == "live" and row.hedges and rights.trade_futures is False:
        raise ConfigurationError(
            f"the API key for {row.id} may not trade futures, so it cannot hedge. Nothing was touched. "
            "Enable futures for the key, or make a new one."
        )


def _account(settings: Settings, row: Venue) -> str:
    key = row.api_key.get_secret_value() if row.api_key else ""
    return f"{row.id}/{row.localnet or settings.mode}/{sha256(key.encode()).hexdigest()}"
