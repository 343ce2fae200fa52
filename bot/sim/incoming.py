"""What new quotes change besides prices: the rate that will fall due, and when funding is paid."""

from collections.abc import Mapping

from bot.sim.model import Quote
from bot.sim.state import MarketKey, State


def take_quotes(state: State, quotes: Mapping[MarketKey, Quote]) -> None:
    """Show new prices. Raises: ValueError for one that is not above zero."""
    for key, quote in quotes.items():
        if key not in state.listings or key[1] in state.delivered:
            continue
        if not (quote.mid > 0 and quote.mark > 0 and quote.index > 0):
            raise ValueError(f"{key[1]} cannot trade at mid {quote.mid}, mark {quote.mark}, index {quote.index}")
        state.quotes[key] = quote
        if key[0] != "spot" and state.listings[key].expires_at is None:
            due = quote.funding_rate_due
            state.rate_announced[key[1]] = quote.funding_rate if due is None else due


def take_schedule(state: State, quotes: Mapping[MarketKey, Quote]) -> None:
    """Adopt the funding times a feed knows better than the listing."""
    moved = False
    for (market, symbol), quote in quotes.items():
        if market == "spot" or (market, symbol) not in state.listings or symbol not in state.funding_next_at:
            continue
        if quote.funding_interval_h is not None:
            state.funding_interval_h[symbol] = quote.funding_interval_h
        if quote.funding_next_at is not None and quote.funding_next_at > state.now:
            moved = moved or state.funding_next_at[symbol] != quote.funding_next_at
            state.funding_next_at[symbol] = quote.funding_next_at
    if moved:
        state.funding_soonest = min(state.funding_next_at.values())
