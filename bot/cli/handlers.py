"""Commands that meet a venue, real or simulated; what they need is imported when they run, not when help is shown."""

import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.arguments import Arguments
from bot.domain.errors import ConfigurationError
from bot.domain.published import published
from bot.domain.record import EXIT_CODES, CycleRecord

if TYPE_CHECKING:
    from bot.cycle import Desk
    from bot.daemon import Schedule
    from bot.settings import Settings

STOPPED = "stopped: shorts stay as they are, and nobody looks after their margin until the next start"


def settings_of(arguments: Arguments) -> "Settings":
    """Load the settings and teach the logs their secrets. Raises: ConfigurationError."""
    from bot.logs import configure_logs  # noqa: PLC0415
    from bot.settings import load_settings  # noqa: PLC0415

    settings = load_settings(arguments.config, confirm_live=arguments.confirm_live)
    configure_logs(level=arguments.log_level, form=arguments.log_format, secrets=settings.secrets())
    return settings


def check(arguments: Arguments) -> int:
    """Examine everything and exit with the code of the first failure."""
    if arguments.explain:
        from bot.manual import manual  # noqa: PLC0415

        print(manual(), end="")
        return 0
    if arguments.examined is not None:
        from bot.cli.venue_page import check_venue  # noqa: PLC0415

        return check_venue(arguments, arguments.examined, settings_of)
    settings = settings_of(arguments)
    from bot.cli.render import findings_table  # noqa: PLC0415
    from bot.doctor import examine  # noqa: PLC0415

    findings = asyncio.run(examine(settings))
    code = next((row.exit_code for row in findings if row.verdict == "fail"), 0)
    if arguments.json:
        rows = [{"topic": row.topic, "verdict": row.verdict, "text": row.text} for row in findings]
        print(json.dumps({"schema": 1, "findings": rows, "exit_code": code}))
    else:
        print(findings_table(findings))
    return code


def plan(arguments: Arguments) -> int:
    """Show one cycle without its last step."""
    settings = settings_of(arguments)
    from bot.cycle import preview_cycle  # noqa: PLC0415
    from bot.wiring import open_desk  # noqa: PLC0415

    async def preview() -> CycleRecord:
        async with open_desk(settings, purpose="plan") as desk:
            return await preview_cycle(desk)

    return _show(asyncio.run(preview()), arguments)


def once(arguments: Arguments) -> int:
    """Run one cycle."""
    settings = settings_of(arguments)
    from bot.cycle import run_cycle  # noqa: PLC0415
    from bot.wiring import open_desk  # noqa: PLC0415

    async def cycle() -> CycleRecord:
        async with open_desk(settings, purpose="once") as desk:
            return await run_cycle(desk)

    from bot.signals import run_to_its_end  # noqa: PLC0415

    return _show(run_to_its_end(cycle(), _say), arguments)


def flatten(arguments: Arguments) -> int:
    """Close every short."""
    settings = settings_of(arguments)
    from bot.flatten import flatten as close_shorts  # noqa: PLC0415
    from bot.wiring import open_desk  # noqa: PLC0415

    async def close() -> CycleRecord:
        async with open_desk(settings, purpose="flatten") as desk:
            return await close_shorts(desk, verify=arguments.verify)

    from bot.cli.render import FLATTENED  # noqa: PLC0415

    return _show(asyncio.run(close()), arguments, FLATTENED)


def daemon(arguments: Arguments) -> int:
    """Run cycles until told to stop."""
    settings = settings_of(arguments)
    import random  # noqa: PLC0415

    from bot.daemon import run_daemon  # noqa: PLC0415
    from bot.logs import cycle_line, redacted  # noqa: PLC0415
    from bot.reload import Profile, schedule_of  # noqa: PLC0415
    from bot.settings import load_settings  # noqa: PLC0415
    from bot.watch.attend import alert_ways, attend  # noqa: PLC0415
    from bot.wiring import open_desk  # noqa: PLC0415

    ways = alert_ways(settings)
    profile = Profile(settings, lambda: load_settings(arguments.config, confirm_live=arguments.confirm_live))

    def announce(record: CycleRecord, next_at: datetime | None) -> None:
        print(redacted(json.dumps(published(record))) if arguments.json else cycle_line(record, next_at), flush=True)

    def jitter_s() -> float:
        return random.uniform(0, profile.settings.schedule.jitter_s)  # noqa: S311 - spreads load, guards nothing

    async def cycles() -> int:
        async with open_desk(settings, purpose="run") as desk, attend(settings, desk, _say, ways=ways) as attendant:
            if attendant.address is not None:
                print(f"status page: {attendant.address}", file=sys.stderr, flush=True)

            def tell(record: CycleRecord, next_at: datetime | None) -> None:
                announce(record, next_at)
                attendant.told(record, next_at)

            def warn(sentence: str) -> None:
                _say(sentence)
                attendant.complained(sentence)

            def reload(desk: "Desk", due: datetime) -> "tuple[Desk, Schedule] | None":
                renewed = profile.read_again(desk, due, _say, warn)
                attendant.follow(profile.settings)
                return renewed

            schedule = schedule_of(settings)
            ended = await run_daemon(desk, schedule, tell, warn, say=_say, jitter_s=jitter_s, reload=reload)
            print(STOPPED, file=sys.stderr, flush=True)
            return ended

    try:
        return asyncio.run(cycles())
    except asyncio.CancelledError:  # told twice to stop
        raise KeyboardInterrupt from None


def _say(sentence: str) -> None:
    from bot.logs import redacted  # noqa: PLC0415

    print(f"ballast: {redacted(sentence)}", file=sys.stderr, flush=True)


def localnet(arguments: Arguments) -> int:
    """Serve the local testnet until Ctrl-C."""
    _tape_exists(arguments.tape)
    if not arguments.speed > 0:
        raise ConfigurationError(
            f"--speed {arguments.speed:g}: must be greater than 0; 60 lets an hour pass in a minute"
        )
    from bot.sim.localnet import serve_localnet  # noqa: PLC0415

    asyncio.run(
        serve_localnet(
            venue=arguments.venue,
            listen=arguments.listen,
            scenario=_scenario(arguments),
            tape=arguments.tape,
            seed=arguments.seed,
            speed=arguments.speed,
            write_config=arguments.write_config,
        )
    )
    return 0


def demo(arguments: Arguments) -> int:
    """Show weeks of hedging in under a minute."""
    _tape_exists(arguments.tape)
    from bot.demo import run_demo  # noqa: PLC0415

    return asyncio.run(
        run_demo(
            scenario=_scenario(arguments),
            tape=arguments.tape,
            seed=arguments.seed,
            page=arguments.page,
            since=arguments.since,
            until=arguments.until,
        )
    )


def _scenario(arguments: Arguments) -> str | None:
    return arguments.scenario or (None if arguments.tape else arguments.default_scenario)


def _tape_exists(tape: Path | None) -> None:
    if tape is not None and not tape.is_dir():
        raise ConfigurationError(f"--tape {tape}: there is no such directory; docs/tape.md describes what it holds")


def _show(record: CycleRecord, arguments: Arguments, meanings: Mapping[str, str] | None = None) -> int:
    from bot.cli.explained import explained  # noqa: PLC0415
    from bot.cli.render import record_table  # noqa: PLC0415
    from bot.logs import redacted  # noqa: PLC0415

    shown = published(record)
    if arguments.json:
        print(redacted(json.dumps(shown)))
    elif getattr(arguments, "explain", False):
        print(redacted(explained(shown)))
    else:
        print(redacted(record_table(shown, meanings)))
    return EXIT_CODES[record.status]
