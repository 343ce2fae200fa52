"""The judge: reads what the exchange wrote down, what the journal's file showed, and nothing of the bot.

Rules carry the names of the design's list of what must never happen, in one letter and a number:
A orders and intents, B exposure, C data, D journal, E stops, limits and silence, L liveness, S secrets, W every cycle
ends in a record. What later safeguards promise is judged in `safeguards.py`.
"""

from tests.soak.arrivals import requests
from tests.soak.bookings import cycles, journal, secrets, transfers
from tests.soak.case import Case
from tests.soak.conduct import conduct
from tests.soak.evidence import Evidence, Violation
from tests.soak.exposure import ledger
from tests.soak.rest import liveness, settled
from tests.soak.safeguards import safeguards


def audit(evidence: Evidence) -> list[Violation]:
    """Every broken rule, in the order in which they were broken."""
    case = Case(evidence)
    found = [
        *requests(case),
        *ledger(case),
        *journal(case),
        *transfers(case),
        *cycles(case),
        *secrets(case),
        *settled(case),
        *liveness(case),
        *safeguards(evidence),
        *conduct(evidence),
    ]
    return sorted(found, key=lambda row: (row.cycle, row.line, row.rule))
