"""The small web server of the status page: reading only, this machine only unless you say otherwise."""

import errno
import ipaddress
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

from aiohttp import web

from bot.domain.errors import BallastError
from bot.watch.board import Board, Moment
from bot.watch.health import trouble
from bot.watch.metrics import CONTENT_TYPE, metrics
from bot.watch.page import POLICY, page

SHOWN_ONLY = ("funding", "pools")
KEPT_S = 0.5
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "ballast",
}
Answer = tuple[int, str, str]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class NoPage(BallastError):
    """The page cannot be served; hedging goes on without it."""


class PageServer:
    """Serves one board. `hosts` are names of this machine under which the page may be asked for, besides loopback."""

    def __init__(self, board: Board, *, hosts: Iterable[str] = ()) -> None:
        self._board = board
        self._hosts = frozenset(host.lower() for host in hosts)
        self._kept: dict[str, tuple[float, Answer]] = {}
        self._runner: web.AppRunner | None = None
        self._looked_at: float | None = None
        self._pages: dict[str, Callable[[Moment], Answer]] = {
            "/": lambda now: (200, "text/html; charset=utf-8", page(now)),
            "/metrics": lambda now: (200, CONTENT_TYPE, metrics(now)),
            "/healthz": _health,
            "/api/record": _record,
        }

    async def start(self, listen: str) -> str:
        """Listen at HOST:PORT and return the page's address. Raises: NoPage with a sentence."""
        host, _, port = listen.rpartition(":")
        host = host.strip("[]")
        app = web.Application(middlewares=[self._guard])
        for path in self._pages:
            app.router.add_get(path, self._answer)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1, keepalive_timeout=15)
        try:
            await runner.setup()
            await web.TCPSite(runner, host, int(port)).start()
        except (OSError, OverflowError) as error:
            await runner.cleanup()
            raise NoPage(_sentence(error, listen)) from None
        self._runner = runner
        bound = runner.addresses[0][1] if runner.addresses else port
        return f"http://{f'[{host}]' if ':' in host else host}:{bound}/"

    def unseen_s(self) -> float | None:
        """Seconds since somebody looked at the page; None when nobody ever did."""
        return None if self._looked_at is None else time.monotonic() - self._looked_at

    async def stop(self) -> None:
        """Let go of the port."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Turn away foreign names and writing methods, and let no failure of a page out as a trace."""
        try:
            if not self._is_ours(request.headers.getall("Host", [])):
                response: web.StreamResponse = _plain(421, "This name is not one of this page; see [watch] hosts.")
            elif request.method not in ("GET", "HEAD"):
                response = _plain(405, "This page only shows; it can change nothing.")
                response.headers["Allow"] = "GET, HEAD"
            else:
                response = await handler(request)
        except web.HTTPException as error:
            response = _plain(error.status, f"{error.reason}.")
        except Exception as error:  # a page must never disturb the hedge
            response = _plain(500, f"The page could not be drawn ({type(error).__name__}); hedging goes on.")
        response.headers.update(HEADERS)
        return response

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        """Answer from what was drawn half a second ago at most: many readers cost no more than one."""
        path = request.match_info.route.resource.canonical if request.match_info.route.resource else "/"
        kept = self._kept.get(path)
        if kept is None or time.monotonic() - kept[0] > KEPT_S:
            kept = (time.monotonic(), self._pages[path](self._board.moment()))
            self._kept[path] = kept
        if path == "/":
            self._looked_at = time.monotonic()
        status, kind, body = kept[1]
        return web.Response(status=status, body=body.encode(), headers={"Content-Type": kind})

    def _is_ours(self, given: list[str]) -> bool:
        """Whether a request names this machine: a loopback or other plain address, or a configured name.

        A page of somebody else that points its own name at this address (DNS rebinding) always shows that name here.
        """
        if len(given) != 1:
            return False
        host = _host(given[0])
        if host in self._hosts or host == "localhost":
            return True
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return False
        return True


def _host(header: str) -> str:
    """The host without its port, as it is compared."""
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].rstrip(".")


def _health(now: Moment) -> Answer:
    reason = trouble(age_s=now.age_s, patience_s=now.patience_s, halted=now.halted)
    status = str(now.record["status"]) if now.record else "nothing"
    if reason is not None:
        return 503, "text/plain; charset=utf-8", f"not healthy: {reason}\n"
    return 200, "text/plain; charset=utf-8", f"ok: {status}, {now.age_s:.0f} s ago\n"


def _record(now: Moment) -> Answer:
    if now.record is None:
        return 404, "application/json", json.dumps({"schema": 1, "error": "no cycle is recorded yet"})
    known = {name: value for name, value in now.record.items() if name not in SHOWN_ONLY}  # as `once --json` prints it
    return 200, "application/json", json.dumps(known)


def _plain(status: int, sentence: str) -> web.Response:
    return web.Response(status=status, text=f"{sentence}\n")


def _sentence(error: OSError | OverflowError, listen: str) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return (
            f"no status page: port {listen.rpartition(':')[2]} is taken by another program, perhaps another Ballast. "
            "Hedging goes on without it; set [watch] listen to a free port"
        )
    reason = getattr(error, "strerror", None) or str(error) or "no reason given"
    return (
        f"no status page: cannot listen on {listen} ({reason}). Hedging goes on without it; set [watch] listen to a "
        'free port of this machine, for example "127.0.0.1:8787"'
    )
