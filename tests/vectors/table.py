"""From the label of a vector case to our code; every topic registers its own adapters."""

from tests.vectors import margins, ratios, results, signals, trading
from tests.vectors.inputs import ADAPTERS, Inputs

TOPICS = (margins, ratios, results, signals, trading)

__all__ = ["ADAPTERS", "TOPICS", "Inputs"]
