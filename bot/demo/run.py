"""`ballast demo`: from the wish to the summary."""

import shutil
import sys
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import TextIO

from bot.demo.books import CENT
from bot.demo.show import Show, on_show
from bot.demo.stage import BAND, DISTANCE_MIN, LEVERAGE_CAP, RATIO, VENUE, Stage, play, set_stage
from bot.demo.story import QUOTE, Story, from_scenario, from_tape
from bot.demo.summary import Ending, summary
from bot.demo.view import View
from bot.demo.witness import Witness
from bot.domain.account import ZERO, IncomeEntry
from bot.domain.errors import ConfigurationError, Halted, Unavailable
from bot.logs import redacted

WIDTH_IN_PIPES = 110
WATCHED_DAY_S = 0.5  # wall seconds a market day takes at least: 38 days pass in 19 seconds
WIDTH_MIN = 40
WIDTH_MAX = 160


async def run_demo(
    *,
    scenario: str | None = None,
    tape: Path | None = None,
    seed: int = 1,
    page: bool = True,
    since: datetime | None = None,
    until: datetime | None = None,
) -> int:
    """Show a portfolio being hedged through a scenario or a tape; returns the exit code.

    Raises: ConfigurationError before anything was started; Halted when the books do not add up.
    """
    out = sys.stdout
    started = monotonic()
    story = _story(scenario, tape, seed, since, until)
    out.write("Ballast demo: play money on this machine, no key, no network.\n")
    out.flush()
    # On a terminal the days pass slowly enough to be watched; in a pipe nobody waits for them.
    pace_s = WATCHED_DAY_S if page and out.isatty() else 0.0
    async with set_stage(story, day_s=pace_s) as stage:
        view = View(out, _width(out), story.assets[0], stage.witness.funding)
        for line in introduction(stage):
            view.paragraph(line, "  ")
        async with on_show(stage, view, page=page) as show:
            await _perform(stage, view, show, started)
            await show.linger()
    return 0


async def _perform(stage: Stage, view: View, show: Show, started: float) -> None:
    """Play to the end, or until a signal, and sum up."""
    to_the_end = await play(stage, show.tell, lambda sentence: view.say(redacted(sentence)))
    view.end()
    if not to_the_end:
        view.say(f"Stopped by you at {stage.witness.now:%Y-%m-%d %H:%M} UTC; this is how far it came.")
    for line in closing(stage.witness):
        view.say(line) if line.startswith("  ") or not line else view.paragraph(line)
    view.paragraph(await cross_check(stage))
    took = monotonic() - started
    days = (stage.witness.now - stage.story.feed.start).days
    view.paragraph(
        f"{days} market days in {took:.0f} s. Next: `{called()} localnet --write-config rehearsal.toml`, and beside it "
        f"`{called()} once --config rehearsal.toml`. Not financial advice."
    )


def called() -> str:
    """How this command is typed here: by its name where the shell finds it, else by the path it was started with."""
    started = Path(sys.argv[0])
    if started.name != "ballast" or shutil.which("ballast"):
        return "ballast"
    here = Path.cwd()
    return str(started.relative_to(here) if started.is_relative_to(here) else started)


def introduction(stage: Stage) -> list[str]:
    """What is about to be seen."""
    story = stage.story
    coins = ", ".join(f"{amount:f} {asset}" for asset, amount in story.on_exchange.items())
    cold = " and ".join(f"{amount:f} {asset}" for asset, amount in story.cold.items())
    return [
        f"Market: {story.title}",
        *(f"Note: {note}" for note in story.notes),
        f"Portfolio: {coins} on the exchange{f', {cold} in a cold wallet' if cold else ''}, {story.cash:,f} {QUOTE}; "
        f"worth {stage.witness.start.hedged:,.2f} {QUOTE}. Spot is never sold.",
        f"Policy: static ratio {RATIO:.0%}: half of every coin is sold short in perpetuals; traded again when off by "
        f"more than {BAND:.0%}; leverage at most {LEVERAGE_CAP}x. The real daemon and the unmodified ccxt talk HTTP "
        f"to a simulated {VENUE} at {stage.address}; one look every {stage.every.seconds // 60} market minutes.",
        "Columns: coin price, worth of all coins, short, hedge ratio wanted and held, leverage, rise of all prices "
        "that would liquidate, funding so far. Ctrl-C ends with the summary.",
        "",
    ]


def closing(witness: Witness) -> list[str]:
    """The summary as lines. Raises: Halted when the books do not add up."""
    return summary(
        Ending(
            begun=witness.begun,
            ended=witness.now,
            quote=QUOTE,
            books=witness.books(),
            fall_hedged=witness.hedged_fall.worst,
            fall_unhedged=witness.unhedged_fall.worst,
            distance_min=witness.distance_min,
            distance_wanted=DISTANCE_MIN,
            leverage_max=witness.leverage_max,
            leverage_cap=LEVERAGE_CAP,
            orders=witness.orders,
            transfers=witness.transfers,
            liquidations=witness.liquidations,
            in_band=Decimal(witness.looks_in_band) / witness.looks if witness.looks else None,
            band=BAND,
            ratio=RATIO,
            cash_ran_out=witness.cash_ran_out,
        )
    )


async def cross_check(stage: Stage) -> str:
    """Compare the simulator's own books with what the bot is told over the wire.

    Raises: Halted when they differ by a cent.
    """
    venue = stage.desk.hands.venues[VENUE]
    try:
        statement = await venue.income(stage.story.feed.start)
        margins = await venue.margin_accounts()
        balances = await venue.balances()
    except Unavailable:
        return "The exchange could not be asked for its statement at the end; the figures above are its own ledger's."
    witness = stage.witness
    prices = {asset: stage.story.spot_price(asset, witness.now) for asset in stage.story.assets}
    told = {
        "worth": sum((row.equity for row in margins if row.currency == QUOTE), ZERO)
        + sum((row.total for row in balances if row.asset == QUOTE), ZERO)
        + sum((row.total * prices[row.asset] for row in balances if row.asset in prices), ZERO)
        + sum((amount * prices[asset] for asset, amount in stage.story.cold.items()), ZERO),
        "funding": _sum(statement, "funding"),
        "fees": _sum(statement, "fee"),
    }
    known = {"worth": witness.wealth().hedged, "funding": witness.funding(), "fees": -witness.fees()}
    for name, value in told.items():
        if abs(value - known[name]) >= CENT:
            raise Halted(
                f"the demo's books and the exchange's statement differ: {name} {value:.4f} as told over the wire, "
                f"{known[name]:.4f} in the ledger. Only play money is concerned; please report it."
            )
    return (
        f"Checked: the {len(statement)} bookings and the balances the bot reads through ccxt agree with these figures "
        "to the cent."
    )


def _sum(statement: Sequence[IncomeEntry], kind: str) -> Decimal:
    return sum((row.amount for row in statement if row.kind == kind), ZERO)


def _story(scenario: str | None, tape: Path | None, seed: int, since: datetime | None, until: datetime | None) -> Story:
    if tape is not None:
        return from_tape(tape, since=since, until=until)
    if since is not None or until is not None:
        raise ConfigurationError("--from and --to choose a part of a tape; give --tape DIR too. Nothing was started.")
    return from_scenario(scenario, seed=seed)


def _width(out: TextIO) -> int:
    if not out.isatty():
        return WIDTH_IN_PIPES
    return min(WIDTH_MAX, max(WIDTH_MIN, shutil.get_terminal_size((WIDTH_IN_PIPES, 24)).columns))
