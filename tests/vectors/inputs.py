"""Reading the inputs of a vector case, and the register of adapters from its label to our code."""

from collections.abc import Callable, Mapping
from typing import Any

Expected = dict[str, Any]


class Inputs:
    """The inputs of one case, remembering which were read, so that an input we do not understand cannot pass unseen."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return self.values[name]

    def has(self, name: str) -> bool:
        """Whether the case gives this input; null stands for not given."""
        self.read.add(name)
        return self.values.get(name) is not None

    def take(self, *names: str) -> tuple[Any, ...]:
        return tuple(self[name] for name in names)

    def known(self, name: str, otherwise: Any) -> Any:
        """The case's value, or the documented default where the case gives none."""
        return self[name] if self.has(name) else otherwise

    def given(self, **names: str) -> dict[str, Any]:
        """Our keyword to the case's value, for those the case gives; the others keep our defaults."""
        return {ours: self[theirs] for ours, theirs in names.items() if self.has(theirs)}

    def unread(self) -> set[str]:
        return set(self.values) - self.read


Adapter = Callable[[Inputs], Expected]
ADAPTERS: dict[str, Adapter] = {}


def label(function: Adapter) -> Adapter:
    """Register an adapter under its own name, which is the label of the cases it serves."""
    ADAPTERS[function.__name__] = function
    return function


def renamed(value: Any, **names: str) -> Expected:
    """Their name for each of our fields."""
    return {theirs: getattr(value, ours) for theirs, ours in names.items()}
