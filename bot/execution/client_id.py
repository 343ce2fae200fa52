"""Client order ids: the same intent always carries the same id, and no other intent ever does."""

from base64 import b32encode
from hashlib import sha256

PREFIX = "blst"
LENGTH = 24


def client_id(epoch: str, intent_id: str) -> str:
    """Derive the id under which a venue will know an intent.

    Letters and digits only, 24 long, not starting with t: every supported venue takes it. The name of this opening of
    the journal is part of it, so neither a new journal nor an old copy ever repeats the ids of another.
    """
    digest = sha256(f"{epoch}/{intent_id}".encode()).digest()
    return PREFIX + b32encode(digest).decode().lower()[: LENGTH - len(PREFIX)]


def is_ours(other: str | None) -> bool:
    """Tell whether an order id found at a venue was made by Ballast (any journal of it)."""
    return other is not None and len(other) == LENGTH and other.startswith(PREFIX)
