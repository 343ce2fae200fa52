"""Distortions that go on after the reply they began with, the same in every language."""

from collections.abc import Hashable
from datetime import datetime

from bot.sim.wire.request import WireReply


class LastingEffects:
    """Remembers which orders are not to be seen yet, and until when positions are shown as they were."""

    def __init__(self) -> None:
        self._shown: dict[Hashable, tuple[WireReply, datetime]] = {}
        self.shown_from: datetime | None = None  # of which instant the latest reply about positions told
        self._lag_until: datetime | None = None
        self._hidden: dict[str, datetime] = {}

    def hide_order(self, client_id: str, until: datetime) -> None:
        """Show nothing of an order until then."""
        self._hidden[client_id] = until

    def freeze_positions(self, until: datetime) -> None:
        """Show positions as they were shown last until then."""
        self._lag_until = until

    def hidden_at(self, now: datetime) -> set[str]:
        """The client ids of the orders that are not to be seen now."""
        return {client_id for client_id, until in self._hidden.items() if now < until}

    def as_shown(self, key: Hashable, reply: WireReply, now: datetime) -> WireReply:
        """A reply about positions, or the last one under the same question while they stand still."""
        if self._lag_until is not None and now < self._lag_until:
            reply, self.shown_from = self._shown.get(key, (reply, now))
            return reply
        self._shown[key], self.shown_from = (reply, now), now
        return reply
