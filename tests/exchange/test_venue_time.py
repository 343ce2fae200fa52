"""The venue's time stays right whatever happens to this machine's clock."""

import asyncio
from datetime import datetime, timedelta

from bot.exchange.venue_time import VenueTime
from tests.exchange.world import FrozenClock

AHEAD = timedelta(seconds=90)


def measured(clock: FrozenClock, ahead: timedelta = AHEAD) -> VenueTime:
    """A time measured at a venue whose clock is ahead of ours, by a request of two seconds."""

    async def fetch() -> datetime:
        clock.pass_time(1)
        told = clock.at + ahead
        clock.pass_time(1)
        return told

    time = VenueTime(clock)
    asyncio.run(time.measure(fetch))
    return time


def test_half_the_round_trip_is_taken_off() -> None:
    """What the venue said a second ago is a second old."""
    clock = FrozenClock()
    time = measured(clock)
    assert time.now() == clock.at + AHEAD
    clock.pass_time(30)
    assert time.now() == clock.at + AHEAD


def test_setting_the_clock_of_this_machine_moves_nothing_and_has_the_venue_asked_again() -> None:
    """A time server corrects our clock by minutes between two requests: orders are still signed rightly."""
    for step in (timedelta(minutes=10), timedelta(seconds=-40)):
        clock = FrozenClock()
        time = measured(clock)
        before = time.now()
        was_due = time.due
        clock.at += step
        assert time.now() == before
        assert (was_due, time.due) == (False, True)


def test_it_is_measured_at_first_after_ten_minutes_and_when_the_venue_refused_a_timestamp() -> None:
    """Until then our own clock is the best guess."""
    clock = FrozenClock()
    fresh, time = VenueTime(clock), measured(FrozenClock())
    assert (fresh.due, fresh.now()) == (True, clock.at)
    time.forget()
    assert time.due
    time = measured(clock)
    asked = []
    for seconds in (599, 2):
        clock.pass_time(seconds)
        asked.append(time.due)
    assert asked == [False, True]
    assert time.now() == clock.at + AHEAD
