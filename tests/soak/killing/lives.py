"""Processes that live short: everything is imported once, and each life is a fork that runs the real command.

A life reads its profile, opens the journal on the disk and speaks to the exchange over sockets as any process does. It
is killed from outside, by the exchange's side, or by itself at a commit of the journal: SIGKILL in every case.
"""

import contextlib
import ctypes
import gc
import json
import os
import signal
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from pkgutil import walk_packages
from typing import Any
from unittest.mock import patch

PARENT_GONE = 1  # PR_SET_PDEATHSIG
ENDED_BADLY = 99


def zygote(control: socket.socket) -> None:
    """Import everything, then start a life for every line that is read; never returns."""
    _die_with_parent()
    _import_all()
    gc.collect()
    gc.freeze()
    _serve(control)


def _serve(control: socket.socket) -> None:
    asked = control.makefile("r", encoding="utf-8")
    control.sendall(b"ready\n")
    for line in asked:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            control.close()
            _live(order)
        control.sendall(f"{pid}\n".encode())
        # told before it is reaped: as long as its name is kept nobody else can be killed under it
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        if ended is None:
            raise ChildProcessError(f"process {pid} is nobody's")
        code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
        control.sendall(f"{code}\n".encode())
        os.waitpid(pid, 0)
    os._exit(0)


def _import_all() -> None:
    """What a start spends most of its time on; a life finds it done."""
    import ccxt.async_support  # noqa: PLC0415, F401

    import bot  # noqa: PLC0415
    import bot.cli.explained  # noqa: PLC0415
    import bot.cli.handlers  # noqa: PLC0415
    import bot.cli.render  # noqa: PLC0415
    import bot.daemon  # noqa: PLC0415
    import bot.watch.attend  # noqa: PLC0415
    import bot.wiring  # noqa: PLC0415
    from bot.settings import Settings  # noqa: PLC0415

    for module in walk_packages(bot.__path__, "bot."):  # all of it, so that a file edited meanwhile changes no life
        if not module.name.startswith(("bot.sim", "bot.demo")) and not module.name.endswith("__main__"):
            import_module(module.name)
    Settings.model_rebuild(force=True)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PARENT_GONE, signal.SIGKILL)


def _live(order: dict[str, Any]) -> None:
    """One life, from the arguments of a command to its exit code."""
    code = ENDED_BADLY
    try:
        _die_with_parent()
        os.environ["TMPDIR"] = order["folder"]
        for number in [name for name in os.environ if name.startswith("BALLAST_")]:
            del os.environ[number]
        said = os.open(f"{order['folder']}/said", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(said, 2)
        os.chdir(order["folder"])
        with ExitStack() as stack:
            if order["defect"]:
                from tests.soak.killing.defects import DEFECTS  # noqa: PLC0415 - only a proof of the judge needs it

                stack.enter_context(DEFECTS[order["defect"]]())
            if order["strike"] is not None:
                stack.enter_context(_doomed(order["strike"]))
            from bot.cli import run  # noqa: PLC0415

            code = run(order["argv"])
            sys.stderr.flush()
    finally:
        os._exit(code)


def _doomed(strike: dict[str, Any]) -> contextlib.AbstractContextManager[object]:
    """Let the journal's connection die at a commit."""
    from bot.execution.journal import Journal  # noqa: PLC0415

    made = Journal.__init__
    doom = Doom(strike["where"], strike["nth"], strike["phase"], strike["wait_s"])

    def watched(self: Journal, connection: sqlite3.Connection, path: Any, epoch: str) -> None:
        made(self, connection, path, epoch)
        self._connection = Mortal(connection, doom)  # type: ignore[assignment]

    return patch.object(Journal, "__init__", watched)


class Doom:
    """Counts commits and kills this process at the chosen one: before it, while it is under way, or after it."""

    def __init__(self, where: str, nth: int, phase: str, wait_s: float) -> None:
        self._where, self._left, self._phase, self._wait_s = where, nth, phase, wait_s
        self._row = False

    def meet(self, statement: str, carry_out: Callable[[], sqlite3.Cursor]) -> sqlite3.Cursor:
        """Pass one statement, or die at it."""
        if statement.startswith("BEGIN"):
            self._row = False
        self._row = self._row or statement.startswith("INSERT INTO intents")
        if statement != "COMMIT" or (self._where == "row" and not self._row):
            return carry_out()
        self._left -= 1
        if self._left:
            return carry_out()
        if self._phase == "before":
            _kill()
        if self._phase == "during":
            threading.Thread(target=self._kill_soon, daemon=True).start()
        cursor = carry_out()
        _kill()
        return cursor

    def _kill_soon(self) -> None:
        time.sleep(self._wait_s)
        _kill()


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Mortal:
    """A connection that may not survive what it is asked."""

    def __init__(self, connection: sqlite3.Connection, doom: Doom) -> None:
        self._connection, self._doom = connection, doom

    def execute(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        return self._doom.meet(statement, lambda: self._connection.execute(statement, values))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
