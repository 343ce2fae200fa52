"""The table of instruments: what ccxt loaded, checked, kept on disk for a day, given back to ccxt at the next start."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.domain.errors import Unavailable
from bot.domain.instrument import Instrument, MarketKind
from bot.exchange import strict, translate_unified
from bot.exchange.delivered import Delivered, ended
from bot.exchange.speech import Speech
from bot.exchange.store import Store, young
from bot.exchange.strict import Row, Unlisted, Unreadable

AGE_MAX = timedelta(hours=24)
AGE_MAX_IN_DOUBT = timedelta(minutes=10)
AGE_MAX_WITH_GAPS = timedelta(hours=1)
AGE_MAX_AFTER_DOUBT = timedelta(minutes=30)  # rules that were changed just now may be changed back
COUNT_MIN_OF_LAST_GOOD = 0.9
_KINDS = {
    ("swap", True): MarketKind.LINEAR_PERPETUAL,
    ("future", True): MarketKind.LINEAR_FUTURE,
    ("swap", False): MarketKind.INVERSE_PERPETUAL,
}
_FILTERS = frozenset({"PRICE_FILTER", "LOT_SIZE", "MIN_NOTIONAL", "NOTIONAL"})

Load = Callable[[], Awaitable[object]]


class Markets:
    """The markets of one venue; never replaced by a table that lost rows."""

    def __init__(self, venue: str, client: Any, store: Store, *, name: str, speech: Speech | None = None) -> None:
        self._venue = venue
        self._speech = speech
        self._client = client
        self._store = store
        self._name = name
        self._doubt = f"{name}_doubted"
        self._rows: dict[str, Row] = {}
        self._delivered = Delivered(store, name)
        self._symbols: dict[str, str] = {}
        self._spot: frozenset[str] = frozenset()
        self._loaded_at: datetime | None = None
        self._age_max = AGE_MAX
        self._doubted = False
        self._used: set[str] = set()
        self._lacking: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self._rows)

    def stale(self, now: datetime) -> bool:
        """Whether the table is missing or older than a day, half an hour where it was read because of a doubt."""
        return self._loaded_at is None or not young(self._loaded_at, now, self._age_max)

    def doubt(self, now: datetime, age_max: timedelta = AGE_MAX_IN_DOUBT) -> None:
        """Have the table read anew at the next call, here and in the next process, unless it has just been read."""
        if self._loaded_at is not None and not young(self._loaded_at, now, age_max):
            self._loaded_at, self._doubted = None, True
            self._store.drop(self._name)
            self._store.save(self._doubt, {}, now=now)

    async def ensure(self, load: Load, *, now: datetime, bases: frozenset[str] = frozenset()) -> None:
        """Have a table not older than a day: from memory, else from the cache, else from the venue.

        A table that lacks one of `bases` is kept for ten minutes, as a list may have come with a hole in it, and for an
        hour where the one before lacked it, too; one in which a market of theirs is closed, though its time has not
        come, for ten minutes, as a halt may be over.
        Raises: Unavailable when there is none and the venue's answer is no good; an older table is kept then.
        """
        if not self._rows:
            self._delivered.recall(now)
            self._restore(now)
        missing = self._missing(bases)
        if any(row["base"] in bases and _closed_early(row, now) for row in self._rows.values()):
            self.doubt(now)
        elif missing:
            self.doubt(now, AGE_MAX_WITH_GAPS if missing <= self._lacking else AGE_MAX_IN_DOUBT)
        if not self.stale(now):
            return
        try:
            found = self._listed(await load())
            self._check(found, now)
        except Unavailable as problem:
            if not self._rows:
                raise
            self._store.notes.append(f"the market table is older than a day and stays: {problem}")
            self._loaded_at = now - self._age_max + timedelta(minutes=10)  # asked again soon, not at every call
            return
        found += self._vanished(found, now)
        self._delivered.learn([*self._rows.values(), *found], now)
        doubted = self._doubted or self._store.load(self._doubt, now=now, age_max=AGE_MAX) is not None
        before = missing if self._rows else frozenset()
        self._take(found, now)
        self._lacking = self._missing(self._lacking | before)
        self._age_max, self._doubted = AGE_MAX_AFTER_DOUBT if doubted else AGE_MAX, False
        kept_s = int(self._age_max.total_seconds())
        document = {
            "at": now.isoformat(), "age_max_s": kept_s, "lacking": sorted(self._lacking), "markets": found,
        }  # fmt: skip
        self._store.save(self._name, document, now=now)
        self._store.drop(self._doubt)

    def _missing(self, bases: frozenset[str]) -> frozenset[str]:
        return bases - {str(row["base"]) for row in self._rows.values()}

    def _listed(self, reply: object) -> list[dict[str, Any]]:
        try:
            listed = strict.rows(reply)
            return _trimmed(listed) if self._speech is None else unified_table(listed)
        except (Unreadable, AttributeError, TypeError) as problem:
            raise Unavailable(
                f"{self._venue}: the market table cannot be read ({type(problem).__name__}). Nothing was changed; "
                "the next cycle asks again."
            ) from None

    def _vanished(self, found: Sequence[Row], now: datetime) -> list[dict[str, Any]]:
        """Markets in use that a new table lost: a short there must stay in sight, and nothing is opened in them."""
        listed, used = {str(item["symbol"]) for item in found}, self._used
        self._used = set()
        lost = [self._rows[name] for name in sorted(used - listed) if name in self._rows]
        kept = [item for item in lost if not ended(item, now)]
        for item in kept:
            self._store.notes.append(f"{item['symbol']} is gone from the table of markets; it counts as closed")
        return [{**item, "active": False} for item in kept]

    def _row(self, symbol: str) -> Row | None:
        """A market that is listed, or was until its delivery."""
        return self._rows.get(symbol) or self._delivered.rows.get(symbol)

    def symbol(self, market_id: str) -> str:
        """The unified symbol of a venue's market id; an id nobody knows stands for itself, so it is still seen."""
        found = self._symbols.get(market_id, market_id)
        self._used.add(found)
        return found

    def market_id(self, symbol: str) -> str:
        """The venue's own name of a market. Raises: Unlisted when the table has no such symbol."""
        return str(self._market(symbol)["id"])

    def _market(self, symbol: str) -> Row:
        self._used.add(symbol)
        found = self._row(symbol)
        if found is None:
            raise Unlisted(
                f"{self._venue} lists no market {symbol}. Nothing was sent. Check the asset and the kind of market in "
                "the configuration; it may also have been delisted."
            )
        return found

    def size(self, market_id: str) -> Decimal:
        """How much face value one contract of an inverse market is; one where the venue counts in coins."""
        found = self._row(self.symbol(market_id))
        if found is None or _kind(found) is not MarketKind.INVERSE_PERPETUAL:
            return Decimal(1)
        return strict.positive(found, "contractSize").normalize()

    def kind(self, symbol: str) -> MarketKind | None:
        """Which kind a market is, None for one the table does not know."""
        found = self._rows.get(symbol)
        return None if found is None else _kind(found)

    def instruments(self, kind: MarketKind, bases: Iterable[str]) -> tuple[Instrument, ...]:
        """The instruments of one kind whose base is wanted. Raises: Unavailable when a row cannot be read."""
        wanted = frozenset(bases)
        found = (row for row in self._rows.values() if row["base"] in wanted and _kind(row) is kind)
        try:
            return tuple(self._instrument(row) for row in found)
        except Unreadable as problem:
            raise Unavailable(
                f"{self._venue}: the market table cannot be trusted ({problem}). Nothing was changed; "
                "the next cycle asks again."
            ) from None

    def lists(self, symbol: str) -> bool:
        """Whether the venue has such a market, spot or futures."""
        return symbol in self._rows or symbol in self._spot

    def any_symbol(self, *, inverse: bool = False) -> str:
        """Some futures symbol, for questions about the whole account that must name one."""
        found = (
            symbol
            for symbol, row in self._rows.items()
            if bool(row.get("linear")) is not inverse and row.get("active") is not False
        )
        return next(found, "")

    def fits(self, symbol: str, amount: Decimal) -> bool:
        """Whether an order of an amount could be sent by these rules; what cannot be told counts as such."""
        row = self._rows.get(symbol)
        if row is None:
            return True
        try:
            rules = self._instrument(row)
        except Unreadable:
            return True
        return abs(amount) >= rules.amount_min and (rules.amount_step <= 0 or amount % rules.amount_step == 0)

    def coins(self) -> frozenset[str]:
        """Every coin that inverse contracts are settled in."""
        return frozenset(str(row["settle"]) for row in self._rows.values() if not row.get("linear"))

    def inverse(self, symbol: str) -> bool:
        """Whether a futures symbol settles in its coin."""
        row = self._row(symbol)
        return row is not None and not row.get("linear")

    def unit(self, symbol: str) -> Decimal:
        """How much one unit of the venue's counting is, as an amount. Raises: Unavailable for an unknown symbol."""
        row = self._market(symbol)
        if self._speech is None:
            return Decimal(1)
        try:
            return translate_unified.unit_of(self._speech, row)
        except Unreadable as problem:
            raise Unavailable(f"{self._venue}: {symbol} cannot be counted ({problem}). Nothing was changed.") from None

    def told(self, symbol: str) -> Row:
        """What the venue itself wrote of a futures market. Raises: Unavailable for an unknown symbol."""
        return strict.row(self._market(symbol).get("info"))

    def _instrument(self, row: Row) -> Instrument:
        if self._speech is None:
            return instrument(self._venue, row)
        return translate_unified.instrument(self._venue, row, self._speech)

    def _restore(self, now: datetime) -> bool:
        document = self._store.load(self._name, now=now, age_max=AGE_MAX)
        if document is None:
            return False
        try:
            source = strict.row(document)
            found = [dict(strict.row(item)) for item in strict.rows(source["markets"])]
            self._check(found, now)
            self._take(found, datetime.fromisoformat(strict.text(source, "at")))
            self._age_max = min(AGE_MAX, timedelta(seconds=int(str(source.get("age_max_s", 86_400)))))
            lacking = source.get("lacking")
            self._lacking = frozenset(map(str, lacking)) if isinstance(lacking, list) else frozenset()
            self._used |= {name for name, row in self._rows.items() if row.get("active") is False}
        except Exception as problem:  # a damaged cache must never stop a start
            self._store.notes.append(
                f"the cached market table is ignored ({type(problem).__name__}); it is asked for again"
            )
            self._rows, self._symbols = {}, {}
            return False
        return True

    def _check(self, found: Sequence[Row], now: datetime) -> None:
        count = sum(1 for item in found if item.get("contract"))
        known = sum(1 for item in self._rows.values() if not ended(item, now))  # delivered contracts are gone for good
        if count == 0 or count < COUNT_MIN_OF_LAST_GOOD * known:
            raise Unavailable(
                f"{self._venue} answered with {count} markets where {known or 'some'} were known. "
                "That cannot be right, so nothing was changed; the next cycle asks again."
            )
        if any(not isinstance(item.get("id"), str) or not isinstance(item.get("symbol"), str) for item in found):
            raise Unavailable(f"{self._venue} answered with a market without a name; the next cycle asks again.")

    def _take(self, found: Sequence[Row], at: datetime) -> None:
        if self._speech is not None:
            # unified calls look markets up in ccxt's own table
            listed = {str(item["symbol"]) for item in found}
            delivered = [item for name, item in self._delivered.rows.items() if name not in listed]
            self._client.set_markets([dict(item) for item in (*found, *delivered)])
        futures = [item for item in found if item.get("contract")]
        self._rows = {str(item["symbol"]): item for item in futures}
        self._symbols = {str(item["id"]): str(item["symbol"]) for item in (*self._delivered.rows.values(), *futures)}
        self._spot = frozenset(str(item["symbol"]) for item in found if not item.get("contract"))
        self._loaded_at = at


def _trimmed(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Keep of every row what ccxt and we read; Binance repeats its order types and rate rules six hundred times."""
    found = []
    for row in rows:
        if not row.get("contract"):
            continue
        info = row.get("info")
        raw = info if isinstance(info, Mapping) else {}
        filters = raw.get("filters")
        kept = [item for item in filters if item.get("filterType") in _FILTERS] if isinstance(filters, list) else []
        slim = {key: value for key, value in row.items() if value is not None}
        found.append({**slim, "info": {"symbol": raw.get("symbol"), "status": raw.get("status"), "filters": kept}})
    return found


def unified_table(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Keep the markets Ballast could use: futures with what the venue wrote of them, spot with their names only."""
    found = []
    for row in rows:
        futures = translate_unified.kind_of(row) is not None
        if not futures and not row.get("spot"):
            continue
        slim = {key: value for key, value in row.items() if value is not None}
        found.append(slim if futures else {**slim, "info": {}})
    return found


def _closed_early(row: Row, now: datetime) -> bool:
    return row.get("active") is False and not ended(row, now)


def _kind(row: Row) -> MarketKind | None:
    return _KINDS.get((str(row.get("type")), bool(row.get("linear"))))


def instrument(venue: str, row: Row) -> Instrument:
    """One ccxt market as an instrument; steps and minimums from the venue's own text where it is there.

    Raises: Unreadable.
    """
    kind = _kind(row)
    if kind is None:
        raise Unreadable(f"{row.get('symbol')} is of an unknown kind")
    filters = _filters(row)
    lot, tick = filters.get("LOT_SIZE"), filters.get("PRICE_FILTER")
    floor = filters.get("MIN_NOTIONAL") or filters.get("NOTIONAL")
    inverse = kind is MarketKind.INVERSE_PERPETUAL
    if lot is None or tick is None or (floor is None and not inverse):
        raise Unreadable(f"{row.get('symbol')} comes without its filters")
    contract_size = strict.positive(row, "contractSize").normalize()
    # inverse markets are traded in contracts of a fixed face value, which is also the smallest order
    lots = contract_size if inverse else Decimal(1)
    amount_min = strict.positive(lot, "minQty") * lots
    return Instrument(
        venue=venue,
        symbol=strict.text(row, "symbol"),
        kind=kind,
        base=strict.text(row, "base"),
        quote=strict.text(row, "quote"),
        settle=strict.text(row, "settle"),
        contract_size=contract_size,
        amount_step=strict.positive(lot, "stepSize") * lots,
        amount_min=amount_min,
        amount_max=strict.positive(lot, "maxQty") * lots,
        price_tick=strict.positive(tick, "tickSize"),
        notional_min=amount_min if floor is None else _notional_min(floor),
        expires_at=strict.moment_or_none(row, "expiry"),
        active=row.get("active") is True,
    )


def _notional_min(floor: Row) -> Decimal:
    return strict.not_negative(floor, "notional" if "notional" in floor else "minNotional")


def _filters(row: Row) -> dict[str, Row]:
    info = strict.row(row.get("info"))
    return {strict.text(item, "filterType"): item for item in strict.rows(info.get("filters"))}
