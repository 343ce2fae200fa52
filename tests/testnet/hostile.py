"""A server that answers as the exchange would until a planned request arrives, and then does its worst."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.sim.answering import AnsweringExchange
from bot.sim.wire.request import WireReply, WireRequest

Wanted = Callable[[WireRequest], bool]


@dataclass(kw_only=True)
class Visit:
    """One request that arrived, with everything a strike may do about it."""

    request: WireRequest
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    answering: AnsweringExchange

    def carry_out(self) -> bytes:
        """Let the exchange carry the request out; the bytes of its honest reply."""
        answer = self.answering.answer(self.request)
        return rendered(answer.reply or WireReply(status=503, body=b""))

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def pour(self, data: bytes, *, bytes_max: int) -> None:
        """Send the same bytes again and again, until that many are gone or nobody takes them."""
        for _ in range(-(-bytes_max // len(data))):
            await self.send(data)

    def reset(self) -> None:
        """Break the connection the hard way."""
        with contextlib.suppress(OSError):
            self.writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        self.writer.transport.abort()

    async def hold(self) -> None:
        """Say nothing more and keep the connection, until the client is gone."""
        while await self.reader.read(65536):
            pass


Strike = Callable[[Visit], Awaitable[None]]


@dataclass(kw_only=True)
class Plan:
    """A strike at the nth wanted request, counted from 1, and at the `times` - 1 that follow."""

    strike: Strike
    wanted: Wanted = lambda _request: True
    nth: int = 1
    times: int = 1
    met: int = 0

    def takes(self, request: WireRequest) -> bool:
        if not self.wanted(request):
            return False
        self.met += 1
        return self.nth <= self.met < self.nth + self.times


@dataclass(kw_only=True)
class HostileServer:
    """Serves one simulated exchange on a loopback port, over TLS when it has a certificate."""

    answering: AnsweringExchange
    tls: ssl.SSLContext | None = None
    plans: list[Plan] = field(default_factory=list)
    seen: list[WireRequest] = field(default_factory=list)
    address: str = ""
    connections: int = 0
    struck: int = 0
    witness: Callable[[WireRequest], None] = lambda _request: None
    _server: asyncio.Server | None = None
    _talks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._taken, "127.0.0.1", 0, ssl=self.tls)
        host, port = self._server.sockets[0].getsockname()[:2]
        self.address = f"{host}:{port}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for talk in list(self._talks):
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def plan(self, strike: Strike, wanted: Wanted = lambda _request: True, *, nth: int = 1, times: int = 1) -> Plan:
        made = Plan(strike=strike, wanted=wanted, nth=nth, times=times)
        self.plans.append(made)
        return made

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        try:
            while (request := await _request(reader)) is not None:
                await self._meet(Visit(request=request, reader=reader, writer=writer, answering=self.answering))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._talks.discard(talk)
            writer.close()

    async def _meet(self, visit: Visit) -> None:
        self.seen.append(visit.request)
        self.witness(visit.request)
        takers = [plan for plan in self.plans if plan.takes(visit.request)]
        if takers:
            self.struck += 1
            await takers[0].strike(visit)
        else:
            await visit.send(visit.carry_out())


def rendered(reply: WireReply, *, more: str = "", length: bool = True) -> bytes:
    """A reply as bytes; `more` are whole header lines."""
    head = f"HTTP/1.1 {reply.status} {reply.reason}\r\nContent-Type: {reply.content_type}\r\n{more}"
    head += "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
    if length:
        head += f"Content-Length: {len(reply.body)}\r\n"
    return head.encode() + b"\r\n" + reply.body


async def _request(reader: asyncio.StreamReader) -> WireRequest | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    path, _, query = target.partition("?")
    host = headers.get("host", "").partition(":")[0]
    return WireRequest(method=method, host=host, path=path, query=query, body=body.decode(), headers=headers)


@asynccontextmanager
async def serving(answering: AnsweringExchange, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[HostileServer]:
    """A hostile server for the time of a block; its place is in `address`."""
    server = HostileServer(answering=answering, tls=tls)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
