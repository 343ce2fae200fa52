"""Things that go on for ever: orders refused or lost again and again, no file handles, errors full of addresses."""

import os
import resource
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from bot.execution.copies import back_up, export
from bot.execution.journal import Journal
from bot.execution.verification import verify
from bot.sim.engine import Engine
from bot.sim.model import Rejected
from tests.soak.drills.drill import drill
from tests.soak.drills.judge import broken, converged
from tests.soak.drills.stage import Stage
from tests.soak.orders import is_order
from tests.soak.speech import VENUES
from tests.soak.world import KEY, SECRET

HOURLY = 30
WORDS = ("signature=", "X-MBX-APIKEY", "X-BAPI-", KEY, SECRET)
REASONS = ("insufficient_margin", "price_band", "min_notional", "max_amount")
WEATHER = (
    "status_502", "body_html", "body_cut", "code_new", "redirect", "timeout", "cut_reply", "code_1021", "lost_reply",
)  # fmt: skip


@drill("refused-for-ever", "F101")
def refused_for_ever(folder: Path, number: int) -> Iterable[str]:
    """The venue takes no order: after some cycles it is left alone, over restarts too, until a person has looked."""
    stage, reason = Stage(folder, venue=VENUES[number % len(VENUES)]), REASONS[number % len(REASONS)]

    def refuse(*_: object, **__: object) -> None:
        raise Rejected(reason, "refused for a drill")

    tried, halted = 0, 0
    with patch.object(Engine, "place", refuse):
        for _ in range(26):
            stage.pause(400)
            ended = stage.cycle()
            sent = sum(1 for row in stage.world.evidence.requests if is_order(row))
            if halted and sent > tried:
                yield f"E4 {sent - tried} orders were sent after the halt"
            tried, halted = sent, halted + (ended.status == "halted")
            if halted > 3:
                break
        if not halted:
            yield f"F101 {tried} orders were refused and it goes on: {ended.status} {ended.said[:200]}"
    stage.arm()
    stage.pause(3700)
    yield from converged(stage, stage.cycles(), "0.5")
    yield from broken(stage)
    stage.close()


@drill("lost-for-ever", "F101")
def lost_for_ever(folder: Path, number: int) -> Iterable[str]:
    """Nothing ever tells what became of an order: no second one is sent on the hope that the first was lost."""
    kinds = (("lost_request",), ("timeout",), ("lost_reply",), ("code_1007",))[number % 4]
    stage = Stage(folder, kinds=kinds, intensity=1.0)
    stage.world.faults._on_reads = 0.0
    for _ in range(20):
        stage.pause(30)
        stage.cycle()
    sent = [row for row in stage.world.evidence.requests if is_order(row)]
    if len(sent) > HOURLY:
        yield f"E5 {len(sent)} orders within an hour"
    stage.world.faults.clear()
    stage.pause(1200)
    ended = stage.cycles(12)
    if ended.status == "halted" and stage.arm():
        stage.pause(60)
        ended = stage.cycles(12)
    yield from converged(stage, ended, "0.5")
    yield from broken(stage)
    stage.close()


@drill("no-handles", "F102")
def no_handles(folder: Path, number: int) -> Iterable[str]:
    """The process may open so many files and no more, in the middle of a cycle."""
    stage = Stage(folder)
    if number % 2:
        stage.cycles()
        stage.own("2")

    @contextmanager
    def starved(journal: Journal) -> Iterator[None]:
        del journal
        open_now = max(int(name) for name in os.listdir("/proc/self/fd")) + 1
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (open_now + number // 2 % 4, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)

    stage.cycle(bend=starved)
    stage.pause(60)
    yield from converged(stage, stage.cycles(8), "1" if number % 2 else "0.5")
    yield from broken(stage)
    stage.close()


@drill("secrets", "F103")
def secrets(folder: Path, number: int) -> Iterable[str]:
    """Every kind of error, and everything that is said, written, exported or copied of it: no key, no signature."""
    kinds = (WEATHER[number % len(WEATHER)], WEATHER[(number + 4) % len(WEATHER)])
    stage = Stage(folder, venue=VENUES[number % len(VENUES)], kinds=kinds, intensity=0.4)
    for _ in range(5):
        stage.pause(30)
        stage.cycle()
    if stage.journal().exists():
        export(stage.journal(), stage.said.append)
        stage.said += [row.text for row in verify(stage.journal())]
        back_up(stage.journal(), folder / "copy.db")
    told = "\n".join(stage.said)
    yield from (
        f"S1 {word!r} was said" for word in ("signature=", "X-MBX-APIKEY", "X-BAPI-", KEY, SECRET) if word in told
    )
    yield from broken(stage)
    stage.close()
