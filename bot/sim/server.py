"""The loopback server of the local testnet: real HTTP sockets around the simulated exchange."""

import asyncio
import errno
import ipaddress
import json
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from aiohttp import web

from bot.domain.errors import ConfigurationError
from bot.sim.answering import Answer, AnsweringExchange
from bot.sim.control import change_faults, clock, ledger_since, state
from bot.sim.wire.request import WireReply, WireRequest

_BODY_MAX_BYTES = 64 * 1024
_ADVANCE_MAX_S = 366 * 86400


class ExchangeClock:
    """Exchange time as a multiple of wall time; at speed 0 it stands until somebody advances it."""

    def __init__(
        self, origin: datetime, end: datetime, *, speed: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.speed = speed
        self._origin = origin
        self._end = max(end, origin)
        self._monotonic = monotonic
        self._started = monotonic()

    def now(self) -> datetime:
        """The exchange time it should be; the end of the feed stops it."""
        if not self.speed:
            return self._origin
        elapsed_s = (self._monotonic() - self._started) * self.speed
        left = self._end - self._origin
        return self._end if elapsed_s >= left.total_seconds() else self._origin + timedelta(seconds=elapsed_s)


def is_loopback(host: str) -> bool:
    """Whether this address is this machine and nothing else."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_loopback(host: str) -> None:
    """Refuse to listen where other machines could reach us."""
    if not is_loopback(host):
        raise ConfigurationError(
            f"The local testnet listens on this machine only, and {host!r} is not a loopback address. "
            "Nothing was started. Use 127.0.0.1, for example --listen 127.0.0.1:8701."
        )


class LocalServer:
    """Serves one simulated exchange on a loopback port. Port 0 picks a free one; `start` returns what was taken."""

    def __init__(
        self,
        answering: AnsweringExchange,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 0.0,
        hang_s: float = 30.0,
    ) -> None:
        check_loopback(host)
        self._answering = answering
        self._host, self._port, self.speed = host, port, speed
        self._hang_s = hang_s
        self._runner: web.AppRunner | None = None
        self._stopping = asyncio.Event()

    async def start(self) -> tuple[str, int]:
        """Open the port; raises ConfigurationError when it is taken."""
        app = web.Application(client_max_size=_BODY_MAX_BYTES)
        app.router.add_get("/ballast/{what}", _not_for_web_pages(self._look))
        app.router.add_post("/ballast/{what}", _not_for_web_pages(self._control))
        app.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, self._host, self._port)
        try:
            await site.start()
        except OSError as problem:
            await runner.cleanup()
            raise _port_problem(problem, self._host, self._port) from None
        self._runner = runner
        host, port = runner.addresses[0][:2]
        return str(host), int(port)

    async def stop(self) -> None:
        """Close the port and every connection; repeatable."""
        self._stopping.set()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.read()
        except ConnectionError:  # its sender died before all of it was here; nothing is carried out
            return web.Response()
        wire = WireRequest(
            method=request.method,
            host=request.host,
            path=request.path,
            query=request.rel_url.raw_query_string,
            body=body.decode("utf-8", "replace"),
            headers={name.lower(): value for name, value in request.headers.items()},
        )
        return await self._deliver(request, self._answering.answer(wire))

    async def _deliver(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        if answer.delay_s:
            await self._wait(answer.delay_s)
        if answer.broken == "timeout":
            await self._wait(self._hang_s)
        if answer.broken in _RAW and request.transport is not None:
            request.transport.write(_RAW[answer.broken])
            request.transport.close()
            return web.Response()
        if answer.reply is None:
            return _hang_up(request)
        if answer.broken in ("cut", "chunk"):
            return await _half(request, answer.reply, chunked=answer.broken == "chunk")
        return _response(answer.reply)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _look(self, request: web.Request) -> web.Response:
        self._answering.catch_up()
        what = request.match_info["what"]
        if what == "clock":
            return web.json_response(clock(self._answering, self.speed))
        if what == "state":
            return web.json_response(state(self._answering))
        if what == "ledger":
            since = request.query.get("since", "0")
            if since.isdecimal() and len(since) < 18:
                return web.json_response(ledger_since(self._answering, int(since)))
            return _complaint("since must be the sequence number after which lines are wanted, for example ?since=0")
        return _complaint(
            f"there is no control page named {what}; known are clock, state, ledger, advance, faults", 404
        )

    async def _control(self, request: web.Request) -> web.Response:
        what = request.match_info["what"]
        try:
            asked = json.loads(await request.read() or b"{}")
        except ValueError:
            return _complaint("the body must be a JSON object")
        if not isinstance(asked, dict):
            return _complaint("the body must be a JSON object")
        if what == "advance":
            return self._advance(asked.get("seconds"))
        if what == "faults":
            try:
                return web.json_response(change_faults(self._answering, asked))
            except (ValueError, TypeError, KeyError) as problem:
                return _complaint(str(problem))
        return _complaint(f"there is no control named {what}; known are advance and faults", 404)

    def _advance(self, seconds: object) -> web.Response:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _ADVANCE_MAX_S:
            return _complaint('seconds must be a number from 0 to one year, for example {"seconds": 60}')
        if self.speed:
            return _complaint("time runs by itself here; start the local testnet with --speed 0 to step it")
        self._answering.advance(timedelta(seconds=seconds))
        return web.json_response(clock(self._answering, self.speed))


def _response(reply: WireReply) -> web.Response:
    response = web.Response(
        status=reply.status, reason=reply.reason or None, body=reply.body, headers=dict(reply.headers)
    )
    response.headers["Content-Type"] = reply.content_type
    return response


# What is written in place of an answer, byte by byte, before the line is cut.
_RAW: dict[str, bytes] = {
    "garbled": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\nnot a gzip !",
    "no_http": b"HTTX/9 what do you want\r\n\r\n",
}
Handler = Callable[[web.Request], Awaitable[web.Response]]


def _not_for_web_pages(handler: Handler) -> Handler:
    """Turn away what a browser sends for somebody's page: such requests carry their origin or a foreign host."""

    async def guarded(request: web.Request) -> web.Response:
        if "Origin" in request.headers or not is_loopback((request.url.host or "").strip("[]")):
            return _complaint("control pages are not for web pages", 403)
        return await handler(request)

    return guarded


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _half(request: web.Request, reply: WireReply, *, chunked: bool) -> web.StreamResponse:
    """Promise the whole body, or more chunks; send half of it, close."""
    response = web.StreamResponse(status=reply.status, headers={"Content-Type": reply.content_type})
    if chunked:
        response.enable_chunked_encoding()
    else:
        response.content_length = len(reply.body) + 1
    await response.prepare(request)
    await response.write(reply.body[: len(reply.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def _complaint(message: str, status: int = 400) -> web.Response:
    return web.json_response({"error": message}, status=status)


def _port_problem(problem: OSError, host: str, port: int) -> ConfigurationError:
    if problem.errno == errno.EADDRINUSE:
        return ConfigurationError(
            f"Port {port} on {host} is taken by another program, perhaps another local testnet. Nothing was started. "
            f"Stop that program, or choose another port, for example --listen {host}:{port + 1}."
        )
    return ConfigurationError(
        f"The local testnet cannot listen on {host}:{port} ({problem.strerror or 'no reason given'}). "
        "Nothing was started. Choose a free port above 1023, for example --listen 127.0.0.1:8701."
    )
