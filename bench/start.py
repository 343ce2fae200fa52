"""`ballast once` as a whole process, with the portfolio hedged already, against importing ccxt and aiohttp alone."""

import sys
from pathlib import Path
from statistics import median

from bench.world import local_testnet, run

IMPORT_ALONE = "import aiohttp; from bot.exchange.client import exchange_class; exchange_class('binance')"
CPU_RATIO_MAX = 1.3
PEAK_MB_MAX = 100.0


def measure(folder: Path, pairs: int) -> list[str]:
    """Alternate the two, so that a machine that slows down slows both."""
    with local_testnet(folder) as (_, profile):
        once = [sys.executable, "-m", "bot", "once", "--config", str(profile)]
        alone = [sys.executable, "-c", IMPORT_ALONE]
        for _ in range(2):
            run(once, folder)
            run(alone, folder)
        runs = [(run(once, folder), run(alone, folder)) for _ in range(pairs)]
    codes = {ours.exit_code for ours, _ in runs}
    if codes != {0}:
        return [f"`ballast once` ended with {sorted(codes)} instead of 0, so its figures mean nothing"]
    ratio = median(ours.cpu_s / theirs.cpu_s for ours, theirs in runs)
    ours_s, theirs_s = median(ours.cpu_s for ours, _ in runs), median(theirs.cpu_s for _, theirs in runs)
    peak = max(ours.peak_mb for ours, _ in runs)
    return [
        f"once, hedged already: CPU {ours_s:.3f} s, importing ccxt's binance and aiohttp alone {theirs_s:.3f} s; "
        f"ratio {ratio:.2f} (wanted at most {CPU_RATIO_MAX}: {'yes' if ratio <= CPU_RATIO_MAX else 'NO'})",
        f"once, peak memory with 620 listings: {peak:.0f} MB "
        f"(wanted under {PEAK_MB_MAX:.0f}: {'yes' if peak < PEAK_MB_MAX else 'NO'})",
    ]
