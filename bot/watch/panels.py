"""The parts of the status page below its headline: figures, history, holdings, shorts, and the words."""

from decimal import Decimal

from bot.watch.board import Moment
from bot.watch.charts import Chart, Line, bar, chart
from bot.watch.deeds import deeds, reasons, thoughts
from bot.watch.sight import ZERO, AssetLine, Margin, Record, Short, Sight, sight
from bot.watch.words import NOTHING, clock, coins, listed, money, percent, text, times, whole


def tiles(now: Moment, seen: Sight) -> str:
    """The figures one looks at first."""
    shown = [_hedged(now, seen), _leverage(now, seen), _liquidation(now, seen), _margin(now, seen), _funding(now, seen)]
    return f'<div class="tiles">{"".join(shown)}</div>'


def _hedged(now: Moment, seen: Sight) -> str:
    band = now.limits.band
    good = seen.held is None or seen.wanted is None or abs(seen.held - seen.wanted) <= band
    figure = bar(_float(seen.held), _float(seen.wanted) or 0.0, good=good)
    under = f"{percent(seen.wanted)} wanted, band ±{percent(band, 0)}"
    return _tile("Hedged", percent(seen.held), under, figure, "" if good else "warn")


def _leverage(now: Moment, seen: Sight) -> str:
    cap = min(seen.leverage_cap or now.limits.leverage_cap, now.limits.leverage_cap)
    good = seen.leverage is None or seen.leverage <= cap
    figure = bar(_float(seen.leverage), float(cap), good=good)
    return _tile(
        "Effective leverage",
        times(seen.leverage),
        f"short over collateral; at most {times(cap)}",
        figure,
        "" if good else "bad",
    )


def _liquidation(now: Moment, seen: Sight) -> str:
    least = now.limits.distance_min
    good = seen.distance is None or seen.distance >= least
    figure = bar(_float(seen.distance), float(least), good=good)
    big = f"{percent(seen.distance, 0)} away" if seen.distance is not None else NOTHING
    under = f"rise of all prices that liquidates; at least {percent(least, 0)} wanted"
    return _tile("Liquidation", big, under, figure, "" if good else "bad")


def _margin(now: Moment, seen: Sight) -> str:
    equity = sum((row.equity * row.price for row in seen.margins), ZERO)
    used = sum((row.used * row.price for row in seen.margins), ZERO)
    bound = f"; {percent(used / equity, 0)} of it is bound" if equity > 0 else ""
    return _tile("Margin", whole(equity) if seen.margins else NOTHING, f"{now.limits.quote} behind the shorts{bound}")


def _funding(now: Moment, seen: Sight) -> str:
    day = seen.funding_a_day
    if day is None:
        return _tile("Funding a day", NOTHING, "the coming rates are not known" if seen.shorts else "no short is open")
    yearly = f", {percent(abs(day) * 365 / seen.short)} a year of the short" if seen.short > 0 else ""
    word = "received" if day >= 0 else "paid"
    return _tile("Funding a day", f"{day:+,.2f}", f"{now.limits.quote} {word} at the coming rates{yearly}")


def _tile(name: str, big: str, under: str, figure: str = "", tone: str = "") -> str:
    return (
        f'<section class="card tile"><p class="name">{text(name)}</p><p class="big {tone}">{text(big)}</p>'
        f'{figure}<p class="sub">{text(under)}</p></section>'
    )


def charts(now: Moment) -> str:
    """How it went."""
    points, limits = now.points, now.limits
    at = [point.at for point in points]
    asset = next(iter(points[-1].prices), "") if points else ""
    wanted = next((point.wanted for point in reversed(points) if point.wanted is not None), None)
    band = float(limits.band)
    hedge = Chart(
        title="Hedge ratio",
        times=at,
        lines=(
            Line(name="wanted", style="want", values=[point.wanted for point in points]),
            Line(name="held", style="held", values=[point.held for point in points]),
        ),
        form=percent,
        limits=() if wanted is None else (wanted - band, wanted + band),
        limit_name="" if wanted is None else "band",
        ticks=[point.at for point in points if point.acted],
        least_height=band,
    )
    leverage = Chart(
        title="Effective leverage",
        times=at,
        lines=(Line(name="", style="plain", values=[point.leverage for point in points]),),
        form=times,
        limits=(float(limits.leverage_cap),),
        limit_name="cap",
        least_height=0.2,
    )
    distance = Chart(
        title="Distance to liquidation",
        times=at,
        lines=(Line(name="", style="plain", values=[point.distance for point in points]),),
        form=lambda value: percent(value, 0),
        limits=(float(limits.distance_min),),
        limit_name="protected below",
        least_height=0.05,
    )
    price = Chart(
        title=f"Price of {asset}" if asset else "Price",
        times=at,
        lines=(Line(name="", style="plain", values=[point.prices.get(asset) for point in points]),),
        form=lambda value: f"{value:,.0f}" if value >= 1000 else f"{value:.4g}",
    )
    return f'<h2>History</h2><div class="charts">{"".join(map(chart, (hedge, leverage, distance, price)))}</div>'


def holdings(seen: Sight) -> str:
    """What is owned, and how much of it is hedged."""

    def row(line: AssetLine) -> str:
        return (
            f"<tr><td><b>{text(line.asset)}</b></td><td>{whole(line.worth)}</td><td>{whole(line.short)}</td>"
            f"<td>{percent(line.held)}</td><td>{percent(line.wanted)}</td><td>{coins(line.amount)}</td>"
            f'<td>{money(line.price)}</td><td class="left">{text(", ".join(line.sources))}</td></tr>'
        )

    heads = "<th>coin<th>worth<th>short<th>hedged<th>wanted<th>amount<th>price<th class=left>where"
    return _table("Holdings", heads, [row(line) for line in seen.assets], "Nothing is owned that could be hedged.")


def shorts(seen: Sight) -> str:
    """What is held against it, and what stands behind."""

    def row(line: Short) -> str:
        return (
            f"<tr><td><b>{text(line.symbol)}</b> {text(line.venue)}</td><td>{whole(line.notional)}</td>"
            f"<td>{percent(line.distance, 0)}</td><td>{money(line.liquidation_price)}</td>"
            f"<td>{money(line.mark_price)}</td><td>{money(line.entry_price)}</td><td>{coins(line.contracts)}</td>"
            f"<td>{_signed(line.funding_a_year)}</td></tr>"
        )

    def margin(line: Margin) -> str:
        return (
            f"<tr><td><b>{text(line.venue)}</b> {text(line.currency)}</td><td>{money(line.equity)}</td>"
            f"<td>{times(line.leverage)}</td><td>{percent(line.distance, 0)}</td><td>{money(line.used)}</td>"
            f"<td>{money(line.maintenance)}{' by tiers' if line.by_tiers else ''}</td></tr>"
        )

    heads = "<th>market<th>worth<th>away<th>liquidation<th>mark<th>entry<th>contracts<th>funding a year"
    margins = "<th>account<th>equity<th>leverage<th>all prices up<th>bound<th>maintenance"
    return _table("Shorts", heads, [row(line) for line in seen.shorts], "No short is open.") + _table(
        "Margin", margins, [margin(line) for line in seen.margins], "No collateral was seen."
    )


def words(now: Moment) -> str:
    """What was done, what was refused, and why the hedge is what it is."""
    if now.record is None:
        return ""
    refusals = [f"refused by {row['guard']}: {row['reason']}" for row in now.record["refusals"]]
    notes = [*refusals, *(str(note) for note in now.record["notes"])]
    said = f"<ul>{listed(dict.fromkeys(notes))}</ul>" if notes else '<p class="quiet">Nothing was refused or odd.</p>'
    why = "".join(
        f"<div><h3>{text(name)}</h3><ul>{listed(found)}</ul></div>" for name, found in thoughts(now.record).items()
    )
    why = why or '<p class="quiet">Nothing was decided in the last cycle.</p>'
    return (
        f'<div class="two"><div><h2>Last action</h2><section class="card">{_last_deeds(now)}</section></div>'
        f'<div><h2>Refusals and notes</h2><section class="card">{said}</section></div></div>'
        f'<h2>Why the hedge is what it is</h2><section class="card why">{why}</section>'
    )


def _last_deeds(now: Moment) -> str:
    if not now.deeds:
        return '<p class="quiet">Nothing was sent to a venue yet.</p>'
    *earlier, last = now.deeds
    done = "".join(f'<p class="did">{text(line)}</p>' for line in deeds(last))
    why = reasons(last)
    parts = [done, f'<p class="quiet">{_when(last)}</p>', f"<ul>{listed(why)}</ul>" if why else ""]
    if earlier:
        rows = "".join(
            f'<p class="before"><span class="quiet">{_when(record)}</span> {text("; ".join(deeds(record)))}</p>'
            for record in reversed(earlier)
        )
        parts.append(f"<h3>Before that</h3>{rows}")
    return "".join(parts)


def _when(record: Record) -> str:
    return f"{clock(sight(record).at)}, cycle {text(record['cycle'])}"


def _table(title: str, heads: str, rows: list[str], empty: str) -> str:
    body = (
        f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        if rows
        else f'<p class="empty">{text(empty)}</p>'
    )
    return f'<h2>{text(title)}</h2><div class="card scroll">{body}</div>'


def _signed(value: Decimal | None) -> str:
    return NOTHING if value is None else f"{value * 100:+.1f} %"


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
