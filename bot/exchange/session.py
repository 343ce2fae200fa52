"""The session ccxt talks through: keeps the real URLs, decides which host is really reached, checks every reply.

With `localnet` every known host of the venue is answered on that loopback address (plain HTTP, the original host in the
Host header); without it only the venue's own hosts over TLS. Everything else never leaves the process.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from yarl import URL

from bot.domain.errors import ConfigurationError, Forbidden
from bot.domain.ports import Clock
from bot.exchange.envelope import (
    CheckedText,
    Lost,
    NeverSent,
    Redirected,
    Silenced,
    VenueSaid,
    check_age,
    checked,
    printable,
)
from bot.exchange.quirks import Quirks, expected_reply
from bot.exchange.transport import Transport, TransportFactory, aiohttp_transport, body_of, loopback_transport

SILENCE_MAX = timedelta(days=3)
_RESET_HEADER = "X-Bapi-Limit-Reset-Timestamp"  # Bybit; no other venue sends it
_MILLISECONDS = re.compile(r"[0-9]{12,14}")
_SECONDS = re.compile(r"[0-9]+")
_BANNED_UNTIL = re.compile(r"(?:banned until|unblocked after|retry after time:) ?([0-9]{12,14})")


@dataclass(slots=True)
class Departure:
    """Whether the request of one call has left the process; the proof behind "never sent"."""

    left: bool = False


departure: ContextVar[Departure | None] = ContextVar("departure", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A checked reply in the form ccxt reads."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: CheckedText

    async def text(self, errors: str = "strict") -> str:
        """The body; it was decoded when it was checked."""
        del errors
        return self.body

    @property
    def content(self) -> str:
        """The body, under the name ccxt uses for replies of no known kind."""
        return self.body


class _Asked(AbstractAsyncContextManager[Reply]):
    """A request in the form ccxt awaits it; the connection is released before the reply is handed out."""

    __slots__ = ("_answer",)

    def __init__(self, answer: Awaitable[Reply]) -> None:
        self._answer = answer

    async def __aenter__(self) -> Reply:
        return await self._answer

    async def __aexit__(self, *error: object) -> None:
        return None


class VenueSession:
    """The `session=` of a ccxt client: guards, redirects to the local testnet, checks, remembers imposed silence."""

    def __init__(
        self,
        quirks: Quirks,
        *,
        clock: Clock,
        hosts: frozenset[str],
        localnet: str | None = None,
        transport_factory: TransportFactory | None = None,
        read_only: bool = False,
    ) -> None:
        self._quirks = quirks
        self._clock = clock
        self._hosts = hosts
        self._localnet = _address(localnet)
        self._factory = transport_factory or (loopback_transport if localnet else aiohttp_transport)
        self._transport: Transport | None = None
        self._read_only = read_only
        self.silent_until: dict[str, datetime] = {}
        self._silences: dict[str, tuple[datetime, float]] = {}
        self.on_silence: Callable[[], None] | None = None
        self.their_now: Callable[[], datetime] = clock.now  # the venue's own time, once it was told
        self.their_told_now: Callable[[], datetime | None] = lambda: None  # the same, None until it was told
        self.headers: dict[str, str] = {}  # ccxt copies these into every request

    def get(self, url: Any, **options: Any) -> AbstractAsyncContextManager[Reply]:
        """Send a GET the way ccxt asks for it."""
        return self._call("GET", url, **options)

    def post(self, url: Any, **options: Any) -> AbstractAsyncContextManager[Reply]:
        """Send a POST the way ccxt asks for it."""
        return self._call("POST", url, **options)

    def put(self, url: Any, **options: Any) -> AbstractAsyncContextManager[Reply]:
        """Send a PUT the way ccxt asks for it."""
        return self._call("PUT", url, **options)

    def delete(self, url: Any, **options: Any) -> AbstractAsyncContextManager[Reply]:
        """Send a DELETE the way ccxt asks for it."""
        return self._call("DELETE", url, **options)

    async def close(self) -> None:
        """Release every socket; the session can be used again afterwards."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.close()

    def _call(self, method: str, url: Any, **options: Any) -> AbstractAsyncContextManager[Reply]:
        return _Asked(self._answer(method, url, **options))

    async def _answer(
        self, method: str, url: Any, *, data: Any = None, headers: Mapping[str, str], **options: Any
    ) -> Reply:
        real = url if isinstance(url, URL) else URL(str(url), encoded=True)
        host = real.host or ""
        self._guard(method, real, host)
        target, sent_headers = self._target(real, host, headers)
        status, reason, reply_headers, text = await self._exchange(
            method, target, data=data, headers=sent_headers, deadline=options.get("timeout")
        )
        self._heed_silence(host, status, reply_headers, text)
        if 300 <= status <= 399:
            raise Redirected(f"HTTP {status}: {host} wants this request sent elsewhere, which is never done")
        body = self._checked(method, real, (status, reply_headers, text))
        return Reply(status=status, reason=reason, headers=reply_headers, body=body)

    def _checked(self, method: str, url: URL, reply: tuple[int, Mapping[str, str], str]) -> CheckedText:
        status, headers, text = reply
        expected, theirs = expected_reply(self._quirks, method, url.path), self.their_told_now()
        try:
            body = checked(
                status,
                text,
                expected=expected,
                success_codes=self._quirks.codes.success,
                keys=self._quirks.error_keys,
            )
            if theirs is not None:
                check_age(body, expected, theirs)
            return body
        except VenueSaid as said:
            wait_s = self._quirks.silence_codes.get(said.code)
            if wait_s is not None:
                named = self._ours(_ends_at(headers) or _named_in(text))
                self._fall_silent(url.host or "", named or self._clock.now() + timedelta(seconds=wait_s))
            raise

    def _guard(self, method: str, url: URL, host: str) -> None:
        if url.scheme != "https" or host not in self._hosts:
            raise Forbidden(
                f"{self._quirks.id}: a request to {url.scheme}://{printable(host)} was stopped before it left: this "
                "venue may not be reached there in this mode. Nothing was sent."
            )
        if self._read_only and not self._quirks.is_read(method, url.path):
            raise Forbidden(
                f"{self._quirks.id}: {method} {url.path} could change the account and was stopped before it left, "
                "because this run may only read. Nothing was sent."
            )
        until = self.silent_until.get(host)
        if until is not None and self._is_silent(host, until):
            raise Silenced(f"{host} asked for silence until {until:%Y-%m-%d %H:%M:%S} UTC; nothing is sent before that")

    def _is_silent(self, host: str, until: datetime) -> bool:
        """Whether this silence goes on; it is measured on a clock that nobody can set, from when it was first met."""
        met = self._silences.get(host)
        if met is None or met[0] != until:
            met = (until, self._clock.monotonic() + (until - self._clock.now()).total_seconds())
            self._silences[host] = met
        return self._clock.monotonic() < met[1]

    def _target(self, url: URL, host: str, headers: Mapping[str, str]) -> tuple[URL, dict[str, str]]:
        sent = {**headers, "Accept-Encoding": "gzip, deflate"}
        if self._localnet is None:
            return url, sent
        address, port = self._localnet
        sent["Host"] = host
        sent["Accept-Encoding"] = "identity"  # on loopback, packing costs more than it saves
        # rebuilt from text: the signature covers the query byte by byte, so it must not be quoted anew
        return URL(f"http://{address}:{port}{url.raw_path_qs}", encoded=True), sent

    async def _exchange(
        self,
        method: str,
        url: URL,
        *,
        data: Any,
        headers: Mapping[str, str],
        deadline: Any,
    ) -> tuple[int, str, Mapping[str, str], str]:
        if self._transport is None:
            self._transport = self._factory()
        mark = departure.get() or Departure()
        mark.left = True
        try:
            async with self._transport.request(
                method, url, data=data, headers=headers, allow_redirects=False, timeout=deadline
            ) as response:
                raw = await body_of(response)
                return response.status, str(getattr(response, "reason", "") or ""), response.headers, raw
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            mark.left = False
            raise NeverSent(f"no connection to {url.host} ({type(error).__name__})") from None
        except TimeoutError:
            raise Lost("no complete answer in time") from None
        except (aiohttp.ClientError, OSError, EOFError) as error:
            raise Lost(f"the connection broke before the answer was complete ({type(error).__name__})") from None

    def _heed_silence(self, host: str, status: int, headers: Mapping[str, str], text: str) -> None:
        if status not in self._quirks.silence_s:
            return
        now = self._clock.now()
        until = now + timedelta(seconds=self._quirks.silence_s[status])
        retry_after = str(headers.get("Retry-After", "")).strip()
        named = self._ours(_named_in(text))
        if named is not None:
            until = named
        if _SECONDS.fullmatch(retry_after):  # counts from now, so it holds where our clock is not the venue's
            counted = now + min(timedelta(seconds=int(retry_after[:12])), SILENCE_MAX)
            until = counted if named is None else max(counted, named)
        until = self._fall_silent(host, until)
        raise Silenced(f"HTTP {status}: {host} asks for silence until {until:%Y-%m-%d %H:%M:%S} UTC")

    def _ours(self, named: datetime | None) -> datetime | None:
        """An instant of the venue's clock by this machine's; None for one that is over, which ends no silence."""
        if named is None:
            return None
        left = named - self.their_now()
        return self._clock.now() + left if left > timedelta() else None

    def _fall_silent(self, host: str, until: datetime) -> datetime:
        now = self._clock.now()
        until = min(max(until, now + timedelta(seconds=1)), now + SILENCE_MAX)
        before = self.silent_until.get(host)
        if before is None or until > before or not self._is_silent(host, before):
            self.silent_until[host] = until
            self._is_silent(host, until)
        if self.on_silence is not None:
            self.on_silence()
        return until


def _named_in(text: str) -> datetime | None:
    """The instant an answer's own words name as the end of a silence."""
    found = _BANNED_UNTIL.search(text)
    return None if found is None else datetime.fromtimestamp(int(found.group(1)) / 1000, tz=UTC)


def _ends_at(headers: Mapping[str, str]) -> datetime | None:
    """The instant a header names as the end of a silence."""
    named = str(headers.get(_RESET_HEADER, "")).strip()
    return datetime.fromtimestamp(int(named) / 1000, tz=UTC) if _MILLISECONDS.fullmatch(named) else None


def _address(localnet: str | None) -> tuple[str, int] | None:
    if localnet is None:
        return None
    host, _, port = localnet.rpartition(":")
    if host not in ("127.0.0.1", "localhost", "[::1]") or not port.isdigit():
        raise ConfigurationError(
            f"localnet = {localnet!r} is not a loopback address with a port. Nothing was touched. "
            'Use the address `ballast localnet` printed, for example "127.0.0.1:8701".'
        )
    return host, int(port)
