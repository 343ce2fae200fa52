"""The simulated exchange: one deterministic state machine, without clock, network or chance.

Time passes only through `advance`; everything else happens at the present instant. Every change appends to `ledger`.
Refusals are `Rejected` with a word of `bot.sim.reasons`.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Literal, Self, TypeVar

from bot.sim.accounts import (
    STATEMENTS,
    add_isolated_margin,
    deposit,
    set_hedge_mode,
    set_isolated,
    set_leverage,
    transfer,
    withdraw,
)
from bot.sim.admission import OrderRequest
from bot.sim.collateral import (
    margin_state,
    order_initial,
    position_initial,
    position_liquidation_price,
    position_maintenance,
    position_pnl,
    spot_locked,
)
from bot.sim.delivery import estimated_price, happen_until, watch_index
from bot.sim.dump import dump_state, restore_state
from bot.sim.frictions import ladder
from bot.sim.incoming import take_quotes, take_schedule
from bot.sim.margin import MarginState
from bot.sim.matching import eaten_now, end, match_resting, place
from bot.sim.model import (
    LedgerEvent,
    Listing,
    MarketType,
    Quote,
    SideName,
    SimOrder,
    SimPosition,
    SimTrade,
    SymbolSetup,
    TimeInForce,
    WalletName,
)
from bot.sim.settlement import auto_deleverage, liquidate, liquidate_where_due, settle_funding
from bot.sim.state import NEVER, AccountState, MarketKey, SimFunding, SimIncome, SimTransfer, State, forget, refusal
from bot.sim.whim import Whim

__all__ = ["Engine", "MarginState", "SimFunding", "SimIncome", "SimTransfer"]

ZERO = Decimal(0)
Row = TypeVar("Row")
PriceLevels = list[tuple[Decimal, Decimal]]


class Engine:
    """One exchange with its accounts, books, money and ledger.

    `unique_forever` makes a client order id usable once only, as some venues do; Binance forgets ended orders.
    """

    def __init__(self, *, listings: Iterable[Listing], at: datetime, unique_forever: bool = False) -> None:
        self._state = State(listings, at, unique_forever=unique_forever)
        self.whim = Whim()

    def dump(self) -> dict[str, Any]:
        """Write the exchange down as plain JSON values, without the lines of the ledger."""
        return dump_state(self._state)

    @classmethod
    def restore(cls, dumped: Mapping[str, Any]) -> Self:
        """Build the exchange that was written down. Raises: ValueError when it is not a dump of this version."""
        engine = cls(listings=(), at=datetime.min.replace(tzinfo=UTC))
        engine._state = restore_state(dumped)
        return engine

    def forget(self, before: datetime) -> None:
        """Drop the ledger and what ended before an instant: orders, trades, bookings; money and positions stay."""
        forget(self._state, before)

    @property
    def now(self) -> datetime:
        """The present instant of the exchange."""
        return self._state.now

    @property
    def ledger(self) -> list[LedgerEvent]:
        """The exchange's own book, in total order."""
        return self._state.ledger

    @property
    def listings(self) -> Mapping[MarketKey, Listing]:
        """All markets, by (market, symbol)."""
        return self._state.listings

    @property
    def accounts(self) -> tuple[str, ...]:
        """Names of all accounts."""
        return tuple(self._state.accounts)

    # Time and market -------------------------------------------------------------------------------------------------

    def advance(self, to: datetime, quotes: Mapping[MarketKey, Quote]) -> None:
        """Take in new quotes and let happen what is due until then: funding, deliveries, resting fills, liquidations.

        Raises: ValueError when time would run backwards or a price is not above zero.
        """
        state = self._state
        if to < state.now:
            raise ValueError(f"the exchange is at {state.now}, it cannot go back to {to}")
        announced = state.rate_announced.copy()
        watch_index(state, to)
        take_quotes(state, quotes)
        happen_until(state, to, announced)
        state.now = to
        take_schedule(state, quotes)
        match_resting(state)
        if state.view() != state.viewed:  # else nothing happened that could make a liquidation due
            liquidate_where_due(state)
            state.record("time", **dict(state.held_marks()))
            state.viewed = state.view()

    def quote(self, market: MarketType, symbol: str) -> Quote:
        """Show the present quote of a market. Raises: Rejected."""
        return self._state.quote(market, symbol)

    def contract(self, symbol: str) -> Listing:
        """Show a perpetual or dated contract. Raises: Rejected."""
        return self._state.contract(symbol)

    def mark(self, symbol: str) -> Decimal:
        """Show the mark price of a contract. Raises: Rejected."""
        return self._state.mark(symbol)

    def book(self, market: MarketType, symbol: str, levels: int = 20) -> tuple[PriceLevels, PriceLevels]:
        """Show (bids, asks), best first, without what our own trades have just eaten. Raises: Rejected."""
        state = self._state
        quote, listing = state.quote(market, symbol), state.listing(market, symbol)
        sides: dict[SideName, PriceLevels] = {}
        for side in ("sell", "buy"):
            steps = ladder(quote, listing, side, eaten_now(state, market, symbol, side))
            sides[side] = [(level.price, level.amount) for level in islice(steps, levels)]
        return sides["sell"], sides["buy"]

    def funding(self, symbol: str) -> tuple[Decimal, int, datetime]:
        """Show the coming funding: (rate, interval in hours, due at). Signs: positive = longs pay. Raises: Rejected."""
        state = self._state
        listing = state.contract(symbol)
        if listing.expires_at is not None:
            raise refusal("no_funding", symbol)
        rate = state.quote(listing.market, symbol).funding_rate
        return rate, state.funding_interval_h[symbol], state.funding_next_at[symbol]

    def funding_history(self, symbol: str, since: datetime | None = None) -> list[SimFunding]:
        """List settled funding rates, oldest first. Raises: Rejected."""
        self._state.contract(symbol)
        return _since(self._state.funding_settled.get(symbol, []), since, lambda settled: settled.at)

    def settlement_price(self, symbol: str) -> tuple[Decimal, bool]:
        """Show (the price a dated contract is or would be settled at, whether it was delivered). Raises: Rejected."""
        done = self._state.delivered.get(symbol)
        return (estimated_price(self._state, symbol), False) if done is None else (done, True)

    def list_market(self, listing: Listing) -> None:
        """List a market or change its filters; a perpetual listed here pays funding only by `pay_funding`."""
        self._state.add_listing(listing, NEVER)

    def pay_funding(self, symbol: str, rate: Decimal) -> None:
        """Pay one funding event now, at the present mark. Signs: positive = longs pay. Raises: Rejected."""
        self._state.contract(symbol)
        settle_funding(self._state, symbol, rate)

    # Money -----------------------------------------------------------------------------------------------------------

    def open_account(self, name: str, balances: Mapping[tuple[WalletName, str], Decimal]) -> None:
        """Open an account and deposit its first money; an existing account is only deposited to."""
        self._state.accounts.setdefault(name, AccountState(name))
        for (wallet, asset), amount in balances.items():
            if amount:
                deposit(self._state, self._state.account(name), wallet, asset, amount)

    def deposit(self, account: str, wallet: WalletName, asset: str, amount: Decimal) -> None:
        """Bring money in from outside. Raises: Rejected."""
        deposit(self._state, self._state.account(account), wallet, asset, amount)

    def withdraw(self, account: str, wallet: WalletName, asset: str, amount: Decimal) -> None:
        """Take money out of the exchange. Raises: Rejected."""
        withdraw(self._state, self._state.account(account), wallet, asset, amount)

    def transfer(
        self, account: str, asset: str, amount: Decimal, source: WalletName, target: WalletName
    ) -> SimTransfer:
        """Move money between two wallets of an account. Raises: Rejected."""
        return transfer(self._state, self._state.account(account), asset, amount, (source, target))

    def transfers(self, account: str, since: datetime | None = None) -> list[SimTransfer]:
        """List transfers, oldest first. Raises: Rejected."""
        return _since(self._state.account(account).transfers, since, lambda transfer: transfer.at)

    def wallet(self, account: str, wallet: WalletName) -> dict[str, tuple[Decimal, Decimal]]:
        """Show asset -> (free, locked) of one wallet. Raises: Rejected."""
        state, owner = self._state, self._state.account(account)
        shown: dict[str, tuple[Decimal, Decimal]] = {}
        for asset, total in state.cash.assets(owner.purse(wallet)).items():
            free = total
            if wallet == "spot":
                free = total - spot_locked(owner, state, asset)
            elif wallet in STATEMENTS:
                market: MarketType = "inverse" if wallet == "coin_futures" else "linear"
                free = margin_state(state, owner, asset, market).withdrawable
            shown[asset] = (free, total - free)
        return shown

    def total(self, asset: str) -> Decimal:
        """Sum an asset over all owners, the counterparty, fees and insurance included."""
        return self._state.cash.total(asset)

    # Orders ----------------------------------------------------------------------------------------------------------

    def place(  # noqa: PLR0913 - an order has this many words at every venue
        self,
        account: str,
        *,
        market: MarketType,
        symbol: str,
        side: SideName,
        order_type: Literal["LIMIT", "MARKET"],
        amount: Decimal,
        price: Decimal | None = None,
        time_in_force: TimeInForce = "GTC",
        reduce_only: bool = False,
        client_id: str = "",
        post_only_ends: bool = False,
    ) -> SimOrder:
        """Place an order and fill what crosses the book now. Raises: Rejected."""
        request = OrderRequest(
            account=account,
            market=market,
            symbol=symbol,
            side=side,
            order_type=order_type,
            amount=amount,
            price=price,
            time_in_force=time_in_force,
            reduce_only=reduce_only,
            client_id=client_id,
            post_only_ends=post_only_ends,
        )
        self.whim.speak()
        return replace(place(self._state, self.whim.taken(request)))

    def cancel(
        self,
        account: str,
        market: MarketType,
        symbol: str,
        *,
        order_id: int | None = None,
        client_id: str | None = None,
    ) -> SimOrder:
        """Cancel a resting order. Raises: Rejected("order_not_found"), also when it ended before."""
        self.whim.speak()
        owner = self._state.account(account)
        order = _find(owner, (market, symbol), order_id, client_id)
        if order is None or not order.open:
            raise refusal("order_not_found", str(order_id or client_id))
        end(self._state, owner, order, "CANCELED")
        return replace(order)

    def find_order(
        self,
        account: str,
        market: MarketType,
        symbol: str,
        *,
        order_id: int | None = None,
        client_id: str | None = None,
    ) -> SimOrder | None:
        """Look an order up, ended ones included; of several with one client id the latest. Raises: Rejected."""
        order = _find(self._state.account(account), (market, symbol), order_id, client_id)
        return None if order is None else replace(order)

    def open_orders(self, account: str, market: MarketType, symbol: str | None = None) -> list[SimOrder]:
        """List resting orders, oldest first. Raises: Rejected."""
        return [replace(order) for order in self._state.account(account).open_in(market, symbol)]

    def orders(self, account: str, market: MarketType, symbol: str, since: datetime | None = None) -> list[SimOrder]:
        """List all orders of a symbol, oldest first. Raises: Rejected."""
        rows = self._state.account(account).orders_of.get((market, symbol), [])
        return [replace(order) for order in _since(rows, since, lambda order: order.created_at)]

    def trades(
        self,
        account: str,
        market: MarketType,
        symbol: str,
        since: datetime | None = None,
        order_id: int | None = None,
    ) -> list[SimTrade]:
        """List executions of a symbol, oldest first. Raises: Rejected."""
        rows = self._state.account(account).trades_of.get((market, symbol), [])
        found = _since(rows, since, lambda trade: trade.at)
        return [trade for trade in found if order_id is None or trade.order_id == order_id]

    # Futures ---------------------------------------------------------------------------------------------------------

    def setup(self, account: str, symbol: str) -> SymbolSetup:
        """Show leverage and margin mode of a symbol. Raises: Rejected."""
        self._state.contract(symbol)
        return replace(self._state.account(account).setup(symbol))

    def set_leverage(self, account: str, symbol: str, leverage: int) -> None:
        """Set the leverage that sizes initial margin. Raises: Rejected."""
        self.whim.speak()
        set_leverage(self._state, self._state.account(account), symbol, leverage)

    def set_isolated(self, account: str, symbol: str, isolated: bool) -> None:
        """Set isolated or cross margin. Raises: Rejected."""
        self.whim.speak()
        set_isolated(self._state, self._state.account(account), symbol, isolated=isolated)

    def hedge_mode(self, account: str, market: MarketType = "linear") -> bool:
        """Tell whether a symbol may carry a long and a short at once. Raises: Rejected."""
        return self._state.account(account).hedged(market)

    def set_hedge_mode(self, account: str, on: bool, market: MarketType = "linear") -> None:
        """Set the position mode of all linear or all coin-margined contracts. Raises: Rejected."""
        set_hedge_mode(self._state, self._state.account(account), market, on=on)

    def add_isolated_margin(self, account: str, symbol: str, amount: Decimal) -> None:
        """Bind more (+) or less (-) collateral to an isolated position. Raises: Rejected."""
        add_isolated_margin(self._state, self._state.account(account), symbol, amount)

    def margin(self, account: str, currency: str = "USDT", market: MarketType = "linear") -> MarginState:
        """Value the linear or coin-margined account of one currency at mark. Raises: Rejected."""
        return margin_state(self._state, self._state.account(account), currency, market)

    def positions(self, account: str, market: MarketType | None = None) -> list[SimPosition]:
        """List open positions, of one market or all. Raises: Rejected."""
        state = self._state
        held = state.account(account).positions.values()
        return [replace(row) for row in held if market is None or state.contracts[row.symbol].market == market]

    def unrealised_pnl(self, account: str, symbol: str) -> Decimal:
        """Value one position at mark; zero when there is none. Raises: Rejected."""
        position = self._state.account(account).positions.get(symbol)
        return ZERO if position is None else position_pnl(self._state, position)

    def liquidation_price(self, account: str, symbol: str) -> Decimal | None:
        """Say at which mark a position is taken over, other prices standing still. Raises: Rejected."""
        return position_liquidation_price(self._state, self._state.account(account), symbol)

    def position_initial(self, account: str, symbol: str) -> Decimal:
        """Say what initial margin a position binds. Raises: Rejected."""
        return position_initial(self._state, self._state.account(account), symbol)

    def order_initial(self, account: str, symbol: str) -> Decimal:
        """Say what initial margin the resting orders of a symbol bind. Raises: Rejected."""
        return order_initial(self._state, self._state.account(account), symbol)

    def position_maintenance(self, account: str, symbol: str) -> Decimal:
        """Say what maintenance margin a position needs. Raises: Rejected."""
        return position_maintenance(self._state, self._state.account(account), symbol)

    def income(self, account: str, since: datetime | None = None, wallet: WalletName = "futures") -> list[SimIncome]:
        """List bookings on a futures wallet, oldest first. Raises: Rejected."""
        lines = _since(self._state.account(account).incomes, since, lambda line: line.at)
        return [line for line in lines if line.wallet == wallet]

    def auto_deleverage(self, account: str, symbol: str, amount: Decimal) -> None:
        """Close part of a position at mark on the venue's own initiative. Raises: Rejected."""
        auto_deleverage(self._state, self._state.account(account), symbol, amount)

    def liquidate(self, account: str, symbol: str) -> None:
        """Take a whole position over at mark, its fee included, whatever its margin. Raises: Rejected."""
        liquidate(self._state, self._state.account(account), symbol)


def _since(rows: list[Row], since: datetime | None, at: Callable[[Row], datetime]) -> list[Row]:
    """Keep the rows from an instant on; they are in time order."""
    return rows[0 if since is None else bisect_left(rows, since, key=at) :]


def _find(
    account: AccountState, market: tuple[MarketType, str], order_id: int | None, client_id: str | None
) -> SimOrder | None:
    number = order_id if order_id is not None else account.by_client_id.get((*market, client_id or ""))
    order = None if number is None else account.orders.get(number)
    return order if order is not None and (order.market, order.symbol) == market else None
