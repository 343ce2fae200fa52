"""What each venue can and cannot do for Ballast, read off the adapter's tables; `ballast check --venue` prints it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.exchange.families import USD_M
from bot.exchange.quirks import KNOWN, Quirks, quirks_of
from bot.exchange.speech import Speech
from bot.settings.venues import OFFERS
from bot.sim.wire.codecs import SPOKEN

NOT_TOLD = "not told"
NOTHING = "nothing is sent there"
ONLY_READ = "Read for `check`, `plan` and dry runs, and nothing else:"
BEGIN, END = "<!-- printed by `make docs` -->", "<!-- to here -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """One thing a venue does or does not. `source` is where the table has it from, `proof` how it was tried."""

    name: str
    answer: str
    source: str
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """`case` of the acceptance matrix proves the answer on the local testnet; empty where none does.

    `sends` marks what only matters where something is sent, `market` what a dry run reads of everybody's market.
    """

    name: str
    answer: Callable[[Quirks], str]
    source: Callable[[Quirks], str]
    case: str = ""
    sends: bool = False
    market: bool = False


def abilities(venue: str) -> tuple[Ability, ...]:
    """Everything that is known of one venue. Raises: KeyError for a venue Ballast does not know."""
    quirks = quirks_of(venue)
    if quirks is None:
        raise KeyError(venue)
    return tuple(_ability(quirks, question) for question in QUESTIONS)


def _ability(quirks: Quirks, question: _Question) -> Ability:
    if quirks.reads_only and question.sends:
        return Ability(name=question.name, answer=NOTHING, source="reads_only", proof="stopped before it leaves")
    return Ability(
        name=question.name,
        answer=question.answer(quirks),
        source=question.source(quirks),
        proof=_proof(quirks, question),
    )


def cases() -> dict[str, str]:
    """Which case of the acceptance matrix stands behind which ability."""
    return {question.name: question.case for question in QUESTIONS if question.case}


def table(venues: Iterable[str] = KNOWN) -> str:
    """Venues against abilities, as Markdown."""
    rows = {venue: abilities(venue) for venue in venues}
    head = f"| | {' | '.join(rows)} |\n|---|{'---|' * len(rows)}\n"
    lines = (
        f"| {question.name} | {' | '.join(found[place].answer for found in rows.values())} |"
        for place, question in enumerate(QUESTIONS)
    )
    return head + "\n".join(lines) + "\n"


def refreshed(page: str) -> str:
    """The page of the docs with the table as the code has it now, between the two marks."""
    before, _, rest = page.partition(BEGIN)
    read = [venue for venue in KNOWN if OFFERS[venue].reads_only]
    both = f"{table(venue for venue in KNOWN if venue not in read)}\n{ONLY_READ}\n\n{table(read)}"
    return f"{before}{BEGIN}\n\n{both}\n{END}{rest.partition(END)[2]}"


def _proof(quirks: Quirks, question: _Question) -> str:
    if quirks.reads_only and question.market:
        return "read right from replies of its manual"
    if quirks.id not in SPOKEN or not question.case:
        return "unverified"
    return f"proved on the local testnet ({question.case})"


def _use(quirks: Quirks) -> str:
    return "check, plan and dry run" if quirks.reads_only else "every mode it has"


def _kinds(quirks: Quirks) -> str:
    return ", ".join(sorted(kind.value for kind in OFFERS[quirks.id].kinds))


def _margin_modes(quirks: Quirks) -> str:
    speech = quirks.speech
    modes = sorted(mode.value for mode in set(speech.leverage.modes.values())) if speech else ["cross", "isolated"]
    return " or ".join(modes) + (" (of the whole account)" if quirks.id == "bybit" else "")


def _sandbox(quirks: Quirks) -> str:
    usual = {"demo": "demo trading", "testnet": "testnet", "none": "none"}[quirks.sandbox]
    return f"{usual} or testnet" if quirks.hosts_testnet else usual


def _sandbox_from(quirks: Quirks) -> str:
    return ", ".join(sorted(quirks.hosts_demo | quirks.hosts_testnet)) or "ccxt urls.test and the manual"


def _transfers(quirks: Quirks) -> str:
    speech = quirks.speech
    if speech is not None and speech.one_wallet:
        return "not needed: one wallet"
    return "yes" if OFFERS[quirks.id].transfers else "no: move it by hand"


def _tiers(quirks: Quirks) -> str:
    speech = quirks.speech
    if speech is None or speech.brackets is not None or speech.tiers is not None:
        return "the venue's own"
    rate, leverage = speech.tier
    return f"{NOT_TOLD}: {rate * 100:.0f} % up to {leverage:.0f}x is assumed"


def _tiers_from(speech: Speech) -> str:
    if speech.brackets is not None:
        return speech.brackets.call
    return "the list of contracts" if speech.tiers is not None else "bot/exchange/venues: tier"


def _by_client_id(speech: Speech) -> str:
    return ", then ".join(row.call for row in speech.orders.look_up)


def _through(speech_of: Callable[[Speech], str], binance: str) -> Callable[[Quirks], str]:
    """Answer from the table of the unified calls, or for Binance, which is asked by its own paths."""
    return lambda quirks: binance if quirks.speech is None else speech_of(quirks.speech)


QUESTIONS: tuple[_Question, ...] = (
    _Question(name="what it may be used for", answer=_use, source=lambda _: "bot/settings/venues", market=True),
    _Question(
        name="futures that carry the short",
        answer=_kinds,
        source=_through(lambda _: "fetch_markets", "/fapi/v1/exchangeInfo, /dapi/v1/exchangeInfo"),
        case="E01",
        market=True,
    ),
    _Question(
        name="margin mode",
        answer=_margin_modes,
        source=_through(lambda speech: speech.leverage.mode.call, USD_M.settings or ""),
        case="E25",
        sends=True,
    ),
    _Question(
        name="position mode",
        answer=lambda _: "one-way; hedge mode is refused",
        source=_through(
            lambda speech: speech.position_mode.call if speech.position_mode else NOT_TOLD, USD_M.position_mode
        ),
        case="E13",
    ),
    _Question(
        name="sandbox",
        answer=_sandbox,
        source=_sandbox_from,
    ),
    _Question(
        name="keys have a third part",
        answer=lambda quirks: "yes: a passphrase" if OFFERS[quirks.id].passphrase else "no",
        source=lambda _: "ccxt requiredCredentials",
        case="E01",
    ),
    _Question(
        name="rights of the key",
        answer=_through(lambda speech: "told" if speech.rights else NOT_TOLD, "told"),
        source=_through(
            lambda speech: speech.rights[0] if speech.rights else "no such call", "/sapi/v1/account/apiRestrictions"
        ),
    ),
    _Question(
        name="orders are counted in",
        answer=_through(lambda speech: speech.counts.value, "coins (coin-margined: contracts)"),
        source=_through(lambda _: "market table", "market table"),
        case="E07",
        market=True,
    ),
    _Question(
        name="an order is found by our own id",
        answer=lambda _: "yes",
        source=_through(_by_client_id, USD_M.order),
        case="E09",
        sends=True,
    ),
    _Question(
        name="one id, one order",
        answer=lambda quirks: (
            "a second is refused" if quirks.codes.duplicate else "not promised: looked up, never sent again"
        ),
        source=lambda quirks: (
            "error " + ", ".join(sorted(quirks.codes.duplicate)) if quirks.codes.duplicate else "no code"
        ),
        case="E11",
        sends=True,
    ),
    _Question(
        name="an absent order proves nothing for",
        answer=lambda quirks: f"{quirks.quarantine_s} s",
        source=lambda _: "the manual on receive windows and delays",
        case="E10",
        sends=True,
    ),
    _Question(
        name="a closing order cannot open",
        answer=lambda _: "reduce-only or the venue's own word",
        source=_through(lambda speech: f"closing: {dict(speech.orders.closing)}", "reduceOnly"),
        case="E05",
        sends=True,
    ),
    _Question(
        name="spot to margin transfers",
        answer=_transfers,
        source=_through(lambda speech: "transfer" if speech.movement else "no call", "/sapi/v1/asset/transfer"),
        case="E23",
        sends=True,
    ),
    _Question(
        name="maintenance tiers",
        answer=_tiers,
        source=_through(_tiers_from, USD_M.brackets),
        case="E24",
    ),
    _Question(
        name="mark and index price",
        answer=lambda _: "told",
        source=_through(lambda speech: speech.marks.call, USD_M.premium),
        case="E01",
        market=True,
    ),
    _Question(
        name="funding interval",
        answer=_through(
            lambda speech: "told" if "interval" in speech.funding.paths else "read off what was paid", "told"
        ),
        source=_through(lambda speech: speech.funding.call, USD_M.funding_intervals),
        case="E22",
        market=True,
    ),
    _Question(
        name="funding that was paid",
        answer=_through(lambda speech: "told" if speech.income else NOT_TOLD, "told"),
        source=_through(lambda speech: speech.income.call if speech.income else "no call", USD_M.income),
        case="E22",
    ),
)
