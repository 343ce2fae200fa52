"""The ccxt client: one exchange imported, configured once, never left pointing at the real account by mistake."""

import dataclasses
import subprocess
import sys
from typing import Any

import pytest

from bot.domain.errors import ConfigurationError
from bot.exchange.client import Credentials, build_client, exchange_class, parsed_reply
from bot.exchange.quirks import BINANCE, Quirks

ALONE = """
import sys
from bot.exchange.client import ccxt_version, exchange_class
binance = exchange_class("binance")
loaded = [name for name in sys.modules if name.startswith("ccxt.async_support.") and name.count(".") == 2]
assert sorted(loaded) == ["ccxt.async_support.base", "ccxt.async_support.binance"], loaded
import ccxt
import ccxt.async_support
assert ccxt.async_support.binance is binance and issubclass(binance, ccxt.async_support.Exchange)
assert ccxt.__version__ == ccxt_version() and issubclass(ccxt.RequestTimeout, ccxt.NetworkError)
assert "ccxt.binance" not in sys.modules
"""


def make_client(quirks: Quirks = BINANCE, *, demo: bool = False) -> Any:
    credentials = Credentials(api_key="key", api_secret="secret")
    client = build_client(quirks, credentials=credentials, session=object(), demo=demo, timeout_ms=1, rate_limited=True)
    client.session = None
    return client


def test_only_the_wanted_exchange_is_imported() -> None:
    """The other hundred stay on disk, and what others expect of the package is there."""
    subprocess.run([sys.executable, "-c", ALONE], check=True)  # noqa: S603 - our own interpreter, our own text


def test_an_unknown_exchange_is_named() -> None:
    """The message says what was not found."""
    with pytest.raises(ConfigurationError, match="no exchange called 'nowhere'"):
        exchange_class("nowhere")


def test_nothing_is_retried_or_printed_by_ccxt() -> None:
    """Retries and verbosity are ours; the venue's clock is not ccxt's business."""
    client = make_client()
    assert client.options["maxRetriesOnFailure"] == 0
    assert client.options["timeDifference"] == 0
    assert client.verbose is False
    assert client.tokenBucket["algorithm"] == "rollingWindow"
    assert client.aiohttp_trust_env is False


def test_the_demo_replaces_every_address() -> None:
    """No address of the real account is left in a demo client."""
    hosts = {url.split("/")[2] for url in make_client(demo=True).urls["api"].values()}
    assert hosts == BINANCE.hosts_demo


@pytest.mark.parametrize("changes", [{"sandbox": "none"}, {"hosts_demo": frozenset({"elsewhere.example"})}])
def test_a_demo_that_cannot_be_switched_on_leaves_no_client(changes: dict[str, Any]) -> None:
    """By itself ccxt would go on with the live addresses."""
    with pytest.raises(ConfigurationError, match="No client was made"):
        make_client(dataclasses.replace(BINANCE, **changes), demo=True)


def test_a_reply_that_was_not_checked_cannot_be_parsed() -> None:
    """There is no way around the envelope."""
    with pytest.raises(TypeError):
        parsed_reply("{}")


def test_credentials_do_not_print() -> None:
    """A secret never appears in a representation."""
    assert "secret" not in repr(Credentials(api_key="secret1", api_secret="secret2", api_passphrase="secret3"))
