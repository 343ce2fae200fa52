"""Laws of the simulated exchange that no sequence of requests may break."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.sim.cash import MONEY_STEP
from bot.sim.engine import Engine
from bot.sim.model import Quote, Rejected, SideName, TimeInForce, WalletName
from bot.sim.reasons import REASONS
from bot.sim.state import MarketKey
from tests.sim.builders import BTC, ETH, SPOT, START, TWO_TIERS, D, dated, inverse, linear, spot

EXPIRIES = (START + timedelta(hours=9, minutes=20), START + timedelta(hours=32))
DATED: tuple[MarketKey, ...] = tuple(("linear", dated(at).symbol) for at in EXPIRIES)
COIN: MarketKey = ("inverse", "BTCUSD_PERP")
KEYS = (BTC, ETH, SPOT, COIN, *DATED)
CONTRACTS = tuple(key for key in KEYS if key[0] != "spot")
ACCOUNTS = ("one", "two")
WALLETS: tuple[WalletName, ...] = ("spot", "funding", "futures", "coin_futures")
accounts = st.sampled_from(ACCOUNTS)
symbols = st.sampled_from([symbol for _, symbol in CONTRACTS])
small = st.integers(min_value=1, max_value=60_000)


def refusal_of(request: Callable[[], object]) -> str:
    """Send a request; returns the word it was refused with, or nothing."""
    try:
        request()
    except Rejected as refused:
        return refused.reason
    return ""


class ExchangeMachine(RuleBasedStateMachine):
    """Two accounts do whatever they like while prices jump."""

    def __init__(self) -> None:
        super().__init__()
        listings = (
            linear(fee="0.0005"),
            linear("ETHUSDT", tiers=TWO_TIERS, fee="0.00037"),
            spot(fee="0.00075"),
            inverse(fee="0.00051"),
            *(dated(at, fee="0.00043") for at in EXPIRIES),
        )
        self.engine = Engine(listings=listings, at=START)
        self.prices: dict[MarketKey, Decimal] = dict.fromkeys(KEYS, D("100.37"))
        self.engine.advance(START, self.quotes("0.0001"))
        self.brought = {"USDT": D(0), "BTC": D(0)}
        self.from_outside = dict.fromkeys(ACCOUNTS, D(0))
        for name in ACCOUNTS:
            self.engine.open_account(name, {("futures", "USDT"): D(1000), ("spot", "USDT"): D(500)})
            self.engine.deposit(name, "spot", "BTC", D(3))
            self.engine.deposit(name, "coin_futures", "BTC", D(5))
            self.brought["USDT"] += 1500
            self.brought["BTC"] += 8

    def quotes(self, rate: str) -> dict[MarketKey, Quote]:
        return {
            key: Quote(mid=p, mark=p, index=p, depth_notional=D(2000), funding_rate=D(rate))
            for key, p in self.prices.items()
        }

    def amount(self, name: str, symbol: str) -> Decimal:
        return next((p.amount for p in self.engine.positions(name) if p.symbol == symbol), D(0))

    @rule(
        name=accounts,
        key=st.sampled_from(KEYS),
        side=st.sampled_from(("buy", "sell")),
        units=small,
        offset=st.one_of(st.none(), st.integers(min_value=-500, max_value=500)),
        how=st.tuples(st.sampled_from(("GTC", "IOC", "FOK", "GTX")), st.booleans()),
    )
    def place(
        self, name: str, key: MarketKey, side: str, units: int, offset: int | None, how: tuple[str, bool]
    ) -> None:
        reduce_only = how[1]
        before = self.amount(name, key[1])
        price = None if offset is None else self.prices[key] + D(offset) / 100
        reason = refusal_of(
            lambda: self.engine.place(
                name,
                market=key[0],
                symbol=key[1],
                side=cast("SideName", side),
                order_type="MARKET" if price is None else "LIMIT",
                amount=D(units % 500 + 1) if key == COIN else D(units) * D("0.004"),
                price=price,
                time_in_force=cast("TimeInForce", how[0]),
                reduce_only=reduce_only and key[0] != "spot",
            )
        )
        if reason:
            assert reason in REASONS
            assert self.amount(name, key[1]) == before
            return
        after = self.amount(name, key[1])
        if key[0] != "spot" and reduce_only:
            assert abs(after) <= abs(before)
            assert after * before >= 0
        assert all(0 <= order.filled <= order.amount for order in self.engine.orders(name, *key))

    @rule(name=accounts, key=st.sampled_from(KEYS))
    def cancel_oldest(self, name: str, key: MarketKey) -> None:
        for order in self.engine.open_orders(name, *key)[:1]:
            assert self.engine.cancel(name, *key, order_id=order.order_id).state == "CANCELED"

    @rule(name=accounts, way=st.permutations(WALLETS), units=small)
    def transfer(self, name: str, way: list[WalletName], units: int) -> None:
        reason = refusal_of(lambda: self.engine.transfer(name, "USDT", D(units) / 100, way[0], way[1]))
        assert reason in ("", "insufficient_balance")

    @rule(name=accounts, way=st.permutations(WALLETS), units=small)
    def transfer_coins(self, name: str, way: list[WalletName], units: int) -> None:
        reason = refusal_of(lambda: self.engine.transfer(name, "BTC", D(units) / 10000, way[0], way[1]))
        assert reason in ("", "insufficient_balance")

    @rule(name=accounts, units=small, out=st.booleans())
    def deposit_or_withdraw(self, name: str, units: int, out: bool) -> None:
        money = D(units) / 1000
        change = self.engine.withdraw if out else self.engine.deposit
        reason = refusal_of(lambda: change(name, "futures", "USDT", money))
        assert reason in ("", "insufficient_balance")
        if reason:
            return
        self.brought["USDT"] += -money if out else money
        self.from_outside[name] += -money if out else money

    @rule(name=accounts, symbol=symbols, leverage=st.integers(min_value=1, max_value=120), isolated=st.booleans())
    def set_up(self, name: str, symbol: str, leverage: int, isolated: bool) -> None:
        assert refusal_of(lambda: self.engine.set_leverage(name, symbol, leverage)) in REASONS | {""}
        assert refusal_of(lambda: self.engine.set_isolated(name, symbol, isolated=isolated)) in REASONS | {""}

    @rule(name=accounts, symbol=symbols, units=st.integers(min_value=-5000, max_value=5000))
    def bind_margin(self, name: str, symbol: str, units: int) -> None:
        change = refusal_of(lambda: self.engine.add_isolated_margin(name, symbol, D(units) / 100))
        assert change in REASONS | {""}

    @rule(name=accounts, symbol=symbols, units=small)
    def deleverage(self, name: str, symbol: str, units: int) -> None:
        before = self.amount(name, symbol)
        self.engine.auto_deleverage(name, symbol, D(units) / 1000)
        assert abs(self.amount(name, symbol)) <= abs(before)

    @rule(
        moves=st.tuples(*(st.integers(min_value=-3000, max_value=4000) for _ in KEYS)),
        minutes=st.integers(min_value=0, max_value=600),
        rate=st.sampled_from(("0.0001", "-0.0075", "0.0033333")),
    )
    def advance(self, moves: tuple[int, ...], minutes: int, rate: str) -> None:
        for key, change in zip(KEYS, moves, strict=True):
            self.prices[key] = max(D("1.01"), (self.prices[key] * (D(10000) + change) / 10000).quantize(D("0.01")))
        self.engine.advance(self.engine.now + timedelta(minutes=minutes), self.quotes(rate))
        for name in ACCOUNTS:
            for state, held in (
                (self.engine.margin(name), self.engine.positions(name, "linear")),
                (self.engine.margin(name, "BTC", "inverse"), self.engine.positions(name, "inverse")),
            ):
                assert state.cross_wallet + state.cross_unrealised_pnl > state.cross_maintenance or not any(
                    not self.engine.setup(name, p.symbol).isolated for p in held
                )
            late = {key[1] for key, at in zip(DATED, EXPIRIES, strict=True) if at <= self.engine.now}
            assert not late & {position.symbol for position in self.engine.positions(name)}
            assert not any(self.engine.open_orders(name, "linear", symbol) for symbol in late)

    @invariant()
    def money_is_conserved(self) -> None:
        for asset, amount in self.brought.items():
            assert self.engine.total(asset) == amount

    @invariant()
    def nothing_free_is_negative_and_money_has_a_smallest_unit(self) -> None:
        for name in ACCOUNTS:
            for wallet in WALLETS:
                for free, locked in self.engine.wallet(name, wallet).values():
                    assert free >= 0 or wallet in ("futures", "coin_futures")
                    assert (free + locked) % MONEY_STEP == 0
            assert self.engine.margin(name).available >= 0

    @invariant()
    def positions_are_the_sum_of_their_fills(self) -> None:
        for name in ACCOUNTS:
            for market, symbol in CONTRACTS:
                fills = self.engine.trades(name, market, symbol)
                signed = sum((t.amount if t.side == "buy" else -t.amount for t in fills), D(0))
                assert signed == self.amount(name, symbol)

    @invariant()
    def wallets_are_the_sum_of_their_statements(self) -> None:
        for name in ACCOUNTS:
            for wallet, asset, begun in (("futures", "USDT", 1000), ("coin_futures", "BTC", 5)):
                kept = cast("WalletName", wallet)
                booked = sum(
                    (line.amount for line in self.engine.income(name, wallet=kept) if line.currency == asset), D(0)
                )
                brought = self.from_outside[name] if wallet == "futures" else 0
                assert sum(self.engine.wallet(name, kept)[asset]) == begun + brought + booked

    @invariant()
    def the_ledger_is_in_order(self) -> None:
        rows = self.engine.ledger
        assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
        assert all(before.at <= after.at for before, after in pairwise(rows))


ExchangeMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestExchangeLaws = ExchangeMachine.TestCase
