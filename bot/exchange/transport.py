"""How bytes reach a venue: checked certificates, no resend behind our back, replies bounded in size."""

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any, Protocol

import aiohttp
import certifi
from aiohttp.abc import AbstractResolver

from bot.exchange.envelope import NotAnAnswer

REPLY_BYTES_MAX = 32 * 1024 * 1024
CONNECTIONS_MAX = 32


class Transport(Protocol):
    """What carries a request: an aiohttp session, or one that answers from memory."""

    def request(
        self,
        method: str,
        url: Any,
        *,
        data: bytes | None,
        headers: Mapping[str, str],
        allow_redirects: bool,
        timeout: Any,
    ) -> AbstractAsyncContextManager[Any]:
        """Send one request and hand out the response."""

    async def close(self) -> None:
        """Release every socket."""


TransportFactory = Callable[[], Transport]


class _OneReplyPerRequest(aiohttp.TCPConnector):
    """Never sends a request on a kept connection that already holds bytes: they would be taken for its reply."""

    async def _get(self, *wanted: Any) -> Any:
        while (kept := await super()._get(*wanted)) is not None:
            if kept.protocol is not None and not kept.protocol.should_close:
                break
            kept.close()
        return kept


def aiohttp_transport(
    *, ipv6: bool = False, tls: ssl.SSLContext | None = None, resolver: AbstractResolver | None = None
) -> Transport:
    """A real HTTPS session: certificates checked, no proxy from the environment, nothing sent twice behind our back.

    Venues tie a key to an IPv4 address, and turn a request away that arrives from elsewhere; `ipv6` allows both.
    """
    family = socket.AF_UNSPEC if ipv6 else socket.AF_INET
    return _without_resend(
        _OneReplyPerRequest(ssl=tls or _tls(), limit=CONNECTIONS_MAX, family=family, resolver=resolver)
    )


def loopback_transport() -> Transport:
    """A plain HTTP session for the local testnet; it loads no certificates."""
    return _without_resend(_OneReplyPerRequest(limit=CONNECTIONS_MAX))


def _without_resend(connector: aiohttp.TCPConnector) -> Transport:
    # an API needs no cookies, so none is kept, sent or searched for
    session = aiohttp.ClientSession(connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar())
    # aiohttp silently repeats GET and DELETE when a kept connection dies: a cancel could go out twice.
    session._retry_connection = False
    return session


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


async def body_of(response: Any) -> str:
    """The body of a reply as text. Raises: NotAnAnswer for one that is too big, before or while it is read."""
    stream: Any = getattr(response, "content", None)
    if not hasattr(stream, "iter_any"):
        raw = bytes(await response.read())
        if len(raw) > REPLY_BYTES_MAX:
            raise NotAnAnswer(_too_big())
        return raw.decode("utf-8", errors="replace")
    if (response.content_length or 0) > REPLY_BYTES_MAX:
        response.close()
        raise NotAnAnswer(_too_big())
    gathered = bytearray()
    async for chunk in stream.iter_any():
        if len(gathered) + len(chunk) > REPLY_BYTES_MAX:
            response.close()
            raise NotAnAnswer(_too_big())
        gathered += chunk
    return gathered.decode("utf-8", errors="replace")


def _too_big() -> str:
    return f"a reply of more than {REPLY_BYTES_MAX // (1024 * 1024)} MB"
