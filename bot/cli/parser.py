"""The commands and their flags."""

import argparse
import os
import textwrap
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import NoReturn

from bot import __version__
from bot.cli import handlers, journal_pages, pages
from bot.cli.arguments import Arguments
from bot.domain.errors import ConfigurationError

DEFAULT_PROFILE = Path("ballast.toml")
SCENARIOS = (
    "crash-and-rally", "calm", "rally", "crash", "alt-crash", "funding-squeeze", "depeg", "outage", "rich-basis",
    "backwardation",
)  # fmt: skip
LEAPS = ("rally-in-a-minute", "rally-in-an-hour", "rally-too-far")


class _Parser(argparse.ArgumentParser):
    """Tells a wrong flag the way every other configuration error is told."""

    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(f"{message}; `{self.prog} --help` shows what is possible")


def parse(argv: Sequence[str]) -> Arguments:
    """Read the command line. Raises: ConfigurationError for wrong flags, SystemExit after --help and --version."""
    arguments = _parser().parse_args(argv, namespace=Arguments())
    given = [*arguments.config_first, *arguments.config_last]
    arguments.config = [Path(name) for name in given] or _default_profiles()
    return arguments


def _default_profiles() -> list[Path]:
    named = os.environ.get("BALLAST_CONFIG", "")
    if named:
        return [Path(name) for name in named.split(os.pathsep) if name]
    return [DEFAULT_PROFILE] if DEFAULT_PROFILE.exists() else []


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="ballast",
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Holds a short against a long-term crypto portfolio, so that it keeps upright. Spot is never sold.",
        epilog=_examples(
            "ballast demo                                        a portfolio through a crash, on a local testnet",
            "ballast check --config config/family.toml           is everything ready?",
            "ballast plan --config config/family.toml            what would be done now, and why",
            "ballast once --config config/family.toml            do it once; safe under overlapping cron runs",
        )
        + "\nexit codes: 0 hedged as wanted, 1 acted but not yet there, 2 configuration, 3 venue unavailable or data\n"
        "stale (nothing done), 4 refused by a guard, 5 another instance holds the account, 70 halted, 130 interrupted",
    )
    parser.add_argument(
        "--version", action="version", version=f"ballast {__version__}", help="print the version and leave"
    )
    parser.add_argument("--config", dest="config_first", metavar="FILE", action="append", default=[], help=_CONFIG)
    _output_flags(parser, top=True)
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    _hedging(commands)
    _stopping(commands)
    _keeping(commands)
    _rehearsing(commands)
    return parser


_CONFIG = "profile in TOML; may be repeated, later wins (default: $BALLAST_CONFIG, else ./ballast.toml)"


def _output_flags(parser: argparse.ArgumentParser, *, top: bool = False) -> None:
    """Flags that may stand before or after the command; after it they are set only when given."""
    unset = argparse.SUPPRESS
    parser.add_argument(
        "--json", action="store_true", default=False if top else unset, help="print one JSON object on standard output"
    )
    parser.add_argument(
        "--log-format",
        choices=("console", "json"),
        default="console" if top else unset,
        help="form of the logs on standard error (default: console)",
    )
    parser.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default="info" if top else unset,
        help="least important event that is logged (default: info)",
    )


def _command(
    commands: "argparse._SubParsersAction[_Parser]",
    name: str,
    handler: Callable[[Arguments], int],
    summary: str,
    *examples: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary[:1].upper() + summary[1:] + ".",
        epilog=_examples(*examples),
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", dest="config_last", metavar="FILE", action="append", default=[], help=_CONFIG)
    _output_flags(parser)
    parser.add_argument(
        "--confirm-live", metavar="ACCOUNT", default=None, help="in mode live: the account that may trade real money"
    )
    parser.set_defaults(handler=handler)
    return parser


def _examples(*lines: str) -> str:
    return textwrap.indent("\n".join(lines), "  ").join(("examples:\n", "\n"))


def _hedging(commands: "argparse._SubParsersAction[_Parser]") -> None:
    check = _command(
        commands,
        "check",
        handlers.check,
        "examine configuration, keys and their rights, clock, minimums and venue abilities",
        "ballast check --config config/family.toml",
        "ballast check --venue mexc                          what a venue can do, without any profile or key",
        "ballast check --explain                             print every setting with its meaning and default",
    )
    check.add_argument("--explain", action="store_true", help="print the manual of all settings and leave")
    check.add_argument(
        "--venue",
        dest="examined",
        metavar="ID",
        default=None,
        help="what this venue can and cannot do, and, where a profile names it, how your account there stands",
    )
    plan = _command(
        commands,
        "plan",
        handlers.plan,
        "show what would be done now and why; changes nothing",
        "ballast plan --config config/family.toml",
        "ballast plan --explain                              every rule's number, what bound it, what it will cost",
        "ballast plan --json | jq .intents",
    )
    plan.add_argument("--explain", action="store_true", help="the whole chain behind every short, with its cost")
    _command(
        commands,
        "once",
        handlers.once,
        "run one cycle: look, decide, act, record",
        "ballast once --config config/family.toml",
        "ballast once --config config/live-example.toml --confirm-live family",
    )
    _command(
        commands,
        "run",
        handlers.daemon,
        "run cycles on the schedule until stopped (SIGTERM, SIGINT); SIGHUP reads the profile again",
        "ballast run --config config/family.toml",
        "ballast run --config config/family.toml --log-format json",
    )


def _stopping(commands: "argparse._SubParsersAction[_Parser]") -> None:
    status = _command(
        commands,
        "status",
        pages.status,
        "show the last cycle from the journal, without calling the venue; exits 3 when it is too old",
        "ballast status",
        "ballast status --watch",
        "ballast status --healthy || echo 'look at it'",
        "ballast status --explain                            the chain behind every short, as it was decided",
    )
    status.add_argument("--explain", action="store_true", help="the whole chain behind every short, with its cost")
    status.add_argument("--watch", action="store_true", help="show it again every two seconds until Ctrl-C")
    status.add_argument(
        "--healthy", action="store_true", help="only whether a running Ballast is alive: exit 0, else 3 or 70"
    )
    flatten = _command(
        commands,
        "flatten",
        handlers.flatten,
        "close every short with reduce-only orders; holdings stay untouched",
        "ballast pause && ballast flatten --verify",
    )
    flatten.add_argument("--verify", action="store_true", help="read the venue again until it shows no position")
    pause = _command(
        commands,
        "pause",
        pages.pause,
        "add no risk any more, also after a restart; protection goes on",
        'ballast pause --reason "on holiday"',
    )
    pause.add_argument("--reason", default="paused by hand", help="why, for the records")
    resume = _command(
        commands,
        "resume",
        pages.resume,
        "end a pause, or re-arm after a halt",
        "ballast resume",
        "ballast resume --arm TOKEN                          after a halt, with the token the halt printed",
        "ballast resume --abandon c000012-01                 a request at a venue that is not configured any more",
    )
    resume.add_argument("--arm", metavar="TOKEN", default=None, help="the token that was printed with the halt")
    resume.add_argument(
        "--abandon",
        metavar="ID",
        action="append",
        default=[],
        help="take an unsettled request off the list, or VENUE:SYMBOL of a short left at a removed venue, after you "
        "looked at the venue yourself; may be repeated, lifts no pause",
    )


def _keeping(commands: "argparse._SubParsersAction[_Parser]") -> None:
    journal = commands.add_parser(
        "journal",
        help="verify, export or back up what Ballast remembers; a running Ballast is not disturbed",
        description="What Ballast remembers: verify it, read it elsewhere, copy it. Nothing is written into it.",
        epilog=_examples(
            "ballast journal verify --config config/family.toml",
            "ballast journal backup /mnt/backup/ballast-2026-11-25.db",
            "ballast journal export | jq 'select(.line == \"fill\")'",
        ),
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ways = journal.add_subparsers(title="what to do", dest="journal_command", metavar="WHAT", required=True)
    verify = _command(
        ways,
        "verify",
        journal_pages.verify,
        "whether the file is whole, the newest of its account, and tells a possible story; exits 2 when not",
        "ballast journal verify --json",
        "ballast journal verify --file /mnt/backup/ballast-2026-11-25.db",
    )
    export = _command(
        ways,
        "export",
        journal_pages.export,
        "cycles, requests, fills, positions and events as lines of JSON, without secrets",
        "ballast journal export > journal.jsonl",
    )
    backup = _command(
        ways,
        "backup",
        journal_pages.backup,
        "copy the journal to a new file, whole or not at all",
        "ballast journal backup /mnt/backup/ballast-2026-11-25.db",
    )
    for each in (verify, export, backup):
        each.add_argument(
            "--file", metavar="FILE", type=Path, default=None, help="this journal, such as a backup, not the profile's"
        )
    export.add_argument("--to", metavar="FILE", type=Path, default=None, help="a new file (default: standard output)")
    backup.add_argument("to", metavar="FILE", type=Path, help="a new file; nothing is ever overwritten")


def _rehearsing(commands: "argparse._SubParsersAction[_Parser]") -> None:
    localnet = _command(
        commands,
        "localnet",
        handlers.localnet,
        "serve a simulated exchange on loopback that speaks a venue's own protocol",
        "ballast localnet --venue binance --scenario crash --speed 600 --write-config local.toml",
        "ballast localnet --tape data/2020-03 --speed 3600",
    )
    localnet.add_argument("--venue", metavar="ID", default="binance", help="whose protocol (default: binance)")
    localnet.add_argument(
        "--listen", metavar="HOST:PORT", default="127.0.0.1:8701", help="where to serve (default: 127.0.0.1:8701)"
    )
    _market_flags(localnet, scenario="calm", more=LEAPS)
    localnet.add_argument("--speed", type=float, default=1.0, help="market seconds per second (default: 1)")
    localnet.add_argument("--write-config", metavar="FILE", type=Path, default=None, help="write a profile for `once`")
    demo = _command(
        commands,
        "demo",
        handlers.demo,
        "hedge a portfolio through weeks of market in under a minute, on a local testnet",
        "ballast demo",
        "ballast demo --scenario rally --seed 7",
        "ballast demo --tape data --from 2021-05-08 --to 2021-06-05     real candles, marks and funding",
    )
    _market_flags(demo, scenario="crash-and-rally")
    demo.add_argument("--from", dest="since", metavar="DATE", type=_day, default=None, help="first day of the tape")
    demo.add_argument("--to", dest="until", metavar="DATE", type=_day, default=None, help="day before which it ends")
    demo.add_argument("--no-page", dest="page", action="store_false", help="serve no status page meanwhile")


def _day(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; write for example 2021-05-08") from None


def _market_flags(parser: argparse.ArgumentParser, *, scenario: str, more: Sequence[str] = ()) -> None:
    market = parser.add_mutually_exclusive_group()
    names = ", ".join((*SCENARIOS, *more))
    market.add_argument("--scenario", metavar="NAME", default=None, help=f"{names} (default: {scenario})")
    market.add_argument("--tape", metavar="DIR", type=Path, default=None, help="replay real candles from a directory")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same market (default: 1)")
    parser.set_defaults(default_scenario=scenario)
