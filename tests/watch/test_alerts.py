"""Alerts: told once, told again when it is over, never in the way, never with a secret or an unasked amount."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bot.cli import run as run_command
from bot.domain.account import Wallet
from bot.domain.errors import ConfigurationError, JournalError
from bot.domain.intent import Ending, OrderIntent, Outcome, TransferIntent
from bot.domain.record import CycleRecord, CycleStatus
from bot.execution.journal import Journal
from bot.halting import halt
from bot.logs import configure_logs
from bot.watch import courier
from bot.watch.alarm import Alarm
from bot.watch.attend import Attendant, alert_ways, attend
from bot.watch.courier import WAITING_MAX, Courier, Couriers, Letter, deliveries
from bot.watch.watchman import REPEAT_AFTER, Facts, Topic, Watchman
from tests.cli.records import NOW, SYMBOL, blind, record
from tests.cycles.desk import desk, journal
from tests.fake_venue import FakeVenue, ManualClock
from tests.settings.profiles import GOOD, loaded
from tests.watch.moments import NEXT, board, forgetful, looked

# The library itself uses modules that Python will drop; its users need not care.
FOREIGN = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SECRET = "canary-9f/+="


def watchman() -> Watchman:
    return Watchman(unavailable_after=timedelta(minutes=10), unsettled_after=timedelta(minutes=5))


def topics(man: Watchman, given: CycleRecord, **facts: object) -> list[str]:
    return [alert.topic.value for alert in man.noticed(given, Facts(**facts))]  # type: ignore[arg-type]


def blinded(minutes: int) -> CycleRecord:
    return replace(blind(), at=NOW + timedelta(minutes=minutes))


def protected(minutes: int = 0) -> CycleRecord:
    """A cycle that bought back a short and moved collateral in, both to protect."""
    base = looked(CycleStatus.ACTED, minutes=minutes)
    order = next(row for row in base.intents if isinstance(row, OrderIntent))
    transfer = TransferIntent(
        id="c1-9",
        venue="binance",
        currency="USDT",
        amount=Decimal(5000),
        source=Wallet.SPOT,
        target=Wallet.FUTURES,
        protective=True,
        reasons=("5,000.00 USDT is moved in as collateral",),
    )
    moved = Outcome(intent_id="c1-9", ending=Ending.DONE, filled=Decimal(5000), average_price=None, fee=None, detail="")
    return replace(base, intents=(replace(order, protective=True), transfer), outcomes=(*base.outcomes, moved))


def test_quiet_cycles_wake_nobody() -> None:
    """Hedged, acting and refused cycles are no reason."""
    man = watchman()
    for status in (CycleStatus.HEDGED, CycleStatus.ACTED, CycleStatus.REFUSED):
        assert topics(man, record(status)) == []


def test_outage_is_told_once_when_it_lasts_and_when_it_is_over() -> None:
    """Nine minutes are not told, ten are, the hour after is not told again, the end is."""
    man = watchman()
    told = [topics(man, blinded(minutes)) for minutes in range(60)]
    assert told[:10] == [[]] * 10
    assert told[10] == [Topic.UNAVAILABLE.value]
    assert told[11:] == [[]] * 49
    assert topics(man, looked(minutes=60)) == [Topic.NORMAL.value]
    assert topics(man, looked(minutes=61)) == []


def test_short_outages_do_not_add_up() -> None:
    """Seeing the account in between begins the count anew."""
    man = watchman()
    for minutes in range(0, 90, 9):
        assert topics(man, blinded(minutes)) == []
        assert topics(man, looked(minutes=minutes + 8)) == []


def test_halt_is_told_once_and_its_end() -> None:
    """The latch or the status of a record; both together are one alert."""
    man = watchman()
    assert topics(man, record(CycleStatus.HALTED), halted="three refusals") == [Topic.HALTED.value]
    assert topics(man, record(CycleStatus.HALTED), halted="three refusals") == []
    assert topics(man, looked(minutes=1)) == [Topic.NORMAL.value]


def test_unsettled_order_is_told_after_its_time() -> None:
    """Five minutes of not knowing."""
    man = watchman()
    assert topics(man, looked(minutes=4), unsettled_since=NOW) == []
    assert topics(man, looked(minutes=5), unsettled_since=NOW) == [Topic.UNSETTLED.value]
    assert topics(man, looked(minutes=6), unsettled_since=NOW) == []
    assert topics(man, looked(minutes=7)) == [Topic.NORMAL.value]


def test_protection_is_told_once_in_a_while() -> None:
    """A crash with protection in every cycle is not an alert in every cycle; an order that did nothing is none."""
    man = watchman()
    assert topics(man, protected()) == [Topic.PROTECTED.value] * 2
    assert topics(man, protected(minutes=1)) == []
    later = int(REPEAT_AFTER.total_seconds() / 60)
    assert topics(man, protected(minutes=later)) == [Topic.PROTECTED.value] * 2
    idle = protected(minutes=3 * later)
    idle = replace(
        idle, outcomes=tuple(replace(row, ending=Ending.NOTHING, filled=Decimal(0)) for row in idle.outcomes)
    )
    assert topics(man, idle) == []


def test_ordinary_trading_is_no_protection() -> None:
    """Growing a hedge wakes nobody."""
    assert topics(watchman(), record(CycleStatus.ACTED)) == []


def test_journal_trouble_is_told_once_until_a_record_is_written() -> None:
    """What the daemon says about a halt or an urgent margin is told with the record instead."""
    man = watchman()
    assert [alert.topic for alert in man.complained("the journal could not be written")] == [Topic.UNRECORDED]
    assert man.complained("the journal could not be written") == []
    assert man.complained("halted: only protection is carried out") == []
    assert man.complained("the margin cannot wait for the next cycle: leverage 2.6") == []
    assert topics(man, looked()) == [Topic.NORMAL.value]


class Box:
    """Where letters arrive."""

    def __init__(self, *, works: Sequence[bool] = ()) -> None:
        self.got: list[Letter] = []
        self._works = list(works)

    def deliver(self, title: str, body: str) -> bool:
        if self._works and not self._works.pop(0):
            return False
        self.got.append(Letter(title=title, body=body))
        return True


def alarm(book: Journal, box: Box, *, details: bool = False) -> tuple[Alarm, Couriers]:
    couriers = Couriers([box.deliver], pauses_s=())
    return Alarm(watchman(), couriers, book, name="family (LIVE)", details=details), couriers


@pytest.mark.parametrize("details", [False, True])
def test_amounts_are_told_only_to_who_asked(details: bool) -> None:
    """The sentence says what happened; amounts and prices stand in the details."""
    box, book = Box(), forgetful()
    ringing, couriers = alarm(book, box, details=details)
    book.note(NOW, "position.changed", f"the position in {SYMBOL} was changed: Ballast left -0.5, now there is -0.2")
    ringing.told(protected())
    couriers.close()
    text = "\n".join(f"{row.title}\n{row.body}" for row in box.got)
    assert "Ballast family (LIVE): protection acted" in text
    assert "changed by somebody else" in text
    for amount in ("5,000", "-0.5", "-0.2", "50%"):
        assert (amount in text) == details


def test_events_of_earlier_runs_are_not_told_again() -> None:
    """Each event of the journal is told once, also over a restart."""
    box, book = Box(), forgetful()
    book.note(NOW, "position.changed", "long ago")
    ringing, couriers = alarm(book, box)
    ringing.told(looked())
    book.note(NOW, "position.changed", "now")
    ringing.told(looked())
    ringing.told(looked(minutes=60))
    couriers.close()
    assert len(box.got) == 1


def test_failing_journal_is_known_by_its_own_words(tmp_path: Path) -> None:
    """The sentence of a real journal that cannot be written is taken for what it is."""
    with journal(tmp_path) as book:
        book.rows("PRAGMA query_only = 1")
        with pytest.raises(JournalError) as caught:
            book.begin_cycle(NOW)
    assert [alert.topic for alert in watchman().complained(str(caught.value))] == [Topic.UNRECORDED]


def test_halt_that_is_also_an_event_is_one_alert() -> None:
    """Halting notes an event as well; it is told as a halt."""
    box, book = Box(), forgetful()
    ringing, couriers = alarm(book, box)
    said = halt(book, ["ten refusals"], "c000007", NOW)
    ringing.told(record(CycleStatus.HALTED))
    couriers.close()
    assert len(box.got) == 1
    assert said is not None
    assert said[-6:] not in str(box.got)


def test_no_secret_is_sent() -> None:
    """Neither a key that got into a note nor the token that lifts a halt, not even with details."""
    configure_logs(secrets=[SECRET])
    try:
        box, book = Box(), forgetful()
        ringing, couriers = alarm(book, box, details=True)
        book.set_latch(f"refused three times {SECRET}; token TOKEN-77", "TOKEN-77")
        ringing.told(record(CycleStatus.HALTED))
        ringing.complained(f"the journal {SECRET} could not be written")
        couriers.close()
    finally:
        configure_logs()
    assert len(box.got) == 2
    assert "refused three times" in str(box.got)
    assert "canary" not in str(box.got)
    assert "TOKEN-77" not in str(box.got)


def test_failure_is_tried_again_and_counted() -> None:
    """Two failures before a success are no loss; three are counted as one."""
    lucky, unlucky = Box(works=[False, False, True]), Box(works=[False] * 3)
    couriers = Couriers([lucky.deliver, unlucky.deliver], pauses_s=(0.01, 0.01))
    couriers.take(Letter(title="a", body="b"))
    until(lambda: couriers.counts() == (1, 1))
    couriers.close()
    assert (len(lucky.got), len(unlucky.got)) == (1, 0)


def test_an_address_that_takes_no_alert_is_said_once_and_so_is_its_return() -> None:
    """Not in every cycle, and by its place only: such addresses carry passwords."""
    said: list[str] = []
    box = Box(works=[False, False, False, True, True])
    couriers = Couriers([Box().deliver, box.deliver], pauses_s=(), say=said.append)
    for number in range(1, 6):
        couriers.take(Letter(title=f"letter {number}", body="b"))
    until(lambda: sum(couriers.counts()) == 10)
    couriers.close()
    assert said == [
        "alert address 2 of 2 did not take the alert 'letter 1'; it was not told there",
        "alert address 2 of 2 takes alerts again",
    ]


def test_failures_are_on_the_page() -> None:
    """An owner who trusts his alerts must see when they do not arrive."""
    watched = board()
    watched.alerts = lambda: (3, 2)
    counts = watched.moment().counts
    assert (counts.alerts_sent, counts.alerts_failed) == (3, 2)


def until(there: Callable[[], bool]) -> None:
    for _ in range(500):
        if there():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")


def test_hanging_service_holds_up_nothing() -> None:
    """Taking a letter returns at once, a full queue is counted, and the end does not wait for ever."""
    release = threading.Event()

    def hang(title: str, body: str) -> bool:
        release.wait(30)
        return True

    box = Box()
    couriers = Couriers([hang, box.deliver], pauses_s=())
    began = time.monotonic()
    for _ in range(WAITING_MAX + 10):
        couriers.take(Letter(title="a", body="b"))
        time.sleep(0.001)
    assert time.monotonic() - began < 3
    until(lambda: len(box.got) == WAITING_MAX + 10)
    assert couriers.counts()[1] >= 9
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(courier, "FAREWELL_S", 0.1)
        couriers.close()
    release.set()


def test_raising_service_is_a_failure() -> None:
    """A foreign library may raise anything."""

    def broken(title: str, body: str) -> bool:
        raise SystemError(SECRET)

    one = Courier(broken, pauses_s=())
    one.take(Letter(title="a", body="b"))
    until(lambda: one.failed == 1)
    one.take(Letter(title="a", body="b"))
    until(lambda: one.failed == 2)
    one.close(time.monotonic() + 1)


def test_missing_library_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how to install it, and shows no address."""
    monkeypatch.setattr(courier, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="make alerts") as caught:
        deliveries([f"json://user:{SECRET}@localhost/"])
    assert SECRET not in str(caught.value)
    assert deliveries([]) == []


def test_run_ends_with_2_before_anything_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Alerts that could never arrive are a configuration error: no journal, no lock, no call."""
    (tmp_path / "profile.toml").write_text(GOOD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BALLAST_WATCH__ALERTS", f'["json://user:{SECRET}@localhost/"]')
    monkeypatch.setattr(courier, "find_spec", lambda name: None)
    assert run_command(["run", "--config", "profile.toml"]) == 2
    said = capsys.readouterr()
    assert "make alerts" in said.err
    assert "canary" not in said.err + said.out
    assert [path.name for path in tmp_path.iterdir()] == ["profile.toml"]


@FOREIGN
def test_address_that_is_none_is_a_sentence() -> None:
    """Named by its place, not by its text."""
    pytest.importorskip("apprise", reason="alerts are optional")
    with pytest.raises(ConfigurationError, match="address 2 of 2") as caught:
        deliveries(["json://localhost/", f"nonsense-{SECRET}"])
    assert SECRET not in str(caught.value)


@FOREIGN
def test_alert_arrives_within_five_seconds_over_http(tmp_path: Path) -> None:
    """The real library, a real socket: a halted cycle is told to a service within seconds, with nothing on the way."""
    pytest.importorskip("apprise", reason="alerts are optional")
    got: list[dict[str, str]] = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    service = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    environ = {"BALLAST_WATCH__ALERTS": json.dumps([f"json://127.0.0.1:{service.server_port}/"])}
    settings = loaded(tmp_path, GOOD + "\n[watch]\npage = false\n", environ=environ)

    async def run() -> float:
        with journal(tmp_path) as book:
            async with attend(
                settings, desk(FakeVenue(ManualClock()), book), print, ways=alert_ways(settings)
            ) as attendant:
                assert attendant.address is None
                began = time.monotonic()
                attendant.told(record(CycleStatus.HALTED), NEXT)
                await asyncio.to_thread(until, lambda: bool(got))
                return time.monotonic() - began

    try:
        took_s = asyncio.run(run())
    finally:
        service.shutdown()
        service.server_close()
    assert took_s < 5
    assert "halted" in got[0]["title"]
    assert "family" in got[0]["title"]


def test_defect_of_watching_does_not_reach_the_cycle(capsys: pytest.CaptureFixture[str]) -> None:
    """A board that raises, an alarm that raises: the daemon hears nothing of it, the log does."""

    class Broken:
        def told(self, *_: object) -> None:
            raise ZeroDivisionError("broken board")

        complained = told

    configure_logs()
    attendant = Attendant(board=Broken(), alarm=Broken(), address=None, unseen_s=lambda: None)  # type: ignore[arg-type]
    attendant.told(looked(), None)
    attendant.complained("x")
    assert capsys.readouterr().err.count("watch.failed") == 4


def test_unreadable_journal_does_not_stop_the_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be told without the journal is told."""
    box, book = Box(), forgetful()
    ringing, couriers = alarm(book, box)

    def unreadable(*_: object) -> object:
        raise JournalError("unreadable")

    monkeypatch.setattr(Journal, "rows", unreadable)
    monkeypatch.setattr(Journal, "open_intents", unreadable)
    ringing.told(record(CycleStatus.HALTED))
    couriers.close()
    assert len(box.got) == 1
