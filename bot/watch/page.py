"""The status page: one HTML document without a single request to anywhere else. Everything on it is escaped."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from bot import __version__
from bot.domain.record import MEANINGS
from bot.watch.board import Moment
from bot.watch.panels import charts, holdings, shorts, tiles, words
from bot.watch.sight import Sight, sight
from bot.watch.words import clock, percent, span, text, whole

STYLE = files("bot.watch").joinpath("page.css").read_text(encoding="utf-8")
SCRIPT = files("bot.watch").joinpath("page.js").read_text(encoding="utf-8")
EVERY_S = 5
EVERY_PLAYED_S = 1
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='%231c7a52' "
    "d='M2 9h12l-3 5H5zM7 2h2v6H7z'/%3E%3C/svg%3E"
)
MODES = {
    "live": "real money is traded",
    "testnet": "rehearsal, no real money",
    "dry-run": "simulated account, nothing is sent",
}
TONES = {"hedged": "good", "acted": "warn", "refused": "warn", "stale": "warn", "unavailable": "warn", "halted": "bad"}


def _digest(content: str) -> str:
    return b64encode(sha256(content.encode()).digest()).decode()


POLICY = (
    f"default-src 'none'; style-src 'sha256-{_digest(STYLE)}'; script-src 'sha256-{_digest(SCRIPT)}'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page(now: Moment) -> str:
    """The whole document."""
    seen = sight(now.record) if now.record else None
    word = MEANINGS.get(now.record["status"], now.record["status"]) if now.record else "waiting for the first cycle"
    mode = now.mode if now.mode in MODES else "testnet"
    every = EVERY_PLAYED_S if now.played else EVERY_S
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f'<noscript><meta http-equiv="refresh" content="{every}"></noscript>'
        f"<title>{text(now.portfolio)}: {text(word)}</title>"
        f'<link rel="icon" href="{ICON}"><style>{STYLE}</style></head>'
        f'<body class="{mode}" data-every="{every}"><main id="page">{_body(now, seen, mode)}</main>'
        f"<script>{SCRIPT}</script></body></html>"
    )


def _body(now: Moment, seen: Sight | None, mode: str) -> str:
    parts = [_header(now, mode), _warnings(now), _verdict(now, seen)]
    if seen is not None:
        parts += [tiles(now, seen), charts(now), holdings(seen), shorts(seen), words(now)]
    return "".join([*parts, _footer(now)])


def _header(now: Moment, mode: str) -> str:
    due = f"{'market time · ' if now.played else ''}next cycle {clock(now.next_at)}"
    label = "LIVE" if mode == "live" else mode
    return (
        f'<header><span class="mode {mode}" title="{text(MODES[mode])}">{text(label)}</span>'
        f"<h1>{text(now.portfolio)}</h1><span class=quiet>{text(MODES[mode])}</span>"
        f'<div class="when">{_age(now)}<br>{due}</div></header>'
    )


def _age(now: Moment) -> str:
    if now.age_s is None:
        known = f"last record {clock(sight(now.record).at)}, from before this start" if now.record else "no record yet"
        return f'<span class="warn">{known}</span>'
    tone = ' class="bad"' if now.age_s > now.patience_s else ""
    return (
        f'last cycle <b{tone} data-age="{now.age_s:.1f}" data-patience="{now.patience_s:.0f}">{span(now.age_s)}</b> ago'
    )


def _warnings(now: Moment) -> str:
    rows = [
        '<p class="note silent">Ballast does not answer any more. What you see is the last that was heard of it. '
        "Is <code>ballast run</code> still alive?</p>"
    ]
    if now.halted is not None:
        rows.append(
            f'<p class="note">HALTED: {text(now.halted)}. Only protection is carried out. Look at the account at the '
            "venue; <code>ballast status</code> says how to go on.</p>"
        )
    if now.paused is not None:
        rows.append(
            f'<p class="note soft">Paused: {text(now.paused)}. No risk is added, protection goes on. '
            "<code>ballast resume</code> ends it.</p>"
        )
    if now.age_s is not None and now.age_s > now.patience_s:
        rows.append(
            f'<p class="note">No cycle has ended for {span(now.age_s)}. The figures below are old; the shorts at the '
            "venue stay as they were.</p>"
        )
    if now.complaint is not None:
        rows.append(f'<p class="note">{text(now.complaint)}</p>')
    return "".join(rows)


def _verdict(now: Moment, seen: Sight | None) -> str:
    if now.record is None or seen is None:
        return (
            '<section class="verdict warn"><p class="word">Waiting for the first cycle</p>'
            '<p class="more">Nothing is recorded in the journal yet.</p></section>'
        )
    status = str(now.record["status"])
    tone = "bad" if now.halted is not None else TONES.get(status, "warn")
    word = MEANINGS.get(status, status)
    return (
        f'<section class="verdict {tone}"><p class="word">{text(word[:1].upper() + word[1:])}</p>'
        f'<p class="more">{text(_summary(now, seen))}</p></section>'
    )


def _summary(now: Moment, seen: Sight) -> str:
    quote = now.limits.quote
    if not seen.seen:
        return "; ".join(str(note) for note in now.record["notes"]) if now.record else ""
    if not seen.assets:
        return "Nothing is owned that could be hedged."
    wanted = f", {percent(seen.wanted)} wanted" if seen.wanted is not None else ""
    return (
        f"Of {whole(seen.worth)} {quote} in coins, {whole(seen.short)} {quote} are held short against a fall: "
        f"{percent(seen.held)} hedged{wanted}."
    )


def _footer(now: Moment) -> str:
    counts = now.counts
    alerts = f"{counts.alerts_sent} alerts sent"
    if counts.alerts_failed:
        alerts += f', <b class="bad">{counts.alerts_failed} could not be sent</b>'
    cycle = f"cycle {text(now.record['cycle'])}" if now.record else "no cycle yet"
    return (
        f"<footer><span>{cycle}, {sum(counts.cycles.values())} since {clock(now.started)}</span><span>{alerts}</span>"
        '<span><a href="/api/record">record</a> · <a href="/metrics">metrics</a> · <a href="/healthz">health</a></span>'
        f"<span>Ballast {text(__version__)}; this page only shows, it can change nothing</span></footer>"
    )
