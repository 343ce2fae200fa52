"""What a fault makes of the next request to the engine: a refusal without a reason, an order that does not end."""

from dataclasses import dataclass, replace

from bot.sim.admission import OrderRequest
from bot.sim.model import Rejected


@dataclass(slots=True)
class Whim:
    """`refuses` is the word the next request is refused with; while `lingers`, orders rest that should end at once."""

    refuses: str = ""
    lingers: bool = False

    def speak(self) -> None:
        """Refuse, if that is the whim. Raises: Rejected."""
        if self.refuses:
            raise Rejected(self.refuses, "0")

    def taken(self, request: OrderRequest) -> OrderRequest:
        """The order as the venue takes it."""
        if self.lingers and request.time_in_force == "IOC" and request.price is not None:
            return replace(request, time_in_force="GTC")
        return request
