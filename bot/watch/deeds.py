"""What a cycle did, in sentences, from its published record."""

from decimal import Decimal

from bot.domain.figures import counted_in
from bot.watch.sight import ZERO, Record
from bot.watch.words import coins, money

ENDINGS = {
    "filled": "filled",
    "partial": "filled in part",
    "nothing": "not filled",
    "done": "done",
    "refused": "refused by the venue",
    "absent": "never reached the venue",
    "unknown": "ending not known yet",
}


def deeds(record: Record) -> list[str]:
    """What was sent, in sentences: collateral, orders, settings, and what was settled of earlier cycles.

    Orders with the same ending in the same coin are told as one, at their average price.
    """
    intents = {row["id"]: row for row in record["intents"]}
    orders: dict[tuple[str, str, bool, str], list[Record]] = {}
    moved, settings, earlier = [], [], []
    for row in record["outcomes"]:
        intent, ending = intents.get(row["id"]), ENDINGS.get(row["ending"], str(row["ending"]))
        if intent is None:
            earlier.append(f"{row['id']} of an earlier cycle: {ending}")
        elif intent["kind"] == "order":
            key = (str(intent["side"]), counted_in(str(intent["symbol"])), bool(intent["reduce_only"]), ending)
            orders.setdefault(key, []).append({**row, "amount": intent["amount"]})
        elif intent["kind"] == "transfer":
            moved.append(f"moved {money(_number(intent['amount']))} of collateral: {ending}")
        else:
            settings.append(f"set {str(intent['kind']).replace('-', ' ')} of {_coin(intent)}: {ending}")
    return [*moved, *(_order(key, rows) for key, rows in orders.items()), *settings, *earlier]


def reasons(record: Record) -> list[str]:
    """Why it was done: each reason once, in the order of the steps."""
    sent = {row["id"] for row in record["outcomes"]}
    found = [reason for row in record["intents"] if row["id"] in sent for reason in row["reasons"]]
    return list(dict.fromkeys(str(reason) for reason in found))


def thoughts(record: Record) -> dict[str, list[str]]:
    """Why the hedge is what it is: the reasons of needs and targets by coin, each once."""
    found: dict[str, list[str]] = {}
    for table in ("needs", "targets"):
        for row in record[table]:
            told = found.setdefault(row.get("asset") or str(row.get("symbol")).partition("/")[0], [])
            told += [reason for reason in row["reasons"] if reason not in told]
    return found


def _order(key: tuple[str, str, bool, str], rows: list[Record]) -> str:
    side, coin, reduce_only, ending = key
    filled = sum((_number(row["filled"]) for row in rows), ZERO)
    amount = filled if filled > 0 else sum((_number(row["amount"]) for row in rows), ZERO)
    paid = sum((_number(row["filled"]) * _number(row["average_price"]) for row in rows), ZERO)
    price = f" at {money(paid / filled)}" if filled > 0 and paid > 0 else ""
    verb = "bought back" if side == "buy" else "sold"
    manner = " (reduce only)" if reduce_only else " short" if side == "sell" else ""
    return f"{verb} {coins(amount)} {coin}{manner}{price}: {ending}"


def _coin(intent: Record) -> str:
    return str(intent["symbol"] or "").partition("/")[0]


def _number(value: object) -> Decimal:
    return Decimal(str(value)) if value else ZERO
