"""Deliberate defects, at least one for each group of drills, and the variant that has to notice each."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot import adopt_only, cycle, lock
from bot.domain.errors import JournalError
from bot.domain.published import published
from bot.exchange import genuine
from bot.execution.journal import Journal
from bot.observe import Lookout
from tests.soak.surgery import placed
from tests.soak.world import KEY

Surgery = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """What is broken, the variants that are played until one notices it, and the rules it may be noticed by."""

    name: str
    surgery: Surgery
    variants: tuple[str, ...]
    rules: frozenset[str]


@contextmanager
def _sent_without_a_row() -> Iterator[None]:
    kept = Journal.record_sent

    def careless(self: Journal, *values: Any, **named: Any) -> None:
        try:
            kept(self, *values, **named)
        except JournalError:
            return

    with placed(Journal, "record_sent", careless):
        yield


@contextmanager
def _no_witness() -> Iterator[None]:
    async def nothing(*_: Any) -> list[str]:
        return []

    with ExitStack() as stack:
        stack.enter_context(placed(adopt_only, "take_up", lambda *_: None))
        stack.enter_context(placed(adopt_only.LookBack, "strange", nothing))
        yield


def _no_lock() -> AbstractContextManager[object]:
    return placed(lock, "hold_account", lambda *_: nullcontext())


@contextmanager
def _never_too_old() -> Iterator[None]:
    kept = Lookout.decided_max
    Lookout.decided_max = property(lambda _: timedelta(days=9))  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        Lookout.decided_max = kept  # type: ignore[method-assign]


def _any_ccxt() -> AbstractContextManager[object]:
    return placed(genuine, "_changed", lambda *_: [])


def _never_weary() -> AbstractContextManager[object]:
    return placed(cycle, "gone_on_too_long", lambda *_: [])


@contextmanager
def _key_in_the_record() -> Iterator[None]:
    with placed(cycle, "published", lambda record: {**published(record), "key": KEY}):
        yield


DEFECTS = (
    Defect(
        name="sent-without-a-row",
        surgery=_sent_without_a_row,
        variants=("commit-refused/9", "commit-refused/14"),
        rules=frozenset({"A2", "D3", "O2"}),
    ),
    Defect(
        name="no-witness",
        surgery=_no_witness,
        variants=("old-backup/0", "rows-lost/2"),
        rules=frozenset({"D6", "O1", "O2"}),
    ),
    Defect(name="no-lock", surgery=_no_lock, variants=("overlap/0",), rules=frozenset({"E1", "O2", "X2"})),
    Defect(
        name="old-decisions-sent",
        surgery=_never_too_old,
        variants=tuple(f"machine-sleeps/{number}" for number in (13, 16, 19)),
        rules=frozenset({"C1"}),
    ),
    Defect(name="any-ccxt", surgery=_any_ccxt, variants=("counterfeit/0",), rules=frozenset({"F104"})),
    Defect(name="never-weary", surgery=_never_weary, variants=("refused-for-ever/0",), rules=frozenset({"F101"})),
    Defect(name="key-in-the-record", surgery=_key_in_the_record, variants=("stale-lock/0",), rules=frozenset({"S1"})),
)
