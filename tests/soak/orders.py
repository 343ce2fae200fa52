"""How the audit tells the bot's orders among requests, and the orders that protect among them."""

import json
from datetime import datetime, timedelta
from itertools import takewhile

from tests.soak.evidence import Evidence, Request

OURS = "blst"
LATE = timedelta(minutes=1)  # no view of positions that stands still after an order is older


def is_order(request: Request) -> bool:
    """Whether a request asks for an order."""
    return request.asked.kind == "order"


def protective(request: Request) -> bool:
    """Whether the journal says that this order takes risk away because the margin needs it."""
    own = request.asked.client_id
    row = next((row for row in request.rows if row.client_id == own), None)
    return bool(row is not None and json.loads(row.body).get("protective"))


def together(evidence: Evidence) -> bool:
    """Whether the short of one coin may stand for another."""
    size = evidence.settings.get("size")
    return "place" in evidence.settings or (isinstance(size, dict) and size["rule"] == "minimum-variance")


def looked_from(evidence: Evidence, order: Request, began: datetime) -> datetime:
    """From when on nobody could know what others did: the cycle began, or the positions it was shown are of before.

    Positions stand still for a while after an order, at every venue and whatever became of it; a trade by hand in that
    while cannot be seen. What the bot itself traded then it knows, and is not excused.
    """
    before = reversed(evidence.requests[: order.number])
    same = takewhile(lambda row: (row.life, row.cycle) == (order.life, order.cycle), before)
    shown = [row.shown_from for row in same if row.shown_from is not None]
    return max(min([began, *shown]), began - LATE)
