"""The chain from what was seen to what is done, with what it costs; or why nothing is done. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.domain.account import ZERO, Book, Side
from bot.domain.costs import TradingCost
from bot.domain.explanation import Carry, Explanation, Input, Rationale, StepCost
from bot.domain.hedge import Need, Target
from bot.domain.instrument import Instrument, quantized
from bot.domain.intent import Intent, OrderIntent, Refusal
from bot.domain.sense import DAYS_PER_YEAR
from bot.domain.snapshot import Snapshot, VenueView
from bot.execution.cost import BPS, walk_book
from bot.policy.policy import Decision

USUAL_FEE = Decimal("0.0005")
CENTS = Decimal("0.0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the rationales of a cycle are made of."""

    decision: Decision
    steps: Sequence[Target]
    intents: Sequence[Intent]
    refusals: Sequence[Refusal]
    books: Mapping[tuple[str, str], Book]
    costs: Mapping[tuple[str, str], TradingCost]


def explain(snapshot: Snapshot, evidence: Evidence) -> tuple[Rationale, ...]:
    """One rationale per short, then one per asset that has none, as owned."""
    decision = evidence.decision
    steps = {(row.venue, row.symbol): row for row in evidence.steps}
    rows = [_of_target(row, steps.get((row.venue, row.symbol)), snapshot, evidence) for row in decision.targets]
    told = {asset for row in rows for asset in (row.asset, *row.protects)}
    rows += [_of_need(row, snapshot, decision) for row in decision.needs if row.asset not in told]
    return tuple(rows)


def explain_if_possible(snapshot: Snapshot, evidence: Evidence) -> tuple[tuple[Rationale, ...], tuple[str, ...]]:
    """The rationales, or a note; what cannot be explained is still done, for protection never waits for words."""
    try:
        return explain(snapshot, evidence), ()
    except Exception as error:  # nothing here may keep a step from being taken
        return (), (f"the steps could not be explained ({type(error).__name__}: {error})",)


def _owned(assets: Sequence[str], snapshot: Snapshot, decision: Decision) -> tuple[Explanation, ...]:
    """What is owned, where it was seen, and how old its price is."""
    links = []
    for row in (row for row in decision.portfolio.exposures if row.asset in assets):
        price, quote = snapshot.prices.get(row.asset), decision.portfolio.quote
        seen = (
            (Input(name=f"{price.source} price", value=price.price, unit=quote, known_at=price.at),)
            if price is not None
            else ()
        )
        words = f"{row.amount.normalize():f} {row.asset} ({', '.join(row.sources)}) worth {row.notional:,.2f} {quote}"
        links.append(Explanation(rule="owned", words=words, figure=row.notional, unit=quote, inputs=seen))
    return tuple(links)


def _of_need(need: Need, snapshot: Snapshot, decision: Decision) -> Rationale:
    """An asset without an instrument: wanted, and left open."""
    quote = decision.portfolio.quote
    why = next((note for note in decision.notes if note.startswith(f"{need.asset} ")), None)
    return Rationale(
        asset=need.asset,
        venue=None,
        symbol=None,
        protects=(need.asset,),
        unit=need.asset,
        quote=quote,
        held=ZERO,
        wanted=ZERO,
        step=ZERO,
        held_notional=ZERO,
        wanted_notional=need.short_notional,
        step_notional=ZERO,
        chain=(*_owned((need.asset,), snapshot, decision), *need.chain),
        left_over=need.short_notional,
        nothing_because=why or ("no short is wanted" if need.short_notional == 0 else "no instrument carries it here"),
    )


def _of_target(target: Target, step: Target | None, snapshot: Snapshot, evidence: Evidence) -> Rationale:
    view = snapshot.venue(target.venue)
    instrument, mark = view.instrument(target.symbol), view.mark(target.symbol)
    if instrument is None or mark is None:
        raise ValueError(f"{target.symbol} was placed without an instrument and a mark")
    wanted = _wanted(target, evidence.decision)
    held = max(ZERO, -view.amount(target.symbol))
    protects = tuple(row.asset for row in target.shares) or (target.asset,)
    chain = (*_owned(protects, snapshot, evidence.decision), *_whole_chain(target, step))
    barred = {row.intent_id: row for row in evidence.refusals if row.intent_id}
    orders = [row for row in evidence.intents if isinstance(row, OrderIntent) and _same(row, target)]
    refused = next((barred[row.id] for row in orders if row.id in barred), None)
    orders = [row for row in orders if row.id not in barred]
    moved = sum((row.amount if row.side is Side.SELL else -row.amount for row in orders), ZERO)
    after = held + moved
    return Rationale(
        asset=target.asset,
        venue=target.venue,
        symbol=target.symbol,
        protects=protects,
        unit=instrument.quote if instrument.inverse else instrument.base,
        quote=instrument.quote,
        held=held,
        wanted=wanted.amount,
        step=moved,
        held_notional=instrument.notional(held, mark.mark_price),
        wanted_notional=wanted.short_notional,
        step_notional=instrument.notional(moved, mark.mark_price),
        chain=chain,
        left_over=sum((row.figure or ZERO for row in chain if row.rule == "rounding"), ZERO),
        cost=_cost(moved, instrument, mark.mark_price, evidence, (target.venue, target.symbol)) if moved else None,
        carry=_carry(view, instrument, instrument.notional(after, mark.mark_price)),
        nothing_because=None if moved else _nothing(target, step or target, held, refused, evidence.refusals),
    )


def _same(row: OrderIntent, target: Target) -> bool:
    return (row.venue, row.symbol) == (target.venue, target.symbol)


def _wanted(target: Target, decision: Decision) -> Target:
    """What was wanted before the pace slot had its say."""
    found = (row for row in decision.wanted if (row.venue, row.symbol) == (target.venue, target.symbol))
    return next(found, target)


def _whole_chain(target: Target, step: Target | None) -> tuple[Explanation, ...]:
    """The policy's chain and, after it, what margin and collateral added in words only."""
    known = {link.words for link in target.chain}
    reasons = dict.fromkeys((*target.reasons, *(step.reasons if step is not None else ())))
    return (
        *target.chain,
        *(Explanation(rule="margin", words=words) for words in reasons if words not in known),
    )


def _nothing(target: Target, step: Target, held: Decimal, refused: Refusal | None, refusals: Sequence[Refusal]) -> str:
    """Why a short stays as it is: a guard first, then what is missing, then the last rule that spoke."""
    if refused is not None:
        return f"refused by {refused.guard}: {refused.reason}"
    if step.amount != held:
        general = next((row for row in refusals if not row.intent_id), None)
        return general.reason if general else "no order could be made of it now; the notes say what is in the way"
    if step.amount != target.amount:
        return step.reasons[-1]
    return target.chain[-1].words if target.chain else "the short is exactly as wanted"


def _cost(
    moved: Decimal,
    instrument: Instrument,
    mark_price: Decimal,
    evidence: Evidence,
    key: tuple[str, str],
) -> StepCost:
    """Fee by what was charged before, spread by the book in sight or by what was measured before."""
    traded = instrument.notional(abs(moved), mark_price)
    measured = evidence.costs.get(key)
    fee = measured.fee if measured else USUAL_FEE
    fee_source = (
        f"as charged before, own orders: {measured.fills}" if measured else "the usual taker fee, no own fill yet"
    )
    slip, slip_source = _slip(moved, instrument, mark_price, evidence.books.get(key), measured)
    return StepCost(
        traded=traded,
        fee=(traded * fee).quantize(CENTS),
        fee_source=fee_source,
        slip=(traded * slip).quantize(CENTS),
        slip_source=slip_source,
    )


def _slip(
    moved: Decimal, instrument: Instrument, mark_price: Decimal, book: Book | None, measured: TradingCost | None
) -> tuple[Decimal, str]:
    if book is not None and book.bids and book.asks:
        levels = book.bids if moved > 0 else book.asks
        middle = float((book.bids[0].price + book.asks[0].price) / 2)
        coins = ((float(row.price), float(instrument.coins(row.amount, row.price))) for row in levels)
        walked = walk_book(
            coins,  # not listed: the walk ends where the order is filled
            middle,
            "sell" if moved > 0 else "buy",
            float(instrument.notional(abs(moved), mark_price)),
        )
        if walked.cost_bps is not None:
            return quantized(walked.cost_bps / BPS), "half spread and depth of the book in sight"
    if measured is not None:
        return measured.slip, f"as measured before, own orders: {measured.fills}"
    return ZERO, "not known: no book in sight, no own fill yet"


def _carry(view: VenueView, instrument: Instrument, short_notional: Decimal) -> Carry | None:
    """Funding at the coming rate, or the basis of a dated future; None where neither is known."""
    mark = view.mark(instrument.symbol)
    if instrument.expires_at is not None and mark is not None:
        days = Decimal((instrument.expires_at - mark.at).total_seconds()) / 86_400
        if days <= 0:
            return None
        rate = (mark.mark_price / mark.index_price - 1) * DAYS_PER_YEAR / days
        return _yearly("basis", rate, short_notional, mark.at)
    found = next((row for row in view.funding if row.symbol == instrument.symbol), None)
    return _yearly("funding", found.rate_per_year, short_notional, view.at) if found is not None else None


def _yearly(kind: str, rate: Decimal, short_notional: Decimal, known_at: datetime) -> Carry:
    rate = rate.quantize(Decimal("0.000001"))
    return Carry(kind=kind, rate_year=rate, amount_year=(rate * short_notional).quantize(CENTS), known_at=known_at)
