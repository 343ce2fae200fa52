"""The judge understands every venue: it names defects in each language, and reads what real clients send."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.sim.listings import default_listings
from bot.sim.wire.mexc_call import contract_size
from tests.soak.audit import audit
from tests.soak.defects import MUTANTS
from tests.soak.runner import run
from tests.soak.schedule import COINS, draw, draw_wide
from tests.soak.speech import MEXC_CONTRACTS, VENUES, Asked, silence_until, told_of, understood

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
CYCLES = 12
SEEDS = 8
# Defects that every venue can show.
EVERYWHERE = ("no-reduce-only", "blind-resend", "timeout-is-refusal")


def named(defect: str, venue: str) -> set[str]:
    """The rules that a defect breaks at a venue, over as many seeds as it takes to see one of those it stands for."""
    mutant = next(row for row in MUTANTS if row.name == defect)
    broken: set[str] = set()
    for seed in range(SEEDS):
        with mutant.apply():
            broken |= {row.rule for row in audit(run(draw_wide(seed, CYCLES, intensity=0.5, venue=venue)))}
        if broken & mutant.rules:
            break
    return broken & mutant.rules


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("defect", EVERYWHERE)
def test_a_defect_is_named_in_every_language(defect: str, venue: str) -> None:
    """What is wrong at one venue is seen to be wrong at all of them."""
    assert named(defect, venue)


def test_a_contract_that_counts_for_a_tenth_is_seen_where_contracts_are_counted() -> None:
    """MEXC counts contracts: an order ten times as large is not what the journal holds."""
    assert "A2" in named("contract-size-misread", "mexc")


def test_contracts_are_as_large_as_this_exchange_lists_them() -> None:
    """The judge's table and the market it judges agree."""
    listed = {row.base: contract_size(row) for row in default_listings() if row.market == "linear"}
    assert {coin: listed[coin] for coin in COINS} == MEXC_CONTRACTS


# (venue, method, path, query, body) as recorded from real clients, and what it means.
SAID = [
    (
        ("binance", "POST", "/fapi/v1/order", "", "symbol=BTCUSDT&side=BUY&newClientOrderId=abc&type=LIMIT&quantity=2"
         "&price=50000.1&timeInForce=IOC&reduceOnly=true"),
        ("BTCUSDT", "buy", "2", True, True),
    ),
    (
        ("bybit", "POST", "/v5/order/create", "", '{"symbol":"BTCUSDT-27MAR26","side":"Sell","orderType":"Limit",'
         '"timeInForce":"IOC","price":"50000.1","orderLinkId":"abc","category":"linear","qty":"2"}'),
        ("BTCUSDT_260327", "sell", "2", False, True),
    ),
    (
        ("bybit", "POST", "/v5/order/create", "", '{"symbol":"BTCUSD","side":"Buy","orderType":"Market",'
         '"orderLinkId":"abc","category":"inverse","qty":"300","reduceOnly":true}'),
        ("BTCUSD_PERP", "buy", "3", True, False),
    ),
    (
        ("bingx", "POST", "/openApi/swap/v2/trade/order", "clientOrderID=abc&positionSide=BOTH&price=50000.1&quantity=2"
         "&side=SELL&symbol=BTC-USDT&timeInForce=PostOnly&type=LIMIT", ""),
        ("BTCUSDT", "sell", "2", False, False),
    ),
    (
        ("weex", "POST", "/capi/v3/order", "", '{"symbol":"BTCUSDT","side":"BUY","quantity":"2","type":"LIMIT",'
         '"price":"5","positionSide":"LONG","timeInForce":"IOC","newClientOrderId":"abc"}'),
        ("BTCUSDT", "buy", "2", False, True),
    ),
    (
        ("mexc", "POST", "/api/v1/private/order/create", "", '{"symbol":"BTC_USDT","vol":7,"type":3,"openType":2,'
         '"side":2,"price":5,"externalOid":"abc"}'),
        ("BTCUSDT", "buy", "0.0007", True, True),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "meaning"), SAID)
def test_an_order_is_read_as_its_venue_means_it(
    request_: tuple[str, str, str, str, str], meaning: tuple[str, str, str, bool, bool]
) -> None:
    """Side, size in coins, whether it closes and whether it never rests."""
    found = understood(*request_)
    assert (found.kind, found.client_id) == ("order", "abc")
    assert (found.symbol, found.side, str(found.amount), found.closes, found.at_once) == meaning


@pytest.mark.parametrize(
    ("body", "contracts"),
    [
        ('[{"symbol":"BTCUSDT","pair":"BTCUSDT"},{"symbol": "ETHUSDT_260327"}]', {"BTCUSDT", "ETHUSDT_260327"}),
        ('[{"symbol":"BTCUSD_PERP","pair":"BTCUSD"}]', {"BTCUSD_PERP"}),
        ('{"result": {"list": [{"symbol": "BTCUSDT-27MAR26"}, {"symbol": "ETHUSDT"}]}}', {"BTCUSDT_260327", "ETHUSDT"}),
        ('{"result":{"category":"inverse","list":[{"symbol":"BTCUSD"}]}}', {"BTCUSD_PERP"}),
        ('{"code":0,"data":{"symbol":"BTC-USDT"}}', {"BTCUSDT"}),
        ('{"success":true,"data":[{"symbol":"SOL_USDT"}]}', {"SOLUSDT"}),
        ('{"success":true,"data":{}}', set()),
    ],
)
def test_an_answer_that_lacks_rows_tells_of_those_it_has(body: str, contracts: set[str]) -> None:
    """Dated and coin-margined contracts among them, under the names that orders are judged by."""
    assert told_of(body) == contracts


def test_what_nobody_may_ask_for_is_no_read() -> None:
    """A wish that is not known is not overlooked."""
    for venue in VENUES:
        assert understood(venue, "POST", "/some/withdrawal", "", "{}") == Asked(kind="unknown")
        assert understood(venue, "GET", "/some/page", "", "") == Asked()


def test_an_answer_asks_for_silence_in_every_language() -> None:
    """By a header, by a millisecond in its words, or by shutting the address out."""
    until = AT + timedelta(minutes=2)
    ms = str(int(until.timestamp() * 1000))
    assert silence_until("binance", 418, {"Retry-After": "120"}, b"", AT) == until
    assert silence_until("bingx", 200, {}, f"will be unblocked after {ms}".encode(), AT) == until
    limited = {"X-Bapi-Limit-Reset-Timestamp": ms}
    assert silence_until("bybit", 200, limited, b'{"retCode":10006,', AT) == until
    assert silence_until("bybit", 200, limited, b'{"retCode":0,', AT) is None
    assert silence_until("mexc", 403, {}, b"", AT) == AT + timedelta(minutes=10)


def test_each_seed_speaks_one_language_and_all_are_spoken() -> None:
    """A hundred seeds leave no venue out."""
    spoken = [draw(seed, 1).venue for seed in range(100)]
    assert min(spoken.count(venue) for venue in VENUES) >= 10
    assert all(isinstance(amount, Decimal) for amount in draw(0, 1).owned.values())
