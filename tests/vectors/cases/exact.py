"""Exact and high-precision arithmetic for reference numbers, and market-like series from a fixed recipe."""

from collections.abc import Callable, Sequence
from decimal import Decimal, getcontext
from fractions import Fraction

getcontext().prec = 40

D = Decimal
ONE, TWO = D(1), D(2)


def q(value: float | str) -> Fraction:
    """The fraction a number is written as."""
    return Fraction(str(value))


def d(value: float | str | Fraction) -> Decimal:
    """The decimal a number is written as."""
    return D(value.numerator) / D(value.denominator) if isinstance(value, Fraction) else D(str(value))


def root(value: Fraction | Decimal) -> Decimal:
    """Square root to 40 digits."""
    return (d(value) if isinstance(value, Fraction) else value).sqrt()


def average(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def cross(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    """Sum of products minus product of sums over n: n times the covariance, from raw moments."""
    products = sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))
    return products - sum(left, Fraction(0)) * sum(right, Fraction(0)) / len(left)


def market(seed: int, count: int, digits: int = 5, scale: float = 0.03) -> list[float]:
    """Bell-shaped returns from a multiplicative congruential sequence: the sum of four uniform draws."""
    state = seed
    drawn = []
    for _ in range(count):
        total = 0
        for _ in range(4):
            state = state * 16807 % 2147483647
            total += state
        drawn.append(round((total / 2147483647 - 2) * 1.732 * scale, digits))
    return drawn


def bisect(function: Callable[[Decimal], Decimal], low: str, high: str) -> Decimal:
    """The place between low and high where the function changes sign."""
    left, right = D(low), D(high)
    rising = function(right) > 0
    for _ in range(140):
        middle = (left + right) / 2
        if (function(middle) > 0) == rising:
            right = middle
        else:
            left = middle
    return (left + right) / 2


def normal_below(value: Decimal) -> Decimal:
    """Standard normal distribution by its power series around zero."""
    getcontext().prec = 80
    term = total = value
    k = 0
    while abs(term) > D("1e-70"):
        k += 1
        term = -term * value * value / (2 * k)
        total += term / (2 * k + 1)
    pi = D("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")
    result = D("0.5") + total / (2 * pi).sqrt()
    getcontext().prec = 40
    return result


def sinh(value: Decimal) -> Decimal:
    return (value.exp() - (-value).exp()) / 2
