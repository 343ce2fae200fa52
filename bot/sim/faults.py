"""Which request meets which fault: a seeded schedule, or an explicit script, and the list of what fired.

Names are stable; tests, audits and the command line use them. The effects follow what was seen on real venues.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from bot.sim.effects import FAULTS, RARE, Effect, Scope

__all__ = [
    "DEFAULT_KINDS", "FAULTS", "NONE", "RARE", "Chance", "Effect", "FaultSchedule", "Fired", "Paths", "Requests",
    "Script",
]  # fmt: skip


class Chance(Protocol):
    """Where luck comes from: a random.Random made from a seed outside this module."""

    def random(self) -> float:
        """A number in [0, 1)."""
        ...


DEFAULT_KINDS: tuple[str, ...] = tuple(name for name in FAULTS if name not in RARE)
NONE = Effect(name="none", kind="none", executes=True)

Requests = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Which requests of one venue each scope means: (method, path), a path ending in "*" standing for all that follow.

    `read_by_post` are paths that change nothing although they are asked for by POST.
    """

    order: Requests
    mark: Requests
    positions: Requests
    trades: Requests
    lookup: Requests
    cancel: Requests = frozenset()
    setting: Requests = frozenset()
    book: Requests = frozenset()
    balances: Requests = frozenset()
    markets: Requests = frozenset()
    read_by_post: frozenset[str] = frozenset()

    def holds(self, scope: Scope, method: str, path: str) -> bool:
        """Whether a fault of this scope can meet such a request."""
        if scope == "any":
            return True
        if scope == "write":
            return method != "GET" and path not in self.read_by_post
        known: Requests = getattr(self, scope)
        return (method, path) in known or any(
            method == verb and start.endswith("*") and path.startswith(start[:-1]) for verb, start in known
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One planned fault: it strikes the nth request of this method and path, counted from 1, `times` times in a row.

    `method` and `path` may be "*"; `scope` narrows them to one kind of request in any venue's language.
    `executes` settles what the fault itself leaves open.
    """

    fault: str
    method: str = "*"
    path: str = "*"
    scope: Scope = "any"
    nth: int = 1
    times: int = 1
    executes: bool | None = None

    def __post_init__(self) -> None:
        if self.fault not in FAULTS:
            raise ValueError(f"there is no fault named {self.fault!r}; known are {', '.join(sorted(FAULTS))}")
        if self.nth < 1 or self.times < 1:
            raise ValueError("a script counts requests from 1 and strikes at least once")

    def meets(self, method: str, path: str, paths: Paths) -> bool:
        """Whether this request counts for the script: named by it, and one the fault can befall."""
        named = self.method in ("*", method) and self.path in ("*", path)
        scopes = (self.scope, FAULTS[self.fault].scope)
        return named and all(paths.holds(scope, method, path) for scope in scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """One fault that struck, for audits. `sequence` counts all requests from 1."""

    sequence: int
    at: datetime
    method: str
    path: str
    fault: str
    executed: bool


class FaultSchedule:
    """Draws at most one fault per request. Without chance, or at intensity zero, only scripts strike."""

    def __init__(
        self,
        chance: Chance | None = None,
        *,
        intensity: float = 0.0,
        kinds: Iterable[str] = DEFAULT_KINDS,
        scripts: Iterable[Script] = (),
    ) -> None:
        if not 0 <= intensity <= 1:
            raise ValueError("the intensity of faults is a probability between 0 and 1")
        unknown = [name for name in kinds if name not in FAULTS]
        if unknown:
            raise ValueError(f"there is no fault named {unknown[0]!r}; known are {', '.join(sorted(FAULTS))}")
        self.chance: Chance = chance or _Never()
        self.intensity = intensity if chance is not None else 0.0
        self.kinds = tuple(kinds)
        self.fired: list[Fired] = []
        self.requests = 0
        self._scripts = [(script, _Counter()) for script in scripts]

    def add(self, script: Script) -> None:
        """Plan one more fault; its count starts now."""
        self._scripts.append((script, _Counter()))

    @property
    def counts(self) -> dict[str, int]:
        """How often each fault fired."""
        return dict(Counter(fired.fault for fired in self.fired))

    def draw(self, method: str, path: str, at: datetime, paths: Paths) -> Effect:
        """The fault this request meets, or NONE; what fires is counted and kept."""
        self.requests += 1
        effect = self._scripted(method, path, paths) or self._drawn(method, path, paths)
        if effect is None:
            return NONE
        if effect.executes is None:
            effect = replace(effect, executes=self.chance.random() < 0.5)
        self.fired.append(
            Fired(
                sequence=self.requests,
                at=at,
                method=method,
                path=path,
                fault=effect.name,
                executed=bool(effect.executes),
            )
        )
        return effect

    def _scripted(self, method: str, path: str, paths: Paths) -> Effect | None:
        chosen: Effect | None = None
        for script, counter in self._scripts:
            if not script.meets(method, path, paths):
                continue
            counter.value += 1
            if chosen is None and script.nth <= counter.value < script.nth + script.times:
                effect = FAULTS[script.fault]
                chosen = effect if script.executes is None else replace(effect, executes=script.executes)
        return chosen

    def _drawn(self, method: str, path: str, paths: Paths) -> Effect | None:
        if not self.intensity or self.chance.random() >= self.intensity:
            return None
        fitting = [name for name in self.kinds if paths.holds(FAULTS[name].scope, method, path)]
        return FAULTS[fitting[int(self.chance.random() * len(fitting))]] if fitting else None


class _Never:
    def random(self) -> float:
        return 0.0


@dataclass(slots=True)
class _Counter:
    value: int = 0
