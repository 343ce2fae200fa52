"""Where the short of one coin stands for others, all shorts grow no further than what is owned, whoever opened them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from bot.domain.account import ZERO
from bot.domain.explanation import Explanation
from bot.domain.hedge import Target
from bot.domain.instrument import Instrument
from bot.domain.snapshot import Snapshot
from bot.domain.stand_ins import StandIns

NAME = "all-shorts"
SHARE_STEP = Decimal("0.000001")
Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """The short in one contract, and the one it would have after its step. Units: amounts of the instrument."""

    instrument: Instrument
    mark_price: Decimal
    held: Decimal
    after: Decimal

    @property
    def grown(self) -> Decimal:
        return max(ZERO, self.after - self.held)

    def valued(self, amount: Decimal, stand_ins: StandIns) -> Decimal:
        row, price = self.instrument, self.mark_price
        return stand_ins.value(row.base, row.coins(amount, price), row.notional(amount, price))


def grown_together(
    targets: tuple[Target, ...], snapshot: Snapshot, stand_ins: StandIns, ratio_max: Decimal
) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """The targets with their growth cut to what is left of everything owned, and a word where that was too little.

    Every short in sight counts, also one that somebody else opened where no rule places anything; none is touched for
    that, and none of ours is bought back. Units: `ratio_max` is the most short per value owned.
    """
    aimed = {(row.venue, row.symbol): row.amount for row in targets}
    rows = dict(_rows(snapshot, aimed))
    if not any(row.grown > 0 for row in rows.values()):
        return targets, ()
    limit = stand_ins.limit(ratio_max)
    whole = _weight(rows.values(), stand_ins, ratio_max, share=Decimal(1))
    if whole <= limit:
        return targets, ()
    without = _weight(rows.values(), stand_ins, ratio_max, share=ZERO)
    share = max(ZERO, limit - without) / (whole - without) if whole > without else ZERO
    share = share.quantize(SHARE_STEP, rounding=ROUND_DOWN)
    if _weight(rows.values(), stand_ins, ratio_max, share=share) > limit:
        share = ZERO  # beyond its coin's own worth a short weighs differently: the share worked out was too large
    words = _words(rows, aimed, (limit, without), ratio_max, stand_ins)
    cut = tuple(_cut(row, rows[row.venue, row.symbol], share, words) for row in targets)
    return cut, (f"{words}: shorts grow by {share:.0%} of what was wanted",)


def _words(
    rows: Mapping[Key, _Held], aimed: Mapping[Key, Decimal], weights: tuple[Decimal, Decimal], ratio_max: Decimal,
    stand_ins: StandIns,
) -> str:  # fmt: skip
    limit, without = weights
    elsewhere = sum((row.valued(row.held, stand_ins) for key, row in rows.items() if key not in aimed), ZERO)
    others = f", {elsewhere:,.2f} of it where no rule places anything, left alone" if elsewhere > 0 else ""
    return (
        f"all shorts together, whoever opened them, may weigh {limit:,.2f} (risk.hedge_ratio_max = {ratio_max} of what "
        f"is owned); without growing they weigh {without:,.2f}{others}"
    )


def _rows(snapshot: Snapshot, aimed: Mapping[Key, Decimal]) -> Iterable[tuple[Key, _Held]]:
    for view in snapshot.venues:
        for instrument in view.instruments:
            mark, held = view.mark(instrument.symbol), max(ZERO, -view.amount(instrument.symbol))
            key = (view.venue, instrument.symbol)
            if mark is not None and (held > 0 or key in aimed):
                yield (
                    key,
                    _Held(instrument=instrument, mark_price=mark.mark_price, held=held, after=aimed.get(key, held)),
                )


def _weight(rows: Iterable[_Held], stand_ins: StandIns, ratio_max: Decimal, *, share: Decimal) -> Decimal:
    """What all shorts weigh after the steps, of each growth this share."""
    shorts: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in rows:
        amount = row.after - row.grown * (1 - share)
        shorts[row.instrument.base] += row.valued(amount, stand_ins)
    return stand_ins.weight(shorts, ratio_max)


def _cut(target: Target, row: _Held, share: Decimal, words: str) -> Target:
    if row.grown <= 0:
        return target
    more = row.instrument.floor_amount(row.grown * share)
    if not row.instrument.tradable(more, row.mark_price):
        more = ZERO
    amount = row.held + more
    link = Explanation(
        rule=NAME,
        words=f"{words}: grown to {amount.normalize():f} and not to {row.after.normalize():f}",
        figure=amount,
        unit=row.instrument.quote if row.instrument.inverse else row.instrument.base,
        bound="hedge_ratio_max",
    )
    return target.because(link, amount=amount, short_notional=row.instrument.notional(amount, row.mark_price))
