"""The judge where one coin's short stands for others: all shorts count, whoever opened them, in whatever contract."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from bot.sim.engine import Engine
from bot.sim.listings import default_listings
from bot.sim.model import Quote
from bot.sim.state import MarketKey
from tests.soak.audit import audit
from tests.soak.evidence import Evidence, LedgerLine, Request, Row
from tests.soak.market import START
from tests.soak.speech import understood

D = Decimal
PRICES = {"BTCUSDT": D(60000), "ETHUSDT": D(3000), "SOLUSDT": D(150)}
OWNED = {"BTC": D(1), "ETH": D(10), "SOL": D(200)}  # worth 60,000, 30,000 and 30,000
SECOND = timedelta(seconds=1)
BY_VARIANCE: dict[str, object] = {"size": {"rule": "minimum-variance", "instruments": ["BTC", "ETH"]}}
BY_RATIO: dict[str, object] = {"size": {"rule": "static-ratio"}}
BY_BETA: dict[str, object] = {"size": {"rule": "static-ratio"}, "place": {"rule": "proxy-beta", "proxies": ["BTC"]}}


def judged(
    rule: dict[str, object],
    ours: str,
    *,
    by_hand: tuple[tuple[str, str], ...] = (),
    late: bool = False,
    unseen: bool = False,
) -> int:
    """How often B5 is broken when so much BTC is sold beside what a person sold.

    `late` after it was decided, `unseen` after the positions it rests on, which stood still for a while.
    """
    engine = _exchange()
    settings = {
        "order_notional_max": "1000000", "hedge_ratio_max": "1", "leverage_cap": "3", "margin_mode": "cross", **rule,
    }  # fmt: skip
    evidence = Evidence(seed=0, intensity=0, settings=settings, canaries=())
    evidence.owned_from.append((START, OWNED))
    evidence.marks.append((START, PRICES))
    request = _request(ours, engine) if late else None
    for symbol, amount in by_hand:
        _sell(engine, symbol, amount, "")
    engine.advance(START + SECOND, _quotes(engine))
    if unseen:
        evidence.requests.append(_look(engine, START))
    evidence.requests.append(request or _request(ours, engine, number=len(evidence.requests)))
    _sell(engine, "BTCUSDT", ours, "blst1")
    evidence.ledger = [
        LedgerLine(sequence=row.sequence, at=row.at, kind=row.kind, symbol=row.symbol, facts=row.facts)
        for row in engine.ledger
    ]
    return sum(row.rule == "B5" for row in audit(evidence))


def _exchange() -> Engine:
    engine = Engine(listings=default_listings(), at=START)
    engine.advance(START, _quotes(engine))
    engine.open_account("me", {("futures", "USDT"): D(10**6)})
    return engine


def _quotes(engine: Engine) -> dict[MarketKey, Quote]:
    return {
        key: Quote(mid=price, mark=price, index=price, spread=D(0))
        for key in engine.listings
        if (price := PRICES.get(key[1])) is not None
    }


def _sell(engine: Engine, symbol: str, amount: str, client_id: str) -> None:
    engine.place(
        "me", market="linear", symbol=symbol, side="sell", order_type="LIMIT", amount=D(amount), price=PRICES[symbol],
        time_in_force="IOC", reduce_only=False, client_id=client_id,
    )  # fmt: skip


def _look(engine: Engine, shown_from: datetime) -> Request:
    path = "/fapi/v3/positionRisk"
    return Request(
        number=0, ledger=len(engine.ledger), at=engine.now, life=0, cycle=0, method="GET", path=path,
        asked=understood("binance", "GET", path, "", ""), rows=(), shown_from=shown_from,
    )  # fmt: skip


def _request(amount: str, engine: Engine, number: int = 0) -> Request:
    row = Row(
        id="1", client_id="blst1", kind="order", symbol="BTC/USDT:USDT", state="sending",
        body=json.dumps({"amount": amount, "side": "sell", "price": "60000", "reduce_only": False}), ending="",
        filled="0",
    )  # fmt: skip
    words = {
        "symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "quantity": amount, "price": "60000",
        "timeInForce": "IOC", "newClientOrderId": "blst1", "reduceOnly": "false",
    }  # fmt: skip
    return Request(
        number=number, ledger=len(engine.ledger), at=engine.now, life=0, cycle=0, method="POST", path="/fapi/v1/order",
        asked=understood("binance", "POST", "/fapi/v1/order", "", urlencode(words)), rows=(row,),
    )  # fmt: skip


def test_a_short_that_a_person_opened_elsewhere_counts() -> None:
    """120,000 are owned: two coins of BTC fit, beside 20,000 of SOL only 1.66."""
    assert judged(BY_VARIANCE, "2") == 0
    assert judged(BY_VARIANCE, "2.02") == 1
    assert judged(BY_VARIANCE, "2", by_hand=(("SOLUSDT", "133"),)) == 1
    assert judged(BY_VARIANCE, "1.66", by_hand=(("SOLUSDT", "133"),)) == 0


def test_what_was_sold_by_hand_after_the_look_could_not_be_known() -> None:
    """Nobody can take off what happens while the order is on its way, nor what no view of positions shows yet."""
    assert judged(BY_VARIANCE, "2", by_hand=(("SOLUSDT", "133"),), late=True) == 0
    assert judged(BY_VARIANCE, "2", by_hand=(("SOLUSDT", "133"),), unseen=True) == 0


def test_what_is_sold_of_one_coin_by_hand_counts_once_it_is_shown() -> None:
    """One coin is owned: beside half of it sold by hand, one more is too much, unless nobody could see the half."""
    by_hand = (("BTCUSDT", "0.5"),)
    assert judged(BY_RATIO, "0.5", by_hand=by_hand) == 0
    assert judged(BY_RATIO, "1", by_hand=by_hand) == 1
    assert judged(BY_RATIO, "1", by_hand=by_hand, unseen=True) == 0
    assert judged(BY_RATIO, "1.01", by_hand=by_hand, unseen=True) == 1


def test_stand_ins_weigh_what_they_stand_for_and_no_more() -> None:
    """60,000 of BTC once, 60,000 of the others by a beta of 1.5: 2.5 BTC; half of SOL sold by hand takes 22,500."""
    assert judged(BY_BETA, "2.5") == 0
    assert judged(BY_BETA, "2.53") == 1
    assert judged(BY_BETA, "2.12", by_hand=(("SOLUSDT", "100"),)) == 0
    assert judged(BY_BETA, "2.2", by_hand=(("SOLUSDT", "100"),)) == 1
    assert judged(BY_BETA, "1.5", by_hand=(("SOLUSDT", "600"),)) == 1
