"""Deliberate defects that real kills must show, to prove that their judge sees."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from bot.exchange import private_writes
from tests.soak.mutants import MUTANTS
from tests.soak.surgery import placed

Defect = Callable[[], AbstractContextManager[object]]


@contextmanager
def _id_by_chance() -> Iterator[None]:
    """An order carries another id than the one that was written down for it."""
    place = private_writes.place_order

    async def forgetful(reading: Any, **order: Any) -> Any:
        return await place(reading, **{**order, "client_id": f"blst{secrets.token_hex(10)}"})

    with placed(private_writes, "place_order", forgetful):
        yield


_OF_THE_SOAK = {row.name: row.apply for row in MUTANTS}
DEFECTS: dict[str, Defect] = {
    "journal-after-send": _OF_THE_SOAK["journal-after-send"],
    "no-settlement": _OF_THE_SOAK["no-settlement"],
    "id-by-chance": _id_by_chance,
}
