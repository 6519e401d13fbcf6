"""Energy in words, tables and one figure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import plotly.graph_objects as go

from components.links import link
from components.tables import csv_bytes, empty, panel, small, table
from components.tokens import FONT, HIGH, INK_2, INK_3, LINE_STRONG
from components.words import NOTHING, instant, local, moment, money, number, plural, safe
from domain.clock import utc
from domain.wording import repeated
from services.rows.energy import EnergyRow, EnergyView
from services.rows.site import SiteRow

HEAD = (
    "Where", "Energy, kWh", "Cost", "kWh per good part", "While standing, kWh", "Highest quarter hour, kW",
    "Always drawn, kW", "Data",
)  # fmt: skip
GRID = "#d3d8dc"
MARKS = 10  # on the axis of times, at most


def energy_headline(view: EnergyView, site: SiteRow, now_us: int) -> str:
    """The sentence on top, HTML."""
    whole = view.whole
    said = f"<b>{whole.kwh:,.0f} kWh"
    if whole.cost_cents is not None:
        said += f" for {money(whole.cost_cents, site.currency)}"
    said += ".</b>"
    if whole.kwh > 0:
        said += f" {100 * whole.idle_kwh / whole.kwh:.0f} % of it while machines stood still."
    if whole.peak_kw is not None and whole.peak_us is not None:
        when = moment(whole.peak_us, site.time_zone, now_us)
        least = "at least " if whole.peak_lacks else ""
        said += f" The highest quarter hour drew {least}{whole.peak_kw:,.0f} kW, {when}."
    return said


def facts_panel(view: EnergyView, site: SiteRow, now_us: int) -> str:
    """Base load, emissions, price bands and who set them, as a list."""
    whole, rows = view.whole, []
    if whole.base_kw is not None:
        hours = len(view.quarters) / 4 * whole.known
        share = f"{100 * whole.base_kw * hours / whole.kwh:.0f} % of the energy" if whole.kwh else ""
        rows.append(("Base load, always drawn", f"{whole.base_kw:,.0f} kW", share))
    else:
        rows.append(("Base load", NOTHING, "needs a day in which every meter was heard"))
    for name, cents in view.by_band:
        rows.append((f"Price band {safe(name)}", money(cents, site.currency), ""))
    if view.peak_charge_cents is not None:
        note = "the highest quarter hour of each month, at the price that held then"
        rows.append(("Charge for the peak", money(view.peak_charge_cents, site.currency), note))
    if view.co2_kg is not None and view.factor:
        rows.append(("CO\u2082", f"{view.co2_kg:,.0f} kg", safe(f"{view.factor.name}; {view.factor.detail}")))
    body = table(
        (),
        [(a + (small(c) if c else ""), f'<span class="tw-num tw-nw">{b}</span>') for a, b, c in rows],
        right=(1,),
    )
    return panel("What it consists of", body + _who(view, site, now_us))


def _who(view: EnergyView, site: SiteRow, now_us: int) -> str:
    said = [
        f"{safe(p.name)}: from {moment(p.valid_from_us, site.time_zone, now_us)}, set by {safe(p.set_by)}, "
        f"{safe(p.reason)}"
        for p in (view.tariff, view.factor)
        if p is not None
    ]
    if view.tariff is None:
        said.append("Nobody has set a tariff yet: there is no cost.")
    elif view.unpriced:
        said.append(f"For {view.unpriced / 4:.1f} h no tariff was in force: they are not in the cost.")
    if view.factor is None:
        said.append("Nobody has set an emission factor yet.")
    elif view.co2_kg is None:
        said.append("No emission factor was in force for a part of the time: CO\u2082 is left out.")
    if view.unmetered:
        names = ", ".join(safe(name) for name in view.unmetered[:6])
        more = f" and {len(view.unmetered) - 6} more" if len(view.unmetered) > 6 else ""
        said.append(f"Without any reading of an energy meter, and not in the figures: {names}{more}.")
    return small("<br>".join(said))


def rows_panel(view: EnergyView, site: SiteRow, now_us: int) -> str:
    """Lines, or the machines of a line."""
    if not view.rows:
        return panel("Lines", empty("No machine is placed here yet."))
    units = view.rows[0].level == "unit"
    body = table(HEAD, (_row(r, site, now_us) for r in view.rows), right=(1, 2, 3, 4, 5, 6, 7))
    return panel("Machines" if units else "Lines", body)


def _row(row: EnergyRow, site: SiteRow, now_us: int) -> Sequence[str]:
    if row.level == "unit":
        name = link(row.name, "machine", id=row.equipment_id)
    else:
        name = link(row.name, "energy", line=row.equipment_id)
    part = NOTHING if row.per_part_kwh is None else number(row.per_part_kwh)
    if row.per_made_kwh is not None:
        part += small(f"{number(row.per_made_kwh)} per part made")
    idle = f"{row.idle_kwh:,.0f}" + (small(f"{100 * row.idle_kwh / row.kwh:.0f} %") if row.kwh > 0 else "")
    peak = NOTHING if row.peak_kw is None else f"{'&ge; ' * row.peak_lacks}{row.peak_kw:,.1f}"
    when = small(moment(row.peak_us, site.time_zone, now_us)) if row.peak_us else ""
    return (
        name,
        f"<b>{row.kwh:,.0f}</b>",
        money(row.cost_cents, site.currency),
        part + (small("no good part") if row.good <= 0 else ""),
        idle,
        f'<span class="tw-nw">{peak}</span>{when}',
        NOTHING if row.base_kw is None else f"{row.base_kw:,.1f}",
        _data(row),
    )


def _data(row: EnergyRow) -> str:
    text = f"{100 * row.known:.0f} %"
    if row.known < 0.98:
        text = f'<span class="tw-high tw-num">&#9650; {text}</span>'
    return text + (small(f"{100 * row.estimated:.0f} % estimated") if row.estimated > 0.004 else "")


def resets_panel(view: EnergyView, site: SiteRow, now_us: int) -> str:
    """Meters that fell: counted from zero again, and named."""
    if not view.resets:
        return ""
    rows = [
        (safe(name), moment(at, site.time_zone, now_us), f"{before:,.1f}", f"{after:,.1f}")
        for name, at, before, after in view.resets
    ]
    head = ("Machine", "When", "Before, kWh", "After, kWh")
    note = small(
        "A meter that falls to less than half was reset: it is counted from zero again, and what it drew in"
        " between is unknown. A smaller fall counts nothing."
    )
    return panel("Meters that fell", table(head, rows, right=(1, 2, 3), tight=True) + note)


def load_figure(view: EnergyView, zone: str) -> go.Figure:
    """Demand by quarter hour; estimated stretches dotted, the peak marked, the base load as a line."""
    times, words = [_place(view, q.at_us, zone) for q in view.quarters], _told(view, zone)
    figure = go.Figure()
    measured = [q.kw if not q.estimated else None for q in view.quarters]
    guessed = _joined(view)
    style = {"color": INK_2, "width": 1.3, "shape": "hv"}
    figure.add_trace(
        go.Scatter(
            x=times,
            y=measured,
            mode="lines",
            line=style,
            customdata=words,
            hovertemplate="%{customdata}  %{y:,.0f} kW<extra></extra>",
        )
    )
    if any(value is not None for value in guessed):
        figure.add_trace(
            go.Scatter(
                x=times, y=guessed, mode="lines", line={**style, "color": INK_3, "dash": "dot"},
                customdata=words,
                hovertemplate="%{customdata}  %{y:,.0f} kW, partly estimated<extra></extra>",
            )
        )  # fmt: skip
    _marks(figure, view, zone)
    figure.update_xaxes(showgrid=False, linecolor=LINE_STRONG, tickformat="%H:%M\n%d %b", tickfont_size=11)
    figure.update_xaxes(**_ticks(view, zone))
    figure.update_yaxes(
        gridcolor=GRID,
        zeroline=False,
        nticks=6,
        tickfont_size=11,
        rangemode="tozero",
        title_text="kW",
        title_font_size=11,
    )
    figure.update_layout(
        height=300, margin={"l": 52, "r": 70, "t": 12, "b": 40}, showlegend=False, hovermode="x",
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", font={"family": FONT, "color": INK_2},
    )  # fmt: skip
    return figure


def _place(view: EnergyView, at_us: int, zone: str) -> datetime:
    """Where a moment stands on the axis: by the clock as it was when the stretch began, so that an hour that
    comes twice takes the room of two."""
    begun = local(view.quarters[0].at_us if view.quarters else at_us, zone).utcoffset()
    return utc(at_us).replace(tzinfo=None) + (begun or timedelta())


def _told(view: EnergyView, zone: str) -> list[str]:
    """The local time of each quarter hour; in an hour that comes twice with its offset."""
    return [f"{local(q.at_us, zone):%d %b %H:%M} {repeated(q.at_us, zone)}".rstrip() for q in view.quarters]


def _ticks(view: EnergyView, zone: str) -> dict[str, list[datetime] | list[str]]:
    """The marks of the axis where the clock changes within the stretch; else the axis makes its own."""
    times = [local(q.at_us, zone) for q in view.quarters]
    if not times or times[0].utcoffset() == times[-1].utcoffset():
        return {}
    hours = len(times) / 4
    step = next((h for h in (1, 2, 3, 6, 12, 24, 48, 168) if hours / h <= MARKS), 744)
    days, places, words = 0, [], []
    for quarter, at in zip(view.quarters, times, strict=True):
        days += (at.hour, at.minute) == (0, 0)
        if at.minute or at.hour % min(step, 24) or (step > 24 and days % (step // 24)):
            continue
        places.append(_place(view, quarter.at_us, zone))
        words.append(f"{at:%H:%M}<br>{at:%d %b}")
    return {"tickvals": places, "ticktext": words}


def _joined(view: EnergyView) -> list[float | None]:
    """Estimated quarter hours with their neighbours, so that the dotted line meets the solid one."""
    flags = [q.estimated for q in view.quarters]
    near = [any(flags[max(0, i - 1) : i + 2]) for i in range(len(flags))]
    return [q.kw if near[i] else None for i, q in enumerate(view.quarters)]


def _marks(figure: go.Figure, view: EnergyView, zone: str) -> None:
    whole = view.whole
    if whole.base_kw is not None:
        figure.add_hline(
            y=whole.base_kw, line={"color": INK_3, "width": 1, "dash": "dash"},
            annotation_text=f"base {whole.base_kw:,.0f}",
            annotation_position="right", annotation_font_size=11,
        )  # fmt: skip
    if whole.peak_us is not None:
        at = _place(view, whole.peak_us, zone)
        told = f"  {'≥ ' * whole.peak_lacks}{whole.peak_kw:,.0f} kW"
        figure.add_trace(
            go.Scatter(
                x=[at], y=[whole.peak_kw], mode="markers+text", text=[told],
                textposition="middle right", marker={"symbol": "triangle-up", "size": 10, "color": HIGH},
                hoverinfo="skip",
            )
        )  # fmt: skip


def energy_csv(view: EnergyView, site: SiteRow) -> bytes:
    """The quarter hours, times in the site's zone."""
    head = ("quarter_hour", "kw", "kwh", "estimated")
    return csv_bytes(
        head,
        (
            (instant(q.at_us, site.time_zone), q.kw, q.kwh if q.kw is not None else None, q.estimated)
            for q in view.quarters
        ),
    )


def missing(view: EnergyView) -> str:
    """A sentence where data are missing, else nothing."""
    poor = [r for r in view.rows if r.known < 0.98]
    return f"{plural(len(poor), 'row')} with less than 98 % of the data." if poor else ""
