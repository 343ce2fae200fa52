"""Somebody who watches the simulated exchange all the time and believes nothing the bot says."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import takewhile

from bot.demo.books import Books, Parts, booked, close_books, short_parts
from bot.demo.story import QUOTE, Story
from bot.domain.account import ZERO
from bot.sim.engine import Engine
from bot.sim.localnet import ACCOUNT
from bot.sim.model import SimTrade, WalletName

BY_FORCE = ("autoclose", "adl_autoclose")  # how the exchange names orders it makes itself
WALLETS: tuple[WalletName, ...] = ("spot", "funding", "futures")


@dataclass(slots=True, kw_only=True)
class Fall:
    """The largest fall from a peak so far, as a fraction."""

    peak: Decimal = ZERO
    worst: Decimal = ZERO

    def see(self, wealth: Decimal) -> None:
        """Take in the next value."""
        self.peak = max(self.peak, wealth)
        if self.peak > 0:
            self.worst = max(self.worst, 1 - wealth / self.peak)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wealth:
    """What the portfolio is worth at one instant. Units: quote currency."""

    hedged: Decimal
    unhedged: Decimal


class Witness:
    """Measures wealth, margin and hedge from the engine itself at every step of the market."""

    def __init__(self, story: Story, engine: Engine, *, ratio: Decimal, band: Decimal) -> None:
        self._story, self._engine = story, engine
        self._ratio, self._band = ratio, band
        self.begun = story.feed.start
        self.start = self.wealth()
        self.hedged_fall, self.unhedged_fall = Fall(), Fall()
        self.leverage_max = ZERO
        self.distance_min: Decimal | None = None
        self.looks = self.looks_in_band = 0
        self.liquidations = self.orders = 0
        self.cash_ran_out: datetime | None = None
        self._read = 0  # number of the last line of the exchange's book that was read
        self._fall()

    def look(self) -> None:
        """Measure once."""
        self._fall()
        self._margin()
        self.looks += 1
        self.looks_in_band += self._in_band()
        if self.cash_ran_out is None and self._engine.wallet(ACCOUNT, "spot").get(QUOTE, (ZERO,))[0] < 1:
            self.cash_ran_out = self.now
        self.read_ledger()

    def read_ledger(self) -> None:
        """Count what the exchange wrote down since the last reading."""
        new = takewhile(lambda event: event.sequence > self._read, reversed(self._engine.ledger))
        for event in tuple(new):
            self._read = max(self._read, event.sequence)
            if event.account == ACCOUNT:
                self.orders += event.kind == "order.new" and not event.facts["client_id"].startswith(BY_FORCE)
                self.liquidations += event.kind == "liquidation" and "amount" in event.facts

    def wealth(self) -> Wealth:
        """Coins at spot prices, cold wallet included, plus all stablecoins plus unrealised profit."""
        coins = sum((n * self._spot(asset) for asset, n in self._story.owned.items()), ZERO)
        cash = ZERO
        for wallet in WALLETS:
            free, locked = self._engine.wallet(ACCOUNT, wallet).get(QUOTE, (ZERO, ZERO))
            cash += free + locked
        profit = self._engine.margin(ACCOUNT, QUOTE).unrealised_pnl
        return Wealth(hedged=coins + cash + profit, unhedged=coins + self._story.cash)

    def books(self) -> Books:
        """The books up to now. Raises: Halted when they do not add up."""
        symbols = [f"{asset}{QUOTE}" for asset in self._story.assets]
        marks = {symbol: self._engine.quote("linear", symbol).mark for symbol in symbols}
        short, slippage, fees = short_parts(((row, self._mark_at(row)) for row in self.trades()), marks)
        statement = self._engine.income(ACCOUNT)
        moved = ZERO
        for row in self._engine.transfers(ACCOUNT):
            moved += (row.amount if row.target in WALLETS else ZERO) - (row.amount if row.source in WALLETS else ZERO)
        spot = sum(
            (
                n * (self._spot(asset) - self._story.spot_price(asset, self.begun))
                for asset, n in self._story.owned.items()
            ),
            ZERO,
        )
        parts = Parts(
            spot=spot,
            short=short,
            funding=booked(statement, "FUNDING_FEE"),
            fees=fees,
            slippage=slippage,
            transfers=moved,
            liquidation=booked(statement, "INSURANCE_CLEAR"),
        )
        return close_books(self.start.hedged, parts, self.wealth().hedged)

    def trades(self) -> list[SimTrade]:
        """Every futures trade of the account."""
        return [
            row for asset in self._story.assets for row in self._engine.trades(ACCOUNT, "linear", f"{asset}{QUOTE}")
        ]

    def funding(self) -> Decimal:
        """Funding so far. Signs: + received."""
        return booked(self._engine.income(ACCOUNT), "FUNDING_FEE")

    def fees(self) -> Decimal:
        """Trading fees so far, as a cost."""
        return sum((row.fee for row in self.trades()), ZERO)

    @property
    def transfers(self) -> int:
        """How many times money was moved between wallets."""
        return len(self._engine.transfers(ACCOUNT))

    @property
    def now(self) -> datetime:
        """The present instant of the market."""
        return self._engine.now

    def _fall(self) -> None:
        wealth = self.wealth()
        self.hedged_fall.see(wealth.hedged)
        self.unhedged_fall.see(wealth.unhedged)

    def _margin(self) -> None:
        notional = sum(
            (
                abs(row.amount) * self._engine.quote("linear", row.symbol).mark
                for row in self._engine.positions(ACCOUNT)
            ),
            ZERO,
        )
        if notional <= 0:
            return
        margin = self._engine.margin(ACCOUNT, QUOTE)
        distance = max(ZERO, (margin.equity - margin.maintenance) / (notional + margin.maintenance))
        self.distance_min = distance if self.distance_min is None else min(self.distance_min, distance)
        if margin.equity > 0:
            self.leverage_max = max(self.leverage_max, notional / margin.equity)

    def _in_band(self) -> bool:
        held = {row.symbol: -row.amount for row in self._engine.positions(ACCOUNT)}
        return all(
            abs(held.get(f"{asset}{QUOTE}", ZERO) / owned - self._ratio) <= self._band
            for asset, owned in self._story.owned.items()
        )

    def _spot(self, asset: str) -> Decimal:
        return self._engine.quote("spot", f"{asset}{QUOTE}").mid

    def _mark_at(self, trade: SimTrade) -> Decimal:
        return self._story.mark(trade.symbol, trade.at)
