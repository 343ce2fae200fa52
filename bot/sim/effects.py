"""What each fault does: the catalogue of everything that can go wrong on the line, at the venue, in the account.

Names are stable; tests, audits and the command line use them. The effects follow what was seen on real venues. New ones
go to the end: seeded schedules draw from this order.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["none", "transport", "replaced", "distorted", "account", "refused", "swapped", "spell", "lingering"]
Break = Literal["", "dropped", "timeout", "cut", "unreachable", "certificate", "garbled", "no_http", "chunk"]
Scope = Literal[
    "any", "write", "order", "mark", "positions", "trades", "lookup", "cancel", "setting", "book", "balances", "markets"
]  # fmt: skip
# Refusals of orders: words of `bot.sim.reasons`, each told in the venue's own code.
REFUSALS = (
    "lot_size", "min_notional", "price_band", "post_only", "insufficient_margin", "reduce_only", "leverage_bracket",
    "market_closed", "position_side", "closing_only",
)  # fmt: skip
# What lasts: everything asked of the venue is answered so until it is over.
SPELLS = {"maintenance": 180, "key_suspended": 120, "forbidden": 30, "geo_blocked": 60, "venue_halted": 300}
# Happenings in the account or its markets, by how long they last where they end by themselves.
INTERVENTIONS = {
    "liquidated": 0, "settled_early": 600, "market_halted": 900, "tiers_lowered": 900, "filters_changed": 900,
    "funding_spike": 0, "manual_order": 600, "spot_locked": 120, "mode_toggled": 600, "crowded": 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one fault does. `executes` None leaves it to chance; `span_s` exchange seconds of lasting effects.

    Kinds: `transport` breaks the line, `replaced` answers something else, `distorted` changes a true answer, `refused`
    lets the venue say no in its own code, `swapped` gives an answer that was for another request, `spell` answers
    everything so for a while, `lingering` lets an order rest that should have ended, `account` changes the account.
    """

    name: str
    kind: Kind
    executes: bool | None = None
    broken: Break = ""
    scope: Scope = "any"
    span_s: float = 0.0


def _first() -> list[Effect]:
    return [
        Effect(name="lost_request", kind="transport", executes=False, broken="dropped"),
        Effect(name="lost_reply", kind="transport", executes=True, broken="dropped"),
        Effect(name="timeout", kind="transport", broken="timeout"),
        Effect(name="cut_reply", kind="transport", executes=True, broken="cut"),
        Effect(name="slow", kind="transport", executes=True),
        Effect(name="late_execution", kind="transport", executes=False, broken="timeout", scope="write", span_s=4),
        Effect(name="duplicate_execution", kind="transport", executes=True, scope="write"),
        Effect(name="too_many_requests", kind="replaced", executes=False),
        Effect(name="banned", kind="replaced", executes=False, span_s=120),
        Effect(name="redirect", kind="replaced", executes=False),
        *(Effect(name=f"status_{status}", kind="replaced") for status in (502, 503, 504, 524)),
        *(Effect(name=f"body_{body}", kind="replaced") for body in ("empty", "html", "null", "list", "object", "cut")),
        Effect(name="code_1007", kind="replaced", scope="write"),
        Effect(name="code_1006", kind="replaced", scope="write"),
        Effect(name="code_1001", kind="replaced"),
        Effect(name="code_1021", kind="replaced", executes=False),
        Effect(name="code_new", kind="replaced"),
        Effect(name="stale_mark", kind="distorted", executes=True, scope="mark", span_s=600),
        Effect(name="zero_mark", kind="distorted", executes=True, scope="mark"),
        Effect(name="nan_mark", kind="distorted", executes=True, scope="mark"),
        Effect(name="missing_row", kind="distorted", executes=True, scope="mark"),
        Effect(name="empty_positions", kind="distorted", executes=True, scope="positions"),
        Effect(name="duplicate_trades", kind="distorted", executes=True, scope="trades"),
        Effect(name="old_positions", kind="distorted", executes=True, scope="order", span_s=5),
        Effect(name="order_invisible", kind="distorted", executes=True, scope="order", span_s=3),
        Effect(name="partial_fill", kind="account", executes=True, scope="order"),
        Effect(name="external_deposit", kind="account", executes=True),
        Effect(name="manual_trade", kind="account", executes=True),
        Effect(name="deleveraged", kind="account", executes=True),
    ]


def _line() -> list[Effect]:
    """The line between the bot and the venue, front servers, replies that belong to something else."""
    return [
        Effect(name="unreachable", kind="transport", executes=False, broken="unreachable"),
        Effect(name="bad_certificate", kind="transport", executes=False, broken="certificate"),
        Effect(name="garbled_reply", kind="transport", executes=True, broken="garbled"),
        Effect(name="not_http", kind="transport", executes=True, broken="no_http"),
        Effect(name="cut_chunks", kind="transport", executes=True, broken="chunk"),
        Effect(name="redirect_308", kind="replaced", executes=False),
        Effect(name="redirect_same_host", kind="replaced", executes=False),
        Effect(name="status_599", kind="replaced"),
        Effect(name="body_text", kind="replaced"),
        Effect(name="body_huge", kind="replaced"),
        Effect(name="body_infinite", kind="replaced"),
        Effect(name="swapped_reply", kind="swapped", executes=True),
        Effect(name="repeated_order_reply", kind="swapped", executes=True, scope="order"),
        Effect(name="repeated_lookup_reply", kind="swapped", executes=True, scope="lookup"),
        *(Effect(name=name, kind="spell", executes=False, span_s=span_s) for name, span_s in SPELLS.items()),
    ]


def _venue() -> list[Effect]:
    """What a venue says to orders, cancels and settings."""
    return [
        Effect(name="code_503", kind="replaced", scope="write"),
        *(
            Effect(name=f"code_{name}", kind="replaced", executes=False, scope="write")
            for name in ("busy", "order_rate", "restricted")
        ),
        *(Effect(name=f"code_{name}", kind="replaced", executes=False) for name in ("key", "address", "maintenance")),
        *(Effect(name=f"refused_{name}", kind="refused", executes=False, scope="order") for name in REFUSALS),
        Effect(name="refused_setting", kind="refused", executes=False, scope="setting"),
        Effect(name="setting_as_it_is", kind="refused", executes=False, scope="setting"),
        Effect(name="duplicate_reply", kind="refused", executes=True, scope="order"),
        Effect(name="refused_cancel", kind="refused", scope="cancel"),
        Effect(name="lost_cancel", kind="transport", broken="dropped", scope="cancel"),
        Effect(name="hollow_ack", kind="distorted", executes=True, scope="order"),
        Effect(name="ack_only", kind="distorted", executes=True, scope="order"),
        Effect(name="lingering_order", kind="lingering", executes=True, scope="order"),
        Effect(name="order_purged", kind="distorted", executes=True, scope="order", span_s=45),
        Effect(name="false_absence", kind="distorted", executes=True, scope="lookup"),
    ]


def _data() -> list[Effect]:
    """Market data, positions and balances that cannot be believed."""
    marks = (
        "negative_mark",
        "infinite_mark",
        "endless_mark",
        "null_mark",
        "mark_off",
        "thousandth_mark",
        "other_symbol",
    )
    books = ("crossed_book", "empty_book", "book_without_prices")
    return [
        *(Effect(name=name, kind="distorted", executes=True, scope="mark") for name in marks),
        *(Effect(name=name, kind="distorted", executes=True, scope="book") for name in books),
        Effect(name="sideless_positions", kind="distorted", executes=True, scope="positions"),
        Effect(name="nan_positions", kind="distorted", executes=True, scope="positions"),
        Effect(name="other_positions", kind="distorted", executes=True, scope="positions"),
        Effect(name="empty_balances", kind="distorted", executes=True, scope="balances"),
        Effect(name="nan_balances", kind="distorted", executes=True, scope="balances"),
        Effect(name="empty_markets", kind="distorted", executes=True, scope="markets"),
        Effect(name="partial_markets", kind="distorted", executes=True, scope="markets"),
    ]


def _account() -> list[Effect]:
    return [Effect(name=name, kind="account", executes=True, span_s=span_s) for name, span_s in INTERVENTIONS.items()]


FAULTS: dict[str, Effect] = {row.name: row for row in [*_first(), *_line(), *_venue(), *_data(), *_account()]}
# What a well-behaved bot cannot cause is left out of the default mix: it comes from scripts and named kinds only.
RARE = frozenset({"external_deposit", "manual_trade", "deleveraged", "banned", "code_new", "redirect"}) | {
    row.name for row in [*_line(), *_venue(), *_data(), *_account()]
}
