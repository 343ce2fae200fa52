"""The only two ways to call an exchange: `read`, which may repeat itself, and `write`, which never does."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from asyncio_throttle import Throttler
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from bot.domain.errors import AlreadyExists, BallastError, Forbidden, Refused, Unavailable, Unknown
from bot.domain.ports import Clock
from bot.exchange.envelope import Lost, NeverSent, NotAnAnswer, OldAnswer, Redirected, Silenced, VenueSaid
from bot.exchange.quirks import Quirks
from bot.exchange.session import Departure, departure
from bot.exchange.strict import Unlisted
from bot.exchange.venue_time import VenueTime

READ_ATTEMPTS: Final = 3
PATIENCE_S: Final = 10.0
Params = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How fast one account may be asked. `weighted` is ccxt's own limiter, which counts the venue's weights."""

    reads_per_s: int = 40
    writes_per_s: int = 10
    weighted: bool = True
    timeout_s: float = 10.0


LOCAL_LIMITS: Final = Limits(reads_per_s=10_000, writes_per_s=10_000, weighted=False)
"""For the local testnet, which is ours and may run a month in a minute."""


class SaidNo(Unavailable):
    """A read the venue answered with an error code of its own."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class AlreadySo(Exception):
    """The venue says the setting has this value already."""


class _Again(Exception):
    """A read failed in a way that may pass."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Calls:
    """Calls of one account: throttled together, bounded in time, every failure sorted by what it means."""

    def __init__(
        self, client: Any, quirks: Quirks, *, clock: Clock, venue_time: VenueTime, limits: Limits | None = None
    ) -> None:
        self._client = client
        self._quirks = quirks
        self._clock = clock
        self.time = venue_time
        self._limits = limits or Limits()
        self._reads = Throttler(rate_limit=self._limits.reads_per_s, period=1.0)
        # orders have a throttle of their own, so that none waits behind a page of candles
        self._writes = Throttler(rate_limit=self._limits.writes_per_s, period=1.0)
        self._in_flight: dict[Hashable, asyncio.Future[Any]] = {}
        self._silent_since: float | None = None
        self._measuring = asyncio.Lock()
        self.measure: Callable[[], Awaitable[object]] | None = None

    async def read(self, name: str, params: Params | None = None, *, timed: bool = True) -> Any:
        """Ask something that changes nothing; repeats itself a little when the fault may pass.

        `timed` is False only for the question of what time it is.

        Raises: SaidNo for the venue's own error code, Unavailable for everything else.
        """
        fault: BallastError
        try:
            try:
                return await self._read_once(name, params or {}, timed)
            except _Again as again:
                if self._silent_for_s() > PATIENCE_S:
                    raise  # a venue that answers nothing at all is asked each question once, so that a cycle ends
                first = again
            return await self._read_again(name, params or {}, timed, first)
        except _Again as again:
            fault = self._read_fault(again.cause)
        except Forbidden as stopped:
            fault = Unavailable(str(stopped))
        except BallastError:
            raise
        except Exception as error:
            fault = self._read_fault(error)
        # raised out here so that no exception of ccxt, whose text may hold a signed URL, hangs on to it
        raise fault

    async def _read_again(self, name: str, params: Params, timed: bool, first: _Again) -> Any:
        """What follows a first attempt that failed; most reads never come here, and none pays for it before."""
        async for attempt in AsyncRetrying(
            stop=stop_after_attempt(READ_ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.1, max=2.0),
            retry=retry_if_exception_type(_Again),
            sleep=self._clock.sleep,
            reraise=True,
        ):
            with attempt:
                if attempt.retry_state.attempt_number == 1:
                    raise first
                return await self._read_once(name, params, timed)
        raise AssertionError("tenacity ends by returning or raising")

    async def read_shared(self, name: str, params: Params | None = None) -> Any:
        """Like `read`, but callers asking the same thing at the same moment share one request."""
        key = (name, repr(sorted((params or {}).items())))
        running = self._in_flight.get(key)
        if running is None:
            running = asyncio.ensure_future(self.read(name, params))
            self._in_flight[key] = running
            running.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(running)

    def _landed(self, key: Hashable, done: asyncio.Future[Any]) -> None:
        self._in_flight.pop(key, None)
        if not done.cancelled():
            done.exception()  # looked at, so that a caller who left does not make asyncio complain

    async def write(self, name: str, params: Params | list[Params], *, own_id: str = "") -> Any:
        """Send something that may change the account, exactly once; `own_id` is the client id of an order in it.

        Raises: Refused, AlreadyExists, AlreadySo, Unavailable (proved not executed), Forbidden, Unknown.
        """
        await self._writes.acquire()
        trip = Departure()
        token = departure.set(trip)
        fault: BaseException
        try:
            async with asyncio.timeout(self._limits.timeout_s + 2.0):
                return await self._called(name, params)
        except asyncio.CancelledError:
            if not trip.left:
                raise
            fault = Unknown(
                f"{self._quirks.id}: Ballast was interrupted while a request was on its way. It may have been carried "
                "out; it will be looked up before anything else is planned."
            )
        except Exception as error:
            fault = self._write_fault(error, trip, own_id)
        finally:
            departure.reset(token)
        raise fault

    async def _measure_when_due(self) -> None:
        async with self._measuring:
            if self.measure is not None and self.time.due:
                await self.measure()

    async def _read_once(self, name: str, params: Params, timed: bool) -> Any:
        if timed and self.time.due:
            await self._measure_when_due()
        await self._reads.acquire()
        try:
            async with asyncio.timeout(self._limits.timeout_s + 2.0):
                found = await self._called(name, params)
            self._silent_since = None
            return found
        except VenueSaid as said:
            self._silent_since = None
            if self._quirks.codes.blames_clock(said.code, said.message):
                self.time.forget()
                raise _Again(said) from None
            if said.code in self._quirks.codes.transient or said.status >= 500:
                raise _Again(said) from None
            raise
        except (NeverSent, Lost, NotAnAnswer, TimeoutError) as error:
            if isinstance(error, NotAnAnswer):
                self._silent_since = None
            elif self._silent_since is None:
                self._silent_since = self._clock.monotonic()
            if isinstance(error, OldAnswer):
                self.time.forget()  # it may be our idea of the venue's time that is wrong
            raise _Again(error) from None

    def _silent_for_s(self) -> float:
        return 0.0 if self._silent_since is None else self._clock.monotonic() - self._silent_since

    def _called(self, name: str, params: Params | list[Params]) -> Awaitable[Any]:
        method: Callable[..., Awaitable[Any]] = getattr(self._client, name)
        if isinstance(params, list):  # a path whose body is a list
            return method([dict(row) for row in params])
        # ccxt's unified calls (fetch_order, transfer) take their arguments by name, those by the venue's own path
        # (swapV2PrivateGetTradeOrder) take one object
        return method(**params) if name.islower() else method(dict(params))

    def _read_fault(self, error: Exception) -> Unavailable:
        who = self._quirks.id
        if isinstance(error, VenueSaid):
            if error.code in self._quirks.codes.key:
                return SaidNo(self._key_trouble(error), code=error.code)
            return SaidNo(
                f"{who} answered with error {error.code} ({error.message}). Nothing was changed; "
                "the next cycle asks again.",
                code=error.code,
            )
        if type(error).__name__ == "BadSymbol":
            return Unlisted(
                f"{who} tells of a market that its list of markets lacks, which is asked for anew. Nothing was "
                "changed; the next cycle asks again."
            )
        return Unavailable(
            f"{who} gave no usable answer: {_words(error)}. Nothing was changed; the next cycle asks again."
        )

    def _key_trouble(self, error: VenueSaid) -> str:
        return (
            f"{self._quirks.id} does not accept the API key (error {error.code}: {error.message}). Nothing was "
            "changed and the hedge stays as it is. Check on the exchange that the key exists, allows reading and "
            "futures, and that this machine's address is on its list; then put it in the environment again."
        )

    def _write_fault(self, error: Exception, trip: Departure, own_id: str) -> Exception:
        who = self._quirks.id
        if isinstance(error, Forbidden):
            return error
        if not trip.left:
            return Unavailable(f"{who}: nothing was sent ({_words(error)}). The next cycle tries again.")
        # an error that names another order is the answer to that one, and tells nothing of ours
        ours = isinstance(error, VenueSaid) and error.about in {"", own_id}
        sorted_fault = self._sorted(error) if isinstance(error, VenueSaid) and ours else None
        return sorted_fault or Unknown(
            f"{who}: a request was sent and its outcome is not known ({_words(error)}). It may have been carried out; "
            "it will be looked up before anything else is planned."
        )

    def _sorted(self, said: VenueSaid) -> Exception | None:
        """What an error code means for a write; None for a code that proves nothing, as any code of a 5xx does."""
        who, codes, fault = self._quirks.id, self._quirks.codes, None
        if said.code in codes.not_executed:
            fault = Unavailable(f"{who} is too busy and did not take the request (error {said.code}). Try again later.")
        elif said.status >= 500:
            fault = None
        elif codes.blames_clock(said.code, said.message):
            self.time.forget()
            fault = Unavailable(
                f"{who} refused the time stamp (error {said.code}) and did nothing. The clock offset is measured anew; "
                "if this repeats, check the clock of this machine."
            )
        elif said.code in codes.key:
            fault = Unavailable(self._key_trouble(said))
        elif said.code in codes.duplicate:
            return AlreadyExists(
                f"{who} holds an order under this client id already ({said.code}); an earlier try was placed."
            )
        elif said.code in codes.already_so:
            return AlreadySo(said.code)
        elif codes.refuses(said.code, said.message):
            return Refused(f"{who} refused: {said.message or 'no reason given'} (error {said.code}).", code=said.code)
        return fault


def _words(error: Exception) -> str:
    # only our own faults may speak; ccxt's and aiohttp's texts can hold a signed URL
    if isinstance(error, VenueSaid):
        return f"error {error.code}: {error.message}"
    if isinstance(error, NeverSent | Lost | NotAnAnswer | Redirected | Silenced | BallastError):
        return str(error)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if type(error).__name__ == "AuthenticationError":  # ccxt found no key to sign with
        return "no API key is set for it; put key and secret in the environment (see .env.example)"
    return f"an unexpected {type(error).__name__}{_place(error)}"


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"


def unreadable(venue: str, what: str, problem: object) -> NoReturn:
    """Turn a reply that cannot be read into Unavailable. Raises: Unavailable."""
    raise Unavailable(
        f"{venue}: the {what} cannot be trusted ({problem}). Nothing was changed; the next cycle asks again."
    ) from None
