"""Alerts on their way: one thread per address, so that no service can hold up a cycle or another service."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from bot.domain.errors import ConfigurationError

WAITING_MAX = 50
PAUSES_S = (3.0, 20.0)  # before the second and the third try
FAREWELL_S = 5.0
Deliver = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One alert as it is sent."""

    title: str
    body: str


class Courier:
    """Carries letters to one address in the background and counts what became of them."""

    def __init__(
        self, deliver: Deliver, pauses_s: Sequence[float] = PAUSES_S, say: Callable[[str], None] = lambda _said: None
    ) -> None:
        self._deliver, self._pauses_s, self._say = deliver, pauses_s, say
        self._silent = False
        self._waiting: queue.Queue[Letter | None] = queue.Queue(WAITING_MAX)
        self._closing = threading.Event()
        self.sent = self.failed = 0
        self._thread = threading.Thread(target=self._carry, name="ballast-alerts", daemon=True)
        self._thread.start()

    def take(self, letter: Letter) -> None:
        """Accept a letter at once; one too many is counted as failed."""
        try:
            self._waiting.put_nowait(letter)
        except queue.Full:
            self.failed += 1
            self._tell(letter, reached=False)

    def close(self, until: float) -> None:
        """Give what is on its way until then (monotonic seconds)."""
        self._closing.set()
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(max(0.0, until - time.monotonic()))

    def _carry(self) -> None:
        while (letter := self._waiting.get()) is not None:
            reached = self._brought(letter)
            self.sent, self.failed = self.sent + reached, self.failed + (not reached)
            self._tell(letter, reached=reached)

    def _tell(self, letter: Letter, *, reached: bool) -> None:
        """Say once that alerts do not arrive, and once that they do again."""
        if self._silent is not reached:
            return
        self._silent = not reached
        self._say(
            "takes alerts again" if reached else f"did not take the alert {letter.title!r}; it was not told there"
        )

    def _brought(self, letter: Letter) -> bool:
        for pause_s in (0.0, *self._pauses_s):
            if pause_s and self._closing.wait(pause_s):
                return False
            try:
                if self._deliver(letter.title, letter.body):
                    return True
            except Exception:  # noqa: S112 - a foreign library may raise anything; the failure is counted and shown
                continue
        return False


class Couriers:
    """All addresses together."""

    def __init__(
        self,
        deliveries: Sequence[Deliver],
        pauses_s: Sequence[float] = PAUSES_S,
        say: Callable[[str], None] = lambda _said: None,
    ) -> None:
        def named(place: int) -> Callable[[str], None]:
            # by its place: the address itself carries passwords
            return lambda said: say(f"alert address {place} of {len(deliveries)} {said}")

        self._couriers = [Courier(one, pauses_s, named(place)) for place, one in enumerate(deliveries, start=1)]

    def take(self, letter: Letter) -> None:
        """Send to every address; returns at once."""
        for courier in self._couriers:
            courier.take(letter)

    def counts(self) -> tuple[int, int]:
        """(sent, failed) over all addresses."""
        return sum(one.sent for one in self._couriers), sum(one.failed for one in self._couriers)

    def close(self) -> None:
        """Let letters that are on their way arrive, for a few seconds."""
        until = time.monotonic() + FAREWELL_S
        for courier in self._couriers:
            courier.close(until)


def deliveries(addresses: Sequence[str]) -> list[Deliver]:
    """A way to each address. Raises: ConfigurationError when apprise is missing or does not understand an address."""
    if not addresses:
        return []
    if find_spec("apprise") is None:
        raise ConfigurationError(
            "[watch] alerts are set, but the library that sends them is not installed. Nothing was started. Install it "
            "with `make alerts` (or `pip install --require-hashes -r requirements-alerts.lock`), or unset "
            "BALLAST_WATCH__ALERTS"
        )
    import apprise  # noqa: PLC0415 - only who wants alerts pays for it

    # What this library logs may hold addresses, and addresses hold passwords.
    for name in ("apprise", "requests", "urllib3"):
        silent = logging.getLogger(name)
        silent.addHandler(logging.NullHandler())
        silent.propagate = False
    found: list[Deliver] = []
    for place, address in enumerate(addresses, start=1):
        carrier = apprise.Apprise()
        if not carrier.add(address):
            raise ConfigurationError(
                f"[watch] alerts: address {place} of {len(addresses)} is none that apprise understands (it is not "
                "shown, such addresses carry passwords). Nothing was started; see apprise's list of services"
            )
        found.append(_way(carrier))
    return found


def _way(carrier: object) -> Deliver:
    def deliver(title: str, body: str) -> bool:
        notify = getattr(carrier, "notify")  # noqa: B009 - the library is optional, and untyped here
        return bool(notify(title=title, body=body))

    return deliver
