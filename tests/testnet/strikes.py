"""What a hostile or broken venue does with one request: every strike is given a visit and the bytes to send."""

import asyncio
import gzip
import json
import zlib
from collections.abc import Mapping

from bot.sim.wire.request import WireReply
from tests.testnet.hostile import Strike, Visit, rendered

HALF_A_GIGABYTE = 500 * 1024 * 1024
FLOOD = 128 * 1024  # of small pieces; more costs a machine its time and shows nothing more
MEGABYTE = b" " * 1024 * 1024
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def carried_out(strike: Strike) -> Strike:
    """Let the exchange carry the request out first; its reply is lost."""

    async def both(visit: Visit) -> None:
        visit.carry_out()
        await strike(visit)

    return both


def body(text: bytes, *, status: int = 200, more: str = "") -> Strike:
    """This body in place of the reply."""

    async def send(visit: Visit) -> None:
        await visit.send(rendered(WireReply(status=status, body=text), more=more))

    return send


def raw(data: bytes) -> Strike:
    """These bytes in place of the reply, then the end."""

    async def send(visit: Visit) -> None:
        await visit.send(data)
        visit.writer.close()

    return send


def endless(data: bytes, *, head: bytes = b"", bytes_max: int = HALF_A_GIGABYTE) -> Strike:
    """The same bytes over and over, then silence."""

    async def send(visit: Visit) -> None:
        await visit.send(head)
        await visit.pour(data, bytes_max=bytes_max)
        await visit.hold()

    return send


async def reset(visit: Visit) -> None:
    """RST instead of a reply."""
    visit.reset()


async def finish(visit: Visit) -> None:
    """FIN instead of a reply."""
    visit.writer.close()


async def hang(visit: Visit) -> None:
    """Nothing, for as long as anybody waits."""
    await visit.hold()


async def drip(visit: Visit) -> None:
    """The true head, then a byte now and then."""
    await visit.send(OK + b"Content-Length: 100000\r\n\r\n")
    while not visit.writer.is_closing():
        await visit.send(b" ")
        await asyncio.sleep(0.02)


def cut(share: float) -> Strike:
    """The exchange carries the request out; only this share of its reply arrives."""

    async def send(visit: Visit) -> None:
        reply = visit.carry_out()
        await visit.send(reply[: max(1, int(len(reply) * share))])
        visit.writer.close()

    return send


async def cut_chunked(visit: Visit) -> None:
    """Carried out; the reply comes in chunks of which the second breaks off."""
    _, _, text = visit.carry_out().partition(b"\r\n\r\n")
    half = text[: len(text) // 2]
    await visit.send(
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + f"{len(half):x}\r\n".encode() + half + b"\r\nffff\r\n"
    )
    visit.writer.close()


async def bad_gzip(visit: Visit) -> None:
    """Carried out; the reply says gzip and is damaged in the middle."""
    _, _, text = visit.carry_out().partition(b"\r\n\r\n")
    packed = bytearray(gzip.compress(text))
    packed[len(packed) // 2] ^= 0xFF
    packed[-6] ^= 0xFF
    await visit.send(OK + f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed)


async def garbage(visit: Visit) -> None:
    """Carried out; what comes back is not HTTP."""
    visit.carry_out()
    await visit.send(b"\x16\x03\x01\x02 \x00 what is this \r\n\r\n" * 3)
    visit.writer.close()


async def doubled(visit: Visit) -> None:
    """The true reply, and the same once more a moment later, when nobody asked."""
    reply = visit.carry_out()
    await visit.send(reply)
    await asyncio.sleep(0.01)
    await visit.send(reply)


async def doubled_at_once(visit: Visit) -> None:
    """The true reply twice in one piece."""
    await visit.send(visit.carry_out() * 2)


def redirected(location: str, status: int = 307) -> Strike:
    """Sent elsewhere, with everything that was in the request."""
    return body(b"{}", status=status, more=f"Location: {location}\r\nRefresh: 0; url={location}\r\n")


def replaced(words: Mapping[str, str]) -> Strike:
    """The true reply with some words replaced."""

    async def send(visit: Visit) -> None:
        _, _, text = visit.carry_out().partition(b"\r\n\r\n")
        for old, new in words.items():
            text = text.replace(old.encode(), new.encode())
        await visit.send(rendered(WireReply(body=text)))

    return send


def packed(megabytes: int) -> bytes:
    """A gzip stream of so many megabytes of blanks, made without packing them all."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    first = packer.compress(MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * (megabytes - 1)


def bomb() -> Strike:
    """Half a gigabyte in half a megabyte."""
    data = packed(500)
    return raw(OK + f"Content-Encoding: gzip\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


# what no call may be hurt by: nothing here is an answer
NOT_ANSWERS: Mapping[str, Strike] = {
    "500 MB, announced": endless(MEGABYTE, head=OK + f"Content-Length: {HALF_A_GIGABYTE}\r\n\r\n".encode()),
    "500 MB in chunks": endless(chunk(MEGABYTE), head=OK + b"Transfer-Encoding: chunked\r\n\r\n"),
    "500 MB until the end": endless(MEGABYTE, head=OK + b"Connection: close\r\n\r\n"),
    "a gzip bomb": bomb(),
    "a byte now and then": drip,
    "silence": hang,
    "headers without end": endless(b"X-Padding: 0123456789\r\n" * 200, head=OK, bytes_max=FLOOD),
    "a header line without end": endless(b"A" * 65536, head=OK + b"X-Padding: "),
    "a status line without end": endless(b"A" * 65536, head=b"HTTP/1.1 200 "),
    "continue for ever": endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 200, bytes_max=FLOOD),
    "hints for ever": endless(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 200, bytes_max=FLOOD),
    "another protocol": raw(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81"
    ),
    "no HTTP": raw(b"\x00\x01\x02 rubbish\r\n\r\n"),
    "a negative length": raw(OK + b"Content-Length: -5\r\n\r\n{}"),
    "two lengths": raw(OK + b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}"),
    "a chunk of absurd size": raw(OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n{}"),
    "a packing nobody knows": raw(OK + b"Content-Encoding: br\r\nContent-Length: 4\r\n\r\nabcd"),
    "gzip that is none": raw(OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
    "10,000 lists in each other": body(b"[" * 10_000 + b"]" * 10_000),
    "10,000 objects in each other": body(b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
    "a number of a million digits": body(b'{"code":' + b"1" * 1_000_000 + b"}"),
    "a code of a million digits": body(json.dumps({"code": "1" * 1_000_000, "retCode": "1" * 1_000_000}).encode()),
    "a complaint of ten megabytes": body(
        json.dumps({"code": -9999, "retCode": 99999, "msg": "A" * 10_000_000}).encode(), status=400
    ),
    "ten million values": body(b"[" + b"[]," * 10_000_000 + b"[]]"),
}
