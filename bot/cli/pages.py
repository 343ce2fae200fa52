"""Commands that only read or mark the journal: status, pause, resume."""

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.cli.arguments import Arguments
from bot.cli.handlers import settings_of
from bot.domain.errors import Halted
from bot.domain.figures import expiry_of
from bot.domain.record import EXIT_CODES, CycleStatus
from bot.watch.health import freshness, trouble

if TYPE_CHECKING:
    from bot.execution.journal import Journal
    from bot.settings import Settings

WATCH_EVERY_S = 2.0
CLEAR = "\x1b[2J\x1b[H"


def status(arguments: Arguments) -> int:
    """Show the last record; a healthcheck reads the exit code."""
    settings = settings_of(arguments)
    if arguments.healthy:
        return _healthy(settings, as_json=arguments.json)
    while True:
        code, text = _status(settings, as_json=arguments.json, explain=arguments.explain)
        print((CLEAR if arguments.watch and not arguments.json else "") + text, flush=True)
        if not arguments.watch:
            return code
        time.sleep(WATCH_EVERY_S)


def _status(settings: "Settings", *, as_json: bool, explain: bool) -> tuple[int, str]:
    from bot.cli.explained import explained  # noqa: PLC0415
    from bot.cli.render import record_table, status_table  # noqa: PLC0415
    from bot.logs import redacted  # noqa: PLC0415
    from bot.wiring import open_journal  # noqa: PLC0415

    with open_journal(settings) as journal:
        last, paused, latch = journal.last_record_json(), journal.paused(), journal.latch()
    record: dict[str, Any] | None = json.loads(last) if last else None
    now = datetime.now(UTC)
    age_s = _age_s(settings, record, now) if record else None
    fresh = age_s is not None and age_s <= freshness(settings, now).total_seconds()
    code = _code(record, fresh=fresh, latch=latch)
    facts = {"age_s": None if age_s is None else round(age_s, 1), "fresh": fresh, "paused": paused, "halted": latch}
    if as_json:
        return code, redacted(json.dumps({"schema": 1, **facts, "exit_code": code, "last": record}))
    return code, redacted(status_table(record, facts, explained if explain else record_table))


def _healthy(settings: "Settings", *, as_json: bool) -> int:
    """Whether a running Ballast is alive and not halted; what it sees at the venue does not count."""
    from bot.logs import redacted  # noqa: PLC0415
    from bot.wiring import open_journal  # noqa: PLC0415

    with open_journal(settings) as journal:
        last, latch = journal.last_record_json(), journal.latch()
    now = datetime.now(UTC)
    age_s = _age_s(settings, json.loads(last), now) if last else None
    reason = trouble(age_s=age_s, patience_s=freshness(settings, now).total_seconds(), halted=latch)
    shown = {"schema": 1, "healthy": reason is None, "reason": reason}
    print(redacted(json.dumps(shown) if as_json else f"not healthy: {reason}" if reason else "healthy"))
    return 0 if reason is None else EXIT_CODES[CycleStatus.HALTED if latch is not None else CycleStatus.STALE]


def _age_s(settings: "Settings", record: dict[str, Any], now: datetime) -> float:
    """Seconds since the last record; the local testnet lives in a time of its own, so there the file tells."""
    if not any(venue.localnet for venue in settings.venues):
        return (now - datetime.fromisoformat(record["at"])).total_seconds()
    path = settings.journal.path
    beside = path.with_name(path.name + "-wal")
    written = max(file.stat().st_mtime for file in (path, beside) if file.exists())
    return max(0.0, now.timestamp() - written)


def _code(record: dict[str, Any] | None, *, fresh: bool, latch: str | None) -> int:
    if latch is not None:
        return EXIT_CODES[CycleStatus.HALTED]
    if record is None or not fresh:
        return EXIT_CODES[CycleStatus.STALE]
    return EXIT_CODES[CycleStatus(record["status"])]


def pause(arguments: Arguments) -> int:
    """Stop adding risk until `resume`."""
    settings = settings_of(arguments)
    from bot.wiring import open_journal  # noqa: PLC0415

    reason = arguments.reason.strip() or "paused by hand"
    with open_journal(settings) as journal:
        journal.set_paused(reason)
        shorts = [row.symbol for row in journal.known_positions() if row.amount < 0]
    text = "Paused: no risk is added, protection goes on. End it: ballast resume"
    for symbol in shorts:
        if (ends_at := expiry_of(symbol)) is not None:
            text += (
                f"\n{symbol} ends on {ends_at:%Y-%m-%d} and is not rolled while paused; then nothing hedges its coins"
            )
    _say(arguments, paused=reason, text=text)
    return 0


def resume(arguments: Arguments) -> int:
    """End a pause; after a halt only with its token."""
    settings = settings_of(arguments)
    from bot.halting import rearm  # noqa: PLC0415
    from bot.wiring import open_journal  # noqa: PLC0415

    with open_journal(settings) as journal:
        if arguments.abandon:
            return _abandon(arguments, journal)
        latch = journal.latch()
        if latch is not None and arguments.arm is None:
            raise Halted(f"halted: {latch}. Until then no risk is added; reductions and protective collateral go on")
        if arguments.arm is not None and not rearm(journal, arguments.arm):
            raise Halted(
                f"still halted: {arguments.arm} is not the token of this halt, which says: {latch}. Nothing was changed"
            )
        journal.set_paused(None)
    _say(arguments, paused=None, text="Resumed: the next cycle may trade again.")
    return 0


def _abandon(arguments: Arguments, journal: "Journal") -> int:
    from bot.execution.stranded import abandon  # noqa: PLC0415

    done = [abandon(journal, name, datetime.now(UTC)) for name in arguments.abandon]
    print(json.dumps({"schema": 1, "abandoned": done}) if arguments.json else "\n".join(done))
    return 0


def _say(arguments: Arguments, *, paused: str | None, text: str) -> None:
    print(json.dumps({"schema": 1, "paused": paused}) if arguments.json else text)
