"""Logs on standard error: events with facts, one line per cycle for people, and no secret anywhere."""

import importlib
import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from datetime import datetime
from decimal import Decimal
from types import ModuleType
from typing import Any
from urllib.parse import quote

from bot.domain.figures import counted_in, effective_leverage, held_ratio, nearest_liquidation, wanted_ratio
from bot.domain.intent import LeverageIntent, MarginModeIntent, OrderIntent, TransferIntent
from bot.domain.published import plain
from bot.domain.record import CycleRecord

WIDTH = 160
HIDDEN = "[hidden]"
LEVELS = ("debug", "info", "warning", "error")
_SECRET_NAME = re.compile(
    r"secret|passphrase|password|signature|api_?key|apikey|authorization|x-mbx-apikey|token$", re.I
)
_SECRET_IN_TEXT = re.compile(
    r"(?P<name>\b(?:signature|sign|api_?key|api_?secret|apikey|secret|passphrase|x-mbx-apikey|x-bapi-(?:api-key|sign)"
    r"|ok-access-(?:key|sign|passphrase)|access-(?:key|sign|passphrase))\b[\"']?\s*[=:]\s*[\"']?)(?P<value>[^\s\"'&,;)}\]]+)",
    re.IGNORECASE,
)
Event = MutableMapping[str, Any]


class Redactor:
    """The last processor before rendering: hides the loaded secrets wherever they stand and what looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spelled = {form for secret in secrets if len(secret) >= 4 for form in (secret, quote(secret, safe=""))}
        known = sorted(spelled, key=len, reverse=True)
        self._known = re.compile("|".join(re.escape(secret) for secret in known)) if known else None

    def __call__(self, _logger: Any, _method: str, event: Event) -> Event:
        """Return the event without secrets."""
        return {self.text(str(key)): self._value(str(key), value) for key, value in event.items()}

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        if self._known:
            text = self._known.sub(HIDDEN, text)
        return _SECRET_IN_TEXT.sub(rf"\g<name>{HIDDEN}", text)

    def _value(self, key: str, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {self.text(str(name)): self._value(str(name), item) for name, item in value.items()}
        if _SECRET_NAME.search(key):
            return HIDDEN
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value("", item) for item in value]
        if isinstance(value, BaseException):
            return self.text(_chain(value))
        return self.text(value if isinstance(value, str) else str(value))


def _chain(error: BaseException) -> str:
    """An exception with its causes, in words only: `repr` of a foreign exception may hold anything."""
    parts: list[str] = []
    seen: set[int] = set()
    step: BaseException | None = error
    while step is not None and id(step) not in seen:
        seen.add(id(step))
        parts.append(f"{type(step).__name__}: {step}")
        step = step.__cause__ or step.__context__
    return " <- ".join(parts)


_redactor = Redactor()


def redacted(text: str) -> str:
    """A text for people with the loaded secrets taken out."""
    return _redactor.text(text)


_chosen = ("info", "console")
_applied: tuple[str, str] | None = None


def configure_logs(*, level: str = "info", form: str = "console", secrets: Iterable[str] = ()) -> None:
    """Send logs to standard error from `level` on, as lines or as JSON; call it again when secrets are loaded."""
    global _redactor, _chosen, _applied  # noqa: PLW0603 - one process has one set of secrets and every printer knows it
    _redactor = Redactor(secrets)
    _chosen, _applied = (level, form), None
    if "structlog" in sys.modules:  # loggers that were handed out follow at once
        _apply()


def logger() -> Any:
    """A logger that hides secrets and local variables, also before `configure_logs` was called."""
    if _applied is None:
        _apply()
    return _structlog().get_logger()


def _apply() -> None:
    global _applied  # noqa: PLW0603 - structlog is configured once per process
    level, form = _chosen
    structlog = _structlog()
    from structlog.tracebacks import ExceptionDictTransformer  # noqa: PLC0415 - comes with structlog

    renderer: Callable[[Any, str, Event], str | bytes]
    renderer = structlog.processors.JSONRenderer(default=str) if form == "json" else _line
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False, max_frames=20)),
            _hide,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _applied = _chosen


def _hide(source: Any, method: str, event: Event) -> Event:
    """The redactor of this moment, so that no logger keeps an older one."""
    return _redactor(source, method, event)


def _structlog() -> ModuleType:
    # Loaded with the first line that is logged: a command that logs nothing starts some 15 ms earlier. Without rich,
    # which structlog loads for tracebacks that are never printed here, it takes 40 ms less.
    if "structlog" in sys.modules:
        return sys.modules["structlog"]
    absent = "rich" not in sys.modules
    if absent:
        sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("structlog")
    finally:
        if absent:
            del sys.modules["rich"]


def _line(_logger: Any, _method: str, event: Event) -> str:
    """One event as one line for people: time, level, event, facts."""
    facts = dict(event)
    at, level, name = facts.pop("timestamp", ""), facts.pop("level", ""), facts.pop("event", "")
    trace = facts.pop("exception", None)
    words = " ".join(f"{key}={_fact(value)}" for key, value in facts.items())
    ending = f" error={_fact(_summary(trace))}" if trace else ""
    return f"{str(at)[:19]}Z {level:<7} {name} {words}{ending}".rstrip()


def _fact(value: object) -> str:
    text = str(value).replace("\n", " | ")
    return f'"{text}"' if " " in text else text


def _summary(trace: object) -> str:
    """The innermost words of a rendered exception with the place it came from."""
    if not isinstance(trace, list) or not trace or not isinstance(trace[0], dict):
        return str(trace)
    first = trace[0]
    frames = first.get("frames") or [{}]
    place = f"{frames[-1].get('filename', '?')}:{frames[-1].get('lineno', '?')}"
    return f"{first.get('exc_type')}: {first.get('exc_value')} at {place}"


def cycle_line(record: CycleRecord, next_at: datetime | None = None) -> str:
    """One line per cycle for people: what it saw, wants, holds and did, why, and when it looks again."""
    parts = [f"{record.at:%m-%d %H:%M:%S} {record.status.value:<8}"]
    parts += [part for part in (_prices(record), _hedge(record), _edge(record)) if part]
    ending = f" | next {next_at:%H:%M:%S}" if next_at else ""
    line = " | ".join([*parts, _action(record)])
    room = WIDTH - len(ending)
    return redacted((line if len(line) <= room else line[: room - 1] + "…") + ending)


def _prices(record: CycleRecord) -> str:
    prices = record.snapshot.prices if record.snapshot else {}
    rows = sorted(record.exposures, key=lambda row: -row.notional)
    shown = [
        f"{row.asset} {_short(row.amount)} @ {_short(prices[row.asset].price)}" for row in rows if row.asset in prices
    ]
    return ", ".join(shown[:3]) + (f" +{len(shown) - 3}" if len(shown) > 3 else "")


def _hedge(record: CycleRecord) -> str:
    held, wanted = held_ratio(record), wanted_ratio(record)
    if held is None or wanted is None:
        return ""
    return f"hedged {held:.1%} of {wanted:.1%} wanted"


def _edge(record: CycleRecord) -> str:
    leverage, distance = effective_leverage(record), nearest_liquidation(record)
    words = [
        f"leverage {leverage:.2f}x" if leverage is not None else "",
        f"liq {distance:.0%} away" if distance is not None else "",
    ]
    return " ".join(word for word in words if word)


def _action(record: CycleRecord) -> str:
    """What was done and the first reason; what was not done and why."""
    done = [_deed(intent) for intent in record.intents]
    reasons = [reason for intent in record.intents for reason in intent.reasons]
    reasons += [f"refused by {row.guard}: {row.reason}" for row in record.refusals]
    if not reasons:
        reasons = [*record.notes]
        reasons += [reason for target in record.targets for reason in target.reasons[-1:]]
        reasons += [reason for need in record.needs for reason in need.reasons[-1:]]
    deeds = ", ".join(done[:2]) + (f" +{len(done) - 2}" if len(done) > 2 else "")
    return ": ".join(part for part in (deeds or "nothing to do", reasons[0] if reasons else "") if part)


def _deed(intent: OrderIntent | LeverageIntent | MarginModeIntent | TransferIntent) -> str:
    if isinstance(intent, OrderIntent):
        return f"{intent.side.value} {_short(intent.amount)} {counted_in(intent.symbol)}"
    if isinstance(intent, TransferIntent):
        return f"move {_short(intent.amount)} {intent.currency} to {intent.target.value}"
    if isinstance(intent, LeverageIntent):
        return f"leverage {intent.leverage}x {intent.symbol.partition('/')[0]}"
    return f"{intent.margin_mode.value} margin {intent.symbol.partition('/')[0]}"


def _short(value: Decimal) -> str:
    """Enough digits for a person."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return plain(Decimal(f"{value:.5g}"))
