"""What was left at a venue that is not configured any more: it cannot be looked up, so only its asset waits for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.account import ZERO, Side
from bot.domain.errors import ConfigurationError
from bot.domain.intent import Ending, Intent, OrderIntent, Outcome, describe
from bot.execution.journal import Journal, KnownPosition, OpenIntent


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranded:
    """What waits out of sight. `assets` says why no short in an asset may grow; `notes` say what to do about it."""

    assets: Mapping[str, str]
    notes: tuple[str, ...]


def within_reach(rows: tuple[OpenIntent, ...], venues: Collection[str]) -> tuple[OpenIntent, ...]:
    """The open intents whose venue can be asked."""
    return tuple(row for row in rows if row.intent.venue in venues)


def stranded(journal: Journal, venues: Collection[str]) -> Stranded:
    """Open intents and shorts at venues that are not among the configured ones."""
    assets: dict[str, str] = {}
    notes: list[str] = []
    for row in journal.open_intents():
        intent = row.intent
        if intent.venue in venues:
            continue
        said = f"{intent.id} ({describe(intent)}, sent {row.sent_at:%Y-%m-%d %H:%M} UTC)"
        held = "nothing else waits for it"
        if isinstance(intent, OrderIntent) and intent.side is Side.SELL:
            asset = intent.symbol.split("/", 1)[0]
            assets[asset] = f"{intent.id} may have opened a short at {intent.venue}, which is not configured any more"
            held = f"no short in {asset} grows until this is known"
        notes.append(
            f"{said} waits for {intent.venue}, which is not configured any more; {held}. Put {intent.venue} back into "
            f"[[venues]], or look there yourself and then run `ballast resume --abandon {intent.id}`"
        )
    for known in journal.known_positions():
        if known.venue in venues or known.amount >= 0:
            continue
        assets.setdefault(known.asset, f"a short was left at {known.venue}, which is not configured any more")
        notes.append(
            f"a short of {-known.amount} {known.symbol} was left at {known.venue}, which is not configured any more; "
            f"no short in {known.asset} grows beside it. Put {known.venue} back into [[venues]], or close it there and "
            f"then run `ballast resume --abandon {_name(known)}`"
        )
    return Stranded(assets=assets, notes=tuple(notes))


def abandon(journal: Journal, name: str, at: datetime) -> str:
    """Take an unsettled intent (by its id) or a remembered short (VENUE:SYMBOL) off the list, and say so.

    Raises: ConfigurationError when nothing of that name waits; nothing was changed.
    """
    intents: dict[str, Intent] = {row.intent.id: row.intent for row in journal.open_intents()}
    if name in intents:
        words = f"{name} ({describe(intents[name])} at {intents[name].venue}) was abandoned by hand"
        outcome = Outcome(
            intent_id=name, ending=Ending.ABANDONED, filled=ZERO, average_price=None, fee=None, detail=words
        )
        journal.note(at, "intent.abandoned", words)
        journal.record_outcome(outcome, at)
        return words
    positions = {_name(row): row for row in journal.known_positions() if row.amount != 0}
    if name in positions:
        known = positions[name]
        words = f"the position of {known.amount} {known.symbol} at {known.venue} was forgotten by hand"
        journal.note(at, "position.abandoned", words)
        journal.set_position(
            KnownPosition(venue=known.venue, symbol=known.symbol, asset=known.asset, amount=ZERO, changed_at=at)
        )
        return words
    waiting = ", ".join((*intents, *positions)) or "nothing"
    raise ConfigurationError(f"--abandon {name}: nothing of that name waits (waiting: {waiting}). Nothing was changed.")


def _name(known: KnownPosition) -> str:
    return f"{known.venue}:{known.symbol}"
