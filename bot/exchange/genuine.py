"""Whether the ccxt that would sign our orders is the one that was installed: its place, its version, its files.

A package of that name further up the path, or a file changed after the installation, could send orders elsewhere and
make up their fills; it has been done.
"""

import base64
import hashlib
import importlib.metadata
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from bot.domain.errors import ConfigurationError

VERSION: Final = "4.5.90"  # the one every reply and request was measured with; pyproject.toml pins the same
SHARED: Final = (
    "base/exchange.py", "base/errors.py", "base/types.py", "base/decimal_to_precision.py", "base/precise.py",
    "async_support/base/exchange.py", "async_support/base/throttler.py",
)  # fmt: skip


def refuse_counterfeit(root: Path, venue: str) -> None:
    """Stop when the ccxt found at `root` is not the one installed, in the version we know, file by file.

    Raises: ConfigurationError; nothing was sent.
    """
    try:
        installed = importlib.metadata.distribution("ccxt")
    except importlib.metadata.PackageNotFoundError:
        raise _refused(f"the ccxt at {root} was never installed by pip") from None
    if installed.version != VERSION:
        raise _refused(f"ccxt {installed.version} is installed, {VERSION} is the one Ballast was measured with")
    home = Path(str(installed.locate_file("ccxt")))
    if root.resolve() != home.resolve():
        raise _refused(f"another ccxt stands before the installed one: {root} instead of {home}")
    record = installed.read_text("RECORD")
    if record is None:
        raise _refused("the installed ccxt has no list of its files")
    changed = _changed(home, record, (*SHARED, f"async_support/{venue}.py", f"abstract/{venue}.py"))
    if changed:
        raise _refused(f"files of ccxt are not as they were installed: {', '.join(changed)}")


def _changed(home: Path, record: str, names: Iterable[str]) -> list[str]:
    wanted = {f"ccxt/{name}": name for name in names}
    told: dict[str, str] = {}
    for line in record.splitlines():
        path, _, rest = line.partition(",")
        if path in wanted:
            told[wanted[path]] = rest.partition(",")[0]
    return [name for name in wanted.values() if told.get(name) not in (None, _hash(home / name))]


def _hash(path: Path) -> str:
    try:
        digest = hashlib.sha256(path.read_bytes()).digest()
    except OSError:
        return ""
    return f"sha256={base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def _refused(why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{why}. It would sign your orders, so nothing was sent and no key was used. Look at PYTHONPATH, then install "
        "afresh from the hash-locked list: `make clean install`."
    )
