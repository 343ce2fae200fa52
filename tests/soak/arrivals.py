"""What must hold at the instant a request arrives: A orders and intents, C2 good data."""

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from tests.soak.case import Case
from tests.soak.contracts import same_contract
from tests.soak.evidence import Request, Row, Violation
from tests.soak.orders import OURS, protective
from tests.soak.speech import ACCOUNT, OF_SYMBOL

# Which rows of the journal allow a request; where a venue sets leverage and margin mode together, either does.
_ROWS = {
    "leverage": ("leverage", "margin-mode"),
    "margin-mode": ("margin-mode",),
    "transfer": ("transfer",),
}


def requests(case: Case) -> Iterator[Violation]:
    """Rules that bind at the instant a request arrives."""
    seen: Counter[str] = Counter()
    truths: set[tuple[str, str]] = set()
    process = (-1, -1)
    for request in case.evidence.requests:
        cycle = case.cycle_of.get(request.cycle)
        if process != (request.life, request.cycle):
            process, truths = (request.life, request.cycle), set()
        asked = request.asked
        if asked.kind == "read":
            if request.truthful and asked.topics and request.number >= (cycle.first_request if cycle else 0):
                told = {asked.symbol} if request.only is None else request.only
                truths.update((topic, symbol) for topic in asked.topics for symbol in told)
        elif asked.kind == "order":
            seen[asked.client_id] += 1
            yield from _order_arrived(case, request, seen)
            yield from _data_was_good(case, request, truths)
        elif asked.kind == "unknown":
            yield case.broken("A2", f"{request.method} {request.path} is nothing it may ask for", request=request)
        elif asked.kind in _ROWS and not any(
            row.kind in _ROWS[asked.kind] and _says(row, request) for row in request.rows
        ):
            yield case.broken("A2", f"{request.path} arrived without its row in the journal", request=request)


def _order_arrived(case: Case, request: Request, seen: Counter[str]) -> Iterator[Violation]:
    asked = request.asked
    own = asked.client_id
    if not own.startswith(OURS):
        yield case.broken("A3", f"an order under the foreign name {own!r}", request=request)
    if seen[own] > 1:
        yield case.broken("A4", f"{own} was sent {seen[own]} times", request=request)
    row = next((row for row in request.rows if row.client_id == own), None)
    if row is None:
        yield case.broken("A2", f"{own} arrived without a committed intent row", request=request)
    elif (problem := _differs(row, request)) is not None:
        yield case.broken("A2", f"{own} is not what the journal holds: {problem}", request=request)
    others = [row for row in request.rows if row.client_id != own]
    if asked.side == "sell" and others:
        yield case.broken("A5", f"{own} grows while {others[0].id} ({others[0].state}) is open", request=request)
    if asked.side != "sell" and not asked.closes:
        yield case.broken("B6", f"{own} buys without reduce-only", request=request)
    if not asked.at_once:
        yield case.broken("B7", f"{own} is not a limit order that ends at once", request=request)
    if asked.spot:
        yield case.broken("B8", f"{own} is an order on the spot market", request=request)


def _data_was_good(case: Case, request: Request, truths: set[tuple[str, str]]) -> Iterator[Violation]:
    """C2: a trade, even a safe one, needs a true answer to every question it rests on, in the same cycle."""
    symbol = request.asked.symbol
    # Protection rests on the margin, the positions and their marks alone.
    always, needed = (ACCOUNT[:2], OF_SYMBOL[:1]) if protective(request) else (ACCOUNT, OF_SYMBOL)
    missing = [topic for topic in always if not any(truth[0] == topic for truth in truths)]
    missing += [topic for topic in needed if not {(topic, symbol), (topic, "")} & truths]
    if missing:
        yield case.broken("C2", f"traded without a true answer to {', '.join(missing)}", request=request)


def _says(row: Row, request: Request) -> bool:
    body = json.loads(row.body)
    if row.kind == "transfer":
        return Decimal(str(body["amount"])) == request.asked.amount
    return not request.asked.symbol or same_contract(row.symbol, request.asked.symbol)


def _differs(row: Row, request: Request) -> str | None:
    body, asked = json.loads(row.body), request.asked
    if Decimal(str(body["amount"])) != asked.amount:
        return f"amount {body['amount']} in the journal, {asked.amount} sent"
    if body["side"] != asked.side:
        return f"side {body['side']} in the journal, {asked.side} sent"
    if not same_contract(row.symbol, asked.symbol):
        return f"symbol {row.symbol} in the journal, {asked.symbol} sent"
    return None
