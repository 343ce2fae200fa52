"""How the audit tells the bot's orders among requests, and the orders that protect among them."""

import json

from tests.soak.evidence import Evidence, Request

OURS = "blst"


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
