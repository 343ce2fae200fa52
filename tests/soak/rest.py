"""What must hold in the quiet at the end: L, every short is where it should be, or at a limit."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from tests.soak.case import Case
from tests.soak.contracts import INDEX_FROM_MARK, coin_of, pair_of
from tests.soak.evidence import Evidence, Violation
from tests.soak.orders import is_order, together
from tests.soak.schedule import COINS

ZERO = Decimal(0)
HOUR = timedelta(hours=1)
LOTS = {"BTCUSDT": Decimal("0.001"), "ETHUSDT": Decimal("0.001"), "SOLUSDT": Decimal("0.01")}
NOTIONAL_MIN = {"BTCUSDT": Decimal(100), "ETHUSDT": Decimal(20), "SOLUSDT": Decimal(5)}
COLLATERAL_KEPT = Decimal("0.10")


def settled(case: Case) -> Iterator[Violation]:
    """At the end of the quiet tail nothing is open."""
    for row in case.evidence.intents:
        if row.state != "done":
            text = f"{row.id} ({row.kind}) is still {row.state} at the end"
            yield case.broken("L1", text, cycle=case.evidence.cycles[-1].number if case.evidence.cycles else -1)


def liveness(case: Case) -> Iterator[Violation]:
    """Within the quiet tail every short is where it should be, or at a limit."""
    quiet = [row for row in case.evidence.cycles if row.quiet]
    last = quiet[-1] if quiet else None
    if last is None or case.evidence.final is None:
        yield case.broken("L1", "there was no quiet cycle at all")
        return
    final, marks = case.evidence.final, case.evidence.marks[-1][1]
    shorts = {symbol: -amount for symbol, amount in final.positions.items()}
    if any(amount < 0 for amount in shorts.values()):
        return  # a long that somebody else opened is left alone and stops growth
    if together(case.evidence) or case.evidence.hedge_mode:
        return  # what each coin's short should be is the rule's own estimate
    held = _by_pair(shorts, marks)
    outer = Decimal(case.evidence.settings["band"][0])  # type: ignore[index]
    wanted = _wanted(case.evidence, marks)
    for coin, owned in final.owned.items():
        symbol = f"{coin}USDT"
        if symbol not in marks:
            continue
        gap = held[symbol] - wanted[coin]
        least = max(LOTS[symbol], NOTIONAL_MIN[symbol] / marks[symbol] + LOTS[symbol])
        # coins are worth their index price, shorts their mark: what is wanted, and the band, in coins differ by as much
        apart = (owned * outer + wanted[coin]) * (INDEX_FROM_MARK - 1)
        if abs(gap) <= owned * outer + apart + least:
            continue
        if (gap < 0 and _limited(case, shorts, marks)) or _out_of_orders(case, last.ended_at):
            continue
        yield case.broken(
            "L1",
            f"{symbol} is short {held[symbol]}, wanted are {wanted[coin]} of {owned}: {last.record[-400:]}",
            cycle=last.number,
        )


def _limited(case: Case, shorts: dict[str, Decimal], marks: dict[str, Decimal]) -> bool:
    """Whether something keeps shorts from growing: the tiers, a rule that lessens, collateral, somebody else."""
    lessened = case.evidence.tight_tiers or "adjust" in case.evidence.settings
    return lessened or _at_a_limit(case, shorts, marks) or _in_the_way(case)


def _out_of_orders(case: Case, at: datetime) -> bool:
    """Whether the hour before held as many orders as the user allows: whatever is missing then takes longer."""
    limit = int(str(case.evidence.settings.get("orders_per_hour_max", 30)))
    return sum(is_order(row) and row.at > at - HOUR for row in case.evidence.requests) >= limit


def _in_the_way(case: Case) -> bool:
    """Whether the venue refuses the margin mode because somebody else opened a position in the other one."""
    asked = [row for row in case.evidence.intents if row.kind == "margin-mode"]
    return bool(asked) and asked[-1].ending == "refused"


def _at_a_limit(case: Case, shorts: dict[str, Decimal], marks: dict[str, Decimal]) -> bool:
    """Whether the collateral carries no more: leverage at its cap and nothing left to move in."""
    final = case.evidence.final
    if final is None:
        return False
    cap = Decimal(str(case.evidence.settings["leverage_cap"]))
    if shorts.get("SOLUSDT") or "SOL" in final.owned:
        cap = min(cap, case.sol_cap)
    if case.evidence.settings["margin_mode"] == "isolated":
        cap = cap // 1  # the figure that binds collateral to a position knows no fractions, a thin coin's neither
    # a coin nobody owns stands still where it began
    prices = {symbol: marks.get(symbol, COINS.get(coin_of(symbol), ZERO)) for symbol in shorts}
    notional = sum((amount * prices[symbol] for symbol, amount in shorts.items()), ZERO)
    room = final.equity * cap / (1 + COLLATERAL_KEPT) - notional
    if case.evidence.settings["margin_mode"] == "isolated":
        room = min(room, final.free * cap / (1 + COLLATERAL_KEPT))  # what is bound to one carries no other
    movable = final.spot_cash > 20 and case.evidence.settings["transfers"]
    return not movable and room < max(Decimal(150), notional * Decimal("0.05"))


def _by_pair(shorts: dict[str, Decimal], marks: dict[str, Decimal]) -> dict[str, Decimal]:
    """The shorts in all contracts of a pair, in coins of its perpetual: a future above the index protects more."""
    held: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for symbol, amount in shorts.items():
        if (pair := pair_of(symbol)) in marks:
            held[pair] += amount * marks.get(symbol, marks[pair]) / marks[pair]
    return held


def _wanted(evidence: Evidence, marks: dict[str, Decimal]) -> dict[str, Decimal]:
    """The short each coin should have by the user's own words. Units: coins."""
    final, size = evidence.final, evidence.settings["size"]
    if final is None or not isinstance(size, dict):
        return {}
    ceiling = Decimal(str(evidence.settings["hedge_ratio_max"]))
    if "adjust" in evidence.settings:
        ratio = ceiling
    elif size["rule"] == "static-ratio":
        ratio = Decimal(size["ratio"])
    else:
        crypto = sum((amount * marks[f"{coin}USDT"] for coin, amount in final.owned.items()), ZERO)
        total = crypto + final.spot_cash + final.funding_cash + final.equity
        excess = max(ZERO, crypto - Decimal(size["crypto_max"]) * total)
        ratio = excess / crypto if crypto else ZERO
    return {coin: amount * min(ratio, ceiling) for coin, amount in final.owned.items()}
