"""What a codec answers from: the market in motion, the keys handed out, and the weight already used."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.sim.engine import Engine
from bot.sim.market import Market
from bot.sim.model import Listing
from bot.sim.state import MarketKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key pair the simulated exchange accepts and what it may do; test data, never a secret."""

    key: str
    secret: str
    account: str
    passphrase: str = ""
    may_trade_spot: bool = True
    may_trade_futures: bool = True
    may_transfer: bool = True
    may_withdraw: bool = False
    address_bound: bool = True


@dataclass(slots=True, kw_only=True)
class WeightMeter:
    """Request weight used per minute and family of paths; going on after a 429 ends in a ban.

    `limits` overrule the venue's own ones, by family. Units: weight per minute of exchange time; `banned_until`
    exchange time.
    """

    limits: dict[str, int] = field(default_factory=dict)
    unlimited: bool = False
    strikes_before_ban: int = 5
    ban: timedelta = timedelta(minutes=2)
    minute: datetime | None = None
    used: dict[str, int] = field(default_factory=dict)
    strikes: int = 0
    banned_until: datetime | None = None

    def charge(self, family: str, weight: int, now: datetime) -> int:
        """Add the weight and return what this minute has used so far."""
        minute = now.replace(second=0, microsecond=0)
        if minute != self.minute:
            self.minute, self.used, self.strikes = minute, {}, 0
        self.used[family] = self.used.get(family, 0) + weight
        return self.used[family]

    def limit(self, family: str, usual: int) -> int:
        """The minute's limit of a family, given the venue's usual one."""
        return self.limits.get(family, usual)

    def over(self, family: str, usual: int) -> bool:
        """Whether the minute's limit of that family is spent."""
        return not self.unlimited and self.used.get(family, 0) > self.limit(family, usual)

    def strike(self, now: datetime) -> bool:
        """Count one request made in spite of a spent limit; true when it earns the address a ban."""
        self.strikes += 1
        if self.strikes <= self.strikes_before_ban:
            return False
        self.banned_until = now + self.ban
        return True


@dataclass(slots=True, kw_only=True)
class Exchange:
    """Everything a codec may look at or change while it answers one request.

    `window_scale` widens the timestamp check when exchange time runs faster than the wall clock. `first_rules` are the
    listings of markets whose rules were changed for a while.
    """

    market: Market
    keys: dict[str, ApiKey]
    meter: WeightMeter = field(default_factory=WeightMeter)
    window_scale: int = 1
    listing_rows: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    first_rules: dict[MarketKey, Listing] = field(default_factory=dict)

    @property
    def engine(self) -> Engine:
        """The state machine behind the market."""
        return self.market.engine

    @property
    def now(self) -> datetime:
        """Exchange time."""
        return self.market.engine.now
