"""What each venue does in its own way, as data: one row per venue, every cell with its source.

Sources are named beside the cells: "docs" is the venue's public API manual, "ccxt" the source of ccxt 4.5.90,
"measured" what the real ccxt client put on the wire. Dates are when they were read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Final, Literal

from bot.exchange.envelope import ANYTHING, USUAL_KEYS, ErrorKeys, Expected, Shape
from bot.exchange.speech import Speech


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """The venue's own error codes, sorted by what they mean for the money.

    A write counts as refused only for a code in `refused`, or for words that begin with one of `refused_words` where a
    venue uses one code for everything; a code in no set leaves its outcome unknown.
    `clock_word` must be in the words of a code of `clock` where such codes have other meanings too.
    `permission` are those of `key` that say the key is good and may not do this.
    """

    success: frozenset[str]
    refused: frozenset[str]
    duplicate: frozenset[str]
    already_so: frozenset[str]
    not_executed: frozenset[str]
    clock: frozenset[str]
    key: frozenset[str]
    order_absent: frozenset[str]
    symbol_absent: frozenset[str]
    transient: frozenset[str]
    clock_word: str = ""
    refused_words: tuple[str, ...] = ()
    permission: frozenset[str] = frozenset()

    def blames_clock(self, code: str, words: str) -> bool:
        """Tell whether an error means that the time stamp of the request was not accepted."""
        return code in self.clock and self.clock_word in words.lower()

    def refuses(self, code: str, words: str) -> bool:
        """Tell whether an error proves that a request was turned away."""
        return code in self.refused or words.startswith(self.refused_words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """One venue. Hosts are compared exactly; paths are without host and query.

    `silence_codes` are codes under status 200 that ask for silence, and for how long where neither a header nor their
    words name the millisecond it ends. `error_keys` name where replies carry the venue's own error; `speech` is the
    table of the unified calls, None for a venue that is asked by its own paths. `sandbox` says which of ccxt's switches
    leads to `hosts_demo`; `hosts_testnet` are a second sandbox beside a demo, behind ccxt's other switch.
    Over `limit_window_ms` ccxt's own limiter adds up the weights of requests.
    `reads_only` marks a venue that was proved for reading: nothing that changes anything is ever sent to it, whatever
    the mode. `side_effects` are calls of ccxt's own that are kept from running.
    """

    id: str
    read_on: str
    hosts_live: frozenset[str]
    hosts_demo: frozenset[str]
    client_id_pattern: re.Pattern[str]
    quarantine_s: int
    recv_window_ms: int
    market_types: Mapping[str, tuple[str, ...]]
    codes: Codes
    reads_by_post: frozenset[str]
    writes_by_get: frozenset[str]
    expected: Mapping[str, Expected]
    silence_s: Mapping[int, int]
    limit_window_ms: int = 60_000
    silence_codes: Mapping[str, int] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    error_keys: ErrorKeys = USUAL_KEYS
    sandbox: Literal["none", "demo", "testnet"] = "none"
    hosts_testnet: frozenset[str] = frozenset()
    speech: Speech | None = None
    reads_only: bool = False
    side_effects: tuple[str, ...] = ()

    def in_sandbox(self, name: Literal["demo", "testnet"] | None) -> "Quirks | None":
        """The row for the sandbox of this name (None: the usual one); None where the venue has no such sandbox."""
        if name is None or name == self.sandbox:
            return self
        if name == "testnet" and self.hosts_testnet:
            return replace(self, sandbox="testnet", hosts_demo=self.hosts_testnet)
        return None

    @property
    def hosts(self) -> frozenset[str]:
        """Every host of the venue, in the real world and in its demo."""
        return self.hosts_live | self.hosts_demo

    def is_read(self, method: str, path: str) -> bool:
        """Tell whether a request cannot change anything at the venue; what is not listed as a read is a write."""
        if method == "GET":
            return path not in self.writes_by_get
        return path in self.reads_by_post


_OBJECT: Final = Shape.OBJECT
_LIST: Final = Shape.LIST

# docs, USD-M "Error Codes" and ccxt exceptions.linear: decided by validation or the matching engine, final.
_REFUSED: Final = frozenset({
    "-1100", "-1101", "-1102", "-1103", "-1104", "-1105", "-1106", "-1111", "-1112", "-1113", "-1114", "-1115",
    "-1116", "-1117", "-1118", "-1119", "-1120", "-1121", "-1128", "-1130", "-1136", "-2010", "-2011", "-2013",
    "-2018", "-2019", "-2021", "-2022", "-2024", "-2025", "-2026", "-2027", "-2028", "-4001", "-4002", "-4003",
    "-4004", "-4005", "-4006", "-4013", "-4014", "-4015", "-4023", "-4028", "-4029", "-4030", "-4044", "-4045",
    "-4047", "-4048", "-4050", "-4051", "-4055", "-4061", "-4067", "-4068", "-4087", "-4088", "-4118", "-4131",
    "-4140", "-4141", "-4161", "-4164", "-4168", "-4183", "-4184", "-4192", "-4202", "-4203", "-4205", "-4206",
    "-4208", "-4209", "-4400", "-4401", "-4402", "-4403", "-5002", "-5003", "-5007", "-5011", "-5013", "-5021",
    "-5022",
})  # fmt: skip

# docs, COIN-M futures, one page per endpoint; premiumIndex answers with a list even for one symbol. Read 2026-11-25.
_ORDER_KEYS: Final = ("orderId", "clientOrderId", "symbol", "status")
_COIN_M: Final = {
    "GET /dapi/v1/exchangeInfo": Expected(shape=_OBJECT, keys=("symbols",)),
    "GET /dapi/v1/premiumIndex": Expected(shape=_LIST, keys=("symbol", "markPrice", "indexPrice", "time")),
    "GET /dapi/v1/fundingInfo": Expected(shape=_LIST, keys=("symbol", "fundingIntervalHours")),
    "GET /dapi/v1/fundingRate": Expected(shape=_LIST, keys=("symbol", "fundingTime", "fundingRate")),
    "GET /dapi/v1/depth": Expected(shape=_OBJECT, keys=("bids", "asks", "T")),
    "GET /dapi/v1/klines": Expected(shape=_LIST),
    "GET /dapi/v1/account": Expected(shape=_OBJECT, keys=("assets", "positions")),
    "GET /dapi/v1/positionRisk": Expected(
        shape=_LIST, keys=("symbol", "positionAmt", "positionSide", "marginType", "leverage")
    ),
    "GET /dapi/v1/positionSide/dual": Expected(shape=_OBJECT, keys=("dualSidePosition",)),
    "GET /dapi/v2/leverageBracket": Expected(keys=("symbol", "brackets")),
    "GET /dapi/v1/openOrders": Expected(shape=_LIST, keys=("orderId", "clientOrderId", "symbol")),
    "GET /dapi/v1/order": Expected(shape=_OBJECT, keys=_ORDER_KEYS),
    "POST /dapi/v1/order": Expected(shape=_OBJECT, keys=_ORDER_KEYS),
    "DELETE /dapi/v1/order": Expected(shape=_OBJECT, keys=_ORDER_KEYS),
    "GET /dapi/v1/allOrders": Expected(shape=_LIST, keys=_ORDER_KEYS),
    "GET /dapi/v1/userTrades": Expected(shape=_LIST, keys=("id", "orderId", "symbol", "side")),
    "GET /dapi/v1/income": Expected(shape=_LIST, keys=("incomeType", "income", "asset", "time")),
    "GET /dapi/v1/forceOrders": Expected(shape=_LIST, keys=_ORDER_KEYS),
    "POST /dapi/v1/leverage": Expected(shape=_OBJECT, keys=("leverage", "symbol")),
    "POST /dapi/v1/marginType": Expected(shape=_OBJECT, keys=("code",)),
}

BINANCE: Final = Quirks(
    id="binance",
    read_on="2026-11-24",
    # ccxt async_support/binance.py urls.api and urls.demo; papi and eapi are not used and stay unreachable.
    hosts_live=frozenset({"api.binance.com", "fapi.binance.com", "dapi.binance.com"}),
    hosts_demo=frozenset({"demo-api.binance.com", "demo-fapi.binance.com", "demo-dapi.binance.com"}),
    sandbox="demo",  # ccxt enable_demo_trading; the demo has no /sapi: no transfers, no funding wallet
    client_id_pattern=re.compile(r"^[.A-Z:/a-z0-9_-]{1,36}$"),  # docs, USD-M "New Order", newClientOrderId
    quarantine_s=15,  # recvWindow 10 s, plus clock error and read lag: before that an absent order proves nothing
    recv_window_ms=10_000,  # ccxt option recvWindow
    market_types={
        "linear-perpetual": ("linear",),
        "linear-future": ("linear",),
        "inverse-perpetual": ("inverse",),
    },
    codes=Codes(
        success=frozenset({"0", "200"}),  # docs; ccxt binance.py handle_errors
        refused=_REFUSED,
        duplicate=frozenset({"-4115", "-4116"}),  # DUPLICATED_CLIENT_TRAN_ID, DUPLICATED_CLIENT_ORDER_ID
        already_so=frozenset({"-4046", "-4059"}),  # no need to change margin type / position side
        # docs: -1008 "request throttled by system-level protection", documented as a failed operation.
        not_executed=frozenset({"-1008"}),
        clock=frozenset({"-1021"}),  # timestamp outside recvWindow: refused before execution
        key=frozenset({"-1002", "-1005", "-1022", "-1099", "-1109", "-2014", "-2015", "-2017"}),
        order_absent=frozenset({"-2013"}),
        symbol_absent=frozenset({"-1121", "-1122"}),
        transient=frozenset({"-1000", "-1001", "-1006", "-1007", "-1008"}),
    ),
    reads_by_post=frozenset({"/sapi/v1/asset/get-funding-asset", "/sapi/v3/asset/getUserAsset"}),
    writes_by_get=frozenset(),
    # docs, one page per endpoint. Keys name what this adapter needs, of the object or of every row.
    expected={
        "GET /fapi/v1/time": Expected(shape=_OBJECT, keys=("serverTime",)),
        "GET /fapi/v1/exchangeInfo": Expected(shape=_OBJECT, keys=("symbols",)),
        "GET /fapi/v1/premiumIndex": Expected(keys=("symbol", "markPrice", "indexPrice", "time"), once_at="symbol"),
        "GET /fapi/v1/fundingInfo": Expected(shape=_LIST, keys=("symbol", "fundingIntervalHours")),
        "GET /fapi/v1/fundingRate": Expected(shape=_LIST, keys=("symbol", "fundingTime", "fundingRate")),
        "GET /fapi/v1/depth": Expected(shape=_OBJECT, keys=("bids", "asks", "T")),
        "GET /fapi/v1/klines": Expected(shape=_LIST),
        "GET /api/v3/klines": Expected(shape=_LIST),
        "GET /api/v3/ticker/bookTicker": Expected(keys=("symbol", "bidPrice", "askPrice"), once_at="symbol"),
        "GET /api/v3/account": Expected(shape=_OBJECT, keys=("balances", "accountType")),
        "POST /sapi/v1/asset/get-funding-asset": Expected(shape=_LIST, keys=("asset", "free")),
        "GET /sapi/v1/account/apiRestrictions": Expected(shape=_OBJECT, keys=("enableWithdrawals",)),
        "GET /sapi/v1/asset/transfer": Expected(shape=_OBJECT, keys=("total",)),
        "POST /sapi/v1/asset/transfer": Expected(shape=_OBJECT, keys=("tranId",)),
        "GET /fapi/v3/account": Expected(
            shape=_OBJECT, keys=("assets", "positions", "totalWalletBalance", "totalInitialMargin")
        ),
        "GET /fapi/v3/positionRisk": Expected(shape=_LIST, keys=("symbol", "positionAmt", "positionSide")),
        "GET /fapi/v1/symbolConfig": Expected(shape=_LIST, keys=("symbol", "marginType", "leverage")),
        "GET /fapi/v1/positionSide/dual": Expected(shape=_OBJECT, keys=("dualSidePosition",)),
        "GET /fapi/v1/leverageBracket": Expected(keys=("symbol", "brackets")),
        "GET /fapi/v1/openOrders": Expected(shape=_LIST, keys=("orderId", "clientOrderId", "symbol")),
        "GET /fapi/v1/order": Expected(shape=_OBJECT, keys=("orderId", "clientOrderId", "symbol", "status")),
        "POST /fapi/v1/order": Expected(shape=_OBJECT, keys=("orderId", "clientOrderId", "symbol", "status")),
        "DELETE /fapi/v1/order": Expected(shape=_OBJECT, keys=("orderId", "clientOrderId", "symbol", "status")),
        "GET /fapi/v1/allOrders": Expected(shape=_LIST, keys=_ORDER_KEYS),
        "GET /fapi/v1/userTrades": Expected(shape=_LIST, keys=("id", "orderId", "symbol", "side")),
        "GET /fapi/v1/income": Expected(shape=_LIST, keys=("incomeType", "income", "asset", "time")),
        "POST /fapi/v1/leverage": Expected(shape=_OBJECT, keys=("leverage", "symbol")),
        "POST /fapi/v1/marginType": Expected(shape=_OBJECT, keys=("code",)),
        **_COIN_M,
    },
    # docs, "Limits": 429 soft, 418 banned (2 min to 3 days), 403 web firewall; used where no deadline is given.
    silence_s={429: 30, 418: 120, 403: 600},
    options={
        "defaultType": "spot",  # with swap, ccxt resolves BTC/USDT to the perpetual (ccxt binance.py market)
        "fetchCurrencies": False,
        "fetchMargins": False,
        "warnOnFetchOpenOrdersWithoutSymbol": False,
        "fetchOpenOrders": {"warnWithoutSymbol": False},
        "recvWindow": 10_000,
    },
)

# Each module of `venues/` binds its row to the name QUIRKS; only the venue that is asked for is loaded.
_MODULES: Final = frozenset({
    "bybit", "bingx", "weex", "mexc", "okx", "gate", "bitget", "hyperliquid", "deribit", "krakenfutures",
})  # fmt: skip
KNOWN: Final = ("binance", *sorted(_MODULES))


def quirks_of(venue: str) -> Quirks | None:
    """The row of a venue, None for one that Ballast does not know."""
    if venue == "binance":
        return BINANCE
    if venue not in _MODULES:
        return None
    found = import_module(f"bot.exchange.venues.{venue}").QUIRKS
    if not isinstance(found, Quirks):
        raise TypeError(f"bot.exchange.venues.{venue} binds no row to the name QUIRKS")
    return found


def expected_reply(quirks: Quirks, method: str, path: str) -> Expected:
    """What a valid answer to this request looks like; an entry that ends in "*" stands for all paths that go on so."""
    line = f"{method} {path}"
    exact = quirks.expected.get(line)
    if exact is not None:
        return exact
    starts = (known for known in quirks.expected if known.endswith("*") and line.startswith(known[:-1]))
    return quirks.expected.get(next(starts, ""), ANYTHING)
