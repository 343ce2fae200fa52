"""Whole situations and the plans they lead to, as text a person can read; `python -m tests.golden.scenes` writes them.

Each scene is a snapshot with what the journal remembers. The files beside it are the plans that are wanted: whoever
changes one on purpose looks at the difference before it is committed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bot.circumstances import Past, circumstances
from bot.deliberate import deliberate, make_plan, movers
from bot.domain.account import Side
from bot.domain.hedge import Need, Target
from bot.domain.intent import Intent, OrderIntent, TransferIntent, describe
from bot.domain.published import plain
from bot.domain.snapshot import Snapshot
from bot.execution.journal import OpenIntent
from bot.policy.scene import Memory
from bot.policy.size import Allocation, StaticRatio
from bot.policy.size_minimum_variance import MinimumVariance
from bot.risk.check import check
from bot.upkeep import Mind
from tests.builders import (
    BTC,
    NOW,
    VENUE,
    collateral_rule,
    d,
    detail,
    instrument,
    margin,
    margin_limits,
    mark,
    order_rule,
    policy,
    position,
    risk_limits,
    snapshot,
    spot,
    view,
)

FOLDER = Path(__file__).parent / "plans"
PRICES = {"BTC": "60000", "ETH": "3000"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One situation. `story` says in a sentence what it is about."""

    story: str
    seen: Snapshot
    mind: Mind
    memory: Memory = Memory()
    unsettled: tuple[OpenIntent, ...] = ()
    paused: str | None = None
    halted: str | None = None


def mind(*, size: StaticRatio | Allocation | None = None, transfers: bool = True) -> Mind:
    return Mind(
        policy=policy(size),
        limits=risk_limits(),
        margin=margin_limits(),
        orders=order_rule(book_share_max="0.25"),
        collateral={VENUE: collateral_rule(transfers=transfers)},
    )


def seen(
    btc: str = "0",
    eth: str = "0",
    *,
    equity: str = "0",
    maintenance: str = "0",
    usdt: str = "60000",
    owned: tuple[tuple[str, str], ...] = (("BTC", "1"), ("ETH", "10")),
) -> Snapshot:
    """One bitcoin and ten ether, or what is told instead; `btc` and `eth` are the positions held."""
    held = [(name, amount) for name, amount in (("BTC", btc), ("ETH", eth)) if amount != "0"]
    used = plain(sum((abs(d(amount)) * d(PRICES[name]) for name, amount in held), d(0)) / 2)
    kept = maintenance if maintenance != "0" else plain(d(used) / 50)
    return snapshot(
        view(
            instruments=(instrument(), instrument("ETH", notional_min="20")),
            marks=tuple(mark(name, price) for name, price in PRICES.items()),
            positions=tuple(position(name, amount, price=PRICES[name]) for name, amount in held),
            margins=(margin(equity, maintenance=kept, initial=used),),
            balances=(spot("USDT", usdt), *(spot(asset, amount) for asset, amount in owned)),
        ),
        *owned,
    )


MANAGED = Memory(managed=frozenset({"BTC", "ETH"}))


def scenes() -> dict[str, Scene]:
    """Every scene by the name of its file."""
    half = seen("-0.5", "-5", equity="30000")
    lost = OpenIntent(
        intent=OrderIntent(
            id="c000001-03",
            venue=VENUE,
            symbol=BTC,
            side=Side.SELL,
            amount=d("0.1"),
            limit_price=d(59_820),
            reduce_only=False,
            protective=False,
            reasons=(),
        ),
        client_id="blst1",
        sent_at=NOW,
        position_before=d("-0.4"),
        absences=0,
        absent_at=None,
    )
    bad = {BTC: "mark 60000 and index 90000 of BTC/USDT:USDT are too far apart"}
    return {
        "opened-from-flat": Scene(
            story="Nothing is held and half should be: collateral, then leverage, then orders cut to their limit.",
            seen=seen(),
            mind=mind(),
        ),
        "hedged-already": Scene(story="Everything is as wanted.", seen=half, mind=mind(), memory=MANAGED),
        "inside-the-band": Scene(
            story="Some bitcoin was bought, and the gap is still inside the band: nothing is traded.",
            seen=seen("-0.5", "-5", equity="30000", owned=(("BTC", "1.05"), ("ETH", "10"))),
            mind=mind(),
            memory=MANAGED,
        ),
        "coins-withdrawn": Scene(
            story="Bitcoin went away: its short is bought back to the inner edge, ether is left alone.",
            seen=seen("-0.5", "-5", equity="30000", owned=(("BTC", "0.7"), ("ETH", "10"))),
            mind=mind(),
            memory=MANAGED,
        ),
        "coins-sold-out": Scene(
            story="No ether is owned any more: the short Ballast opened for it is closed.",
            seen=seen("-0.5", "-5", equity="30000", owned=(("BTC", "1"),)),
            mind=mind(),
            memory=MANAGED,
        ),
        "short-of-somebody-else": Scene(
            story="A short in ether, which was never owned nor opened by Ballast, is reported and left alone.",
            seen=seen("-0.5", "-5", equity="30000", owned=(("BTC", "1"),)),
            mind=mind(),
            memory=Memory(managed=frozenset({"BTC"})),
        ),
        "short-beside-stand-ins": Scene(
            story="Bitcoin stands for ether too: ether that was sold by hand is left alone and taken off its growth.",
            seen=seen("-0.5", "-5", equity="60000"),
            mind=_minimum_variance(mind()),
            memory=Memory(managed=frozenset({"BTC"}), recalled={"minimum-variance/portfolio": {"BTC": "0.9"}}),
        ),
        "long-of-somebody-else": Scene(
            story="A long in bitcoin that Ballast did not open is left alone; ether is hedged beside it.",
            seen=seen("0.2", "0", equity="30000"),
            mind=mind(),
        ),
        "too-little-collateral": Scene(
            story="The stablecoins carry a part of the short under the leverage cap: that part is opened.",
            seen=seen(usdt="12000"),
            mind=mind(),
        ),
        "allocation": Scene(
            story="Crypto may be 75 % of wealth: the short stands in for the sale that would bring it there.",
            seen=seen(usdt="10000"),
            mind=mind(size=Allocation(crypto_max=d("0.75"), leverage_cap=d(2))),
        ),
        "margin-topped-up": Scene(
            story="The collateral has become thin, and stablecoins are there: they are moved in before anything else.",
            seen=seen("-0.5", "-5", equity="19000"),
            mind=mind(),
            memory=MANAGED,
        ),
        "margin-shrunk": Scene(
            story="The collateral is thin and nothing can be moved in: every short is cut, whatever the policy wants.",
            seen=seen("-0.5", "-5", equity="14000"),
            mind=mind(transfers=False),
            memory=MANAGED,
        ),
        "margin-flattened": Scene(
            story="Liquidation is at the door: the shorts are closed, in orders as large as the venue takes.",
            seen=seen("-0.5", "-5", equity="2200", maintenance="450"),
            mind=mind(transfers=False),
            memory=MANAGED,
            paused="paused: on holiday",
        ),
        "paused": Scene(
            story="Paused: what would be opened is refused, and what takes risk away is not.",
            seen=seen("-0.5", "0", equity="30000", owned=(("BTC", "0.7"), ("ETH", "10"))),
            mind=mind(),
            memory=MANAGED,
            paused="paused: on holiday",
        ),
        "halted": Scene(
            story="Halted: the same as paused, and only a person's token ends it.",
            seen=seen("-0.5", "0", equity="30000", owned=(("BTC", "0.7"), ("ETH", "10"))),
            mind=mind(),
            memory=MANAGED,
            halted="halted: something broke",
        ),
        "earlier-order-unsettled": Scene(
            story="It is not known what became of an earlier order: no short grows until it is.",
            seen=seen("-0.4", "0", equity="30000"),
            mind=mind(),
            memory=MANAGED,
            unsettled=(lost,),
        ),
        "one-coin-frozen": Scene(
            story="The mark of bitcoin cannot be believed: its short is left as it is, nothing grows, ether shrinks.",
            seen=_frozen(seen("-0.5", "-8", equity="40000"), bad),
            mind=mind(),
            memory=MANAGED,
        ),
    }


def _minimum_variance(whole: Mind) -> Mind:
    """All coins protected by shorts in bitcoin; without a past the share found last is held."""
    fallback = StaticRatio(ratio=d("0.5"), leverage_cap=d(2))
    size = MinimumVariance(instruments=("BTC",), fallback=fallback, leverage_cap=d(2))
    sized = replace(whole.policy, size=size, anchors=frozenset({"BTC"}), stand_in_max=d(1))
    return replace(whole, policy=sized)


def _frozen(whole: Snapshot, bad: dict[str, str]) -> Snapshot:
    return replace(whole, venues=tuple(replace(row, frozen=bad) for row in whole.venues))


def told(scene: Scene) -> str:
    """The plan of a scene, as the file shows it."""
    snap = scene.seen
    thought = deliberate(scene.mind, snap, scene.memory, scene.unsettled)
    books = detail("BTC", "ETH", leverage="20", prices=PRICES, depth="20")
    steps = movers(thought, snap)
    made = make_plan(scene.mind, thought, snap, books, "c000002")
    past = Past(
        unsettled=scene.unsettled,
        paused=scene.paused,
        halted=scene.halted,
        orders_last_hour=0,
        notional_last_hour=d(0),
    )
    approved, refusals = check(made, circumstances(scene.mind, snap, thought, books, past))
    refused = {row.intent_id: f"refused by {row.guard}: {row.reason}" for row in refusals}
    assert len(approved.intents) + len(refusals) == len(made.intents)
    lines = [scene.story, "", *_seen(snap), "", "needs", *_needs(thought.decision.needs)]
    lines += ["", "targets", *_targets(thought.targets), "", "steps that trade", *_targets(steps)]
    lines += ["", "plan", *_intents(made.intents, refused)]
    lines += ["", "said", *(f"  {row.guard}: {row.reason}" for row in thought.shortfalls)]
    lines += [f"  {note}" for note in (*thought.notes, *made.notes)]
    return "\n".join(lines).rstrip() + "\n"


def _seen(snap: Snapshot) -> Iterator[str]:
    yield "seen"
    for holding in snap.holdings:
        yield f"  owned     {plain(holding.amount)} {holding.asset} at {plain(snap.prices[holding.asset].price)}"
    for row in snap.venues:
        for asset in row.balances:
            if asset.asset == "USDT":
                yield f"  spot      {plain(asset.free)} USDT"
        for account in row.margins:
            yield f"  margin    equity {plain(account.equity)}, maintenance {plain(account.maintenance)} USDT"
        for held in row.positions:
            yield f"  position  {plain(held.amount)} {held.symbol} at {plain(held.mark_price)}"
        for symbol, why in row.frozen.items():
            yield f"  frozen    {symbol}: {why}"


def _needs(needs: tuple[Need, ...]) -> Iterator[str]:
    for row in needs:
        yield f"  {row.asset}: short {row.short_notional:,.2f} under {plain(row.leverage_cap)}x"
        yield from (f"    because {reason}" for reason in row.reasons)


def _targets(targets: tuple[Target, ...]) -> Iterator[str]:
    for row in targets:
        yield f"  {row.symbol}: short {plain(row.amount)}, because {row.reasons[-1]}"


def _intents(intents: tuple[Intent, ...], refused: dict[str, str]) -> Iterator[str]:
    for row in intents:
        words = describe(row).removeprefix("the ")
        if isinstance(row, OrderIntent):
            words += f" at {plain(row.limit_price)} or better" + (", reduce only" if row.reduce_only else "")
            words += ", protective" if row.protective else ""
        elif isinstance(row, TransferIntent):
            words += f" from {row.source.value} to {row.target.value}" + (", protective" if row.protective else "")
        else:
            words += f" to {getattr(row, 'leverage', None) or getattr(row, 'margin_mode', None)}"
        yield f"  {row.id} {words}"
        if row.id in refused:
            yield f"    {refused[row.id]}"
    if not intents:
        yield "  nothing"


def main() -> None:
    """Write every file anew."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    for name, scene in scenes().items():
        (FOLDER / f"{name}.txt").write_text(told(scene), encoding="utf-8")


if __name__ == "__main__":
    main()
