"""Keys nowhere (S1, F103): a scanner for what a run leaves behind, and trials that make real processes leave much.

Whoever runs Ballast with these keys may give its folder, output and process to `found_in`, `found_in_folder` and
`found_in_process`.
"""

import base64
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import IO

from bot.sim.faults import DEFAULT_KINDS, FaultSchedule
from bot.sim.wire.exchange import ApiKey
from tests.soak.trial import Trial, spread
from tests.testnet.stage import Stage, stage

KEY = ApiKey(
    key="canaryKEY7f3a" + "k" * 40,
    secret="canarySECRET91c2" + "s" * 40,
    account="family",
    passphrase="canaryPASS55d0",
)
ENVIRONMENT: Mapping[str, str] = {
    "BALLAST_VENUES__BINANCE__API_KEY": KEY.key,
    "BALLAST_VENUES__BINANCE__API_SECRET": KEY.secret,
    "BALLAST_VENUES__BINANCE__API_PASSPHRASE": KEY.passphrase,
}
NAMES = {KEY.key: "the key", KEY.secret: "the secret", KEY.passphrase: "the passphrase"}
# half of one is as bad; the first characters are what people recognise
MARKS = {form: name for word, name in NAMES.items() for form in (word[:12], base64.b64encode(word.encode()).decode())}
SIGNATURE = re.compile(rb"signature[=:\"' ]+[0-9a-f]{16}", re.IGNORECASE)


def found_in(data: bytes | str, where: str) -> list[str]:
    """What of the keys, or of a signature, stands in some bytes."""
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    plain = raw + urllib.parse.unquote_to_bytes(raw)
    broken = [f"S1 {name} in {where}" for mark, name in sorted(MARKS.items()) if mark.encode() in plain]
    broken += [f"S1 {name} as UTF-16 in {where}" for mark, name in MARKS.items() if mark.encode("utf-16-le") in raw]
    return broken + ([f"S1 a signature in {where}"] if SIGNATURE.search(plain) else [])


def found_in_folder(folder: Path) -> list[str]:
    """The same over every file below a folder, names included: journal, its companions, cache, exports, locks."""
    broken: list[str] = []
    for path in sorted(folder.rglob("*")):
        broken += found_in(str(path), "the name of a file")
        if path.is_file():
            broken += found_in(path.read_bytes(), path.name)
    return broken


def found_in_process(pid: int) -> list[str]:
    """The command line of a process, and command line and environment of every process below it."""
    broken = found_in(_proc(pid, "cmdline"), "a command line")
    for child in _children(pid):
        broken += found_in(_proc(child, "cmdline"), "the command line of a child")
        broken += found_in(_proc(child, "environ"), "the environment of a child")
        broken += found_in_process(child)
    return broken


def _proc(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(word) for word in task.read_text(encoding="ascii").split()]
    return found


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("once", "--log-level", "debug", "--json"),
    ("once", "--log-level", "debug", "--log-format", "json"),
    ("check", "--log-level", "debug"),
    ("plan", "--explain", "--log-level", "debug"),
    ("flatten", "--log-level", "debug"),
    ("status", "--json"),
)


def trials(repeat: int, jobs: int = 1, after: int = 0) -> Iterator[Trial]:
    """Real commands under faults, and what they leave; every third looks at a daemon with its page and alerts."""
    yield from spread(trial, range(repeat), jobs, after=after)


def trial(number: int) -> Trial:
    """One trial; the same number plays the same commands under the same faults."""
    with tempfile.TemporaryDirectory(prefix="ballast-canary-") as name:
        folder = Path(name)
        with stage(folder) as scene:
            scene.answering.exchange.keys[KEY.key] = KEY
            chance = random.Random(f"canary {number}")
            scene.answering.faults = FaultSchedule(
                chance, intensity=chance.choice([0.05, 0.2, 0.5]), kinds=DEFAULT_KINDS
            )
            scene.environment.update(ENVIRONMENT)
            if number % 5 == 4:  # a secret that is no secret of this account: what is refused is told as well
                scene.environment["BALLAST_VENUES__BINANCE__API_SECRET"] = KEY.secret[::-1]
            broken = _daemon(scene) if number % 3 == 2 else _commands(scene, number)
        broken += found_in_folder(folder)
    return Trial(name=f"canary {number}", faults=("F103",), broken=tuple(dict.fromkeys(broken)))


def _commands(scene: Stage, number: int) -> list[str]:
    scene.write(more="[network]\ntimeout_s = 1\n")
    broken: list[str] = []
    for words in (COMMANDS[0], COMMANDS[1 + number % (len(COMMANDS) - 1)]):
        running = scene.start(*words)
        broken += found_in_process(running.pid)
        out, said = running.communicate(timeout=120)
        broken += found_in(out, f"stdout of {words[0]}") + found_in(said, f"stderr of {words[0]}")
    return broken


def _daemon(scene: Stage) -> list[str]:
    """A daemon at its most talkative: page, figures, metrics and alerts with details are read while it runs."""
    letters: list[bytes] = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            letters.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    service = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    scene.write(more="alert_details = true\nalert_unavailable_after_s = 1\n[network]\ntimeout_s = 1\n")
    scene.environment["BALLAST_WATCH__ALERTS"] = f'["json://127.0.0.1:{service.server_port}/"]'
    running = scene.start("run", "--log-level", "debug", "--json")
    heard, broken = _Heard(running), list[str]()
    try:
        address = heard.address()
        time.sleep(1.0)
        broken += found_in_process(running.pid)
        for path in ("", "metrics", "healthz", "api/record"):
            broken += found_in(_read(f"{address}{path}"), f"the page /{path}")
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(60)
        service.shutdown()
        service.server_close()
    out, said = heard.all()
    broken += found_in(out, "stdout of run") + found_in(said, "stderr of run")
    return broken + [row for letter in letters for row in found_in(letter, "an alert")]


class _Heard:
    """Takes what a process says, both ways at once: one whose pipe is full waits, and serves nobody."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        self._lines: tuple[list[str], list[str]] = ([], [])
        pairs = zip((running.stdout, running.stderr), self._lines, strict=True)
        self._ears = [threading.Thread(target=self._listen, args=pair, daemon=True) for pair in pairs]
        for ear in self._ears:
            ear.start()

    @staticmethod
    def _listen(source: IO[str], lines: list[str]) -> None:
        with source:
            for line in source:
                lines.append(line)  # noqa: PERF402 - others look while it grows

    def address(self) -> str:
        """Where the page is, once that was said."""
        for _ in range(600):
            for line in list(self._lines[1]):
                if line.startswith("status page: "):
                    return line.removeprefix("status page: ").strip()
            time.sleep(0.05)
        raise RuntimeError(f"the daemon said nothing of a page: {''.join(self._lines[1])[-500:]}")

    def all(self) -> tuple[str, str]:
        """Everything that was said, once the process has ended."""
        for ear in self._ears:
            ear.join(20)
        return "".join(self._lines[0]), "".join(self._lines[1])


def _read(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=10) as reply:  # noqa: S310 - our own page
            return bytes(reply.read())
    except urllib.error.HTTPError as refused:
        return bytes(refused.read())


if __name__ == "__main__":
    sys.exit(any(row.broken and print(row) is None for row in trials(int(sys.argv[1]) if sys.argv[1:] else 3)))
