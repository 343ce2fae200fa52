"""Accounts of venues that are only read, as their manuals write them: coins, collateral, the short, and hedge mode."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import pytest

from bot.domain.account import MarginMode, PositionMode, Wallet
from bot.domain.errors import Unavailable
from bot.exchange.venue import CcxtVenue
from tests.exchange.replay import RECORDED, Replay
from tests.exchange.test_recorded import FACTS, looked

D = Decimal
KEYS = {"api_key": "canary", "api_secret": "Y2FuYXJ5", "api_passphrase": "canary"}


@dataclass(frozen=True)
class Collateral:
    """What each venue tells of the same account: profit and maintenance not everywhere."""

    wallet: str = "10000"
    unrealised: str = "-10"
    initial: str = "1500"
    profit: str = "-2.6"


ACCOUNTS: Mapping[str, Collateral] = {
    "okx": Collateral(),
    "gate": Collateral(wallet="9707.8"),
    "bitget": Collateral(),
    "krakenfutures": Collateral(unrealised="0", initial="2000", profit="-2.625"),
}


def account(venue: str) -> dict[str, object]:
    document = json.loads((RECORDED.parent / "account" / f"{venue}.json").read_text())
    return dict(document["replies"])


@pytest.mark.parametrize("venue", ACCOUNTS)
def test_an_account_is_read_in_coins_and_with_its_sign(venue: str) -> None:
    """Balances, collateral and the short come out right, and nothing but questions was asked."""
    told, quote = ACCOUNTS[venue], FACTS[venue].quote
    symbol, replay = f"BTC/{quote}:{quote}", Replay(venue, account(venue))

    async def check(made: CcxtVenue) -> None:
        coins = {row.asset: row for row in await made.balances() if row.wallet is Wallet.SPOT}
        assert coins["BTC"].total == D("0.5")
        (collateral,) = await made.margin_accounts()
        assert (collateral.currency, collateral.wallet) == (quote, D(told.wallet))
        assert (collateral.unrealised_pnl, collateral.initial) == (D(told.unrealised), D(told.initial))
        (short,) = await made.positions([symbol])
        assert (short.symbol, short.amount, short.entry_price) == (symbol, D("-0.25"), D(60000))
        assert (short.mark_price, short.unrealised_pnl) == (D("60010.5"), D(told.profit))
        assert short.margin_mode is MarginMode.CROSS
        assert await made.position_mode() is PositionMode.ONE_WAY
        assert await made.open_orders([symbol]) == ()

    looked(replay, check, venue, **KEYS)
    assert replay.unanswered == []


HEDGED: Mapping[str, tuple[str, str, str]] = {
    "okx": ("GET /api/v5/account/positions", '"net"', '"short"'),
    "gate": ("GET /api/v4/futures/usdt/positions", '"single"', '"dual_short"'),
    "bitget": ("GET /api/v2/mix/position/all-position", '"one_way_mode"', '"hedge_mode"'),
}


@pytest.mark.parametrize("venue", HEDGED)
def test_a_position_of_hedge_mode_is_not_believed(venue: str) -> None:
    """Where the account could hold both sides, closing one might open the other."""
    page, one_way, hedged = HEDGED[venue]
    replies = account(venue)
    replies[page] = json.loads(json.dumps(replies[page]).replace(one_way, hedged))
    with pytest.raises(Unavailable, match="hedge mode"):
        looked(Replay(venue, replies), lambda made: made.positions(["BTC/USDT:USDT"]), venue, **KEYS)
