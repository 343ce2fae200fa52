"""Every word the engine refuses with; a wire codec maps each to its venue's code."""

from typing import Literal, get_args

Reason = Literal[
    "unknown_account",
    "unknown_symbol",
    "market_closed",  # not trading now: halted, delisted, delivered or without a price
    "closing_only",  # about to be delivered: positions may only be closed
    "position_side",  # hedge-mode account; only one-way orders are simulated
    "price_missing",  # a limit order without a price
    "lot_size",
    "price_filter",
    "price_band",
    "min_notional",
    "max_amount",
    "duplicate_client_id",
    "post_only",
    "reduce_only",  # nothing to reduce
    "insufficient_balance",  # spot, transfers, withdrawals
    "insufficient_margin",
    "leverage_bracket",  # leverage above the symbol's maximum, or notional above what the leverage allows
    "leverage_reduction",  # lower leverage on an open isolated position
    "margin_mode_position",  # margin mode cannot change while a position or an order is open
    "position_mode_open",  # position mode cannot change while a position or an order is open
    "no_need_to_change",
    "not_isolated",
    "no_funding",  # dated contracts know none
    "order_not_found",  # also: already final
    "amount_not_positive",
]
REASONS: frozenset[str] = frozenset(get_args(Reason))
