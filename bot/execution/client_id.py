"""Client order ids: the same intent always carries the same id, and no other intent ever does."""

from base64 import b32encode
from hashlib import sha256

PREFIX = "blst"
LENGTH = 24


def client_id(journal_id: str, intent_id: str) -> str:
    """Derive the id under which a venue will know an intent.

    Letters and digits only, 24 long, not starting with t: every supported venue takes it. The journal's own id is part
    of it, so a new journal never repeats the ids of a lost one.
    """
    digest = sha256(f"{journal_id}/{intent_id}".encode()).digest()
    return PREFIX + b32encode(digest).decode().lower()[: LENGTH - len(PREFIX)]


def is_ours(other: str | None) -> bool:
    """Tell whether an order id found at a venue was made by Ballast (any journal of it)."""
    return other is not None and len(other) == LENGTH and other.startswith(PREFIX)
