"""How much all shorts together may carry where the short of one coin stands for others."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.account import ZERO
from bot.domain.hedge import Exposure

ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIns:
    """What is owned, and which assets' contracts stand for the others.

    Whoever opened them, shorts of an asset use up what is owned of it: nobody needs to stand in for a coin that is
    short in its own contract already. What is short beyond a coin's own worth is taken off everything else.
    Units: `most` is the short in stand-ins per value of another asset. `left_out` are assets that nothing stands for.
    """

    anchors: frozenset[str]
    most: Decimal
    owned: Mapping[str, Exposure]
    left_out: frozenset[str] = frozenset()

    def limit(self, ratio_max: Decimal) -> Decimal:
        """The most that all shorts together may weigh. Units: quote currency."""
        return ratio_max * sum((row.notional * self._each(row.asset) for row in self.owned.values()), ZERO)

    def weight(self, shorts: Mapping[str, Decimal], ratio_max: Decimal) -> Decimal:
        """What the shorts of all assets, whoever opened them, weigh together. Units: quote currency."""
        found = ZERO
        for asset, short in shorts.items():
            row = self.owned.get(asset)
            own = min(short, row.notional * ratio_max) if row else ZERO
            found += own * self._each(asset) + (short - own)
        return found

    def value(self, asset: str, coins: Decimal, notional: Decimal) -> Decimal:
        """What a short weighs: the lower of its worth at mark and of its coins, so that a basis alone is no excess."""
        row = self.owned.get(asset)
        return notional if row is None or row.amount <= 0 else min(notional, coins * row.notional / row.amount)

    def _each(self, asset: str) -> Decimal:
        if asset in self.anchors:
            return ONE
        return ZERO if asset in self.left_out else self.most
