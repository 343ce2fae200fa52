"""The catalogue of 104 faults: what each is called, how the soak puts it in. What a user sees of it: docs/faults.md.

A fault strikes by kinds of `bot.sim.faults`, by signs of a seed's course (`signs.py`), or in a part beside the seeds.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

DRILLS, KILLS, MATRIX, NETWORK, SECRETS = "drills", "kills", "matrix", "network", "secrets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """How one fault is put in. `parts` are beside the seeds and name the fault by its number."""

    name: str
    kinds: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


def _home(name: str, *kinds: str, signs: tuple[str, ...] = (), parts: tuple[str, ...] = ()) -> Home:
    return Home(name=name, kinds=kinds, signs=signs, parts=parts)


CATALOGUE: Mapping[str, Home] = {
    "F01": _home("no connection, the request never left", "unreachable", parts=(NETWORK,)),
    "F02": _home("the line breaks after the order was carried out", "lost_reply", parts=(NETWORK,)),
    "F03": _home("the line breaks before the order was carried out", "lost_request", parts=(NETWORK,)),
    "F04": _home("no answer in time", "timeout", parts=(NETWORK,)),
    "F05": _home("the answer comes slowly", "slow", parts=(NETWORK,)),
    "F06": _home("half of an answer of known length", "cut_reply", parts=(NETWORK,)),
    "F07": _home(
        "broken chunks, bad packing, no HTTP at all", "cut_chunks", "garbled_reply", "not_http", parts=(NETWORK,)
    ),
    "F08": _home(
        "status 200 with no answer in it", "body_empty", "body_html", "body_null", "body_cut", "body_text",
        "body_object", "body_list",
    ),
    "F09": _home("a status nobody listed", "status_524", "status_599"),
    "F10": _home("errors of front servers", "status_502", "status_503", "status_504"),
    "F11": _home("a redirect", "redirect", "redirect_308", "redirect_same_host", parts=(NETWORK,)),
    "F12": _home("the line breaks on a cancel", "lost_cancel", parts=(NETWORK,)),
    "F13": _home("a connection that is open and says nothing", "venue_halted", parts=(NETWORK,)),
    "F14": _home("a request in flight is given up", parts=(MATRIX,)),
    "F15": _home("a certificate that is not the venue's", "bad_certificate", parts=(NETWORK,)),
    "F16": _home("the address is not on the key's list", "code_address", parts=(NETWORK,)),
    "F17": _home("an order carried out after its sender gave up", "late_execution"),
    "F18": _home(
        "the answer to another request", "swapped_reply", "repeated_order_reply", "repeated_lookup_reply",
        parts=(NETWORK,),
    ),
    "F19": _home("an answer without end or measure", "body_huge", "body_infinite", parts=(NETWORK,)),
    "F20": _home("the venue does not know what became of it", "code_1007", "code_1006", "code_1001"),
    "F21": _home("503: unknown error, try again", "code_503"),
    "F22": _home("throttled by the venue's own protection", "code_busy"),
    "F23": _home("a server error in a code like a refusal", "code_1001@bybit", "code_1006@bybit", "code_1007@bybit"),
    "F24": _home("success outside, nothing inside", "hollow_ack"),
    "F25": _home("taken is not traded", "ack_only"),
    "F26": _home("a new order cannot be seen yet", "order_invisible", signs=("orders shown late",)),
    "F27": _home("an order is gone from the table of orders", "order_purged"),
    "F28": _home("no such order, although there is", "false_absence"),
    "F29": _home("a client id that may be used again", "duplicate_execution", signs=("ids used again",)),
    "F30": _home("the venue says it holds this id already", "duplicate_reply"),
    "F31": _home("part of an order trades, the rest expires", "partial_fill"),
    "F32": _home("a fill after the order seemed over", "lingering_order"),
    "F33": _home("the same trade listed twice", "duplicate_trades"),
    "F34": _home("a cancel of what nobody knows", "refused_cancel"),
    "F35": _home("an order trades while it is cancelled", parts=(MATRIX,)),
    "F36": _home("too small, or off the step", "refused_min_notional", "refused_lot_size"),
    "F37": _home("a market's rules changed", "filters_changed"),
    "F38": _home("counted in contracts, not in coins", signs=("orders in contracts",)),
    "F39": _home("positions on both sides", "mode_toggled", "refused_position_side"),
    "F40": _home("no need to change", "setting_as_it_is"),
    "F41": _home("leverage or margin mode refused", "refused_setting"),
    "F42": _home("the position shrinks under a closing order", "deleveraged", "manual_trade"),
    "F43": _home("a reduce-only order refused", "refused_reduce_only"),
    "F44": _home("a close that would close all", signs=("reductions at BingX",)),
    "F45": _home("off the price band, or would trade at once", "refused_price_band", "refused_post_only"),
    "F46": _home("not enough margin", "refused_insufficient_margin"),
    "F47": _home("the largest position at this leverage", "refused_leverage_bracket"),
    "F48": _home("a market that takes no orders", "refused_market_closed", "refused_closing_only", "market_halted"),
    "F49": _home("the account is restricted", "code_restricted"),
    "F50": _home("a code nobody documented", "code_new"),
    "F51": _home("too many requests", "too_many_requests"),
    "F52": _home("the address is banned", "banned"),
    "F53": _home("forbidden by a front server", "forbidden"),
    "F54": _home("too many orders", "code_order_rate"),
    "F55": _home("others use up the address's limit", "crowded"),
    "F56": _home("maintenance", "maintenance", "code_maintenance"),
    "F57": _home("the whole venue stands still", "venue_halted", "market_halted"),
    "F58": _home("the key does not count any more", "code_key", "key_suspended"),
    "F59": _home("the time stamp is refused", "code_1021"),
    "F60": _home("closed to this country", "geo_blocked"),
    "F61": _home("an old price", "stale_mark"),
    "F62": _home(
        "a price that is none", "zero_mark", "nan_mark", "negative_mark", "infinite_mark", "endless_mark", "null_mark"
    ),
    "F63": _home("a book crossed, empty or without prices", "crossed_book", "empty_book", "book_without_prices"),
    "F64": _home("mark and index far apart", "mark_off"),
    "F65": _home("another market's answer", "other_symbol", "other_positions"),
    "F66": _home("a row is missing", "missing_row"),
    "F67": _home("the list of markets is empty or has holes", "empty_markets", "partial_markets"),
    "F68": _home("a coin counted anew, at a thousandth of its price", "thousandth_mark"),
    "F69": _home("no positions, although there are", "empty_positions"),
    "F70": _home("positions as they were", "old_positions", signs=("positions shown late",)),
    "F71": _home("a position without its side or size", "sideless_positions", "nan_positions"),
    "F72": _home("balances empty or unreadable", "empty_balances", "nan_balances"),
    "F73": _home("coins come in and go out", "external_deposit", signs=("event deposit", "event withdrawal")),
    "F74": _home("coins tied up in orders", "spot_locked"),
    "F75": _home("somebody else trades", "manual_trade", "manual_order", signs=("event manual", "hand meddle")),
    "F76": _home("the venue takes a part of the position", "deleveraged", signs=("event adl",)),
    "F77": _home("liquidation", "liquidated"),
    "F78": _home("a market is closed and settled", "settled_early"),
    "F79": _home("a dated contract ends", signs=("settlement",)),
    "F80": _home("funding leaps", "funding_spike"),
    "F81": _home("the stablecoin loses its peg", parts=(MATRIX,)),
    "F82": _home("a rally eats the margin", signs=("rally",)),
    "F83": _home("the venue lowers its leverage", "tiers_lowered"),
    "F84": _home("fees, rounding, dust", signs=("own fill",)),
    "F85": _home("the wrong account", parts=(DRILLS,)),
    "F86": _home("killed before the intent was written", parts=(KILLS,)),
    "F87": _home("killed between writing and sending", parts=(KILLS,)),
    "F88": _home("killed around the answer", parts=(KILLS,)),
    "F89": _home("killed while recovering", parts=(KILLS,)),
    "F90": _home("power lost, a written row gone", parts=(DRILLS,)),
    "F91": _home("the disk is full", parts=(DRILLS,)),
    "F92": _home("the disk cannot be written", parts=(DRILLS,)),
    "F93": _home("the journal damaged, deleted or old", parts=(DRILLS,)),
    "F94": _home("an SQLite with a known defect", parts=(DRILLS,)),
    "F95": _home("the journal is locked by another", parts=(DRILLS,)),
    "F96": _home("the clock is set", signs=("clock set",), parts=(DRILLS,)),
    "F97": _home("time zones and daylight saving", parts=(DRILLS,)),
    "F98": _home("two instances", signs=("second instance",), parts=(DRILLS,)),
    "F99": _home("a profile that says what nobody means", parts=(DRILLS,)),
    "F100": _home("old code beside new", parts=(DRILLS,)),
    "F101": _home("a loop that never ends", parts=(DRILLS,)),
    "F102": _home("stalls, handles and memory", parts=(DRILLS,)),
    "F103": _home("a secret said aloud", signs=("canary",), parts=(DRILLS, SECRETS)),
    "F104": _home("somebody else's code or host", parts=(DRILLS, NETWORK)),
}  # fmt: skip


def numbers(kind: str, venue: str = "") -> tuple[str, ...]:
    """The faults of the catalogue that a kind of fault stands for, at this venue."""
    names = {kind, f"{kind}@{venue}"}
    return tuple(number for number, home in CATALOGUE.items() if names & set(home.kinds))


def counted(struck: Mapping[str, int], venue: str, signs: Mapping[str, int]) -> Counter[str]:
    """How often each fault of the catalogue struck in a seed, by its kinds of fault and its signs."""
    found: Counter[str] = Counter()
    for kind, times in struck.items():
        found.update(dict.fromkeys(numbers(kind, venue), times))
    for number, home in CATALOGUE.items():
        found[number] += sum(signs.get(sign, 0) for sign in home.signs)
    return +found
