"""Around the journal: wrong settings, other accounts, other versions, a client that is not the one installed."""

import base64
import hashlib
import importlib.metadata
import random
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

from bot.domain.errors import BallastError, ConfigurationError, JournalError
from bot.exchange.genuine import VERSION, refuse_counterfeit
from bot.execution.journal import Journal
from bot.pinned import fingerprint, pin, refuse_other_world
from bot.settings import load_settings
from bot.sim.wire.exchange import ApiKey
from tests.soak.drills.drill import drill
from tests.soak.drills.judge import broken, converged
from tests.soak.drills.stage import Stage
from tests.soak.world import KEY, SECRET

PROFILE = """
mode = "testnet"
[portfolio]
name = "family"
[[holdings]]
asset = "BTC"
amount = "0.5"
label = "cold wallet"
[[venues]]
id = "binance"
localnet = "127.0.0.1:8701"
[policy.size]
rule = "static-ratio"
ratio = "0.5"
[policy.pace]
band_outer = "0.05"
band_inner = "0.02"
[risk]
leverage_cap = "2"
hedge_ratio_max = "1"
order_notional_max = "25000"
orders_per_hour_max = 30
liquidation_distance_min = "0.30"
[schedule]
cycle_every_s = 30
"""
# What was there, what somebody wrote instead, and the words that must be in what is said.
MISTAKES: tuple[tuple[str, str, str], ...] = (
    ('ratio = "0.5"', 'ratio = "-0.5"', "ratio"),
    ('ratio = "0.5"', 'ratio = "500"', "ratio"),
    ('leverage_cap = "2"', 'leverage_cap = "2000"', "leverage_cap"),
    ('leverage_cap = "2"', 'leverage_cap = "-2"', "leverage_cap"),
    ('hedge_ratio_max = "1"', 'hedge_ratio_max = "1000"', "hedge_ratio_max"),
    ('order_notional_max = "25000"', 'order_notional_max = "-25000"', "order_notional_max"),
    ("orders_per_hour_max = 30", "orders_per_hour_max = 30000000", "orders_per_hour_max"),
    ('liquidation_distance_min = "0.30"', 'liquidation_distance_min = "-0.30"', "liquidation_distance_min"),
    ('amount = "0.5"', 'amount = "-0.5"', "amount"),
    ('amount = "0.5"', 'amount = "NaN"', "amount"),
    ('amount = "0.5"', 'amount = "1e400"', "amount"),
    ('band_outer = "0.05"', 'band_outer = "0.01"', "band"),
    ('[risk]', '[risk]\nsymbols_allowed = "BTC"', "symbols_allowed"),
    ('[[venues]]\nid = "binance"', "venues = []", "venues"),
    ('id = "binance"', 'id = "binance"\nrole = []', "role"),
    ('mode = "testnet"', 'mode = "live"', "localnet"),
    ('mode = "testnet"', 'mode = ""', "mode"),
    ("cycle_every_s = 30", "cycle_every_s = -30", "cycle_every_s"),
    ("cycle_every_s = 30", 'cron = "61 * * * *"', "cron"),
    ("[risk]", "[risk]\norder_notional_maxx = 1", "order_notional_max"),
    ('asset = "BTC"', "asset = 7", "asset"),
    ("[policy.size]", "[policy.size", "line"),
)  # fmt: skip


@drill("settings-wrong", "F99")
def settings_wrong(folder: Path, number: int) -> Iterable[str]:
    """One slip of the hand in a profile: it is named, and nothing is begun."""
    old, new, word = MISTAKES[number % len(MISTAKES)]
    path = folder / "profile.toml"
    path.write_text(PROFILE.replace(old, new, 1), encoding="utf-8")
    try:
        load_settings([path], environ={}, env_file=None)
    except ConfigurationError as error:
        if word not in str(error):
            yield f"O1 {new!r} is refused and {word!r} not named: {error}"
    else:
        yield f"F99 {new!r} was accepted"
    yield from _garbled(folder, number)


def _garbled(folder: Path, number: int) -> Iterable[str]:
    """A profile with some of its letters changed is read, or refused with a sentence; never anything else."""
    luck, letters = random.Random(f"profile {number}"), list(PROFILE)
    for _ in range(luck.choice((1, 3, 10))):
        letters[luck.randrange(len(letters))] = luck.choice('"=[]-0.\n\x00é\U0001f600 #')
    path = folder / "garbled.toml"
    path.write_text("".join(letters), encoding="utf-8")
    try:
        load_settings([path], environ={"BALLAST_VENUES__BINANCE__API_KEY": KEY}, env_file=None)
    except ConfigurationError as error:
        if KEY in str(error) or KEY in repr(error):
            yield "S1 a key was said"


@drill("other-world", "F85", "F99")
def other_world(folder: Path, number: int) -> Iterable[str]:
    """A journal of one mode or place is used in another; a key of another account is told."""
    before = (("live", "live"), ("testnet", "localnet"), ("testnet", "demo"), ("dry-run", "dry-run"))[number % 4]
    now = (("testnet", "demo"), ("testnet", "demo"), ("live", "live"), ("live", "live"))[number % 4]
    with Journal.open(folder / "j.db", new_id="here") as journal:
        pin(journal, before[0], {"binance": (before[1], fingerprint("one key"))})
        try:
            refuse_other_world(journal, journal.path, now[0], {"binance": (now[1], fingerprint("one key"))})
            yield f"F99 a journal of {before} was used in {now}"
        except ConfigurationError:
            pass
        told = refuse_other_world(
            journal, journal.path, before[0], {"binance": (before[1], fingerprint("canaryOfAnother"))}
        )
        if not told or "canaryOfAnother" in told[0]:
            yield f"F85 another key was not told, or told whole: {told}"


@drill("empty-account", "F85")
def empty_account(folder: Path, number: int) -> Iterable[str]:
    """The key belongs to a sub-account where nothing lies: nothing is traded there, and nothing in the true one."""
    stage = Stage(folder)
    stage.cycles()
    held, before = stage.short, stage.orders
    stage.world.engine.open_account("elsewhere", {})
    stage.world.exchange.keys[KEY] = ApiKey(key=KEY, secret=SECRET, account="elsewhere")
    for _ in range(2 + number % 3):
        stage.pause(40)
        stage.cycle()
    if (stage.short, stage.orders) != (held, before):
        yield f"F85 orders were sent although nothing is owned in this account: {stage.orders - before}"
    yield from broken(stage)
    stage.close()


@drill("newer-version", "F100")
def newer_version(folder: Path, number: int) -> Iterable[str]:
    """A journal of a newer Ballast is left alone to the byte."""
    stage = Stage(folder)
    stage.cycles()
    stage.copy()
    path = stage.journal()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {2 + number * 7}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content, orders = path.read_bytes(), stage.orders
    stage.own("2")
    ended = stage.cycle()
    if ended.status != "JournalError" or "newer" not in ended.said:
        yield f"F100 a journal of a newer version was taken: {ended.status} {ended.said[:200]}"
    if path.read_bytes() != content or stage.orders != orders:
        yield "F100 a journal of a newer version was touched, or an order left"
    yield from broken(stage)
    stage.close()


@drill("sqlite", "F94")
def sqlite_unlucky(folder: Path, number: int) -> Iterable[str]:
    """A SQLite that is too old is refused; a visitor beside the one that writes never moves the log into the file."""
    path = folder / "j.db"
    with Journal.open(path, new_id="here") as journal:
        main = path.read_bytes()
        for turn in range(3 + number % 5):
            journal.set_setting("turn", str(turn))
            with Journal.open(path, new_id="visitor", beside=True) as visitor:
                visitor.set_paused(f"pause {turn}")
            if path.read_bytes() != main:
                yield "F94 a visitor moved the write-ahead log into the file while another connection was open"
                main = path.read_bytes()
        if journal.setting("turn") is None or journal.paused() is None:
            yield "D4 something written is not there"
    with patch.object(sqlite3, "sqlite_version_info", (3, 7 + number % 31, 0)):
        try:
            Journal.open(folder / "other.db", new_id="here").close()
            yield "F94 a SQLite that is too old was used"
        except JournalError:
            pass


@drill("counterfeit", "F104")
def counterfeit(folder: Path, number: int) -> Iterable[str]:
    """A package called ccxt that is not the installed one, or was changed since: none of it runs."""
    root, names = folder / "ccxt", ("base/exchange.py", "async_support/binance.py", "async_support/base/exchange.py")
    info = folder / f"ccxt-{VERSION}.dist-info"
    info.mkdir()
    record = []
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}\n", encoding="utf-8")
        digest = base64.urlsafe_b64encode(hashlib.sha256((root / name).read_bytes()).digest()).decode().rstrip("=")
        record.append(f"ccxt/{name},sha256={digest},9")
    version, place, turn = VERSION, root, number % 5
    if turn == 0:
        (root / names[number // 5 % 3]).write_text("def sign(self): ...\n", encoding="utf-8")
    elif turn == 1:
        version = f"4.5.{91 + number}"
    elif turn == 2:
        place = folder / "before" / "ccxt"
        place.mkdir(parents=True)
    elif turn == 3:
        (root / names[number // 5 % 3]).unlink()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: ccxt\nVersion: {version}\n", encoding="utf-8")
    if turn != 4:
        (info / "RECORD").write_text("\n".join(record), encoding="utf-8")
    installed = importlib.metadata.PathDistribution(info)
    with patch.object(importlib.metadata, "distribution", lambda _: installed):
        try:
            refuse_counterfeit(place, "binance")
            yield f"F104 a ccxt that is not the installed one was taken (turn {turn})"
        except BallastError:
            pass


@drill("disk-nearly-full", "F91")
def disk_nearly_full(folder: Path, number: int) -> Iterable[str]:
    """Below the floor of free space nothing grows and reductions go on; with room again it arrives."""
    stage = Stage(folder)
    stage.cycles()
    held = stage.short
    with stage.free_space(number * 1_000_000 % 64_000_000):
        stage.own("2")
        ended = stage.cycle()
        if stage.short > held:
            yield f"D3 a short grew with too little room on the disk: {ended.status}"
        if "free_space_min_mb" not in ended.said:
            yield f"O1 the want of room was not said: {ended.said[:300]}"
        stage.own("0.4")
        stage.pause(40)
        stage.cycles()
        if stage.short > held:
            yield "P1 reductions did not go on"
    yield from converged(stage, stage.cycles(), "0.2")
    yield from broken(stage)
    stage.close()
