"""A venue that hangs costs the others a bounded time once in a while, and not in every cycle."""

import asyncio
from collections.abc import Coroutine

import pytest

from bot.domain.errors import Unavailable
from bot.patience import REST_MAX_S, REST_S, Patience
from tests.fake_venue import ManualClock


async def _after(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "answer"


def _cycle(patience: Patience, *answers_s: float) -> list[str]:
    """One cycle in which the venue takes so long for each answer; empty when it was not even asked."""

    async def play() -> list[str]:
        patience.begin("bybit")
        said: list[str] = []
        for one in answers_s:
            asked: Coroutine[object, object, str] = _after(one)
            try:
                said.append(await patience.wait_for("bybit", asked))
            except Unavailable as error:
                said.append(str(error))
        return said

    try:
        return asyncio.run(play())
    except Unavailable:
        return []


def test_all_answers_of_a_cycle_share_the_time() -> None:
    """Three questions that each take a little are not three times as long."""
    patience = Patience(ManualClock(), per_cycle_s=0.05)
    said = _cycle(patience, 0.03, 5, 0)
    assert said == ["answer", *["bybit gave no answer within 0.05 s."] * 2]


def test_a_venue_that_hangs_is_left_alone_ever_longer_and_found_again() -> None:
    """One wait a minute, then every two, at most every five minutes; the first answer ends it."""
    clock = ManualClock()
    patience = Patience(clock, per_cycle_s=0.01)
    assert len(_cycle(patience, 5)) == 1
    with pytest.raises(Unavailable, match="not asked again for 60 s"):
        patience.begin("bybit")
    asyncio.run(clock.sleep(REST_S))
    waits = 0
    for _ in range(120):  # an hour of cycles
        waits += len(_cycle(patience, 5)) > 0
        asyncio.run(clock.sleep(30))
    assert waits == 3600 // REST_MAX_S + 1
    asyncio.run(clock.sleep(REST_MAX_S))
    assert _cycle(patience, 0) == ["answer"]
    assert _cycle(patience, 0) == ["answer"]
    assert len(_cycle(patience, 5)) == 1
    asyncio.run(clock.sleep(REST_S))
    assert _cycle(patience, 0) == ["answer"]


@pytest.mark.parametrize("answers_s", [(0.0,), (0.01, 0.01)])
def test_a_venue_that_answers_in_time_is_asked_in_every_cycle(answers_s: tuple[float, ...]) -> None:
    """Slow is not silent."""
    patience = Patience(ManualClock(), per_cycle_s=1)
    for _ in range(5):
        assert _cycle(patience, *answers_s) == ["answer"] * len(answers_s)
