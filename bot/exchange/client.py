"""The unmodified ccxt client of one exchange, imported without the other hundred and configured for Ballast."""

import hashlib
import importlib
import importlib.util
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from bot.domain.errors import ConfigurationError
from bot.exchange.envelope import CheckedText
from bot.exchange.genuine import refuse_counterfeit
from bot.exchange.quirks import Quirks

PRECISION_MAX = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An API key; empty for public data. Never printed."""

    api_key: str = field(default="", repr=False)
    api_secret: str = field(default="", repr=False)
    api_passphrase: str = field(default="", repr=False)


def exchange_class(exchange_id: str) -> type[Any]:
    """The async ccxt class of one exchange, importing only its own modules.

    Raises: ConfigurationError when ccxt knows no such exchange.
    """
    if f"ccxt.async_support.{exchange_id}" not in sys.modules:
        refuse_counterfeit(_root(), exchange_id)  # before a line of it runs
    if "ccxt" not in sys.modules:
        _install_ccxt_packages()
    try:
        module = importlib.import_module(f"ccxt.async_support.{exchange_id}")
    except ModuleNotFoundError:
        raise ConfigurationError(
            f"ccxt has no exchange called {exchange_id!r}. Nothing was touched. "
            "Use the ccxt id of the exchange, for example binance."
        ) from None
    found: type[Any] = getattr(module, exchange_id)
    # ccxt's own package shows the class under this name; importing the submodule put the module there.
    setattr(sys.modules["ccxt.async_support"], exchange_id, found)
    return found


def ccxt_version() -> str:
    """The version of the ccxt that is loaded."""
    module = importlib.import_module("ccxt.async_support.base.exchange")
    return str(module.__version__)


def _install_ccxt_packages() -> None:
    # `import ccxt` runs more than a hundred exchange modules (1.2 s of CPU, 50 MB). The packages are put in place by
    # hand so that the import system finds their submodules; the code that runs is ccxt's own, file by file.
    root = _root()
    package = _package("ccxt", root)
    sys.modules["ccxt"] = package
    errors = importlib.import_module("ccxt.base.errors")
    for name, value in vars(errors).items():
        if not name.startswith("_"):
            setattr(package, name, value)
    package.Exchange = importlib.import_module("ccxt.base.exchange").Exchange  # type: ignore[attr-defined]
    async_package = _package("ccxt.async_support", root / "async_support")
    sys.modules["ccxt.async_support"] = async_package
    package.async_support = async_package  # type: ignore[attr-defined]
    base = importlib.import_module("ccxt.async_support.base.exchange")
    async_package.Exchange = base.Exchange  # type: ignore[attr-defined]
    async_package.__version__ = base.__version__  # type: ignore[attr-defined]
    package.__version__ = base.__version__  # type: ignore[attr-defined]


def _root() -> Path:
    """Where the ccxt lies that is loaded, or would be."""
    if "ccxt" in sys.modules:
        return Path(next(iter(sys.modules["ccxt"].__path__)))
    spec = importlib.util.find_spec("ccxt")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("ccxt is not installed, so no exchange can be reached. Run `make install`.")
    return Path(next(iter(spec.submodule_search_locations)))


def _package(name: str, folder: Path) -> ModuleType:
    module = ModuleType(name)
    module.__path__ = [str(folder)]
    module.__file__ = str(folder / "__init__.py")
    return module


def build_client(
    quirks: Quirks, *, credentials: Credentials, session: object, demo: bool, timeout_ms: int, rate_limited: bool
) -> Any:
    """Build the ccxt client of a venue on our own session.

    Raises: ConfigurationError when the demo cannot be switched on; no client is handed out then.
    """
    client = exchange_class(quirks.id)(
        {
            "apiKey": credentials.api_key,
            "secret": credentials.api_secret,
            "password": credentials.api_passphrase,
            "session": session,
            "timeout": timeout_ms,
            "enableRateLimit": rate_limited,
            "rateLimiterAlgorithm": "rollingWindow",
            "rollingWindowSize": float(quirks.limit_window_ms),
            "verbose": False,
            "aiohttp_trust_env": False,
            "options": _options(quirks.options),
        }
    )
    # ccxt logs whole requests, signature and key included, at DEBUG, and scolds at exit about sockets that are not its
    logging.getLogger("ccxt").setLevel(logging.ERROR)
    client.timeout_on_exit = 1
    client.ssl_context = False  # the session owns TLS; otherwise ccxt loads a certificate store it never uses
    client.on_rest_response = _body_as_checked
    client.parse_json = parsed_reply
    client.parse_precision = partial(_precision, client.parse_precision)
    for name in quirks.side_effects:
        setattr(client, name, _nothing)
    if demo:
        _enable_demo(client, quirks)
    return client


async def _nothing(*_: object, **__: object) -> bool:
    # what ccxt would sign by itself, such as the fee of a builder nobody asked for
    return True


def _body_as_checked(*reply: object) -> object:
    # ccxt's own hook strips the text, and the parsed value with it; the body is the sixth of its eight arguments
    return reply[5]


def parsed_reply(text: str) -> object:
    """Hand ccxt what the envelope check parsed already, instead of parsing a second time and less strictly."""
    if not isinstance(text, CheckedText):
        raise TypeError("a reply reached ccxt without passing the envelope check")
    return text.parsed


def _precision(counted: Callable[[Any], str | None], digits: Any) -> str | None:
    # ccxt writes as many zeros as it is told to, one by one
    if digits is not None and abs(int(digits)) > PRECISION_MAX:
        raise ValueError("a precision of more digits than any market has")
    return counted(digits)


def _options(options: Mapping[str, object]) -> dict[str, object]:
    return {**options, "maxRetriesOnFailure": 0, "adjustForTimeDifference": False, "timeDifference": 0}


def _enable_demo(client: Any, quirks: Quirks) -> None:
    problem = ""
    if quirks.sandbox == "none":
        problem = "this exchange has no demo trading"
    else:
        try:
            client.set_sandbox_mode(True) if quirks.sandbox == "testnet" else client.enable_demo_trading(True)
        except Exception as error:  # ccxt raises KeyError, TypeError and its own; all mean the same here
            problem = type(error).__name__
        else:
            problem = _hosts_outside(client.urls["api"], quirks.hosts_demo, str(client.hostname or ""))
    if problem:
        client.urls["api"] = {}
        client.session = None
        raise ConfigurationError(
            f"{quirks.id}: the demo could not be switched on ({problem}). No client was made, so nothing can reach the "
            "real account. Use `localnet` to rehearse, or another venue."
        )


def _hosts_outside(urls: object, allowed: frozenset[str], hostname: str) -> str:
    leaves = urls.values() if isinstance(urls, Mapping) else [urls]
    for leaf in leaves:
        if isinstance(leaf, Mapping):
            outside = _hosts_outside(leaf, allowed, hostname)
            if outside:
                return outside
            continue
        host = str(leaf).replace("{hostname}", hostname).partition("://")[2].partition("/")[0]
        if host not in allowed:
            return f"it would talk to {host or 'an unnamed host'}"
    return ""


def environment_of(mode: str, localnet: str | None, credentials: Credentials) -> str:
    """A name for what is kept between runs: tiers depend on the account, so nothing of one key serves another."""
    account = hashlib.sha256(credentials.api_key.encode()).hexdigest()[:8] if credentials.api_key else "public"
    return f"{mode}-{localnet or 'real'}-{account}"
