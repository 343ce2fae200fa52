"""One instance per account: an advisory lock that the kernel releases even after kill -9."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from bot.domain.errors import AccountBusy, JournalError


@contextmanager
def hold_account(journal_path: Path, accounts: tuple[str, ...]) -> Iterator[None]:
    """Hold the journal and every account while the block runs.

    The journal's lock lies beside it; each account's lock lies in the user's temporary folder, so that two profiles
    with different journals cannot trade one account from this machine.
    Raises: AccountBusy when another process holds one of them.
    """
    with ExitStack() as stack:
        stack.enter_context(_held(journal_path.with_name(journal_path.name + ".lock"), f"the journal {journal_path}"))
        folder = Path(tempfile.gettempdir()) / f"ballast-{os.getuid()}"
        with suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
        if os.access(folder, os.W_OK):
            for account in accounts:
                name = sha256(account.encode()).hexdigest()[:16]
                stack.enter_context(_held(folder / f"{name}.lock", f"the account at {account.split('/', 1)[0]}"))
        yield


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
