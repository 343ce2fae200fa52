"""The simulated account of a dry run: the engine, what it began with, when funding falls due; kept as one text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from bot.domain.account import ForcedClosure, ForcedKind
from bot.domain.errors import JournalError
from bot.sim.engine import Engine
from bot.sim.model import Rejected, WalletName

ACCOUNT = "shadow"
VERSION = 1
HISTORY = timedelta(days=35)
SAVE_EVERY = timedelta(minutes=10)
PASSING = frozenset({"time", "order.rejected"})
ZERO = Decimal(0)


class Memory(Protocol):
    """What outlives the process; a journal is one."""

    def setting(self, key: str) -> str | None:
        """Give back what was remembered."""

    def set_setting(self, key: str, value: str | None) -> None:
        """Remember it durably. Raises: JournalError."""


@dataclass(slots=True, kw_only=True)
class ShadowAccount:
    """One simulated account at one venue.

    `due` is when each symbol pays funding next; `looked` when which symbols were last brought up to the market;
    `collateral` what lay on the real futures wallet when it was last read.
    """

    venue: str
    engine: Engine
    memory: Memory
    seed: dict[str, Decimal]
    due: dict[str, datetime] = field(default_factory=dict)
    collateral: dict[str, Decimal] = field(default_factory=dict)
    saved_at: datetime | None = None
    looked: tuple[datetime, frozenset[str]] | None = None
    notes: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, venue: str, memory: Memory, balances: Mapping[str, Decimal], now: datetime) -> "ShadowAccount":
        """Go on with the remembered account, or begin one with these balances on the spot wallet.

        Raises: JournalError when what is remembered cannot be read; it is left as it is.
        """
        text = memory.setting(_key(venue))
        if text is None:
            engine = Engine(listings=(), at=now, unique_forever=True)
            engine.open_account(ACCOUNT, {})
            account = cls(venue=venue, engine=engine, memory=memory, seed={})
        else:
            account = _read(venue, memory, text)
        account.reseed(balances)
        account.keep()
        return account

    @property
    def held(self) -> frozenset[str]:
        """Symbols with an open position."""
        return frozenset(row.symbol for row in self.engine.positions(ACCOUNT))

    def reseed(self, balances: Mapping[str, Decimal]) -> None:
        """Bring in or take out what the profile's balances changed since they were last read."""
        for asset in sorted({*balances, *self.seed}):
            change = balances.get(asset, ZERO) - self.seed.get(asset, ZERO)
            free = self.engine.wallet(ACCOUNT, "spot").get(asset, (ZERO, ZERO))[0]
            if change < 0 and free < -change:
                self.notes.append(
                    f"[dry_run.balances] {asset} was lowered by {-change}, but only {free} lie free on the simulated "
                    "spot wallet: those are taken out"
                )
            self.bring("spot", asset, max(change, -free))
        self.seed = dict(balances)

    def follow_collateral(self, real: Mapping[str, Decimal]) -> None:
        """Bring in or take out what changed on the real futures wallet since it was last read."""
        for asset in sorted({*real, *self.collateral}):
            change = real.get(asset, ZERO) - self.collateral.get(asset, ZERO)
            free = self.engine.wallet(ACCOUNT, "futures").get(asset, (ZERO, ZERO))[0]
            self.bring("futures", asset, max(change, -free))
        self.collateral = {asset: amount for asset, amount in real.items() if amount}

    def bring(self, wallet: WalletName, asset: str, change: Decimal) -> None:
        """Change a wallet from outside: + deposit, - withdrawal."""
        try:
            if change > 0:
                self.engine.deposit(ACCOUNT, wallet, asset, change)
            elif change < 0:
                self.engine.withdraw(ACCOUNT, wallet, asset, -change)
        except Rejected as no:
            self.notes.append(f"the simulated {wallet} wallet stays as it is: {no}")

    def keep(self) -> None:
        """Remember the account if anything of it changed, and at least now and then; note what befell it."""
        changes = [event for event in self.engine.ledger if event.kind not in PASSING]
        now = self.engine.now
        if not changes and self.saved_at is not None and now - self.saved_at < SAVE_EVERY:
            return
        self.notes += [
            f"simulated liquidation at {self.venue}: {event.facts['amount']} {event.symbol} taken over at "
            f"{event.facts['price']} on {event.at:%Y-%m-%d %H:%M} UTC; real money would have been lost here"
            for event in changes
            if event.kind == "liquidation" and "amount" in event.facts
        ]
        self.notes += [
            f"simulated settlement at {self.venue}: {event.facts['amount']} {event.symbol} closed at "
            f"{event.facts['price']}, the index as seen in its last half hour; profit {event.facts['realised_pnl']}"
            for event in changes
            if event.kind == "settlement"
        ]
        self.engine.forget(now - HISTORY)
        self.memory.set_setting(_key(self.venue), self._text())
        self.saved_at = now

    def _text(self) -> str:
        kept = {
            "version": VERSION,
            "seed": {asset: str(amount) for asset, amount in self.seed.items()},
            "due": {symbol: at.isoformat() for symbol, at in self.due.items()},
            "collateral": {asset: str(amount) for asset, amount in self.collateral.items()},
            "engine": self.engine.dump(),
        }
        return json.dumps(kept, separators=(",", ":"))


def _key(venue: str) -> str:
    return f"dry-run.{venue}"


def _read(venue: str, memory: Memory, text: str) -> ShadowAccount:
    try:
        kept = json.loads(text)
        if kept["version"] != VERSION:
            raise ValueError(f"version {kept['version']!r} instead of {VERSION}")
        engine = Engine.restore(kept["engine"])
        return ShadowAccount(
            venue=venue,
            engine=engine,
            memory=memory,
            seed={asset: Decimal(amount) for asset, amount in kept["seed"].items()},
            due={symbol: datetime.fromisoformat(at) for symbol, at in kept["due"].items()},
            collateral={asset: Decimal(amount) for asset, amount in kept.get("collateral", {}).items()},
            saved_at=engine.now,
        )
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise JournalError(
            f"the simulated account at {venue} that the journal keeps cannot be read ({error}). Nothing was changed "
            "and no real money is concerned. Use the Ballast that wrote it, or begin anew with another journal.path."
        ) from None


def forced_of(venue: str, engine: Engine, since: datetime) -> tuple[ForcedClosure, ...]:
    """What the simulated exchange closed by itself since then."""
    orders = [
        row for market, symbol in sorted(engine.listings) for row in engine.orders(ACCOUNT, market, symbol, since)
    ]
    return tuple(
        ForcedClosure(
            venue=venue,
            symbol=row.symbol,
            kind=ForcedKind.LIQUIDATION if row.client_id.startswith("autoclose") else ForcedKind.DELEVERAGING,
            amount=row.filled,
            at=row.created_at,
        )
        for row in orders
        if "autoclose" in row.client_id
    )
