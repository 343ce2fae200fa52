"""The page shows what was recorded, escapes all of it, and asks nobody else for anything."""

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from bot.domain.account import FundingRate
from bot.domain.record import CycleRecord, CycleStatus
from bot.logs import configure_logs
from bot.watch.page import POLICY, SCRIPT, STYLE, page
from tests.cli.records import NOW, blind, record
from tests.watch.moments import NEXT, Watch, board, forgetful, looked

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;"
SECRET = 'canary-<9f&"2>+/='
VOID = {"meta", "link", "br", "img", "line", "rect", "polyline"}
LOOSE = {"th"}
KNOWN = {
    *("lang", "charset", "name", "content", "http-equiv", "rel", "href", "class", "id", "title", "role", "aria-label"),
    *("aria-hidden", "viewbox", "preserveaspectratio", "points", "x", "y", "x1", "x2", "y1", "y2", "width", "height"),
    *("data-every", "data-age", "data-patience"),
}


class Tags(HTMLParser):
    """Every tag with its attributes; complains about tags that are closed in the wrong order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID | LOOSE:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID | LOOSE:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def _named(base: CycleRecord, symbol: str) -> CycleRecord:
    """A position in a market of that name."""
    assert base.snapshot is not None
    (view,) = base.snapshot.venues
    view = replace(view, positions=(replace(view.positions[0], symbol=symbol),))
    return replace(base, snapshot=replace(base.snapshot, venues=(view,)))


def shown(status: CycleStatus = CycleStatus.HEDGED) -> Tags:
    """The page after three cycles."""
    watched = board()
    for minutes in range(0, 90, 30):
        watched.told(looked(status, minutes=minutes), NEXT)
    return Tags(page(watched.moment()))


def test_page_says_what_an_owner_asks() -> None:
    """Mode, status in words, ratio wanted and held, leverage against cap, distance, margin, last action and why."""
    text = shown().text
    for words in (
        "LIVE",
        "real money is traded",
        "family",
        "Hedged as wanted",
        "20.0 %",
        "50.0 % wanted",
        "1.00×",  # noqa: RUF001 - the sign the page prints
        "at most 2.00×",  # noqa: RUF001 - the same
        "50 % away",
        "at least 30 % wanted",
        "10,000",
        "cold wallet",
        "sold 0.3 BTC short at 49,990.50: filled",
        "short 20% is outside the band around 50%",
        "next cycle 2026-05-04 12:30:30 UTC",
    ):
        assert words in text, words


def test_tags_are_balanced() -> None:
    """What a browser has to repair may be repaired in favour of an attacker."""
    assert shown().open == []


@pytest.mark.parametrize(
    "place", ["portfolio", "asset", "note", "reason", "guard", "symbol", "source", "paused", "halted"]
)
def test_hostile_text_stays_text(place: str) -> None:
    """Whatever a venue or a profile calls its things, no tag and no attribute comes of it."""
    base = record(CycleStatus.REFUSED, refused=True)
    given = {
        "asset": replace(base, exposures=(replace(base.exposures[0], asset=HOSTILE),)),
        "source": replace(base, exposures=(replace(base.exposures[0], sources=(HOSTILE,)),)),
        "note": replace(base, notes=(HOSTILE,)),
        "reason": replace(base, needs=(replace(base.needs[0], reasons=(HOSTILE,)),)),
        "guard": replace(base, refusals=(replace(base.refusals[0], guard=HOSTILE),)),
        "symbol": _named(base, HOSTILE),
    }.get(place, base)
    journal = forgetful()
    if place == "paused":
        journal.set_paused(HOSTILE)
    if place == "halted":
        journal.set_latch(HOSTILE, "token")
    watched = board(portfolio=HOSTILE if place == "portfolio" else "family", journal=journal)
    for hour in (0, 1):  # two looks, so that charts are drawn
        watched.told(replace(given, at=NOW + timedelta(hours=hour)), NEXT)
    html = page(watched.moment())
    tags = Tags(html)
    assert HOSTILE not in html
    assert all(set(attributes) <= KNOWN for _, attributes in tags.found)
    assert [tag for tag, _ in tags.found].count("script") == 1
    assert "img" not in {tag for tag, _ in tags.found}
    assert not [name for _, attributes in tags.found for name in attributes if name.startswith("on")]
    assert HOSTILE in "".join(tags.words)


def test_page_asks_nobody_for_anything() -> None:
    """No address of another host, nothing to load, no inline style that the policy would block."""
    tags = shown()
    for tag, attributes in tags.found:
        assert tag not in ("iframe", "form", "input", "button", "img", "object", "embed")
        assert not attributes.get("src")
        assert "style" not in attributes
        assert str(attributes.get("href", "/"))[:1] in ("/", "d")
    assert "http://" not in STYLE + SCRIPT
    assert "https://" not in STYLE + SCRIPT
    assert "url(" not in STYLE
    assert "'unsafe-inline'" not in POLICY


def test_page_of_a_dead_daemon_is_not_hidden() -> None:
    """The script marks the body as lost; that must show the warning and hide nothing else."""
    assert 'document.body.classList.add("lost")' in SCRIPT
    assert 'class="note silent"' in page(board().moment())
    hiding = re.findall(r"([^{}]+)\{[^{}]*display:none", STYLE)
    assert [selector.strip() for selector in hiding] == [".silent"]
    assert "body.lost .silent{display:block}" in STYLE


def test_essentials_need_no_script() -> None:
    """Without JavaScript the page loads itself again, and every figure is already in it."""
    html = page(board().moment())
    assert re.search(r'<noscript><meta http-equiv="refresh" content="\d+"></noscript>', html)


def test_no_secret_and_no_rearming_token_is_shown() -> None:
    """A secret that got into a note, a reason or a name is hidden; so is the token that lifts a halt."""
    configure_logs(secrets=[SECRET])
    try:
        journal = forgetful()
        journal.set_latch("three refusals; re-arm with TOKEN-77", "TOKEN-77")
        watched = board(journal=journal, portfolio=f"family {SECRET}")
        base = record(CycleStatus.HALTED, refused=True)
        refusal = replace(base.refusals[0], reason=f"halted: re-arm with TOKEN-77 {SECRET}")
        watched.told(replace(base, notes=(f"signature={SECRET}", SECRET), refusals=(refusal,)), NEXT)
        watched.complained(f"the disk {SECRET} is full")
        tags = Tags(page(watched.moment()))
    finally:
        configure_logs()
    everything = tags.text + str(tags.found)
    assert "canary" not in everything
    assert "TOKEN-77" not in everything
    assert "[hidden]" in everything


def test_page_before_the_first_cycle_and_after_a_blind_one() -> None:
    """Nothing recorded and nothing seen are both said."""
    watched = board()
    assert "Waiting for the first cycle" in Tags(page(watched.moment())).text
    watched.told(blind(), NEXT)
    text = Tags(page(watched.moment())).text
    assert "Venue unavailable, nothing done" in text
    assert "did not answer in 10 s" in text


def test_old_data_turns_red() -> None:
    """When cycles stop, the age is marked and a sentence says so."""
    watch = Watch()
    watched = board(watch=watch)
    watched.told(looked(), NEXT)
    assert "No cycle has ended" not in Tags(page(watched.moment())).text
    watch.passed_s = 400
    tags = Tags(page(watched.moment()))
    assert "No cycle has ended for 6 min 40 s" in tags.text
    ages = [attributes for tag, attributes in tags.found if "data-age" in attributes]
    assert [row["class"] for row in ages] == ["bad"]


def test_pause_halt_and_complaint_are_on_top() -> None:
    """What a person has to act on comes first."""
    journal = forgetful()
    journal.set_paused("on holiday")
    watched = board(journal=journal)
    watched.told(looked(), NEXT)
    watched.complained("the journal could not be written")
    text = Tags(page(watched.moment())).text
    assert "Paused: on holiday" in text
    assert text.index("could not be written") < text.index("Hedged as wanted")


def test_mode_cannot_be_mistaken() -> None:
    """Only live is marked live, in words and in the frame of the page."""
    for mode in ("live", "testnet", "dry-run"):
        watched = board(mode=mode)
        watched.told(looked(), NEXT)
        tags = Tags(page(watched.moment()))
        assert ("LIVE" in tags.text) == (mode == "live")
        assert next(attributes["class"] for tag, attributes in tags.found if tag == "body") == mode


def test_shared_collateral_counts_for_the_distance() -> None:
    """The rise of all prices together that uses up the margin is shown when it is nearer than any single price."""
    base = record()
    assert base.snapshot is not None
    (view,) = base.snapshot.venues
    poor = replace(view, margins=(replace(view.margins[0], wallet=view.margins[0].wallet - 7000),))
    watched = board()
    watched.told(replace(base, snapshot=replace(base.snapshot, venues=(poor,))), NEXT)
    assert "29 % away" in Tags(page(watched.moment())).text  # (3000 - 40) / (10000 + 40)


def test_funding_is_told_for_a_day_and_a_year() -> None:
    """A rate of 0.02 % each eight hours on a short of 10,000 brings 6 a day."""
    base = record()
    assert base.snapshot is not None
    (view,) = base.snapshot.venues
    rate = FundingRate(
        venue=view.venue, symbol=view.positions[0].symbol, rate=Decimal("0.0002"), interval_h=Decimal(8), next_at=None
    )
    watched = board()
    watched.told(replace(base, snapshot=replace(base.snapshot, venues=(replace(view, funding=(rate,)),))), NEXT)
    text = Tags(page(watched.moment())).text
    assert "+6.00" in text
    assert "received at the coming rates, 21.9 % a year of the short" in text


def test_history_is_drawn_from_records() -> None:
    """Four charts, one line per figure, and a label for those who listen."""
    watched = board()
    for minutes in range(0, 60 * 24, 60):
        watched.told(looked(minutes=minutes), NEXT)
    tags = Tags(page(watched.moment()))
    labels = [attributes["aria-label"] for tag, attributes in tags.found if attributes.get("role") == "img"]
    assert len(labels) == 4
    assert any("Price of BTC: from 50,000 to 50,000, now 50,000" in str(label) for label in labels)
    assert sum(tag == "polyline" for tag, _ in tags.found) == 5
    assert watched.moment().points[-1].at == NOW + timedelta(hours=23)


def test_time_in_which_nobody_looked_is_a_gap() -> None:
    """A day without Ballast is not bridged by a line, nor is a blind cycle."""
    watched = board()
    for hour in (0, 1, 2, 3, 30, 31, 32):
        watched.told(looked(minutes=60 * hour), NEXT)
    watched.told(replace(blind(), at=NOW + timedelta(hours=33)), NEXT)
    watched.told(looked(minutes=60 * 34), NEXT)
    tags = Tags(page(watched.moment()))
    assert sum(tag == "polyline" for tag, _ in tags.found) == 5 * 3
