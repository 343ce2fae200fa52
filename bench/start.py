"""`ballast once` as a whole process, with the portfolio hedged already, against importing ccxt and aiohttp alone."""

import re
import subprocess
import sys
from pathlib import Path
from statistics import median

from bench.world import Usage, environment, local_testnet, run

IMPORT = "import aiohttp; from bot.exchange.client import exchange_class; exchange_class('binance')"
CPU_RATIO_MAX = 1.3
PEAK_MB_MAX = 100.0
KEYS = {
    "BALLAST_VENUES__BINANCE__API_KEY": "localnet-key",
    "BALLAST_VENUES__BINANCE__API_SECRET": "localnet-secret",
}
_IMPORT_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


def measure(folder: Path, pairs: int) -> list[str]:
    """Alternate the commands, so that a machine that slows down slows all of them."""
    runs: dict[str, list[Usage]] = {"once": [], "keys": [], "import": [], "import, no collector": []}
    with local_testnet(folder, "start") as (_, profile):
        once = [sys.executable, "-m", "bot", "once", "--config", str(profile)]
        for number in range(pairs + 2):
            usages = {
                "once": run(once, folder),
                "keys": run(once, folder, KEYS),
                "import": run([sys.executable, "-c", IMPORT], folder),
                "import, no collector": run([sys.executable, "-c", f"import gc; gc.disable(); {IMPORT}"], folder),
            }
            for name, usage in usages.items() if number >= 2 else ():
                runs[name].append(usage)
        parts = _import_shares([sys.executable, "-X", "importtime", *once[1:]], folder)
    codes = {usage.exit_code for name in ("once", "keys") for usage in runs[name]}
    if codes != {0}:
        return [f"`ballast once` ended with {sorted(codes)} instead of 0, so its figures mean nothing"]
    ratio, alike, keys = (
        _ratio(runs[ours], runs[peer])
        for ours, peer in (("once", "import"), ("once", "import, no collector"), ("keys", "import"))
    )
    peak = max(usage.peak_mb for usage in runs["once"])
    return [
        f"once, hedged already: CPU {_cpu(runs['once']):.3f} s, importing ccxt's binance and aiohttp alone "
        f"{_cpu(runs['import']):.3f} s; ratio {ratio:.2f} (wanted at most {CPU_RATIO_MAX}: "
        f"{'yes' if ratio <= CPU_RATIO_MAX else 'NO'})",
        f"  {alike:.2f} where the peer's garbage collector is off, as ours is; {keys:.2f} with keys in the "
        "environment, which loads pydantic-settings",
        f"  imports (traced): {', '.join(f'{name} {own_ms:.0f} ms' for name, own_ms in parts)}",
        f"once, peak memory with 620 listings: {peak:.0f} MB "
        f"(wanted under {PEAK_MB_MAX:.0f}: {'yes' if peak < PEAK_MB_MAX else 'NO'})",
    ]


def _cpu(usages: list[Usage]) -> float:
    return median(usage.cpu_s for usage in usages)


def _ratio(ours: list[Usage], theirs: list[Usage]) -> float:
    return median(mine.cpu_s / other.cpu_s for mine, other in zip(ours, theirs, strict=True))


def _import_shares(command: list[str], folder: Path) -> list[tuple[str, float]]:
    """Milliseconds by what is imported: the peer's packages with all they need, and what comes on top."""
    peer = set(_import_times([sys.executable, "-X", "importtime", "-c", IMPORT], folder))
    sums = {"ccxt and aiohttp": 0.0, "pydantic": 0.0, "our own modules": 0.0, "other": 0.0}
    for name, own_us in _import_times(command, folder).items():
        if name.startswith("bot."):
            part = "our own modules"
        elif name in peer:
            part = "ccxt and aiohttp"
        else:
            part = "pydantic" if name.startswith(("pydantic", "annotated_types", "typing_inspection")) else "other"
        sums[part] += own_us / 1000
    return list(sums.items())


def _import_times(command: list[str], folder: Path) -> dict[str, int]:
    with (folder / "trace.txt").open("w+b") as trace:
        subprocess.run(
            command, cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL, stderr=trace, check=True
        )
        trace.seek(0)
        return {name: int(own) for own, name in _IMPORT_LINE.findall(trace.read().decode())}
