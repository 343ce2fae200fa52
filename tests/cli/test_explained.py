"""The chain behind every short, as a person reads it on 80 columns, and as a machine reads it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.cli.explained import WIDTH, explained
from bot.domain.account import FundingRate, Side
from bot.domain.costs import TradingCost
from bot.domain.instrument import MarketKind
from bot.domain.intent import OrderIntent, Refusal
from bot.domain.published import published
from bot.domain.record import CycleRecord, CycleStatus
from bot.domain.snapshot import Snapshot, VenueView
from bot.explain import Evidence, explain
from bot.policy.pace import Band
from bot.policy.pace_edges import CostEdges
from bot.policy.pace_timing import ProfileTiming
from bot.policy.policy import decide
from bot.policy.scene import Memory
from bot.policy.size import Allocation
from tests.builders import BTC, NOW, VENUE, book, d, instrument, later, margin, mark, policy, position, snapshot, view
from tests.cli.records import blind

SEEN = later(4)
FUNDING = FundingRate(venue=VENUE, symbol=BTC, rate=d("0.0001"), interval_h=d(8), next_at=None)


def order(amount: str) -> OrderIntent:
    return OrderIntent(
        id="p-1",
        venue=VENUE,
        symbol=BTC,
        side=Side.SELL if d(amount) > 0 else Side.BUY,
        amount=abs(d(amount)),
        limit_price=d(59_820),
        reduce_only=d(amount) < 0,
        protective=False,
        reasons=(),
    )


def shown(held: str) -> VenueView:
    seen = view(positions=(position(amount=f"-{held}"),) if d(held) > 0 else (), margins=(margin("20000"),))
    return replace(seen, funding=(FUNDING,))


def record(  # noqa: PLR0913 - a builder names what a test is about
    held: str = "0",
    *,
    pace: Band | None = None,
    allocation: bool = False,
    orders: Sequence[OrderIntent] = (),
    refusals: Sequence[Refusal] = (),
    memory: Memory | None = None,
    world: Snapshot | None = None,
) -> CycleRecord:
    """One BTC owned, half of it wanted short (or three quarters of wealth at most), as the next cycle would see it."""
    seen = world or snapshot(shown(held))
    rules = policy(Allocation(crypto_max=d("0.5"), leverage_cap=d(2)) if allocation else None)
    memory = memory or Memory()
    decision = decide(replace(rules, pace=pace or rules.pace), seen, memory)
    evidence = Evidence(
        decision=decision,
        steps=decision.targets,
        intents=orders,
        refusals=refusals,
        books={(VENUE, BTC): book(depth="100")} if orders else {},
        costs=memory.costs,
    )
    return CycleRecord(
        cycle="plan",
        at=SEEN,
        mode="testnet",
        portfolio="family",
        status=CycleStatus.ACTED if orders else CycleStatus.HEDGED,
        snapshot=seen,
        exposures=decision.portfolio.exposures,
        needs=decision.needs,
        targets=decision.targets,
        intents=tuple(orders),
        outcomes=(),
        refusals=tuple(refusals),
        notes=decision.notes,
        rationales=explain(seen, evidence),
    )


def text(of: CycleRecord) -> str:
    return explained(json.loads(json.dumps(published(of))))


def folded(of: CycleRecord) -> str:
    """The text without its line breaks, for looking up a sentence."""
    return " ".join(text(of).split())


def first(of: CycleRecord) -> dict[str, Any]:
    found: dict[str, Any] = published(of)["explanations"][0]
    return found


OPENING = """\
family (testnet) at 2025-01-06 00:00:04 UTC: these steps would be taken (nothing
was done)

BTC: BTC/USDT:USDT at binance
  held            0 BTC short, 0.00 USDT
  owned           1 BTC (binance spot) worth 60,000.00 USDT
                    from index price 60,000.00 USDT (4 s old)
  static-ratio    static ratio 50% (set for every asset) of 1 BTC worth
                  60,000.00 USDT = 30,000.00 short
                    from BTC owned 60,000.00 USDT; ratio 0.5
  direct          placed as 0.5 BTC in BTC/USDT:USDT
                    from mark price 60,000.00 USDT (4 s old)
  band            held 0.00%, wanted 50.00% of the exposure: opened to the
                  wanted ratio
                    from held 0 BTC; wanted 0.5 BTC; outer edge 0.05; inner edge
                    0.02
  step            sell 0.5 BTC, 30,000.00 USDT
  cost now        15.05 USDT, 5.0 bp of the trade
                    fee 15.00 USDT, 5.0 bp (the usual taker fee, no own fill
                    yet)
                    spread 0.05 USDT, 0.0 bp (half spread and depth of the book
                    in sight)
  income a year   3,285.00 USDT received, 10.95% of the short, at today's
                  funding rate (4 s old)"""

HOLDING = """\
family (testnet) at 2025-01-06 00:00:04 UTC: hedged as wanted, nothing to do

BTC: BTC/USDT:USDT at binance
  held            0.33 BTC short, 19,800.00 USDT
  owned           1 BTC (binance spot) worth 60,000.00 USDT
                    from index price 60,000.00 USDT (4 s old)
  allocation      crypto is 75.00% of 80,000.00 USDT, at most 50% is wanted:
                  20,000.00 USDT short stands in for a sale
                    from crypto 60,000.00 USDT; total wealth 80,000.00 USDT;
                    largest share of crypto 0.5
  allocation      33.33% of 60,000.00 USDT = 20,000.00 short (this asset's part
                  by value)
                    from BTC owned 60,000.00 USDT; ratio 0.333333
  direct          placed as 0.333 BTC in BTC/USDT:USDT
                    from mark price 60,000.00 USDT (4 s old)
  rounded away    20.00 left over (rounded down to whole lots)
  cost band       a weight drifts with prices: 2.80% of wealth, 3.73% of what
                  BTC/USDT:USDT protects, on either side
                    from taker fee 0.0005 (2 h old); half spread and slippage (7
                    own orders) 0.0002 (2 h old); risk aversion 3; target weight
                    0.5; wealth 80,000.00 USDT
  band            held 33.00%, wanted 33.30% of the exposure: inside the band of
                  3.73%, nothing to do
                    from held 0.33 BTC; wanted 0.333 BTC; outer edge 0.0372896;
                    inner edge 0.0372896
  nothing done    held 33.00%, wanted 33.30% of the exposure: inside the band of
                  3.73%, nothing to do
  income a year   2,168.10 USDT received, 10.95% of the short, at today's
                  funding rate (4 s old)"""


def test_the_first_step_with_everything_it_costs() -> None:
    """Owned, wanted, placed, paced, what is sold, and what that costs now and a year."""
    assert text(record(orders=[order("0.5")])) == OPENING


def test_the_page_shows_what_the_command_prints() -> None:
    """The example of the page is the golden text, line by line."""
    page = (Path(__file__).parents[2] / "docs" / "policy" / "explain.md").read_text(encoding="utf-8")
    assert OPENING.split("\n\n", 1)[1] in page


def test_why_nothing_is_done_with_every_figure_and_its_age() -> None:
    """Inside the cost band: the measured cost two hours old, the width it makes, and no step."""
    cost = TradingCost(fee=d("0.0005"), slip=d("0.0002"), fills=7, known_at=NOW - timedelta(hours=2))
    rule = Band(
        outer=d("0.05"), inner=d("0.02"), hedge_ratio_max=d(1), edge_rule=CostEdges(target_weight=0.5), cooldown_s=0
    )
    held = record("0.33", allocation=True, pace=rule, memory=Memory(costs={(VENUE, BTC): cost}))
    assert text(held) == HOLDING


def test_every_line_fits_eighty_columns() -> None:
    """Long symbols, many coins, long notes."""
    noisy = replace(record("0.33", orders=[order("0.17")]), notes=("a note that goes on " * 12, "x" * 60))
    assert max(map(len, text(noisy).splitlines())) <= WIDTH


def test_a_guards_refusal_is_why_nothing_is_done() -> None:
    """The order exists, is not sent, and the reason stands where the step would."""
    refusal = Refusal(intent_id="p-1", guard="order-size", reason="too large")
    refused = record(orders=[order("0.5")], refusals=[refusal])
    assert first(refused)["nothing_because"] == "refused by order-size: too large"
    assert first(refused)["step"] == "0"
    assert "nothing done refused by order-size: too large" in folded(refused)


def test_a_waiting_step_says_for_what_and_how_long() -> None:
    """The timing speaks last; without bars it says that it does not wait."""
    rule = Band(outer=d("0.05"), inner=d("0.02"), hedge_ratio_max=d(1), timing=ProfileTiming())
    assert "no volume profile" in folded(record("0.42", pace=rule))
    resting = Band(outer=d("0.05"), inner=d("0.02"), hedge_ratio_max=d(1), sustained_s=600)
    waiting = record("0.42", pace=resting)
    assert first(waiting)["nothing_because"].startswith("outside the band for 0 s")
    assert first(waiting)["chain"][-1]["bound"] == "sustained"


def test_a_short_that_pays_is_a_cost_a_year() -> None:
    """Negative funding: 10.95 % of 30,000 is paid."""
    paying = replace(shown("0.5"), funding=(replace(FUNDING, rate=d("-0.0001")),))
    seen = record("0.5", world=snapshot(paying))
    assert "cost a year 3,285.00 USDT paid, 10.95% of the short" in folded(seen)
    assert first(seen)["carry"] == {"kind": "funding", "rate_year": "-0.1095", "amount_year": "-3285", "age_s": 4.0}


def test_a_dated_future_earns_its_basis() -> None:
    """2.5 % above the index with 91 days to go is 10.03 % a year, locked."""
    dated = replace(
        instrument(), kind=MarketKind.LINEAR_FUTURE, expires_at=NOW + timedelta(days=91), notional_min=Decimal(5)
    )
    marks = (replace(mark(price="61500"), index_price=d(60_000)),)
    seen = view(instruments=(dated,), marks=marks, positions=(position(amount="-0.5", price="61500"),))
    assert "10.03% of the short, at the basis now" in folded(record("0.5", world=snapshot(seen)))


def test_an_asset_without_a_market_is_explained_too() -> None:
    """Owned, wanted short, and why it stays open."""
    world = snapshot(view(marks=(mark(), mark("AAA", "100")), positions=()), ("AAA", "50"), ("BTC", "1"))
    row = next(row for row in published(record(world=world))["explanations"] if row["asset"] == "AAA")
    assert (row["symbol"], row["left_over"]) == (None, "2500")
    assert "AAA has no perpetual on binance" in row["nothing_because"]
    assert "AAA: 2,500.00 USDT short wanted, none possible" in text(record(world=world))


def test_the_machine_reads_the_same_figures() -> None:
    """Rules, figures, inputs with their age, costs: as strings in one object."""
    row = first(record(orders=[order("0.5")]))
    assert [link["rule"] for link in row["chain"]] == ["owned", "static-ratio", "direct", "band"]
    assert row["chain"][2]["inputs"] == [{"name": "mark price", "value": "60000", "unit": "USDT", "age_s": 4.0}]
    assert (row["step"], row["step_notional"], row["cost"]["fee"]) == ("0.5", "30000", "15")


def test_a_cycle_that_saw_nothing_and_an_old_record_say_so() -> None:
    """No snapshot: nothing was decided. A record of an older version: nothing was written down."""
    assert "Nothing was decided in this cycle" in text(blind())
    assert "did not answer" in folded(blind())
    old = published(blind())
    del old["explanations"]
    assert "older version" in explained(old)
