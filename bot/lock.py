"""One instance per account: an advisory lock that the kernel releases even after kill -9."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from stat import S_ISDIR

from bot.domain.errors import AccountBusy, ConfigurationError, JournalError


@contextmanager
def hold_account(journal_path: Path, accounts: tuple[str, ...]) -> Iterator[None]:
    """Hold the journal and every account while the block runs.

    The journal's lock lies beside it; each account's lock lies in the user's temporary folder, so that two profiles
    with different journals cannot trade one account from this machine.
    Raises: AccountBusy when another process holds one of them, ConfigurationError when the temporary folder cannot be
    used. There is no second place: an instance that looks elsewhere would not see this one.
    """
    with ExitStack() as stack:
        stack.enter_context(_held(journal_path.with_name(journal_path.name + ".lock"), f"the journal {journal_path}"))
        for account in accounts:
            path = _folder() / f"{sha256(account.encode()).hexdigest()[:16]}.lock"
            stack.enter_context(_held(path, f"the account at {account.split('/', 1)[0]}"))
        yield


def _folder() -> Path:
    # Not tempfile.gettempdir: where nothing is writable it quietly takes the current directory, another for each.
    folder = Path(os.environ.get("TMPDIR") or "/tmp") / f"ballast-{os.getuid()}"  # noqa: S108 - made private below
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        stat = folder.lstat()
    except OSError as error:
        raise _no_folder(folder, error.strerror or "unusable") from None
    if not S_ISDIR(stat.st_mode) or stat.st_uid != os.getuid():
        raise _no_folder(folder, "it belongs to somebody else")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _no_folder(folder, "it is not writable")
    return folder


def _no_folder(folder: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"the folder {folder} for account locks cannot be used ({why}). Nothing was sent: without the lock two "
        "instances could trade one account against each other. Make it a writable folder of this user, or set "
        "TMPDIR to one, and to the same one for every Ballast on this machine."
    )


@contextmanager
def _held(path: Path, what: str) -> Iterator[None]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise JournalError(
            f"the lock file {path} cannot be opened ({error.strerror}). Nothing was sent. Without it two instances "
            "could trade one account; make the file writable or remove it."
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            raise AccountBusy(
                f"another Ballast (process {holder}) holds {what}. Nothing was done here, and it goes on hedging; two "
                "at once would trade against each other. Wait for it, or stop it first."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)
