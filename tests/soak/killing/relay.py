"""A wire that is cut byte by byte: it stands before the local testnet and knows where each request ends."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

Cut = Literal["", "request", "reply"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What happens to one request.

    `request`: of its bytes only `bytes_kept` reach the exchange, and its sender dies; `reply`: it is carried out, its
    sender gets so many bytes of the reply, counted round and round, and dies `wait_s` later; None keeps all. Without a
    cut the reply comes `wait_s` late.
    """

    cut: Cut = ""
    bytes_kept: int | None = None
    wait_s: float = 0.0


PASS = Verdict()
Decide = Callable[[bytes], Awaitable[Verdict]]


class Relay:
    """Listens on a port of its own; `decide` is asked about every whole request, `kill` ends the sender."""

    def __init__(self, upstream: tuple[str, int], decide: Decide, kill: Callable[[], None]) -> None:
        self._upstream, self._decide, self._kill = upstream, decide, kill
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> tuple[str, int]:
        """Open a port and tell which."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return str(host), int(port)

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, towards = await asyncio.open_connection(*self._upstream)
        self._open |= {writer, towards}
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                while await self._one(reader, writer, there, towards):
                    pass
        finally:
            self._open -= {writer, towards}
            writer.transport.abort()
            towards.transport.abort()

    async def _one(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        towards: asyncio.StreamWriter,
    ) -> bool:
        """Pass one request and its reply; False when the connection ends here."""
        request, whole = await message(reader)
        if not whole:
            return False
        verdict = await self._decide(request)
        if verdict.cut == "request":
            self._kill()
            towards.write(request[: verdict.bytes_kept])
            await towards.drain()
            if verdict.bytes_kept is None or verdict.bytes_kept >= len(request):
                await message(there)  # carried out for nobody
            return False
        towards.write(request)
        reply, whole = await message(there)
        if verdict.cut == "reply":
            kept = len(reply) if verdict.bytes_kept is None else verdict.bytes_kept % (len(reply) + 1)
            writer.write(reply[:kept])
            if verdict.wait_s:
                await asyncio.sleep(verdict.wait_s)
            self._kill()
            return False
        if verdict.wait_s:
            await asyncio.sleep(verdict.wait_s)
        writer.write(reply)
        await writer.drain()
        return whole


async def message(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    """One HTTP message, and whether it came whole."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as broken:
        return broken.partial, False
    length = next(
        (int(line.split(b":", 1)[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    try:
        return head + await reader.readexactly(length), True
    except asyncio.IncompleteReadError as broken:
        return head + broken.partial, False
