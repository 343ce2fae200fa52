"""What a run leaves behind for its judges: plain values only, no object of the bot and none of the exchange."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from tests.soak.speech import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the journal's table of intents, as the file showed it."""

    id: str
    client_id: str
    kind: str
    symbol: str
    state: str
    body: str
    ending: str
    filled: str


@dataclass(slots=True, kw_only=True)
class Request:
    """One request at the instant it reached the exchange; `asked` is what it asks for, in words of no venue.

    `ledger` counts the lines written by then; `rows` are the journal's open intents as its file showed them, for a
    write, and `stopped` whether it showed a pause or a halt. Filled in once it was answered: `truthful` whether the
    sender got an undistorted answer (of `only` these contracts, where rows were missing), `delivered_at` when,
    `silence_until` until when it asked for silence, `shown_from` of which instant positions were told.
    """

    number: int
    ledger: int
    at: datetime
    life: int
    cycle: int
    method: str
    path: str
    asked: Asked
    rows: tuple[Row, ...]
    stopped: tuple[str, ...] = ()
    host: str = ""
    departed_at: datetime | None = None
    truthful: bool = False
    answered: bool = False
    delivered_at: datetime | None = None
    silence_until: datetime | None = None
    shown_from: datetime | None = None
    only: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The account at one instant. Units: amounts signed in base units; money in quote currency."""

    positions: dict[str, Decimal]
    equity: Decimal
    free: Decimal
    owned: dict[str, Decimal]
    spot_cash: Decimal
    funding_cash: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """One line of the exchange's own book."""

    sequence: int
    at: datetime
    kind: str
    symbol: str
    facts: dict[str, str]
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleSeen:
    """One call of the bot: where its request and ledger numbers began and ended, and how it ended.

    `open` are the intents that the journal's file showed as unsettled then. `ratio` is the fixed hedge ratio the
    profile asked for then, None when another rule sizes the short; `cash` the stablecoins in all wallets when it
    began.
    """

    number: int
    life: int
    first_request: int
    first_line: int
    began_at: datetime
    ended_at: datetime
    ending: str
    record: str
    quiet: bool
    ratio: Decimal | None
    cash: Decimal = Decimal(0)
    open: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One broken rule, where it was broken first."""

    rule: str
    seed: int
    cycle: int
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.rule} seed {self.seed} cycle {self.cycle} ledger line {self.line}: {self.text}"


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Everything the audit reads. `settings` are the user's own words; `marks` lists every change of the market.

    `tight_tiers`, `past`, `hedge_mode`: the market's tiers are small, it has a history, the account is in hedge mode.
    `clock_set` says when the machine's clock was set and by how many seconds; `struck` which fault in which cycle.
    """

    seed: int
    intensity: float
    venue: str = "binance"
    tight_tiers: bool = False
    past: bool = False
    hedge_mode: bool = False
    settings: dict[str, object]
    canaries: tuple[str, ...]
    requests: list[Request] = field(default_factory=list)
    ledger: list[LedgerLine] = field(default_factory=list)
    cycles: list[CycleSeen] = field(default_factory=list)
    marks: list[tuple[datetime, dict[str, Decimal]]] = field(default_factory=list)
    owned_from: list[tuple[datetime, dict[str, Decimal]]] = field(default_factory=list)
    clock_set: list[tuple[datetime, float]] = field(default_factory=list)
    integrity: list[tuple[int, str]] = field(default_factory=list)
    intents: list[Row] = field(default_factory=list)
    journal_cycles: list[tuple[int, bool]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    journal_bytes: bytes = b""
    faults: dict[str, int] = field(default_factory=dict)
    struck: list[tuple[int, str]] = field(default_factory=list)
    kills: int = 0
    busy: int = 0
    halts: int = 0
    final: Standing | None = None

    def ledger_hash(self) -> str:
        """A name for exactly this course of events."""
        digest = sha256()
        for line in self.ledger:
            told = (
                line.sequence,
                line.at.isoformat(),
                line.account,
                line.kind,
                line.symbol,
                sorted(line.facts.items()),
            )
            digest.update(repr(told).encode())
        return digest.hexdigest()
