"""What only a trade needs to know: books and settings just before it, and what is there after it."""

import asyncio
from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.domain.account import Book, PositionMode
from bot.domain.errors import Refused, Unavailable
from bot.domain.hedge import Target
from bot.domain.ports import Venue
from bot.domain.snapshot import Snapshot
from bot.execution.planner import MarketDetail
from bot.observe import Lookout, all_of, coins_counted
from bot.policy.place import TOO_SMALL
from bot.risk.plausible import doubt_about_book

BOOK_LEVELS = 50


async def look_closer(lookout: Lookout, snapshot: Snapshot, targets: Sequence[Target]) -> tuple[Snapshot, MarketDetail]:
    """Read what only a trade needs: books, settings and the position mode of the venues about to trade.

    Raises: Refused when an account is in hedge mode; nothing was changed.
    """
    by_id = {row.venue.id: row.venue for row in lookout.watched}
    venues = sorted({row.venue for row in targets})
    settings_of = (
        by_id[venue].settings(tuple(row.symbol for row in targets if row.venue == venue)) for venue in venues
    )
    asked = (_books(by_id, snapshot, targets), *(by_id[venue].position_mode() for venue in venues), *settings_of)
    (books, missing), *replies = await all_of(asked)
    modes, settings = replies[: len(venues)], replies[len(venues) :]
    for venue, mode in zip(venues, modes, strict=True):
        if mode is not PositionMode.ONE_WAY:
            raise Refused(
                f"the futures account at {venue} is in hedge mode, where a closing order can open the other "
                "side. Nothing was traded. Close what is open there, then switch the account to one-way mode in its "
                "settings.",
                code="hedge-mode",
            )
    found = {(row.venue, row.symbol): row for rows in settings for row in rows}
    detail = MarketDetail(books=books, settings=found, missing=missing)
    views = tuple(
        replace(view, settings=tuple(row for key, row in found.items() if key[0] == view.venue))
        for view in snapshot.venues
    )
    return replace(snapshot, venues=views), detail


async def _books(
    venues: Mapping[str, Venue], snapshot: Snapshot, targets: Sequence[Target]
) -> tuple[dict[tuple[str, str], Book], dict[tuple[str, str], str]]:
    """The books that could be read and believed, and why the others could not: one bad book stops no other symbol."""
    answers = await asyncio.gather(
        *(venues[row.venue].book(row.symbol, BOOK_LEVELS) for row in targets), return_exceptions=True
    )
    books: dict[tuple[str, str], Book] = {}
    missing: dict[tuple[str, str], str] = {}
    for row, answer in zip(targets, answers, strict=True):
        if isinstance(answer, Unavailable):
            missing[(row.venue, row.symbol)] = str(answer)
        elif isinstance(answer, BaseException):
            raise answer
        elif (doubt := doubt_about_book(answer, snapshot.venue(row.venue).mark(row.symbol))) is not None:
            missing[(row.venue, row.symbol)] = doubt
        else:
            books[(row.venue, row.symbol)] = answer
    return books, missing


async def look_again(lookout: Lookout, snapshot: Snapshot, moved_at: Collection[str] = ()) -> Snapshot:
    """Read positions and collateral once more, to show what is there after acting.

    At the venues where collateral was moved, `moved_at`, also what lies beside it: it would else be counted twice.
    """
    by_id = {row.venue.id: row for row in lookout.watched}
    views = []
    holdings = snapshot.holdings
    for view in snapshot.venues:
        row = by_id[view.venue]
        if not row.hedges:
            views.append(view)
            continue
        symbols = tuple(instrument.symbol for instrument in view.instruments)
        asked: list[Coroutine[Any, Any, Any]] = [row.venue.positions(symbols), row.venue.margin_accounts()]
        asked += [row.venue.balances()] if view.venue in moved_at else []
        positions, margins, *found = await all_of(asked)
        balances = found[0] if found else view.balances
        views.append(replace(view, positions=positions, margins=margins, balances=balances))
        if not found:
            continue
        elsewhere = tuple(held for held in holdings if held.venue != view.venue)
        holdings = (*elsewhere, *coins_counted(row, balances))
    return replace(snapshot, holdings=holdings, venues=tuple(views))


def doubt_small(lookout: Lookout, targets: Sequence[Target]) -> None:
    """Where a wanted short is held back by the smallest order alone, have the rules of that venue read anew.

    They may have been read at a bad moment, and nothing else would contradict them for a day.
    """
    small = {row.venue for row in targets if any(link.bound == TOO_SMALL for link in row.chain)}
    for watched in lookout.watched:
        if watched.venue.id in small:
            watched.venue.doubt_rules()
