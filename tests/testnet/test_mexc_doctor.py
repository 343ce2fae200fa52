"""What `ballast check` says of MEXC before the first order, over real sockets."""

import asyncio
from dataclasses import replace
from pathlib import Path

from bot.doctor import Finding, examine
from bot.settings import load_settings
from bot.sim.answering import AnsweringExchange
from bot.sim.localnet import LOCAL_KEY
from bot.sim.server import LocalServer
from tests.testnet.mexc_world import mexc

PROFILE = """
mode = "testnet"
[portfolio]
name = "family"
[[venues]]
id = "mexc"
role = [{role}]
localnet = "{address}"
{more}
[policy.size]
rule = "static-ratio"
ratio = "0.5"
[journal]
path = "{folder}/ballast.db"
"""
HEDGES = '"spot", "hedge"'


def examined(folder: Path, answering: AnsweringExchange, *, role: str = HEDGES, more: str = "") -> dict[str, Finding]:
    """The doctor's findings by topic."""

    async def run() -> tuple[Finding, ...]:
        server = LocalServer(answering, hang_s=1.0)
        host, port = await server.start()
        profile = folder / "profile.toml"
        profile.write_text(PROFILE.format(role=role, address=f"{host}:{port}", folder=folder, more=more))
        try:
            return await examine(load_settings([profile], environ={}, env_file=None))
        finally:
            await server.stop()

    return {found.topic: found for found in asyncio.run(run())}


def suspend(answering: AnsweringExchange, *symbols: str) -> None:
    state = answering.exchange.engine._state
    for symbol in symbols:
        state.listings[("linear", symbol)] = replace(state.listings[("linear", symbol)], tradable=False)


def test_permitted_orders_are_told(tmp_path: Path) -> None:
    """The key has the right and every contract is open to the API."""
    found = examined(tmp_path, mexc(key=LOCAL_KEY))
    assert {row.verdict for row in found.values()} == {"ok"}, found
    assert "futures yes" in found["mexc key"].text
    assert "taken in all of them" in found["mexc orders"].text


def test_a_key_without_the_right_fails_before_the_first_order(tmp_path: Path) -> None:
    """The account is read all the same, and nothing but reads was sent."""
    answering = mexc(key=replace(LOCAL_KEY, may_trade_futures=False))
    found = examined(tmp_path, answering)
    assert (found["mexc key"].verdict, found["mexc key"].exit_code) == ("fail", 2)
    assert "may not trade futures" in found["mexc key"].text
    assert not [row for row in answering.exchange.engine.ledger if row.kind.startswith("order")]


def test_where_only_coins_are_counted_the_right_is_not_asked_for(tmp_path: Path) -> None:
    """Shorts live elsewhere, so a key that reads is enough."""
    other = '[[venues]]\nid = "binance"\nrole = ["hedge"]\nlocalnet = "127.0.0.1:1"'
    found = examined(tmp_path, mexc(key=replace(LOCAL_KEY, may_trade_futures=False)), role='"spot"', more=other)
    assert found["mexc key"].verdict == "ok", found["mexc key"]


def test_contracts_closed_to_the_api_are_named(tmp_path: Path) -> None:
    """One of them is a warning, all of them the end of hedging here."""
    answering = mexc(key=LOCAL_KEY)
    suspend(answering, "BTCUSDT")
    assert examined(tmp_path, answering)["mexc orders"].verdict == "warn"
    suspend(answering, "ETHUSDT")
    shut = examined(tmp_path, answering)["mexc orders"]
    assert (shut.verdict, shut.exit_code) == ("fail", 3)
    assert "closed to the API" in shut.text
