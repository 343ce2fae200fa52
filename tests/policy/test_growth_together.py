"""Where one coin's short stands for others, all shorts grow no further than what is owned, whoever opened them."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.account import Mark
from bot.domain.hedge import Exposure, Target
from bot.domain.instrument import MarketKind
from bot.domain.snapshot import Snapshot
from bot.domain.stand_ins import StandIns
from bot.policy.growth_together import grown_together
from tests.builders import d, instrument, mark, position, snapshot, target, view

PRICES = {"BTC": "60000", "ETH": "3000", "SOL": "150"}
OWNED = {"BTC": "1", "ETH": "10", "SOL": "200"}  # worth 60,000, 30,000 and 30,000
ONE = d(1)


def stand_ins(*anchors: str, most: str = "1", owned: Mapping[str, str] = OWNED, left_out: str = "") -> StandIns:
    return StandIns(
        anchors=frozenset(anchors or ("BTC", "ETH")),
        most=d(most),
        owned={
            asset: Exposure(asset=asset, amount=d(amount), notional=d(amount) * d(PRICES[asset]), sources=())
            for asset, amount in owned.items()
        },
        left_out=frozenset({left_out} - {""}),
    )


def held(**shorts: str) -> Snapshot:
    """The market with these shorts in it, whoever opened them."""
    return snapshot(
        view(
            instruments=tuple(instrument(asset, notional_min="5") for asset in PRICES),
            marks=tuple(mark(asset, price) for asset, price in PRICES.items()),
            positions=tuple(position(asset, f"-{short}", price=PRICES[asset]) for asset, short in shorts.items()),
        )
    )


def wanted(**shorts: str) -> tuple[Target, ...]:
    return tuple(target(asset, short, price=PRICES[asset]) for asset, short in shorts.items())


def amounts(rows: tuple[Target, ...]) -> dict[str, Decimal]:
    return {row.asset: row.amount for row in rows}


def test_a_short_of_somebody_else_is_taken_off_what_stand_ins_may_grow_to() -> None:
    """20,000 short in SOL by hand leave 100,000 of 120,000: both shorts grow by five sixths, and say why."""
    rows, notes = grown_together(wanted(BTC="1.4", ETH="12"), held(SOL="133.333333"), stand_ins(), ONE)
    assert amounts(rows) == {"BTC": d("1.166"), "ETH": d("9.999")}
    assert rows[0].short_notional == d("1.166") * 60_000
    assert "20,000.00 of it where no rule places anything, left alone" in rows[0].reasons[-1]
    assert rows[0].reasons[-1].endswith("grown to 1.166 and not to 1.4")
    assert rows[0].chain[-1].bound == "hedge_ratio_max"
    assert notes[0].endswith("shorts grow by 83% of what was wanted")


def test_nothing_is_said_where_all_shorts_fit() -> None:
    """With room for everybody the targets are the very same."""
    fitting = wanted(BTC="1.2", ETH="6")
    assert grown_together(fitting, held(SOL="133"), stand_ins(), ONE) == (fitting, ())


def test_over_the_limit_nothing_grows_and_nothing_is_bought_back() -> None:
    """What somebody else opened is no reason to buy: our shorts stay as they are, reductions go on."""
    rows, notes = grown_together(wanted(BTC="1.2", ETH="4"), held(BTC="1", ETH="5", SOL="600"), stand_ins(), ONE)
    assert amounts(rows) == {"BTC": d(1), "ETH": d(4)}
    assert "shorts grow by 0% of what was wanted" in notes[0]
    assert rows[1] == wanted(ETH="4")[0]


def test_a_reduction_of_the_same_cycle_makes_room() -> None:
    """The limit is about what stands after the steps; the guard holds the sale back when the reduction failed."""
    rows, _ = grown_together(wanted(BTC="1.5", ETH="10"), held(BTC="1", ETH="20"), stand_ins(), ONE)
    assert amounts(rows) == {"BTC": d("1.5"), "ETH": d(10)}


def test_a_lower_ratio_allows_less() -> None:
    """At nine tenths of 120,000 there are 108,000."""
    rows, _ = grown_together(wanted(BTC="2"), held(), stand_ins(), d("0.9"))
    assert amounts(rows) == {"BTC": d("1.8")}


def test_a_coin_that_is_short_itself_needs_nobody_to_stand_in() -> None:
    """With a beta of 1.5 SOL allows 45,000 in BTC; 15,000 short in SOL itself take half of that away."""
    own = {"BTC": "1", "SOL": "200"}
    rows, _ = grown_together(wanted(BTC="2"), held(SOL="100"), stand_ins("BTC", most="1.5", owned=own), ONE)
    assert amounts(rows) == {"BTC": d("1.375")}


def test_a_coin_that_is_left_out_allows_nothing_and_its_short_takes_nothing_away() -> None:
    """Only what is short of it beyond its own worth protects something else."""
    left = stand_ins(left_out="SOL")
    assert amounts(grown_together(wanted(BTC="2"), held(), left, ONE)[0]) == {"BTC": d("1.5")}
    assert amounts(grown_together(wanted(BTC="2"), held(SOL="200"), left, ONE)[0]) == {"BTC": d("1.5")}
    assert amounts(grown_together(wanted(BTC="2"), held(SOL="600"), left, ONE)[0]) == {"BTC": d("0.5")}


def test_a_short_in_a_coin_that_is_not_owned_is_taken_off_the_rest() -> None:
    """It falls with everything else, so it is counted."""
    rows, _ = grown_together(wanted(BTC="2"), held(SOL="200"), stand_ins(owned={"BTC": "1", "ETH": "10"}), ONE)
    assert amounts(rows) == {"BTC": d(1)}


def test_another_contract_of_the_same_coin_counts() -> None:
    """A quarterly future that somebody sold is a short of that coin as well."""
    seen = held()
    shown, dated = (
        seen.venues[0],
        replace(instrument("BTC"), symbol="BTC/USDT:USDT-250328", kind=MarketKind.LINEAR_FUTURE),
    )
    line = replace(mark("BTC"), symbol=dated.symbol)
    short = replace(position("BTC", "-0.5"), symbol=dated.symbol)
    shown = replace(shown, instruments=(*shown.instruments, dated), marks=(*shown.marks, line), positions=(short,))
    rows, _ = grown_together(wanted(BTC="2"), replace(seen, venues=(shown,)), stand_ins(), ONE)
    assert amounts(rows) == {"BTC": d("1.5")}


def test_a_basis_alone_is_no_excess() -> None:
    """A mark above the index makes the same coins worth more; they are still no more than is owned."""
    seen = held()
    above = tuple(_at(row, "60600") if row.symbol.startswith("BTC") else row for row in seen.venues[0].marks)
    seen = replace(seen, venues=(replace(seen.venues[0], marks=above),))
    both = (target("BTC", "1", price="60600"), *wanted(ETH="20"))
    assert grown_together(both, seen, stand_ins(), ONE) == (both, ())


def test_what_is_left_is_not_worth_an_order() -> None:
    """Less than the venue takes is no growth."""
    rows, _ = grown_together(wanted(ETH="41"), held(ETH="39.999"), stand_ins(), ONE)
    assert amounts(rows) == {"ETH": d("39.999")}


@given(
    before=st.fixed_dictionaries({asset: st.integers(0, 3000) for asset in PRICES}),
    after=st.fixed_dictionaries({asset: st.integers(0, 3000) for asset in ("BTC", "ETH")}),
    most=st.sampled_from(("0.5", "1", "1.5")),
    left_out=st.sampled_from(("", "SOL")),
    ratio=st.sampled_from(("0.5", "0.9", "1")),
)
def test_growth_never_ends_above_the_limit_nor_moves_anything_else(
    before: dict[str, int], after: dict[str, int], most: str, left_out: str, ratio: str
) -> None:
    """Over any market: within the limit or nothing grown; no target above its wish, none below what would stay."""
    seen = held(**{asset: str(_coins(asset, units)) for asset, units in before.items() if units})
    aims = wanted(**{asset: str(_coins(asset, units)) for asset, units in after.items()})
    limits = stand_ins(most=most, left_out=left_out)
    rows, _ = grown_together(aims, seen, limits, d(ratio))
    shorts = {asset: _coins(asset, units) * d(PRICES[asset]) for asset, units in before.items()}
    grown = False
    for row, aim in zip(rows, aims, strict=True):
        here = _coins(row.asset, before[row.asset])
        assert min(here, aim.amount) <= row.amount <= aim.amount
        grown = grown or row.amount > here
        shorts[row.asset] = row.short_notional
    assert not grown or limits.weight(shorts, d(ratio)) <= limits.limit(d(ratio))


def _coins(asset: str, units: int) -> Decimal:
    """Units of 60 dollars."""
    return d(units) * 60 / d(PRICES[asset])


def _at(row: Mark, price: str) -> Mark:
    return replace(row, mark_price=d(price))
