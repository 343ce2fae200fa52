"""The simulated exchange without sockets: thousands of fault schedules in the time of one over HTTP.

Stands where an aiohttp session stands, and breaks the way one breaks.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from bot.sim.answering import Answer, AnsweringExchange
from bot.sim.wire.request import WireReply, WireRequest

Witness = Callable[[WireRequest], None]


class MemoryResponse:
    """The parts of an aiohttp response that its readers use."""

    def __init__(self, reply: WireReply, url: URL, *, whole: bool) -> None:
        self.status = reply.status
        self.reason = reply.reason
        self.url = url
        self.headers = CIMultiDictProxy(CIMultiDict({"Content-Type": reply.content_type, **reply.headers}))
        self.raw_headers = tuple((name.encode(), value.encode()) for name, value in self.headers.items())
        self.content = reply.body
        self._whole = whole

    async def read(self) -> bytes:
        """The body; raises ClientPayloadError when only half of it arrived."""
        if not self._whole:
            raise aiohttp.ClientPayloadError("Response payload is not completed")
        return self.content

    async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
        """The body as text."""
        return (await self.read()).decode(encoding or "utf-8", errors)

    def close(self) -> None:
        """Nothing is held open."""

    def release(self) -> None:
        """Nothing is held open."""


class MemorySession:
    """Answers requests in the same process. `witness` sees each request at the instant it reaches the exchange."""

    def __init__(self, answering: AnsweringExchange, *, witness: Witness | None = None) -> None:
        self.answering = answering
        self.headers: dict[str, str] = {}
        self.closed = False
        self._witness = witness

    def request(
        self,
        method: str,
        url: URL | str,
        *,
        data: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> AbstractAsyncContextManager[MemoryResponse]:
        """Send one request; what else aiohttp would take (timeout, redirects, proxy) has no meaning here."""
        real = url if isinstance(url, URL) else URL(url, encoded=True)
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        body = data.decode("utf-8", "replace") if isinstance(data, bytes) else data or ""
        wire = WireRequest(
            method=method.upper(),
            host=lowered.get("host") or real.host or "",
            path=real.path,
            query=real.raw_query_string,
            body=body,
            headers=lowered,
        )
        return self._sent(wire, real)

    def get(self, url: URL | str, **options: Any) -> AbstractAsyncContextManager[MemoryResponse]:
        """Send a GET."""
        return self.request("GET", url, **options)

    def post(self, url: URL | str, **options: Any) -> AbstractAsyncContextManager[MemoryResponse]:
        """Send a POST."""
        return self.request("POST", url, **options)

    def put(self, url: URL | str, **options: Any) -> AbstractAsyncContextManager[MemoryResponse]:
        """Send a PUT."""
        return self.request("PUT", url, **options)

    def delete(self, url: URL | str, **options: Any) -> AbstractAsyncContextManager[MemoryResponse]:
        """Send a DELETE."""
        return self.request("DELETE", url, **options)

    async def close(self) -> None:
        """Nothing is held open."""
        self.closed = True

    @asynccontextmanager
    async def _sent(self, wire: WireRequest, url: URL) -> AsyncIterator[MemoryResponse]:
        await asyncio.sleep(0)
        if self._witness is not None:
            self._witness(wire)
        yield _received(self.answering.answer(wire), url)


def _received(answer: Answer, url: URL) -> MemoryResponse:
    match answer.broken:
        case "timeout":
            raise TimeoutError
        case "unreachable":
            raise aiohttp.ConnectionTimeoutError
        case "certificate":
            raise aiohttp.ClientConnectorCertificateError(_connection(url), OSError("certificate verify failed"))
        case "garbled":
            raise aiohttp.ClientPayloadError("Can not decode content-encoding: gzip")
        case "no_http":
            asked = aiohttp.RequestInfo(url, "GET", CIMultiDictProxy(CIMultiDict()), url)
            raise aiohttp.ClientResponseError(asked, (), status=400, message="Bad status line")
    if answer.reply is None or answer.broken == "dropped":
        raise aiohttp.ServerDisconnectedError
    return MemoryResponse(answer.reply, url, whole=not answer.broken)


def _connection(url: URL) -> ConnectionKey:
    return ConnectionKey(url.host or "", url.port, True, True, None, None, None)
