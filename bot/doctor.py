"""`ballast check`: everything that could stop Ballast later, looked at now, without changing anything."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from bot.clock import LocalnetClock, SystemClock, this_boot
from bot.domain.account import PositionMode
from bot.domain.errors import BallastError, ConfigurationError, JournalError, Unavailable
from bot.domain.instrument import Instrument
from bot.domain.ports import Clock
from bot.exchange.venue import CcxtVenue
from bot.execution.client_id import is_ours
from bot.execution.journal import FORGETFUL, Journal
from bot.settings import Settings, Venue
from bot.silence import keep_silence
from bot.wiring import check_world, make_venue

CLOCK_OFFSET_WARN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `exit_code` counts only for a failure."""

    topic: str
    verdict: Literal["ok", "warn", "fail"]
    text: str
    exit_code: int = 0


async def examine(settings: Settings, only: str | None = None) -> tuple[Finding, ...]:
    """Look at settings, journal and every venue, or `only` at one; changes nothing anywhere."""
    findings = [_ok("settings", f'mode {settings.mode}, portfolio "{settings.portfolio.name}", rules consistent')]
    findings.append(_journal(settings))
    with _memory(settings) as memory:
        rows = [row for row in settings.venues if only in (None, row.id)]
        for found in await asyncio.gather(*(_venue(settings, row, memory) for row in rows)):
            findings.extend(found)
    return tuple(findings)


def _memory(settings: Settings) -> Journal:
    """Where a venue's wish for silence is kept; nowhere when the journal cannot be used, which is a finding itself."""
    try:
        return Journal.open(settings.journal.path, new_id=secrets.token_hex(8), beside=True)
    except JournalError:
        return Journal.open(FORGETFUL, new_id="")


def _journal(settings: Settings) -> Finding:
    path = settings.journal.path
    try:
        with Journal.open(path, new_id=secrets.token_hex(8), beside=True) as journal:
            state = journal.latch() or journal.paused()
            waiting = len(journal.open_intents())
            told = check_world(settings, journal)
    except (JournalError, ConfigurationError) as error:
        return _fail("journal", str(error), 2)
    if told:
        return _warn("journal", "; ".join(told))
    if state is not None:
        return _warn("journal", f"{path} is usable; {state}")
    if waiting:
        return _warn("journal", f"{path} is usable; {waiting} request(s) wait to be settled by the next cycle")
    return _ok("journal", f"{path} is usable")


async def _venue(settings: Settings, row: Venue, memory: Journal) -> list[Finding]:
    try:
        clock: Clock = await LocalnetClock.ask(row.localnet) if row.localnet else SystemClock()
        venue = make_venue(settings, row, clock)
        where, boot = row.localnet or row.place(settings.mode), "" if row.localnet else this_boot()
        keep_silence(venue, memory, clock, where=where, boot=boot)
    except ConfigurationError as error:
        return [_fail(row.id, str(error), 2)]
    except BallastError as error:
        return [_fail(row.id, str(error), 3)]
    try:
        return await _connected(settings, row, venue, clock)
    except Unavailable as error:
        return [_fail(row.id, str(error), 3)]
    except BallastError as error:
        return [_fail(row.id, str(error), 2)]
    finally:
        await venue.close()


async def _connected(settings: Settings, row: Venue, venue: CcxtVenue, clock: Clock) -> list[Finding]:
    await venue.connect()
    findings = [_clock(row.id, venue.now() - clock.now()) if venue.tells_time else _untold(row.id)]
    if not row.has_keys:
        findings.append(_warn(f"{row.id} key", "no API key: public data only"))
        if row.hedges:
            owned = {holding.asset for holding in settings.holdings} | set(settings.dry_run.balances)
            findings.extend(await _markets(row, venue, owned - set(settings.portfolio.stablecoins)))
        return findings
    findings.append(await _rights(settings, row, venue))
    balances = await venue.balances()
    assets = {balance.asset for balance in balances} | {holding.asset for holding in settings.holdings}
    assets -= set(settings.portfolio.stablecoins)
    held = (
        ", ".join(f"{balance.total.normalize():f} {balance.asset} ({balance.wallet.value})" for balance in balances)
        or "nothing"
    )
    findings.append(_ok(f"{row.id} balances", held))
    if row.hedges:
        findings.extend(await _hedging(row, venue, assets))
    return findings


def _clock(venue: str, offset: timedelta) -> Finding:
    seconds = offset.total_seconds()
    if abs(offset) > CLOCK_OFFSET_WARN:
        ahead = "behind" if seconds > 0 else "ahead of"
        return _warn(
            f"{venue} clock",
            f"this machine's clock is {abs(seconds):.1f} s {ahead} the venue's; Ballast corrects for it, but set the "
            "clock (NTP), because logs and schedules follow it",
        )
    return _ok(f"{venue} clock", f"within {abs(seconds) * 1000:.0f} ms of the venue")


def _untold(venue: str) -> Finding:
    return _ok(f"{venue} clock", "it tells no time; this machine's clock is used as it is, so keep it set (NTP)")


async def _rights(settings: Settings, row: Venue, venue: CcxtVenue) -> Finding:
    rights = await venue.key_rights()
    topic = f"{row.id} key"
    if rights.withdraw:
        text = "the key may withdraw; Ballast refuses it: make one without that right and delete this one"
        return _fail(topic, text, 2)
    if rights.trade_futures is False and row.hedges and settings.mode != "dry-run":
        text = (
            "the key may not trade futures: enable that right or make a new key; where the venue does not give it, let "
            "shorts live at another one (role)"
        )
        return _fail(topic, text, 2)
    words = [
        f"{name} {'unknown' if value is None else 'yes' if value else 'no'}"
        for name, value in (
            ("read", rights.read),
            ("futures", rights.trade_futures),
            ("transfers", rights.transfer),
            ("withdrawals", rights.withdraw),
            ("bound to an address", rights.ip_restricted),
        )
    ]
    text = ", ".join(words)
    if settings.mode == "live" and rights.ip_restricted is False:
        return _warn(topic, f"{text}; bind the key to this machine's IP address")
    if rights.transfer is False and row.tops_up:
        return _warn(topic, f"{text}; without the right to transfer, collateral cannot be topped up from spot")
    return _ok(topic, text)


async def _hedging(row: Venue, venue: CcxtVenue, assets: set[str]) -> list[Finding]:
    findings = []
    mode = await venue.position_mode()
    if mode is not PositionMode.ONE_WAY:
        text = "hedge mode: a closing order could open the other side. Switch the account to one-way mode"
        findings.append(_fail(f"{row.id} position mode", text, 4))
    else:
        findings.append(_ok(f"{row.id} position mode", "one-way"))
    instruments = await venue.instruments(assets)
    covered = {instrument.base for instrument in instruments}
    findings.append(_instruments(row.id, instruments, assets - covered))
    if instruments:
        findings.append(orders_taken(row.id, instruments))
    symbols = tuple(instrument.symbol for instrument in instruments)
    marks = await venue.marks(symbols)
    if len(marks) < len(symbols):
        missing = sorted(set(symbols) - {mark.symbol for mark in marks})
        findings.append(_fail(f"{row.id} marks", f"no mark price for {', '.join(missing)}", 3))
    for account in await venue.margin_accounts():
        places = 8 if row.inverse else 2
        text = (
            f"{account.equity:,.{places}f} {account.currency} collateral, {account.withdrawable:,.{places}f} of it free"
        )
        findings.append(_ok(f"{row.id} margin", text))
    positions = await venue.positions(symbols)
    longs = [position for position in positions if position.amount > 0]
    if longs:
        names = ", ".join(f"{position.amount} {position.symbol}" for position in longs)
        findings.append(
            _warn(f"{row.id} positions", f"long: {names}. Ballast leaves them alone and trades nothing there")
        )
    else:
        names = ", ".join(f"{position.amount} {position.symbol}" for position in positions) or "none"
        findings.append(_ok(f"{row.id} positions", names))
    foreign = [order for order in await venue.open_orders(symbols) if not is_ours(order.client_id)]
    if foreign:
        findings.append(_warn(f"{row.id} open orders", f"{len(foreign)} open order(s) that Ballast did not place"))
    return findings


async def _markets(row: Venue, venue: CcxtVenue, assets: set[str]) -> list[Finding]:
    """What could carry a short in these assets, from which amount on; public."""
    instruments = await venue.instruments(assets)
    findings = [_instruments(row.id, instruments, assets - {instrument.base for instrument in instruments})]
    symbols = tuple(instrument.symbol for instrument in instruments)
    marks = await venue.marks(symbols)
    if len(marks) < len(symbols):
        missing = sorted(set(symbols) - {mark.symbol for mark in marks})
        findings.append(_fail(f"{row.id} marks", f"no mark price for {', '.join(missing)}", 3))
    return findings


def _instruments(venue: str, instruments: Sequence[Instrument], uncovered: set[str]) -> Finding:
    names = ", ".join(f"{row.symbol} (from {row.notional_min.normalize():f})" for row in instruments) or "none"
    if uncovered:
        text = f"{names}; no perpetual for {', '.join(sorted(uncovered))}, which stay unhedged"
        return _warn(f"{venue} instruments", text)
    return _ok(f"{venue} instruments", names)


def orders_taken(venue: str, instruments: Sequence[Instrument]) -> Finding:
    """Where the venue takes futures orders now, and where it does not: suspended, delisted, not open to the API."""
    topic = f"{venue} orders"
    shut = ", ".join(row.symbol for row in instruments if not row.active)
    if not shut:
        return _ok(topic, f"taken in all of them, {len(instruments)}, as far as {venue} tells")
    text = f"{shut}: {venue} takes no new orders there now (suspended, or closed to the API); no short can be opened"
    return _fail(topic, text, 3) if all(not row.active for row in instruments) else _warn(topic, text)


def _ok(topic: str, text: str) -> Finding:
    return Finding(topic=topic, verdict="ok", text=text)


def _warn(topic: str, text: str) -> Finding:
    return Finding(topic=topic, verdict="warn", text=text)


def _fail(topic: str, text: str, exit_code: int) -> Finding:
    return Finding(topic=topic, verdict="fail", text=text, exit_code=exit_code)
