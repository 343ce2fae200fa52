"""One seed -> everything that will happen in one run: market, portfolio, settings, faults, kills, other people."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.sim.faults import FAULTS, Script
from tests.soak.market import START
from tests.soak.speech import VENUES

INTENSITIES = (0.05, 0.15, 0.3, 0.5)
# What the venue itself does wrong although nobody asked it to: meaningful only where it keeps client ids for ever.
VENUE_TWICE = "duplicate_execution"
# Long silences make a seed a waiting room: some seeds have one of them, the others none.
LASTING = frozenset({"banned", "crowded", "forbidden", "geo_blocked", "key_suspended", "maintenance", "venue_halted"})
# MEXC has no second witness of the names that isolated positions bear. WEEX takes an id twice.
UNWITNESSED = {"mexc": ("other_positions",), "weex": (VENUE_TWICE,)}
PLAIN = tuple(FAULTS)[: tuple(FAULTS).index("deleveraged") + 1]
EVENTS = ("deposit", "deposit", "withdrawal", "withdrawal", "profile", "profile", "manual", "adl", "cash")
DATED = ("BTC", "ETH")
WITH_DATED = ("binance", "bybit")
IN_PLACE = ("bybit", "weex")  # no request moves collateral there: one wallet, or none that the client knows
EXPIRY = datetime(2026, 3, 27, 8, 0, tzinfo=UTC)
QUARTERS = ("260327", "260626")
HANDS = ("pause", "resume", "resume", "resume", "halt", "meddle", "meddle", "meddle")
PEGS = ("1", "1", "1", "1.004", "1.03", "1.14")
RATIOS = ("0", "0.25", "0.5", "0.8", "1")
COINS = {"BTC": Decimal(60000), "ETH": Decimal(3000), "SOL": Decimal(150)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Kill the process at the nth point of a kind, counted within its cycle."""

    kind: str
    nth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CyclePlan:
    """What surrounds one cycle.

    `hand` is what the user does himself: "pause", "resume", "halt", or "meddle", trades that have to be taken back.
    Units: `pause_s` seconds of exchange time before it.
    """

    pause_s: float
    kill: Kill | None
    event: str
    skew_s: float
    intruder: bool
    hand: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One whole run, drawn before it begins; the seeds of market, faults and latency are drawn with it.

    `intensity` is the chance of a fault per write, `read_share` of it meets each read: where every read fails, no
    write is ever reached. For `order_lag_s` and `position_lag_s` after an order, look-ups and positions do not show
    it yet. `dated` are dated contracts by their price above the index. `past_volatility` per square root of a day
    gives the market a history, `tier_unit` makes its leverage tiers small, `pegs` are what the other stablecoin
    costs. Where `faults_only` is given, no fault strikes but these, by cycle and name. The event "profile" is the
    user changing his mind about the ratio, and a restart.
    """

    seed: int
    intensity: float
    read_share: float
    kinds: tuple[str, ...]
    unique_forever: bool
    owned: dict[str, Decimal]
    external: dict[str, Decimal]
    spot_cash: Decimal
    futures_cash: Decimal
    settings: dict[str, object]
    volatility: float
    jump_chance: float
    depth_notional: Decimal
    order_lag_s: float
    position_lag_s: float
    cycles: tuple[CyclePlan, ...]
    market_seed: int
    fault_seed: int
    latency_seed: int
    luck_seed: int
    venue: str = "binance"
    start: datetime = START
    dated: Mapping[str, float] = field(default_factory=dict)
    past_volatility: float = 0.0
    tier_unit: Decimal | None = None
    pegs: tuple[str, ...] = ()
    hedge_mode: bool = False
    faults_only: frozenset[tuple[int, str]] | None = None
    scripts: tuple[Script, ...] = ()


def draw(
    seed: int, cycles: int, *, intensity: float | None = None, kinds: tuple[str, ...] = (), venue: str | None = None
) -> Schedule:
    """Draw a run; the same seed is the same run for ever.

    A given `intensity`, `venue` or choice of fault `kinds` replaces the drawn one; chosen kinds meet every read too.
    """
    wide = draw_wide(seed, cycles, intensity=intensity, kinds=kinds, venue=venue)
    return wide if kinds else _with_newer_kinds(wide)


def draw_wide(
    seed: int, cycles: int, *, intensity: float | None = None, kinds: tuple[str, ...] = (), venue: str | None = None
) -> Schedule:
    """A run at any venue, with bans, hands and dated contracts, and the first kinds of faults only."""
    plain = draw_plain(seed, cycles, intensity=intensity, kinds=kinds)
    spoken = random.Random(f"ballast soak, venue, {seed}").choice(VENUES)
    return _widened(_at(plain, venue or spoken), chosen=bool(kinds))


def draw_plain(seed: int, cycles: int, *, intensity: float | None = None, kinds: tuple[str, ...] = ()) -> Schedule:
    """A run without what was added later, so that seeds which broke a rule once keep their story."""
    tree = random.Random(f"ballast soak {seed}")
    unique_forever = tree.random() < 0.5
    chosen = intensity if intensity is not None else tree.choice(INTENSITIES)
    coins = tree.sample(sorted(COINS), tree.choice((1, 2, 2, 3)))
    owned = {coin: _coins_worth(coin, tree.uniform(5_000, 60_000)) for coin in sorted(coins)}
    external = {coin: _coins_worth(coin, tree.uniform(1_000, 20_000)) for coin in sorted(coins) if tree.random() < 0.3}
    kills = tree.choice((0.0, 0.1, 0.25))
    cash = sum((COINS[coin] * amount for coin, amount in owned.items()), Decimal(0))
    read_share, usual = tree.choice((0.05, 0.3, 1.0)), _kinds(tree, unique_forever=unique_forever)
    return Schedule(
        seed=seed,
        intensity=chosen,
        read_share=1.0 if kinds else read_share,
        kinds=kinds or usual,
        unique_forever=unique_forever,
        owned=owned,
        external=external,
        spot_cash=_money(cash * Decimal(tree.choice(("0.05", "0.3", "0.8", "1.5")))),
        futures_cash=_money(cash * Decimal(tree.choice(("0", "0", "0.1", "0.4")))),
        settings=_settings(tree),
        volatility=tree.choice((0.0005, 0.002, 0.006)),
        jump_chance=tree.choice((0.0, 0.002, 0.01)),
        depth_notional=Decimal(tree.choice((20_000, 300_000, 2_000_000))),
        order_lag_s=tree.choice((0.0, 0.0, 3.0, 8.0)),
        position_lag_s=tree.choice((0.0, 0.0, 4.0, 20.0)),
        cycles=tuple(_cycle(tree, kills) for _ in range(cycles)),
        market_seed=tree.getrandbits(32),
        fault_seed=tree.getrandbits(32),
        latency_seed=tree.getrandbits(32),
        luck_seed=tree.getrandbits(32),
    )


def _at(plain: Schedule, venue: str) -> Schedule:
    """The same run at a venue: where no money can be moved, and where every client id may be used twice."""
    settings = {**plain.settings, "transfers": plain.settings["transfers"] and venue not in IN_PLACE}
    if venue != "weex":
        return replace(plain, venue=venue, settings=settings, unique_forever=plain.unique_forever or venue != "binance")
    kinds = tuple(name for name in plain.kinds if name != VENUE_TWICE)
    return replace(plain, venue=venue, settings=settings, unique_forever=False, kinds=kinds)


def _widened(plain: Schedule, *, chosen: bool) -> Schedule:
    """Bans, a user who pauses and resumes, a person who halts, tight limits per hour: from a tree of their own.

    Whoever may not move collateral has put some there: where nothing can be traded, nothing can go wrong.
    """
    tree = random.Random(f"ballast soak, widened, {plain.seed}")
    banned, busy, limit = tree.random() < 0.15, tree.random() < 0.4, tree.choice((30, 30, 30, 6))
    cycles = tuple(
        replace(row, hand=tree.choice(HANDS)) if tree.random() < 0.25 and busy else row for row in plain.cycles
    )
    kinds = (*plain.kinds, "banned") if banned and not chosen else plain.kinds
    cash = plain.futures_cash or (Decimal(0) if plain.settings["transfers"] else plain.spot_cash)
    settings = {**plain.settings, "orders_per_hour_max": limit}
    wider = _with_dated(replace(plain, cycles=cycles, kinds=kinds, futures_cash=cash, settings=settings), tree)
    return wider if wider.dated else _with_rules(wider)


def _with_rules(schedule: Schedule) -> Schedule:
    """Rules that look at the past or at funding, stand-ins, a person's word, small tiers, a stablecoin off its peg."""
    tree = random.Random(f"ballast soak, rules, {schedule.seed}")
    lot, instruments = tree.random(), sorted(coin for coin in schedule.owned if coin in DATED)
    settings, past = dict(schedule.settings), tree.choice((0.012, 0.02, 0.03))
    if lot < 0.06:
        settings["adjust"] = [{"rule": "volatility", "target": tree.choice(("0.2", "0.4")), "days_min": 30}]
    elif lot < 0.12:
        settings["adjust"] = [{"rule": "funding", "budget_per_year": tree.choice(("0.02", "0.2"))}]
    elif lot < 0.18 and instruments:
        settings["size"] = {"rule": "minimum-variance", "instruments": instruments, "days": 90, "days_min": 60}
    elif lot < 0.26 and instruments and "SOL" in schedule.owned:
        settings["place"] = {"rule": "proxy-beta", "proxies": instruments, "prefer": tree.choice(("own", "proxy"))}
    elif lot < 0.30:
        word = {"rule": "conviction", "ratio": tree.choice(RATIOS), "how": tree.choice(("at-least", "exactly"))}
        settings["adjust"], past = [{**word, "until": "2026-12-31"}], 0.0
    else:
        past = 0.0
    tiers = tree.choice((Decimal(3), Decimal(10))) if tree.random() < 0.1 else None
    pegs = tuple(tree.choice(PEGS) for _ in schedule.cycles) if tree.random() < 0.1 else ()
    both_ways = tree.random() < 0.02  # the account may hold a long beside a short, where nothing may be traded
    return replace(schedule, settings=settings, past_volatility=past, tier_unit=tiers, pegs=pegs, hedge_mode=both_ways)


def _with_newer_kinds(schedule: Schedule) -> Schedule:
    """Every kind of fault there is, or a dozen of them; in every third seed one that lasts."""
    tree = random.Random(f"ballast soak, kinds, {schedule.seed}")
    newer = [name for name in FAULTS if name not in PLAIN and name not in LASTING]
    names = [name for name in (*schedule.kinds, *newer) if name not in UNWITNESSED.get(schedule.venue, ())]
    if tree.random() < 0.5:
        names = tree.sample(names, 12)
    if tree.random() < 0.3:
        names.append(tree.choice(sorted(LASTING)))
    return replace(schedule, kinds=tuple(dict.fromkeys(names)))


def _with_dated(schedule: Schedule, tree: random.Random) -> Schedule:
    """Quarterly futures beside the perpetuals, and a beginning shortly before one of them ends."""
    coins = [coin for coin in schedule.owned if coin in DATED and schedule.venue in WITH_DATED]
    left_h, above = tree.choice((2, 20, 50, 160)), tree.uniform(-0.01, 0.04)
    if not coins or tree.random() > 0.15:
        return schedule
    dated = {f"{coin}USDT_{name}": share for coin in coins for name, share in zip(QUARTERS, (0.0, above), strict=True)}
    start, cash = EXPIRY - timedelta(hours=left_h), max(schedule.futures_cash, schedule.spot_cash / 2)
    return replace(
        schedule, start=start, dated=dated, futures_cash=_money(cash), settings={**schedule.settings, "dated": True}
    )


def _coins_worth(coin: str, notional: float) -> Decimal:
    return (Decimal(f"{notional:.2f}") / COINS[coin]).quantize(Decimal("0.0001"))


def _money(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))


def _kinds(tree: random.Random, *, unique_forever: bool) -> tuple[str, ...]:
    names = [name for name in PLAIN if name not in LASTING and (unique_forever or name != VENUE_TWICE)]
    if tree.random() < 0.3:  # a swarm of few kinds finds what an even mixture hides
        names = tree.sample(names, 8)
    return tuple(names)


def _settings(tree: random.Random) -> dict[str, object]:
    size: dict[str, object] = {"rule": "static-ratio", "ratio": tree.choice(RATIOS[1:])}
    if tree.random() < 0.3:
        size = {"rule": "allocation", "crypto_max": tree.choice(("0.25", "0.5", "0.75"))}
    return {
        "size": size,
        "band": tree.choice((("0.02", "0.005"), ("0.05", "0.02"), ("0.1", "0"))),
        "margin_mode": tree.choice(("cross", "cross", "isolated")),
        "leverage_cap": tree.choice(("1", "1.5", "2", "3")),
        "order_notional_max": tree.choice(("5000", "25000")),
        "hedge_ratio_max": tree.choice(("1", "1", "0.9")),
        "transfers": tree.random() < 0.85,
    }


def _cycle(tree: random.Random, kills: float) -> CyclePlan:
    pause_s = tree.choice((1.0, 2.0, 5.0, 30.0, 60.0, 900.0))
    kill = None
    if tree.random() < kills:
        kind = tree.choice(("commit.before", "commit.after", "write.before", "write.after", "any"))
        # "any" reaches every read of settling and observing as well
        kill = Kill(kind=kind, nth=tree.randint(1, 24 if kind == "any" else 5))
    event = tree.choice(EVENTS) if tree.random() < 0.35 else ""
    skew_s = tree.choice((0.0, 0.0, -3.0, 7.0, -40.0, 600.0)) if tree.random() < 0.1 else 0.0
    return CyclePlan(pause_s=pause_s, kill=kill, event=event, skew_s=skew_s, intruder=tree.random() < 0.04)
