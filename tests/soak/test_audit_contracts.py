"""The judge reads dated and coin-margined contracts: what they settle, and what they add to a coin's short."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

import pytest

from bot.sim.engine import Engine
from bot.sim.listings import coin_listings, default_listings
from bot.sim.model import Quote
from bot.sim.quarterly import dated_listing
from tests.soak.audit import audit
from tests.soak.contracts import same_contract
from tests.soak.evidence import Evidence, LedgerLine, Request, Row, Violation
from tests.soak.speech import understood

D = Decimal
AT = datetime(2025, 3, 28, 6, tzinfo=UTC)
EXPIRY = AT + timedelta(hours=2)
PRICE = D(50000)
NAMES = {
    "BTCUSDT": "BTC/USDT:USDT", "BTCUSDT_250328": "BTC/USDT:USDT-250328", "BTCUSD_PERP": "BTC/USD:BTC",
}  # fmt: skip


def exchange() -> Engine:
    listings = (*default_listings(), *coin_listings(), dated_listing("BTCUSDT", None, EXPIRY))
    engine = Engine(listings=listings, at=AT)
    engine.advance(AT, dict.fromkeys(engine.listings, Quote(mid=PRICE, mark=PRICE, index=PRICE, spread=D(0))))
    engine.open_account("me", {("futures", "USDT"): D(10**6), ("coin_futures", "BTC"): D(10)})
    return engine


def judged(orders: list[tuple[str, str, str]], *, owned: str = "1", settle: bool = False) -> list[Violation]:
    """Violations of exposure and orders when these (symbol, side, amount) were sent one after the other."""
    engine, evidence = exchange(), Evidence(seed=0, intensity=0, settings=SETTINGS, canaries=())
    evidence.owned_from.append((AT, {"BTC": D(owned)}))
    evidence.marks.append((AT, dict.fromkeys(NAMES, PRICE)))
    for number, (symbol, side, amount) in enumerate(orders):
        if settle and number == len(orders) - 1:
            engine.advance(EXPIRY, {})
        evidence.requests.append(_request(engine, number, symbol, side, amount))
        market = engine.contract(symbol).market
        engine.place(
            "me", market=market, symbol=symbol, side="sell" if side == "SELL" else "buy", order_type="LIMIT",
            amount=D(amount), price=PRICE, time_in_force="IOC", reduce_only=side == "BUY", client_id=f"blst{number}",
        )  # fmt: skip
    evidence.ledger = [
        LedgerLine(sequence=row.sequence, at=row.at, kind=row.kind, symbol=row.symbol, facts=row.facts)
        for row in engine.ledger
    ]
    return [row for row in audit(evidence) if row.rule in ("B1", "B5", "A1", "A2")]


SETTINGS: dict[str, object] = {
    "order_notional_max": "1000000", "hedge_ratio_max": "1", "leverage_cap": "3", "margin_mode": "cross",
}  # fmt: skip


def _request(engine: Engine, number: int, symbol: str, side: str, amount: str) -> Request:
    row = Row(
        id=str(number), client_id=f"blst{number}", kind="order", symbol=NAMES[symbol], state="sending",
        body=json.dumps({"amount": amount, "side": side.lower(), "price": str(PRICE), "reduce_only": side == "BUY"}),
        ending="", filled="0",
    )  # fmt: skip
    path = "/dapi/v1/order" if symbol.endswith("PERP") else "/fapi/v1/order"
    words = {
        "symbol": symbol, "side": side, "type": "LIMIT", "quantity": amount, "price": str(PRICE), "timeInForce": "IOC",
        "newClientOrderId": f"blst{number}", "reduceOnly": "true" if side == "BUY" else "false",
    }  # fmt: skip
    return Request(
        number=number, ledger=len(engine.ledger), at=engine.now, life=0, cycle=number, method="POST", path=path,
        asked=understood("binance", "POST", path, "", urlencode(words)), rows=(row,),
    )  # fmt: skip


def test_a_settled_short_no_longer_counts_and_a_new_one_may_follow() -> None:
    """One coin short until the delivery, one coin short afterwards."""
    assert judged([("BTCUSDT_250328", "SELL", "1"), ("BTCUSDT", "SELL", "1")], settle=True) == []


@pytest.mark.parametrize(("second", "amount"), [("BTCUSDT", "0.5"), ("BTCUSD_PERP", "250")])
def test_shorts_in_several_contracts_of_a_coin_are_added_up(second: str, amount: str) -> None:
    """0.8 of a coin dated and half a coin elsewhere are more than the one that is owned."""
    orders = [("BTCUSDT_250328", "SELL", "0.8"), (second, "SELL", amount)]
    assert [row.rule for row in judged(orders)] == ["B5"]
    assert judged(orders, owned="1.3") == []


def test_coin_margined_contracts_are_counted_as_coins() -> None:
    """500 contracts of 100 dollars at 50,000 are one coin, not five hundred."""
    assert judged([("BTCUSD_PERP", "SELL", "500"), ("BTCUSD_PERP", "BUY", "500")]) == []
    assert [row.rule for row in judged([("BTCUSD_PERP", "SELL", "510")])] == ["B5"]


def test_names_of_journal_and_venue_agree_on_coin_kind_and_expiry() -> None:
    """A row for the perpetual is no permission for the dated contract."""
    for venue, journal in NAMES.items():
        assert [name for name in NAMES.values() if same_contract(name, venue)] == [journal]
