"""A process that plays trials: it serves the exchange and is never killed; beside it stands the one that starts lives.

Reads numbers of trials, a line each, with the name of a defect where one is to be shown; writes a JSON line for each.
"""

import asyncio
import json
import os
import socket
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.soak.killing.lives import zygote


def main() -> int:
    """Serve until the input ends."""
    ours, theirs = socket.socketpair()
    beside = os.fork()
    if beside == 0:
        ours.close()
        zygote(theirs)
    theirs.close()
    asyncio.run(_play_all(ours))
    ours.close()
    os.waitpid(beside, 0)
    return 0


async def _play_all(control: socket.socket) -> None:
    # after the fork, so that no life inherits the exchange
    from tests.soak.killing.plan import drawn  # noqa: PLC0415
    from tests.soak.killing.stage import Zygote, played  # noqa: PLC0415

    beside = Zygote(*await asyncio.open_connection(sock=control))
    await beside.ready()
    while line := await asyncio.to_thread(sys.stdin.readline):
        with tempfile.TemporaryDirectory(prefix="ballast-kills-") as folder:
            number, _, defect = line.strip().partition(" ")
            trial = await played(drawn(int(number)), Path(folder), beside, defect)
        print(json.dumps(asdict(trial)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
