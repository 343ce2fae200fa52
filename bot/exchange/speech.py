"""How a venue is spoken to through ccxt's unified calls, as data: which call, which field, which unit.

Paths lead into a row of ccxt: dotted names, numbers into lists, "info." for what the venue itself wrote.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from bot.domain.account import KeyRights, MarginMode, PositionMode, Side, Wallet

Params = Mapping[str, object]


class Counts(StrEnum):
    """In what a venue counts orders, positions and fills on linear markets."""

    COINS = "coins"
    CONTRACTS = "contracts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One read: the unified call, its parameters, and where each fact stands in a row of the answer.

    `each` asks one symbol at a time. A fact that no path leads to is not told by the venue.
    """

    call: str
    params: Params = field(default_factory=dict)
    each: bool = False
    paths: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """A call of ccxt by the venue's own path, for what the unified calls get wrong.

    In `params`, "{market}", "{base}", "{quote}", "{client_id}" and "{category}" are filled in; `rows` leads to what is
    looked for: an order or a list of orders, or one word. `listed` sends the parameters as the only item of a list.
    `ours` leads to the client id in the rows of a list of anybody's orders. `of_list`: what is looked for comes in a
    list, and an empty one says that there is none; elsewhere only an error code says so. Codes in `not_served` say that
    the venue does not answer when asked like this.
    """

    call: str
    params: Mapping[str, str]
    rows: str
    listed: bool = False
    ours: str | None = None
    of_list: bool = False
    not_served: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Collateral:
    """Where the collateral of each currency stands in the answer to a balance.

    `wallet_has_profit`: the figure at `wallet` is equity, from which the unrealised profit is taken off.
    `initial` empty: what is neither withdrawable nor lost is bound.
    `maintenance` None: the venue tells none per currency, and our own tiers are all there is.
    `withdrawable` None: what is not bound counts, which is wallet plus losses minus what positions bind.
    """

    ask: Ask
    rows: str
    currency: str
    wallet: str
    unrealised: str
    initial: tuple[str, ...]
    maintenance: str | None
    withdrawable: str | None
    wallet_has_profit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """Where a position's facts stand, beside those ccxt puts in one place for every venue.

    `by_settle` asks once per settlement currency, as ccxt would else ask for one of them only.
    `mark` None: the row has no mark price and it is read beside. `bound` is the collateral of an isolated position;
    with `bound_at_entry`, where that is empty, it is what the leverage bound when the position was entered.
    `sides` replaces ccxt's reading of the side where it guesses: the path, and what the words that stand there mean.
    `tells_profit` False: rows tell no profit, so that of the whole account is asked as a witness of their market.
    `mode_of_account`: rows tell no margin mode; it belongs to the whole account, which is asked while any is open.
    """

    ask: Ask
    by_settle: bool = False
    mark: str | None = "markPrice"
    updated_at: str | None = "lastUpdateTimestamp"
    bound: str = "collateral"
    bound_has_profit: bool = True
    bound_at_entry: bool = False
    one_way: Mapping[str, str] = field(default_factory=dict)
    sides: tuple[str, Mapping[str, str]] | None = None
    tells_profit: bool = True
    mode_of_account: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """How orders are sent and read.

    `params` go with every order, `opening` and `closing` with one side of them. `sides` replaces ccxt's reading of the
    side where that is wrong: the path, and the words that stand there. `closes` are those words that reduce.
    `cross` or `isolated` goes along where the margin mode travels with the order. `fill_counts` says in what fills are
    counted where that differs from orders.
    `echo` leads from the answer to our client id, None where the venue does not repeat it; `written_id` leads to it in
    an order. `isolated_leverage` names the leverage that an isolated order carries, None where it carries none.
    `named` lists the newest orders of a symbol, whoever placed them; `named_at` leads to the time in a row.
    `fill_pages` asks for trades by the own path, where the unified call loses their ids or times; "{since}",
    "{until}" and "{page}" (from 1) are filled in, and `fill_time` leads to a time of whole seconds with its offset.
    """

    client_id: str
    params: Params
    opening: Params
    closing: Params
    look_up: tuple[LookUp, ...]
    cancel: LookUp
    echo: str | None
    open_orders: Ask
    fills: Ask
    fills_page: int
    fills_window_d: int
    fills_until: str = "until"
    cross: Params = field(default_factory=dict)
    isolated: Params = field(default_factory=dict)
    sides: tuple[str, Mapping[str, Side]] | None = None
    closes: frozenset[str] = frozenset()
    fill_counts: Counts | None = None
    written_id: str = "clientOrderId"
    isolated_leverage: str | None = None
    named: LookUp | None = None
    named_at: str = ""
    fill_pages: LookUp | None = None
    fill_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leverage:
    """How leverage and margin mode are read and set; `isolated` and `cross` are added for the mode wanted.

    `set_leverage` may be several calls, one per side. `set_mode` None: the mode is set together with the leverage.
    `modes` are the venue's words. In `read`, a path named after a mode leads to the leverage of that mode.
    """

    read: Ask
    mode: Ask
    modes: Mapping[str, MarginMode]
    set_leverage: tuple[Params, ...]
    cross: Params
    isolated: Params
    set_mode: Params | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """How collateral moves inside the account: ccxt's word for each wallet, and the reads that list movements.

    `amount` is the venue's own word for how much: said by us, because ccxt rounds to the finest price tick it knows.
    """

    wallets: Mapping[Wallet, str]
    listed: tuple[Ask, ...]
    amount: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Everything the unified calls need to know of one venue; each cell stands in `venues/` with its source.

    Units: `notional_min` quote currency, used where the market table has none; `tier` likewise, as maintenance rate and
    largest leverage. `funding_sign` is +1 where the venue books what the short received as a positive number.
    `lot` leads to the step of amounts in a market row where the decimals of an amount may be finer than its step.
    `tier_floors_told` is false where ccxt guesses the floor of a tier. `funding_window_d` is set where a page of
    settled rates needs its end named. `income_window_d` and `income_page` say how many
    days and rows of bookings one answer holds; None where a start alone is answered whole. `income_pages` names the
    page number of a list, newest first, that knows no times. `demo_settle` is what the demo calls the settlement
    currency, `demo_has_spot` whether it has a spot wallet. `tiers` reads maintenance tiers out of what the market
    table holds of a contract, its unit and its mark price. `open_flag` leads to what is false in the table where a
    contract takes no orders through the API. In `rights_params`, "{api_key}" is filled in.
    `inverse` goes along with calls about all inverse markets, whose orders count in quote currency where it is set;
    None where they are not spoken of at all.
    `index` is asked for where marks come without the index. `spot_prices` None: the index of the perpetual stands for
    the spot price.
    `candle_counts` says in what candles are counted where that differs from orders, `inverse_unit` how much face value
    one unit of an inverse market is where that is not the contract size. `history_rate` leads to the rate of a settled
    funding payment; `history_before` names the parameter that asks for older ones where an answer holds the newest.
    `paid_every_h` is set where funding is settled more often than the interval its rate is told for.
    """

    counts: Counts
    market_types: Params
    marks: Ask
    funding: Ask
    spot_prices: Ask | None
    depths: tuple[int, ...]
    candle_page: int
    candle_params: Params
    candles_until: str | None
    funding_page: int
    balances: Ask
    funding_wallet: Ask | None
    one_wallet: bool
    collateral: Collateral
    positions: Positions
    orders: Orders
    leverage: Leverage
    position_mode: LookUp | None
    position_modes: Mapping[str, PositionMode]
    brackets: Ask | None
    movement: Movement | None
    income: Ask | None
    funding_sign: int
    rights: tuple[str, Callable[[object], KeyRights]] | None
    implied: LookUp | None = None
    implied_assets: frozenset[str] = frozenset()
    warm_up: tuple[str, ...] = ()
    time_call: str | None = "fetch_time"
    notional_min: Decimal = Decimal(5)
    lot: str | None = None
    tier_floors_told: bool = True
    funding_window_d: int | None = None
    income_window_d: int | None = None
    income_page: int = 100
    income_pages: str | None = None
    demo_settle: str | None = None
    demo_has_spot: bool = True
    tiers: Callable[[Mapping[str, Any], Decimal, Decimal], list[dict[str, object]]] | None = None
    open_flag: str | None = None
    rights_params: Mapping[str, str] = field(default_factory=dict)
    inverse: Params | None = None
    tier: tuple[Decimal, Decimal] = (Decimal("0.01"), Decimal(20))
    index: LookUp | None = None
    candle_counts: Counts | None = None
    inverse_unit: Decimal | None = None
    history_rate: str = "fundingRate"
    history_before: str | None = None
    paid_every_h: Decimal | None = None
