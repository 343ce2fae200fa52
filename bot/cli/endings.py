"""How a command ends: the exit code of every error, and the sentence it is told with."""

import contextlib
import json
import os
import sys

from bot.domain.errors import (
    AccountBusy,
    AlreadyExists,
    BallastError,
    ConfigurationError,
    Forbidden,
    Halted,
    JournalError,
    Refused,
    Unavailable,
    Unknown,
    Unrecorded,
)

INTERRUPTED = 130
INTERNAL = 70

_CODES: tuple[tuple[type[BallastError], int], ...] = (
    (ConfigurationError, 2),
    (Unrecorded, 1),  # before JournalError, which sent nothing
    (JournalError, 2),
    (Unavailable, 3),  # Stale included
    (Refused, 4),
    (Forbidden, 4),
    (AccountBusy, 5),
    (Halted, 70),
    (Unknown, 1),
    (AlreadyExists, 1),
)


def exit_code(error: BallastError) -> int:
    """The exit code of an error that ended a command."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), INTERNAL)


def told(error: BallastError, *, as_json: bool) -> int:
    """Tell a foreseen error as a sentence and return its exit code."""
    return _tell(str(error), exit_code(error), as_json=as_json)


def unexpected(error: Exception, *, as_json: bool) -> int:
    """Tell an error nobody foresaw in one line; the trace goes to the log at debug level only."""
    from bot.logs import logger  # noqa: PLC0415 - comes with the redactor, whatever has failed before

    logger().debug("command.failed", exc_info=error)
    where = f"{type(error).__name__}: {error}".splitlines()[0]
    sentence = (
        f"internal error, please report it: {where}. The journal keeps every step that was begun and the next "
        "command settles it; --log-level debug shows the details"
    )
    return _tell(sentence, INTERNAL, as_json=as_json)


def pipe_closed() -> int:
    """Whoever read our output has gone; end without a word."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + 13


def _tell(sentence: str, code: int, *, as_json: bool) -> int:
    from bot.logs import redacted  # noqa: PLC0415 - loaded already, or not needed

    try:
        if as_json:
            print(json.dumps({"schema": 1, "error": redacted(sentence), "exit_code": code}), flush=True)
        print(f"ballast: {redacted(sentence)}", file=sys.stderr, flush=True)
    except BrokenPipeError:
        return pipe_closed()
    return code
