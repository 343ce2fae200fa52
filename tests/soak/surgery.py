"""Putting defects into the bot: what is replaced must exist, and every replacement counts how often it was passed.

A safeguard that moved elsewhere would leave a mutant that changes nothing and is caught by nobody, or by accident;
`MET` tells such a mutant from one that works.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any
from unittest.mock import patch

from bot.risk import check
from bot.risk.guards import GUARDS, Guard

MET: Counter[str] = Counter()


@contextmanager
def placed(owner: Any, name: str, replacement: Callable[..., Any]) -> Iterator[None]:
    """Replace a function or method. Raises: AttributeError when the owner has none of that name."""
    place = f"{getattr(owner, '__name__', owner)}.{name}"
    MET[place] += 0

    if iscoroutinefunction(replacement):

        @wraps(replacement)
        async def counted_later(*values: Any, **named: Any) -> Any:
            MET[place] += 1
            return await replacement(*values, **named)

        counted: Callable[..., Any] = counted_later
    else:

        @wraps(replacement)
        def counted_now(*values: Any, **named: Any) -> Any:
            MET[place] += 1
            return replacement(*values, **named)

        counted = counted_now
    with patch.object(owner, name, counted):
        yield


@contextmanager
def without_guards(*names: str) -> Iterator[None]:
    """Take guards of orders out. Raises: LookupError for one that does not exist."""
    known = {name for name, _ in GUARDS}
    if unknown := set(names) - known:
        raise LookupError(f"there is no guard named {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}")
    MET.update({f"guard {name}": 0 for name in names})
    kept = tuple((name, _silent(name) if name in names else guard) for name, guard in GUARDS)
    with patch.object(check, "GUARDS", kept):
        yield


def _silent(name: str) -> Guard:
    def guard(*_: object) -> None:
        MET[f"guard {name}"] += 1

    return guard
