"""Builders of records for the tests of the command line."""

from datetime import UTC, datetime
from decimal import Decimal

from bot.domain.account import MarginAccount, MarginMode, Mark, Position, Price, Side
from bot.domain.hedge import Exposure, Need, Target
from bot.domain.instrument import Instrument, MarketKind
from bot.domain.intent import Ending, LeverageIntent, OrderIntent, Outcome, Refusal
from bot.domain.record import CycleRecord, CycleStatus
from bot.domain.snapshot import Holding, Snapshot, VenueView

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
SYMBOL = "BTC/USDT:USDT"


def view(short: str = "0.2", *, contract_size: str = "1") -> VenueView:
    """A venue with one short at 60000, marked at 50000, liquidated at 75000."""
    position = Position(
        venue="binance",
        symbol=SYMBOL,
        amount=-Decimal(short),
        entry_price=Decimal(60000),
        mark_price=Decimal(50000),
        liquidation_price=Decimal(75000),
        unrealised_pnl=Decimal(2000),
        margin_mode=MarginMode.CROSS,
        leverage=Decimal(2),
        isolated_margin=Decimal(0),
        updated_at=NOW,
    )
    margin = MarginAccount(
        venue="binance",
        currency="USDT",
        wallet=Decimal(8000),
        unrealised_pnl=Decimal(2000),
        initial=Decimal(5000),
        maintenance=Decimal(40),
        withdrawable=Decimal(3000),
    )
    instrument = Instrument(
        venue="binance",
        symbol=SYMBOL,
        kind=MarketKind.LINEAR_PERPETUAL,
        base="BTC",
        quote="USDT",
        settle="USDT",
        contract_size=Decimal(contract_size),
        amount_step=Decimal("0.001"),
        amount_min=Decimal("0.001"),
        amount_max=None,
        price_tick=Decimal("0.1"),
        notional_min=Decimal(100),
    )
    mark = Mark(venue="binance", symbol=SYMBOL, mark_price=Decimal(50000), index_price=Decimal(50000), at=NOW)
    return VenueView(
        venue="binance",
        at=NOW,
        instruments=(instrument,),
        balances=(),
        margins=(margin,),
        positions=(position,),
        marks=(mark,),
        funding=(),
        settings=(),
        open_orders=(),
        brackets={},
    )


def record(status: CycleStatus = CycleStatus.ACTED, *, contract_size: str = "1", refused: bool = False) -> CycleRecord:
    """One BTC owned, half of it wanted short, 0.2 held and 0.3 sold in this cycle."""
    order = OrderIntent(
        id="c1-1",
        venue="binance",
        symbol=SYMBOL,
        side=Side.SELL,
        amount=Decimal("0.300"),
        limit_price=Decimal(49850),
        reduce_only=False,
        protective=False,
        reasons=("short 20% is outside the band around 50%",),
    )
    leverage = LeverageIntent(id="c1-0", venue="binance", symbol=SYMBOL, leverage=2, reasons=("cap 2",))
    outcome = Outcome(
        intent_id="c1-1",
        ending=Ending.FILLED,
        filled=Decimal("0.300"),
        average_price=Decimal("49990.5"),
        fee=Decimal("7.4"),
        detail="",
    )
    price = Price(asset="BTC", price=Decimal(50000), source="binance", at=NOW)
    return CycleRecord(
        cycle="c1",
        at=NOW,
        mode="testnet",
        portfolio="family",
        status=status,
        snapshot=Snapshot(
            at=NOW,
            holdings=(Holding(asset="BTC", amount=Decimal(1), source="cold wallet"),),
            prices={"BTC": price},
            venues=(view(contract_size=contract_size),),
        ),
        exposures=(
            Exposure(
                asset="BTC", amount=Decimal("1.0"), notional=Decimal(50000), sources=("cold wallet", "binance spot")
            ),
        ),
        needs=(
            Need(asset="BTC", short_notional=Decimal(25000), leverage_cap=Decimal(2), reasons=("ratio 0.5 of 50000",)),
        ),
        targets=(
            Target(
                venue="binance",
                symbol=SYMBOL,
                asset="BTC",
                short_notional=Decimal(25000),
                amount=Decimal("0.5"),
                leverage_cap=Decimal(2),
                reasons=("direct perpetual",),
            ),
        ),
        intents=(leverage, order),
        outcomes=() if refused else (outcome,),
        refusals=(Refusal(intent_id="c1-1", guard="order-size", reason="too large"),) if refused else (),
        notes=("settled nothing",),
    )


def blind() -> CycleRecord:
    """A cycle that saw nothing."""
    return CycleRecord(
        cycle="c2",
        at=NOW,
        mode="live",
        portfolio="family",
        status=CycleStatus.UNAVAILABLE,
        snapshot=None,
        exposures=(),
        needs=(),
        targets=(),
        intents=(),
        outcomes=(),
        refusals=(),
        notes=("binance did not answer in 10 s; nothing was done, the next cycle tries again",),
    )
