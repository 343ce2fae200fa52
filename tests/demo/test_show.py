"""The demo with its page, with a taken port, and without one."""

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from time import monotonic

import aiohttp

from bot.demo.show import on_show
from bot.demo.stage import Stage, play, set_stage
from bot.demo.story import from_scenario
from bot.demo.view import View
from bot.domain.record import CycleRecord

CYCLES = 3


def shown(listen: str, *, page: bool = True) -> tuple[str, str, float]:
    """Play some cycles; returns what was printed, the page as it was in between, and how long lingering took."""
    out, pages = StringIO(), []

    async def perform() -> float:
        async with set_stage(from_scenario("calm", step=timedelta(hours=6)), every=timedelta(days=1)) as bare:
            stage = listening(bare, listen)
            view = View(out, 110, stage.story.assets[0], stage.witness.funding)
            async with on_show(stage, view, page=page) as show:
                seen = 0

                def tell(record: CycleRecord) -> None:
                    nonlocal seen
                    seen += 1
                    show.tell(record)
                    if seen == CYCLES:
                        raise _Enough

                try:
                    await play(stage, tell, view.say)
                except _Enough:
                    pages.append(await asked(out.getvalue()))
                began = monotonic()
                if not pages[0]:
                    await show.linger()
                return monotonic() - began

    lingered_s = asyncio.run(perform())
    return out.getvalue(), pages[0], lingered_s


class _Enough(Exception):
    """The test has seen enough cycles."""


def listening(stage: Stage, listen: str) -> Stage:
    """The same stage with its page at another address."""
    watch = stage.settings.watch.model_copy(update={"listen": listen})
    return replace(stage, settings=stage.settings.model_copy(update={"watch": watch}))


async def asked(printed: str) -> str:
    """The page at the printed address; nothing when none was printed."""
    address = next((word for word in printed.split() if word.startswith("http://127.0.0.1")), None)
    if address is None:
        return ""
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return await answer.text()


def test_demo_prints_the_address_of_a_page_that_shows_it() -> None:
    """What is played is on the page: mode, status, the coins, market time."""
    printed, page, _ = shown("127.0.0.1:0")
    assert "Watch it in a browser: http://127.0.0.1:" in printed
    for words in ("testnet", "rehearsal, no real money", "BTC", "ETH", "SOL", "market time", "cold wallet"):
        assert words in page
    assert "LIVE" not in page


def test_demo_goes_on_without_a_page_when_the_port_is_taken() -> None:
    """A sentence, then the show; and nobody waits for a page that is not there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        printed, page, lingered_s = shown(f"127.0.0.1:{port}")
    assert f"port {port} is taken" in printed
    assert "short opened" in printed
    assert page == ""
    assert lingered_s < 1


def test_demo_without_a_page_serves_none() -> None:
    """`--no-page` opens no port."""
    printed, page, _ = shown("127.0.0.1:0", page=False)
    assert "http://" not in printed
    assert "short opened" in printed
    assert page == ""
