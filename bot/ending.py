"""Shorts in contracts that end soon, and what is said of them while nothing may be sold in their place."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.account import Position
from bot.domain.figures import counted_in, expiry_of
from bot.domain.snapshot import Snapshot

SOON = timedelta(days=7)
NEAR = timedelta(hours=36)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A short that ends by itself, and when."""

    position: Position
    ends_at: datetime
    left: timedelta

    def words(self, why_not: str) -> str:
        """What that means; `why_not` is why it is not moved."""
        amount = f"{self.position.short_amount.normalize():f} {counted_in(self.position.symbol)}"
        return (
            f"{self.position.symbol} ends on {self.ends_at:%Y-%m-%d %H:%M} UTC, in {self.left / timedelta(days=1):.1f} "
            f"days, and is not moved to another contract: {why_not}. When it has ended nothing protects its {amount}"
        )


def ending(snapshot: Snapshot, within: timedelta) -> Iterator[Ending]:
    """The shorts that end within a time from now."""
    for view in snapshot.venues:
        for position in view.positions:
            ends_at = expiry_of(position.symbol)
            if position.amount < 0 and ends_at is not None and view.at < ends_at <= view.at + within:
                yield Ending(position=position, ends_at=ends_at, left=ends_at - view.at)
