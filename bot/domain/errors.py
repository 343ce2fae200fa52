"""Every failure Ballast foresees, sorted by what it means for the money."""


class BallastError(Exception):
    """Something foreseeable went wrong; the message says what happened, what it means and what to do next."""


class ConfigurationError(BallastError):
    """The settings cannot be used; nothing was touched."""


class Unavailable(BallastError):
    """Nothing happened at the venue; the next cycle may try again."""


class Stale(Unavailable):
    """The venue answered with data that is too old, incomplete or does not yet show our own fills."""


class Refused(BallastError):
    """The venue said no, for good. `code` is the venue's own error code."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class AlreadyExists(BallastError):
    """The venue holds an order under this client id already: an earlier try was placed, adopt it."""


class Unknown(BallastError):
    """Something may have happened at the venue; it must be settled before anything else is planned."""


class Forbidden(BallastError):
    """Our own guard stopped a call before it left the process (unmapped host, private write in a dry run, redirect)."""


class AccountBusy(BallastError):
    """Another instance holds this account."""


class Halted(BallastError):
    """An invariant is broken or a person stopped Ballast; only a person can re-arm it."""


class JournalError(BallastError):
    """The journal cannot be opened or written; without it nothing may be sent. `why` is the bare cause."""

    def __init__(self, message: str, *, why: str = "") -> None:
        super().__init__(message)
        self.why = why


class Unrecorded(JournalError):
    """Something was sent and the journal could not be written after it; the next run finds out and books it."""
