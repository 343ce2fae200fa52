"""The figures in the text format of Prometheus (version 0.0.4), written by hand: it is small."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot import __version__
from bot.domain.record import CycleStatus
from bot.watch.board import Moment
from bot.watch.health import trouble
from bot.watch.sight import Sight, sight

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, str]
Sample = tuple[Labels, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One metric with its samples; a sample without a value is left out."""

    name: str
    help: str
    samples: Sequence[Sample]
    kind: str = "gauge"


def metrics(now: Moment) -> str:
    """Everything as text."""
    families = [*_process(now), *(_account(now, sight(now.record)) if now.record else ())]
    return "".join(_written(family) for family in families)


def _process(now: Moment) -> Iterable[Family]:
    counts, health = now.counts, trouble(age_s=now.age_s, patience_s=now.patience_s, halted=now.halted)
    status = str(now.record["status"]) if now.record else ""
    info = {"version": __version__, "mode": now.mode, "portfolio": now.portfolio}
    yield Family(name="ballast_info", help="Version, mode and portfolio; always 1.", samples=[(info, 1)])
    yield _one("ballast_start_timestamp_seconds", "When this process began, Unix time.", now.started.timestamp())
    yield _one("ballast_healthy", "1 when the last cycle is young enough and nothing is halted.", health is None)
    yield _one("ballast_paused", "1 while new risk is stopped by a person.", now.paused is not None)
    yield _one("ballast_halted", "1 after Ballast halted itself.", now.halted is not None)
    yield _one("ballast_cycle_age_seconds", "Wall time since the last cycle of this process ended.", now.age_s)
    yield _one("ballast_cycle_age_max_seconds", "Age from which this counts as not healthy.", now.patience_s)
    due = now.next_at.timestamp() if now.next_at else None
    yield _one("ballast_cycle_next_timestamp_seconds", "When the next cycle is due, Unix time of its own clock.", due)
    yield Family(
        name="ballast_cycle_status",
        help="1 for the status of the last recorded cycle, 0 for the others.",
        samples=[({"status": one.value}, one.value == status) for one in CycleStatus] if status else [],
    )
    yield Family(
        name="ballast_cycles_total",
        help="Cycles ended since the start, by status.",
        samples=[({"status": one.value}, counts.cycles.get(one.value, 0)) for one in CycleStatus],
        kind="counter",
    )
    yield Family(
        name="ballast_refusals_total",
        help="Intents refused since the start, by guard.",
        samples=[({"guard": guard}, count) for guard, count in sorted(counts.refusals.items())],
        kind="counter",
    )
    for name, words, value in (
        ("ballast_complaints_total", "What the daemon had to say outside of a record.", counts.complaints),
        ("ballast_alerts_sent_total", "Alerts that were taken by the service they went to.", counts.alerts_sent),
        ("ballast_alerts_failed_total", "Alerts that could not be sent.", counts.alerts_failed),
    ):
        yield Family(name=name, help=words, samples=[({}, value)], kind="counter")


def _account(now: Moment, seen: Sight) -> Iterable[Family]:
    quote = {"currency": now.limits.quote}
    yield _one("ballast_record_timestamp_seconds", "When the last record was made, Unix time.", seen.at.timestamp())
    yield _one("ballast_portfolio_hedge_wanted_ratio", "Hedge ratio wanted over all assets, 0 to 1.", seen.wanted)
    yield _one("ballast_portfolio_hedge_held_ratio", "Hedge ratio held over all assets, 0 to 1.", seen.held)
    yield _one("ballast_leverage_ratio", "Short notional over margin equity, highest of all venues.", seen.leverage)
    yield _one("ballast_leverage_cap_ratio", "Largest effective leverage allowed.", now.limits.leverage_cap)
    yield _one("ballast_liquidation_distance_min_ratio", "Distance below which is protected.", now.limits.distance_min)
    assets = [({"asset": row.asset}, row) for row in seen.assets]
    yield _table("ballast_holding_coins", "Coins owned over all places.", [(k, r.amount) for k, r in assets])
    for name, words, rows in (
        ("ballast_holding_notional", "Worth of what is owned, in currency.", [(k, r.worth) for k, r in assets]),
        ("ballast_price", "Spot price of one coin, in currency.", [(k, r.price) for k, r in assets]),
    ):
        yield _table(name, words, [({**key, **quote}, value) for key, value in rows])
    yield _table(
        "ballast_hedge_wanted_ratio", "Hedge ratio wanted of an asset, 0 to 1.", [(k, r.wanted) for k, r in assets]
    )
    yield _table("ballast_hedge_held_ratio", "Hedge ratio held of an asset, 0 to 1.", [(k, r.held) for k, r in assets])
    shorts = [({"venue": row.venue, "symbol": row.symbol}, row) for row in seen.shorts]
    yield _table(
        "ballast_short_notional",
        "Worth of a short at mark, in currency; a long counts below zero.",
        [({**k, **quote}, r.signed_short) for k, r in shorts],
    )
    yield _table("ballast_mark_price", "Mark price, in currency.", [({**k, **quote}, r.mark_price) for k, r in shorts])
    yield _table(
        "ballast_liquidation_distance_ratio",
        "How far mark is from the liquidation price the venue tells, over mark.",
        [(k, r.distance) for k, r in shorts],
    )
    yield _table(
        "ballast_funding_yearly_ratio",
        "Coming funding rate times intervals a year; above zero the short receives.",
        [(k, r.funding_a_year) for k, r in shorts],
    )
    yield _one(
        "ballast_liquidation_distance_all_ratio",
        "Smallest rise that liquidates, of one price or of all together, over the price.",
        seen.distance,
    )
    margins = [({"venue": row.venue, "currency": row.currency}, row) for row in seen.margins]
    yield _table("ballast_margin_equity", "Collateral with unrealised profit.", [(k, r.equity) for k, r in margins])
    yield _table("ballast_margin_used", "Collateral bound by positions and orders.", [(k, r.used) for k, r in margins])
    yield _table("ballast_margin_maintenance", "Maintenance margin.", [(k, r.maintenance) for k, r in margins])


def _one(name: str, words: str, value: object) -> Family:
    return Family(name=name, help=words, samples=[({}, value)])


def _table(name: str, words: str, samples: Sequence[Sample]) -> Family:
    return Family(name=name, help=words, samples=samples)


def _written(family: Family) -> str:
    rows = {_labels(labels): _value(value) for labels, value in family.samples if value is not None}
    if not rows:
        return ""
    head = f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.kind}\n"
    return head + "".join(f"{family.name}{labels} {value}\n" for labels, value in rows.items())


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _value(value: object) -> str:
    return repr(float(str(int(value) if isinstance(value, bool) else value)))
