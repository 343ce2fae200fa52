"""Puts board, page and alerts beside a running daemon; nothing in here can stop a cycle."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.cycle import Desk
from bot.domain.record import CycleRecord
from bot.logs import logger
from bot.settings import Settings
from bot.settings.fields import is_loopback
from bot.watch.alarm import Alarm
from bot.watch.board import Board, Limits
from bot.watch.courier import Couriers, Deliver, deliveries
from bot.watch.health import freshness
from bot.watch.watchman import Watchman

PLAYED_SPAN = timedelta(days=60)
PLAYED_PATIENCE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendant:
    """What the daemon tells; everybody who looks is served from here. `address` is None when there is no page."""

    board: Board
    alarm: Alarm | None
    address: str | None
    unseen_s: Callable[[], float | None]

    def told(self, record: CycleRecord, next_at: datetime | None) -> None:
        """A cycle has ended."""
        with _harmless():
            self.board.told(record, next_at)
        with _harmless():
            if self.alarm is not None:
                self.alarm.told(record)

    def follow(self, settings: Settings) -> None:
        """Measure by the settings that are in force now."""
        with _harmless():
            self.board.limits = _limits(settings)
            self.board.patience = lambda at: freshness(settings, at)
            self.board.every = _every(settings, datetime.now(UTC))

    def complained(self, sentence: str) -> None:
        """Something had to be said outside of a record."""
        with _harmless():
            self.board.complained(sentence)
        with _harmless():
            if self.alarm is not None:
                self.alarm.complained(sentence)


@contextmanager
def _harmless() -> Iterator[None]:
    """Whatever goes wrong with looking does not reach the hedge; it is logged."""
    try:
        yield
    except Exception as error:
        logger().error("watch.failed", exc_info=error)


@asynccontextmanager
async def attend(
    settings: Settings,
    desk: Desk,
    say: Callable[[str], None],
    *,
    ways: Sequence[Deliver] = (),
    played: bool = False,
) -> AsyncIterator[Attendant]:
    """Serve the page and send alerts while the block runs. A page that cannot be served is said and left out."""
    from bot.watch.server import NoPage, PageServer  # noqa: PLC0415 - only who serves a page pays for the server

    couriers = Couriers(ways, say=say)
    board = make_board(settings, desk, played=played)
    board.alerts = couriers.counts
    alarm = make_alarm(settings, desk, couriers) if ways else None
    server = PageServer(board, hosts=settings.watch.hosts)
    address = None
    if settings.watch.page:
        try:
            address = await server.start(settings.watch.listen)
        except NoPage as error:
            say(str(error))
        if address and not is_loopback(settings.watch.listen):
            say(
                f"warning: the status page at {address} can be read by every machine that reaches this address; it "
                "shows what you own and has no password. Let a firewall or a proxy with a password stand before it."
            )
    try:
        yield Attendant(board=board, alarm=alarm, address=address, unseen_s=server.unseen_s)
    finally:
        await server.stop()
        await asyncio.to_thread(couriers.close)


def alert_ways(settings: Settings) -> list[Deliver]:
    """A way to each address that wants alerts; found before anything is opened.

    Raises: ConfigurationError for alerts that could not be sent.
    """
    return deliveries([address.get_secret_value() for address in settings.watch.alerts])


def make_alarm(settings: Settings, desk: Desk, couriers: Couriers) -> Alarm:
    """Alerts of one running desk."""
    watch = settings.watch
    return Alarm(
        Watchman(
            unavailable_after=timedelta(seconds=watch.alert_unavailable_after_s),
            unsettled_after=timedelta(seconds=watch.alert_unsettled_after_s),
        ),
        couriers,
        desk.hands.journal,
        name=f"{settings.portfolio.name} ({'LIVE' if settings.mode == 'live' else settings.mode})",
        details=watch.alert_details,
    )


def make_board(settings: Settings, desk: Desk, *, played: bool = False) -> Board:
    """A board for one running desk."""
    now = datetime.now(UTC)
    return Board(
        mode=settings.mode,
        portfolio=settings.portfolio.name,
        limits=_limits(settings),
        journal=desk.hands.journal,
        patience=lambda at: PLAYED_PATIENCE if played else freshness(settings, at),
        every=_every(settings, now),
        span=PLAYED_SPAN if played else timedelta(days=7),
        played=played,
    )


def _limits(settings: Settings) -> Limits:
    return Limits(
        quote=settings.portfolio.quote,
        leverage_cap=settings.risk.leverage_cap,
        distance_min=settings.risk.liquidation_distance_min,
        band=settings.policy.pace.band_outer,
    )


def _every(settings: Settings, now: datetime) -> timedelta:
    """From one cycle to the next; with a cron expression as far apart as the next two."""
    if settings.schedule.cron is None:
        return timedelta(seconds=settings.schedule.cycle_every_s)
    from cronsim import CronSim  # noqa: PLC0415 - only for profiles with a cron expression

    times = CronSim(settings.schedule.cron, now)
    return -(next(times) - next(times))
