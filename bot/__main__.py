"""The command `ballast`; also `python -m bot`."""

import gc
import sys


def main() -> int:
    """Run one command and return its exit code, whatever happens on the way."""
    # Importing makes tens of thousands of lasting objects; looking through them for garbage costs a tenth of the start.
    gc.disable()
    try:
        from bot.cli import run  # noqa: PLC0415 - so that Ctrl-C while modules are loading is caught as well

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
