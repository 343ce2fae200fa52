"""Wrong answers that the judge takes for true, as they say what a true one would: nobody could tell them apart."""

from collections import defaultdict

from tests.soak.evidence import Request

NOT_WHOLE = ("killed", "crashed", "unavailable", "stale")  # how a cycle ends that decided nothing


class ToldEmpty:
    """Whether a wallet is told empty twice running, which nobody can tell from a withdrawal."""

    def __init__(self) -> None:
        self._told: defaultdict[str, list[tuple[int, bool]]] = defaultdict(list)

    def running(self, page: str, cycle: int, *, empty: bool, known: bool) -> bool:
        """Write down what a page told; once in a cycle counts, unless nothing was `known` of the wallet yet."""
        earlier = [was for when, was in self._told[page] if when < cycle or not known]
        self._told[page].append((cycle, empty))
        return empty and bool(earlier) and earlier[-1]


def true_by_chance(seen: Request, struck: str, body: bytes, *, flat: bool, bare: bool = False) -> bool:
    """An empty list in place of an empty list: no order ever rests here, and a flat account has no position."""
    if struck in ("sideless_positions", "nan_positions") and "positions" not in seen.asked.topics:
        return True  # asked for settings, which stand in the same rows
    if struck == "sideless_positions" and flat:
        return True  # rows of size zero: there is nothing that could have a side
    if struck == "swapped_reply":
        # WEEX and Binance answer bare lists, and `[]` to whoever has not traded yet: for which question it was given
        # cannot be told. It says what rows of size zero say, and that no order rests; a position is not excused.
        nothing = "open-orders" in seen.asked.topics or ("positions" in seen.asked.topics and flat)
        return nothing and body.strip() == b"[]"
    if struck == "empty_balances" and seen.asked.topics == {"margin"}:
        return bare  # no row says what rows of zero say, and what the sender must put there first is the same
    empty = struck in ("body_list", "empty_positions") or (struck == "other_positions" and flat)
    return empty and ("open-orders" in seen.asked.topics or ("positions" in seen.asked.topics and flat))
