"""What a venue's language is to the simulated exchange: one value per venue, made of pure functions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, DivisionByZero, InvalidOperation, Overflow
from typing import Protocol

from bot.sim.faults import Effect, Paths
from bot.sim.model import MarketType
from bot.sim.wire.exchange import Exchange
from bot.sim.wire.request import WireReply, WireRequest

# Engine and codec count alike whatever a client in the same process did to its thread's decimal context.
ARITHMETIC = Context(prec=28, traps=[InvalidOperation, DivisionByZero, Overflow])


class Tampering(Protocol):
    """Distorts true replies of one venue, and remembers what keeps being distorted.

    `shown_from` is of which instant its latest reply about positions told.
    """

    shown_from: datetime | None

    def hide_order(self, client_id: str, until: datetime) -> None:
        """Show nothing of an order until then."""

    def freeze_positions(self, until: datetime) -> None:
        """Show positions as they were shown last until then."""

    def seen(self, request: WireRequest, reply: WireReply, now: datetime) -> WireReply:
        """The reply as lasting effects let it through."""

    def distorted(self, request: WireRequest, reply: WireReply, effect: Effect, now: datetime) -> WireReply:
        """The reply under one fault of kind `distorted`; errors pass unchanged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """How one venue is spoken to.

    `handle` never raises for anything a client can send. `replacement` is what a fault sends in place of the true reply
    (the second argument, when the request was carried out). `traded_market` says which book an order request eats, None
    when it is no order. `paths` tells faults which requests they can meet. `moves_money` is false where no request
    moves money between wallets, so that it must lie where it is needed. `passphrase` says that keys have a third part,
    `tells_duplicates` that a client id used twice has an error of its own.
    """

    venue: str
    hosts: frozenset[str]
    handle: Callable[[WireRequest, Exchange], WireReply]
    too_many_requests: Callable[[Exchange, int], WireReply]
    banned: Callable[[Exchange], WireReply]
    replacement: Callable[[str, WireReply | None], WireReply]
    tampering: Callable[[], Tampering]
    traded_market: Callable[[WireRequest], tuple[MarketType, str] | None]
    paths: Paths
    moves_money: bool = True
    passphrase: bool = False
    tells_duplicates: bool = True
