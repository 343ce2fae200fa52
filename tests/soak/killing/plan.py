"""What one trial is drawn to be: a venue, a weather, hedges that change, and the points at which processes die."""

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

VENUES = ("binance", "bybit", "bingx", "weex", "mexc")
RATIOS = ("0.3", "0.6", "0.4", "0.7", "0.2", "0.5")
STRIKES = 26
SWEPT = 20  # of these, so many go through the bytes of an order and of its reply
STRIDE = 211  # bytes from one to the next; a prime, so that round and round every one is met
LIGHT = (
    "lost_request", "lost_reply", "cut_reply", "status_502", "status_504", "body_empty", "body_html", "code_1007",
    "order_invisible", "old_positions", "partial_fill",
)  # fmt: skip

Where = Literal["request", "reply", "arrival", "row", "commit", "instant", "insist"]
Phase = Literal["before", "during", "after"]
What = Literal["order", "transfer", "leverage", "margin-mode"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One point at which a process is killed.

    `request` and `reply` of the `nth` write of the kind `what`: at byte `place`, counted round and round; `arrival` of
    the nth request of any kind; `row` the nth commit of an intent and `commit` the nth of any kind, by `phase`;
    `instant` after `wait_s`; `insist` is SIGTERM and SIGINT while the nth order waits for its reply. `deeper` strikes
    meet the starts after it, while something is unsettled.
    """

    where: Where
    what: What = "order"
    nth: int = 1
    place: int = 0
    phase: Phase = "before"
    wait_s: float = 0.0
    deeper: tuple["Strike", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One trial. `daemon` says of each strike whether it meets `run` rather than `once`."""

    number: int
    venue: str
    seed: int
    intensity: float
    unique_forever: bool
    strikes: tuple[Strike, ...]
    daemon: tuple[bool, ...]
    ratios: tuple[str, ...]
    pauses_s: tuple[float, ...]
    owned: dict[str, Decimal]


def drawn(number: int) -> Plan:
    """The trial of this number, the same in every process."""
    chance = random.Random(f"kills {number}")
    venue = VENUES[number % len(VENUES)]
    first = number // len(VENUES) * SWEPT
    strikes = [_setting_or_transfer(chance, venue), *(_swept(first + step, chance) for step in range(SWEPT))]
    strikes += [_anywhere(chance) for _ in range(STRIKES - len(strikes))]
    turned = chance.randrange(len(RATIOS))
    return Plan(
        number=number,
        venue=venue,
        seed=chance.randrange(2**31),
        intensity=chance.choice((0.0, 0.0, 0.0, 0.01, 0.03)),
        unique_forever=chance.random() < 0.3,
        strikes=tuple(strikes),
        daemon=tuple(chance.random() < 0.3 for _ in strikes),
        ratios=RATIOS[turned:] + RATIOS[:turned],
        pauses_s=tuple(chance.choice((1.0, 8.0, 40.0, 75.0)) for _ in range(64)),
        owned={"BTC": Decimal(chance.choice(("1.2", "0.7"))), "ETH": Decimal(chance.choice(("12", "5")))},
    )


def _swept(step: int, chance: random.Random) -> Strike:
    """The next byte of an order's request, or of its reply."""
    where: Where = "reply" if step % 2 else "request"
    wait_s = chance.choice((0.0, 0.0, 0.0005, 0.002))
    return Strike(
        where=where, nth=chance.choice((1, 1, 1, 2)), place=step // 2 * STRIDE, wait_s=wait_s, deeper=_deeper(chance)
    )


def _setting_or_transfer(chance: random.Random, venue: str) -> Strike:
    where: Where = chance.choice(("request", "reply"))
    sent: tuple[What, ...] = ("leverage", "margin-mode")
    what: What = chance.choice((*sent, "transfer") if venue == "binance" else sent)
    return Strike(where=where, what=what, place=chance.randrange(1200), deeper=_deeper(chance))


def _anywhere(chance: random.Random) -> Strike:
    where: Where = chance.choice(("arrival", "row", "row", "row", "commit", "instant", "insist"))
    return _at(where, chance, deeper=_deeper(chance))


def _at(where: Where, chance: random.Random, deeper: tuple[Strike, ...] = (), *, first: bool = True) -> Strike:
    phase: Phase = chance.choice(("before", "during", "after"))
    most = {"row": 2, "insist": 2, "commit": 8 if first else 4, "arrival": 30 if first else 14}.get(where, 1)
    wait_s = chance.uniform(0.002, 0.08) if where == "instant" else chance.uniform(0.00002, 0.0006)
    return Strike(where=where, nth=chance.randint(1, most), phase=phase, wait_s=wait_s, deeper=deeper)


def _deeper(chance: random.Random) -> tuple[Strike, ...]:
    places: tuple[Where, ...] = ("arrival", "arrival", "commit", "instant")
    return tuple(_at(chance.choice(places), chance, first=False) for _ in range(chance.choice((0, 0, 1, 1, 2))))
