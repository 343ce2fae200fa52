"""Keys live in memory: no core file of this process is ever written, and no other of the user may look into it."""

import sys

PR_SET_DUMPABLE = 4  # <linux/prctl.h>


def forbid() -> None:
    """Switch core files off, by the limit and, on Linux, by the flag that programs which collect crashes obey."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not there on every system

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415

        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
