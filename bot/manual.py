"""The manual of all settings, printed from the code that checks them."""

import types
import typing
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bot.domain.instrument import MarketKind
from bot.settings.problems import LISTS, TABLES

INTRODUCTION = """# Configuration

This page is printed by `ballast check --explain`; edit the models in `bot/settings/`, not the page.

Profiles are TOML files, given with `--config FILE` (repeatable). Later profiles win: tables merge key by key, lists and
lists of tables are replaced. Then `.env` in the working directory wins, then the environment, where every key has the
name `BALLAST_TABLE__KEY`, for example `BALLAST_POLICY__SIZE__RATIO=0.4`. Lists are written as JSON there.

Money and fractions are written in quotes (`"0.5"`) so that they stay exact. Unknown keys are refused.

Secrets stand in the environment or in `.env` only, keyed by the id of the venue:
`BALLAST_VENUES__BINANCE__API_KEY`, `BALLAST_VENUES__BINANCE__API_SECRET`, and where a venue asks for one
`BALLAST_VENUES__ID__API_PASSPHRASE`. Use keys without withdrawal right. A `[[venues]]` entry with `localnet` uses the
well-known keys of the local testnet (in a dry run none); keys of the environment are not used for it.
"""


def manual() -> str:
    """The whole manual as Markdown."""
    return INTRODUCTION + "".join(_table(path, table) for path, tables in TABLES.items() for table in tables)


def _table(path: tuple[str, ...], table: type[BaseModel]) -> str:
    if not path:
        title, rows = "Top of the file", list(_rows(table, skip_tables=True))
        summary = "Keys before the first table."
    else:
        name = ".".join(path)
        title = f"`[[{name}]]`" if path in LISTS else f"`[{name}]`"
        rule = table.model_fields.get("rule")
        values = get_args(rule.annotation) if rule else ()
        title += f' with `rule = "{values[0]}"`' if values else ""
        rows = list(_rows(table, skip_tables=path == ("policy",)))
        summary = (table.__doc__ or "").strip()
    head = "| key | values | default | meaning |\n|---|---|---|---|\n"
    body = head + "".join(rows) if rows else ""
    return f"\n## {title}\n\n{summary}\n" + (f"\n{body}" if body else "")


def _rows(table: type[BaseModel], *, skip_tables: bool) -> Iterator[str]:
    for name, field in sorted(table.model_fields.items(), key=lambda row: row[0] != "rule"):
        if skip_tables and _is_table(field):
            continue
        if name in ("holdings", "venues", "adjust"):
            continue
        yield f"| `{name}` | {_values(field)} | {_default(field)} | {field.description or ''} |\n"


def _is_table(field: FieldInfo) -> bool:
    kinds = [field.annotation, *get_args(field.annotation)]
    return any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in kinds)


def _values(field: FieldInfo) -> str:
    words = _kind(field.annotation)
    limits = {name: limit for row in field.metadata for name, limit in _limits(row)}
    return ", ".join([words, *(f"{name} {limit}" for name, limit in limits.items())])


def _kind(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is typing.Annotated:
        return _kind(inner[0])
    if origin in (types.UnionType, typing.Union):
        return " or ".join(_kind(kind) for kind in inner if kind is not type(None))
    if origin in (tuple, dict):
        return f"list of {_kind(inner[0])}" if origin is tuple else f"table of asset = {_kind(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        inner = tuple(member.value for member in annotation if member is not MarketKind.SPOT)
    return " or ".join(f"`{value}`" for value in inner) or _PLAIN.get(annotation, str(annotation))


_PLAIN: dict[Any, str] = {
    Decimal: "number in quotes",
    float: "number",
    int: "whole number",
    str: "text",
    bool: "`true` or `false`",
    Path: "path",
    SecretStr: "secret",
    datetime: "date, or time with a zone, in quotes",
}


def _limits(row: object) -> Iterator[tuple[str, object]]:
    for name, words in (("gt", "above"), ("ge", "from"), ("lt", "below"), ("le", "up to")):
        limit = getattr(row, name, None)
        if limit is not None:
            yield words, limit


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return ""
    return f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }" if value else "{}"
    if isinstance(value, Enum):
        return f'"{value.value}"'
    if isinstance(value, int | float):
        return f"{value:g}"
    return f'"{value}"'
