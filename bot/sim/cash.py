"""Double-entry money of the simulated exchange: nothing appears or vanishes except by deposit and withdrawal."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

ZERO = Decimal(0)
MONEY_STEP = Decimal("0.00000001")
DIGITS_MAX = 15  # before the point; beyond, a request is nonsense and arithmetic would lose units

COUNTERPARTY = "@counterparty"  # the rest of the market: takes the other side of every trade and of funding
FEES = "@fees"  # the venue's income, including what rounding leaves over
INSURANCE = "@insurance"  # receives liquidation fees, covers what a liquidated account cannot pay

Purse = tuple[str, str]  # owner, wallet


def house(owner: str) -> Purse:
    """Name the one purse of a house account."""
    return (owner, "house")


def money_down(value: Decimal) -> Decimal:
    """Round to the smallest unit in the venue's favour when the venue pays."""
    return value.quantize(MONEY_STEP, rounding=ROUND_FLOOR)


def money_up(value: Decimal) -> Decimal:
    """Round to the smallest unit in the venue's favour when the venue is paid."""
    return value.quantize(MONEY_STEP, rounding=ROUND_CEILING)


def multiple_of(value: Decimal, step: Decimal) -> bool:
    """Tell whether a value is a finite whole number of steps; absurdly large ones are not."""
    return value.is_finite() and value.adjusted() <= DIGITS_MAX and not value % step


class Cash:
    """Who owns how much of what; house accounts may go negative, they stand for the rest of the market."""

    def __init__(self) -> None:
        self._balances: dict[Purse, dict[str, Decimal]] = {}

    def balance(self, purse: Purse, asset: str) -> Decimal:
        """Say what lies in one purse."""
        return self._balances.get(purse, {}).get(asset, ZERO)

    def assets(self, purse: Purse) -> Mapping[str, Decimal]:
        """List all balances of one purse, zero ones included once they were touched."""
        return self._balances.get(purse, {})

    def purses(self) -> Iterable[tuple[Purse, Mapping[str, Decimal]]]:
        """List every purse with what lies in it."""
        return self._balances.items()

    def bring(self, purse: Purse, asset: str, amount: Decimal) -> None:
        """Change a purse from outside the exchange: + deposit, - withdrawal. The only door for money."""
        self._add(purse, asset, amount)

    def move(self, asset: str, amount: Decimal, source: Purse, target: Purse) -> None:
        """Move an exact amount of money between two purses."""
        self._add(source, asset, -amount)
        self._add(target, asset, amount)

    def settle(self, asset: str, exact: Decimal, payer: Purse, receiver: Purse) -> tuple[Decimal, Decimal]:
        """Pay a non-negative exact amount: the payer's side rounds up, the receiver's down, the venue keeps the rest.

        Returns (paid, received).
        """
        paid, received = money_up(exact), money_down(exact)
        self._add(payer, asset, -paid)
        self._add(receiver, asset, received)
        if paid != received:
            self._add(house(FEES), asset, paid - received)
        return paid, received

    def total(self, asset: str) -> Decimal:
        """Sum one asset over all owners."""
        return sum((purse.get(asset, ZERO) for purse in self._balances.values()), ZERO)

    def _add(self, purse: Purse, asset: str, amount: Decimal) -> None:
        held = self._balances.get(purse)
        if held is None:
            held = self._balances[purse] = {}
        held[asset] = held.get(asset, ZERO) + amount
