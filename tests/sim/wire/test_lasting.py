"""Views of positions that stand still, and what they tell about themselves."""

from datetime import UTC, datetime, timedelta

from bot.sim.wire.lasting import LastingEffects
from bot.sim.wire.request import WireReply

NOW = datetime(2025, 1, 6, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_a_view_that_stands_still_tells_of_which_instant_it_is() -> None:
    """Until it moves on it is of the last look before; a question never asked before is answered as of now."""
    effects, before, after = LastingEffects(), WireReply(body=b"before"), WireReply(body=b"after")
    shown = [effects.as_shown("all", before, NOW), effects.shown_from]
    effects.freeze_positions(NOW + 5 * SECOND)
    shown += [effects.as_shown("all", after, NOW + SECOND), effects.shown_from]
    shown += [effects.as_shown("another", after, NOW + 2 * SECOND), effects.shown_from]
    shown += [effects.as_shown("all", after, NOW + 5 * SECOND), effects.shown_from]
    assert shown == [before, NOW, before, NOW, after, NOW + 2 * SECOND, after, NOW + 5 * SECOND]
