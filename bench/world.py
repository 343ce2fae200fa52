"""A local testnet in a process of its own, so that its CPU time is not counted."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a finished process used. Units: CPU seconds (user and system), megabytes at its peak."""

    cpu_s: float
    peak_mb: float
    exit_code: int


@contextmanager
def local_testnet(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    """Serve 620 listings on a free port; yields the address and a profile that points there.

    A market minute passes in a second, so that the venue's limits per minute are no limit here.
    """
    own = folder / name
    own.mkdir()
    address, profile = f"127.0.0.1:{free_port()}", own / "bench.toml"
    command = [sys.executable, "-m", "bot", "localnet", "--scenario", "calm", "--speed", "60", "--listen", address]
    process = subprocess.Popen([*command, "--write-config", str(profile)], stdout=subprocess.DEVNULL)
    try:
        wait_for(address)
        yield address, profile
    finally:
        process.terminate()
        process.wait()


def environment(folder: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables for a measured process: byte code is kept in the folder, as an installation keeps it."""
    variables = {**os.environ, **(extra or {}), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    variables["PYTHONPATH"] = str(Path(__file__).parents[1])
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    return variables


def run(command: list[str], folder: Path, extra: Mapping[str, str] | None = None) -> Usage:
    """Run a command to its end and ask the kernel what it used; its first run also fills the byte code."""
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, env=environment(folder, extra))
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Usage(cpu_s=used.ru_utime + used.ru_stime, peak_mb=used.ru_maxrss / 1024, exit_code=process.returncode)


def free_port() -> int:
    """A port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(address: str, patience_s: float = 20.0) -> None:
    """Until something listens there."""
    host, _, port = address.partition(":")
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the local testnet did not start, so nothing was measured")
