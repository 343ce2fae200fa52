"""The clocks: the machine's own, and that of a local testnet whose time runs faster or only when told."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from bot.domain.errors import Unavailable

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_RUNNING_ON = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Aware UTC time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never run backwards; those for which this machine slept are counted where it can tell."""
        return time.clock_gettime(_RUNNING_ON)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(max(0.0, seconds))


def this_boot() -> str:
    """A name for the time since this machine was started, through which its monotonic clock runs; empty if unknown."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


class LocalnetClock:
    """The clock of a local testnet, asked once and then computed: market time = origin + speed x wall time.

    At speed 0 the market stands still until somebody sleeps: sleeping moves it on by that much.
    """

    def __init__(self, address: str, origin: datetime, speed: float) -> None:
        self._address = address
        self._origin = origin
        self._speed = speed
        self._began = time.monotonic()

    @classmethod
    async def ask(cls, address: str) -> "LocalnetClock":
        """Read the testnet's clock. Raises: Unavailable when nothing answers at the address."""
        asked = time.monotonic()
        body = await _call("GET", address, "clock", {})
        # The answer is half the round trip old; at a high speed that is seconds of market time.
        passed = timedelta(seconds=body["speed"] * (time.monotonic() - asked) / 2)
        return cls(address, EPOCH + timedelta(milliseconds=body["now_ms"]) + passed, body["speed"])

    @property
    def tolerance(self) -> float:
        """How much wider ages are judged: a wall second of latency is this many seconds of market time."""
        return max(1.0, self._speed)

    def now(self) -> datetime:
        """Market time."""
        return self._origin + timedelta(seconds=self._speed * (time.monotonic() - self._began))

    def monotonic(self) -> float:
        """Seconds of market time that never run backwards."""
        return (self.now() - EPOCH).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds of market time."""
        if self._speed > 0:
            await asyncio.sleep(max(0.0, seconds) / self._speed)
        elif seconds > 0:
            body = await _call("POST", self._address, "advance", {"seconds": seconds})
            self._origin = EPOCH + timedelta(milliseconds=body["now_ms"])


async def _call(method: str, address: str, what: str, body: dict[str, float]) -> dict[str, float]:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
            session.request(method, f"http://{address}/ballast/{what}", json=body or None) as response,
        ):
            answer: dict[str, float] = await response.json()
            return answer
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unavailable(
            f"no local testnet answers at {address} ({type(error).__name__}). Nothing was done. "
            f"Start it with `ballast localnet --listen {address}`."
        ) from None
