"""The chain behind every short as text of at most 80 columns, drawn from the published object as all tables are."""

from collections.abc import Iterator, Mapping
from decimal import Context, Decimal
from textwrap import wrap
from typing import Any

from bot.cli.render import headline

WIDTH = 80
INDENT = 2
RULE = 16
DIGITS = 6
HEADS = {"rounding": "rounded away"}
HOUR_S, DAY_S = 3600, 86_400
MINUTES_FROM_S = 120


def explained(record: Mapping[str, Any]) -> str:
    """The headline, one block per short, and the notes; a record of an older version has no blocks."""
    rows = record.get("explanations")
    parts = ["\n".join(wrap(headline(record), WIDTH))]
    if rows is None:
        parts.append("This record is from an older version and holds no explanations; the next cycle does.")
    elif not rows:
        parts.append("Nothing was decided in this cycle, so there is nothing to explain; the notes say why.")
    else:
        parts += ["\n".join(_block(row)) for row in rows]
    notes = [*(f"refused by {row['guard']}: {row['reason']}" for row in record["refusals"]), *record["notes"]]
    if notes:
        parts.append("\n".join(["notes", *(line for note in dict.fromkeys(notes) for line in _note(note))]))
    return "\n\n".join(parts)


def _note(note: str) -> list[str]:
    return wrap(note, WIDTH, initial_indent="  - ", subsequent_indent="    ")


def _block(row: Mapping[str, Any]) -> Iterator[str]:
    quote, unit = row["quote"], row["unit"]
    yield from _folded(_title(row), 0)
    yield from _line("held", f"{_plain(row['held'])} {unit} short, {_money(row['held_notional'])} {quote}")
    for link in row["chain"]:
        yield from _line(HEADS.get(link["rule"], link["rule"]), link["words"] + _bound(link))
        if link["inputs"]:
            from_what = "; ".join(f"{seen['name']} {_seen(seen)}" for seen in link["inputs"])
            yield from _line("", f"from {from_what}", hanging=RULE + INDENT)
    if row["nothing_because"] is None:
        yield from _line("step", _step(row))
        yield from _cost(row)
    else:
        yield from _line("nothing done", row["nothing_because"])
    yield from _carry(row)


def _title(row: Mapping[str, Any]) -> str:
    if row["symbol"] is None:
        return f"{row['asset']}: {_money(row['wanted_notional'])} {row['quote']} short wanted, none possible"
    others = [asset for asset in row["protects"] if asset != row["asset"]]
    stands_in = f", also for {', '.join(others)}" if others else ""
    return f"{row['asset']}: {row['symbol']} at {row['venue']}{stands_in}"


def _step(row: Mapping[str, Any]) -> str:
    amount, notional = Decimal(row["step"]), Decimal(row["step_notional"])
    verb = "sell" if amount > 0 else "buy back"
    return f"{verb} {_plain(abs(amount))} {row['unit']}, {_money(abs(notional))} {row['quote']}"


def _cost(row: Mapping[str, Any]) -> Iterator[str]:
    cost = row["cost"]
    if cost is None:
        return
    traded, quote = Decimal(cost["traded"]), row["quote"]
    yield from _line("cost now", f"{_money(cost['total'])} {quote}, {_share(cost['total'], traded)} of the trade")
    for name, label in (("fee", "fee"), ("slip", "spread")):
        words = f"{label} {_money(cost[name])} {quote}, {_share(cost[name], traded)} ({cost[f'{name}_source']})"
        yield from _line("", words, hanging=RULE + INDENT)


def _carry(row: Mapping[str, Any]) -> Iterator[str]:
    carry = row["carry"]
    if carry is None or row["symbol"] is None:
        return
    amount, rate = Decimal(carry["amount_year"]), Decimal(carry["rate_year"])
    verb = "received" if rate >= 0 else "paid"
    now = "today's funding rate" if carry["kind"] == "funding" else "the basis now"
    text = (
        f"{_money(abs(amount))} {row['quote']} {verb}, {abs(rate):.2%} of the short, at {now} ({_ago(carry['age_s'])})"
    )
    yield from _line("cost a year" if rate < 0 else "income a year", text)


def _bound(link: Mapping[str, Any]) -> str:
    return f" [{link['bound']}]" if link["bound"] and link["bound"] not in link["words"] else ""


def _seen(seen: Mapping[str, Any]) -> str:
    number = Decimal(seen["value"])
    text = _money(number) if abs(number) >= 1000 else _plain(Context(prec=DIGITS).create_decimal(number))
    unit = f" {seen['unit']}" if seen["unit"] else ""
    age = f" ({_ago(seen['age_s'])})" if seen["age_s"] is not None else ""
    return f"{text}{unit}{age}"


def _ago(age_s: float | None) -> str:
    """How old a figure is, in the unit people would use."""
    if age_s is None:
        return "of unknown age"
    if age_s < MINUTES_FROM_S:
        return f"{max(age_s, 0):.0f} s old"
    if age_s < 2 * HOUR_S:
        return f"{age_s / 60:.0f} min old"
    return f"{age_s / HOUR_S:.0f} h old" if age_s < 2 * DAY_S else f"{age_s / DAY_S:.0f} days old"


def _line(head: str, text: str, *, hanging: int = RULE) -> Iterator[str]:
    """A head in its column, the text folded beside it; a longer head has a line of its own."""
    margin = INDENT + hanging
    folded = wrap(text, WIDTH - margin) or [""]
    if len(head) >= hanging:
        yield " " * INDENT + head
        head = ""
    for place, piece in enumerate(folded):
        yield f"{' ' * INDENT}{head if place == 0 else '':<{hanging}}{piece}".rstrip()


def _folded(text: str, indent: int) -> Iterator[str]:
    yield from (" " * indent + piece for piece in wrap(text, WIDTH - indent))


def _money(value: str | Decimal) -> str:
    number = Decimal(value)
    return f"{number:,.2f}"


def _plain(value: str | Decimal) -> str:
    text = format(Decimal(value), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text or "0"


def _share(part: str | Decimal, whole: Decimal) -> str:
    return f"{Decimal(part) / whole * 10_000:.1f} bp" if whole > 0 else "-"
