"""Measure and print; a missed target is printed, never hidden."""

import argparse
import tempfile
from pathlib import Path

from bench import cycle, policy, start, venues


def main() -> None:
    """Run every benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="measured repetitions (default: 9)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        for part in (policy.measure, start.measure, cycle.measure, venues.measure):
            for line in part(Path(folder), rounds):
                print(line, flush=True)


if __name__ == "__main__":
    main()
