"""Validation errors as sentences that name the key, the value and the way out; secrets are never among the values."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from bot.domain.errors import ConfigurationError
from bot.settings import adjustments, model, rules, running

Location = tuple[int | str, ...]

TABLES: dict[tuple[str, ...], tuple[type[BaseModel], ...]] = {
    (): (model.Settings,),
    ("portfolio",): (model.Portfolio,),
    ("holdings",): (model.Holding,),
    ("venues",): (model.Venue,),
    ("policy",): (rules.Policy,),
    ("policy", "size"): (rules.StaticRatio, rules.Allocation, rules.MinimumVariance),
    ("policy", "adjust"): (adjustments.Volatility, adjustments.Funding, adjustments.Conviction),
    ("policy", "place"): (rules.Direct, rules.ProxyBeta),
    ("policy", "pace"): (rules.Pace,),
    ("risk",): (model.Risk,),
    ("dry_run",): (model.DryRun,),
    ("schedule",): (running.Schedule,),
    ("journal",): (running.Journal,),
    ("watch",): (running.Watch,),
    ("network",): (running.Network,),
}
LISTS = (("holdings",), ("venues",), ("policy", "adjust"))
SECRETIVE = re.compile(r"key|secret|pass|token|alert|auth|sign|credential", re.IGNORECASE)


def configuration_error(problems: Sequence[str]) -> ConfigurationError:
    """All problems in one message, one per line."""
    if len(problems) == 1:
        end = "" if problems[0].endswith("?") else "."
        return ConfigurationError(f"{problems[0]}{end} Nothing was touched.")
    listed = "\n".join(f"  - {problem}" for problem in problems)
    return ConfigurationError(f"{len(problems)} settings cannot be used; nothing was touched:\n{listed}")


def sentences(error: ValidationError, raw: Mapping[str, Any]) -> list[str]:
    """One sentence per problem. `raw` is what was validated; it names the entries of lists."""
    return [_sentence(row, raw) for row in error.errors(include_url=False)]


def _sentence(row: Mapping[str, Any], raw: Mapping[str, Any]) -> str:
    path, entry, key = _place(row["loc"])
    kind, context = row["type"], row.get("ctx", {})
    where = _heading(path, entry, raw)
    if kind == "extra_forbidden":
        return f"{where}{key} is not a setting{_hint(path, key, row['loc'])}"
    if kind == "missing":
        return f"{where}{key} is missing"
    complaint = _complaint(kind, context, row["msg"])
    if not key:
        return f"{where}{complaint}"
    return f"{where}{key} {complaint}{_shown(key, row)}"


def _place(loc: Location) -> tuple[tuple[str, ...], int | None, str]:
    """Split a location of pydantic into table, entry of a list of tables, and key."""
    names = [part for part in loc if not isinstance(part, int)]
    names = [
        name for place, name in enumerate(names) if not (place == 2 and names[1] in rules.AVAILABLE and _tag(name))
    ]
    depth = max(size for size in range(3) if tuple(names[:size]) in TABLES)
    path = tuple(names[:depth])
    entry = next((part for part in loc if isinstance(part, int)), None) if path in LISTS else None
    if path in LISTS and entry is None:
        return path, None, ""
    return path, entry, ".".join(names[depth:])


def _tag(name: str) -> bool:
    return any(name in names for names in rules.AVAILABLE.values())


def _heading(path: tuple[str, ...], entry: int | None, raw: Mapping[str, Any]) -> str:
    if not path:
        return ""
    name = ".".join(path)
    if path not in LISTS:
        return f"[{name}] "
    if entry is None:
        return f"[[{name}]] "
    return f"[[{name}]] no. {entry + 1}{_title(path, entry, raw)}: "


def _title(path: tuple[str, ...], entry: int, raw: Mapping[str, Any]) -> str:
    rows: Any = raw
    for part in path:
        rows = rows.get(part) if isinstance(rows, Mapping) else None
    row = rows[entry] if isinstance(rows, list | tuple) and entry < len(rows) else None
    if not isinstance(row, Mapping):
        return ""
    title = row.get("id") or row.get("label") or row.get("asset") or row.get("rule")
    return f" ({title})" if isinstance(title, str) else ""


def _hint(path: tuple[str, ...], key: str, loc: Location) -> str:
    here = sorted({name for table in _tables(path, loc) for name in table.model_fields})
    near = get_close_matches(key, here, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}?"
    elsewhere = [
        ".".join(other) for other, tables in TABLES.items() if other and any(key in t.model_fields for t in tables)
    ]
    if elsewhere:
        return f" here; it belongs to [{elsewhere[0]}]"
    if key in TABLES[()][0].model_fields:
        return " here; it stands at the top of the file, before the first table"
    close = get_close_matches(key, list(_every_key()), n=1, cutoff=0.75)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; the settings here are {', '.join(here)}"


def _tables(path: tuple[str, ...], loc: Location) -> tuple[type[BaseModel], ...]:
    tagged = tuple(table for table in TABLES[path] if _rule_name(table) in loc)
    return tagged or TABLES[path]


def _rule_name(table: type[BaseModel]) -> str | None:
    field = table.model_fields.get("rule")
    values = getattr(field.annotation, "__args__", ()) if field else ()
    return values[0] if values else None


def _every_key() -> Iterator[str]:
    for path, tables in TABLES.items():
        for table in tables:
            for name in table.model_fields:
                yield f"[{'.'.join(path)}] {name}" if path else name


def _complaint(kind: str, context: Mapping[str, Any], message: str) -> str:
    if kind == "value_error":
        return str(context["error"])
    if kind in ("literal_error", "enum"):
        return f"must be {context['expected']}"
    if kind in _WORDS:
        return _WORDS[kind].format(**context)
    return message[:1].lower() + message[1:]


def _shown(key: str, row: Mapping[str, Any]) -> str:
    value = row["input"]
    if SECRETIVE.search(key) or not isinstance(value, str | int | float):
        return ""
    if row["type"] == "value_error" and str(value) in str(row["ctx"]["error"]):
        return ""
    return f", not {value!r}"


_NUMBER = 'must be a number, for example "0.5"'
_WORDS = {
    "decimal_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text in quotes",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entry",
    "tuple_type": 'must be a list such as ["A", "B"]',
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "path_type": "must be a path in quotes",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
}
