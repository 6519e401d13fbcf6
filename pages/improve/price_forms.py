"""Forms of energy prices: a tariff with any number of price periods, and an emission factor."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from domain.clock import micros
from domain.energy import DAY_MINUTES, Band
from pages.filters import choice
from pages.forms import Form
from services.desk import Desk
from services.rows.energy import Priced, Prices

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WORKDAY = Band("Day", "12345", 6 * 60, 22 * 60, 20_000)
MOST_PERIODS = 12
UNTIL = "Empty: it holds until the next tariff. After its last day the tariff before holds again."


def pricing(desk: Desk, found: Prices) -> None:
    """The tariff, and the emission factor below it."""
    _tariff(desk, found.tariffs[found.tariff] if found.tariff is not None else None)
    _factor(desk, found.factors[found.factor] if found.factor is not None else None)


def _tariff(desk: Desk, old: Priced | None) -> None:
    held, form = (
        old.bands if old else (WORKDAY, Band("Other times", "1234567", 0, DAY_MINUTES, 15_000)),
        Form(),
    )
    with st.container(border=True, key="plain-tariff"):
        st.html('<div class="tw-h"><h2>Set the tariff</h2></div>')
        count = _periods(len(held) - 1)
        with st.form("tariff", border=False):
            name, first, last = _head(desk, old, form)
            st.html(
                '<p class="tw-muted tw-small">Each period has its own price; where two overlap, the upper one'
                " counts. A period may pass midnight.</p>"
            )
            bands = [_period(k, held[k] if k < len(held) - 1 else WORKDAY) for k in range(count)]
            bands.append(_rest(held[-1]))
            peak = st.number_input(
                "Peak: cents a kW and month", 0, 100_000,
                round(old.value) if old else 0, width=320,
            )  # fmt: skip
            form.under("bands")
            reason = form.why(desk, "tariff", "Why (kept with the tariff)")
            form.under("reason", "")
            pressed = st.form_submit_button("Set the tariff")
    if pressed:
        ends = _midnight(last + timedelta(days=1), desk) if last else None
        form.attempt(
            lambda: desk.commands.energy.set_tariff(
                desk.actor,
                desk.site.site_id,
                name,
                _midnight(first, desk),
                _made(bands),
                int(peak),
                reason,
                ends,
            ),
            f"{name} holds from {first} on" + (f", until {last}." if last else "."),
        )


def _periods(known: int) -> int:
    """How many periods the form shows; kept in the address."""
    options = [("", f"{known} (as now)"), *((str(n), str(n)) for n in range(MOST_PERIODS + 1) if n != known)]
    chosen = choice("Price periods besides all other times", "periods", options, labelled=True, width=320)
    return int(chosen) if chosen else known


def _head(desk: Desk, old: Priced | None, form: Form) -> tuple[str, date, date | None]:
    a, b, c = st.columns([2, 1, 1])
    with a:
        name = st.text_input("Name of the tariff", old.name if old else "", max_chars=80)
        form.under("name")
    with b:
        first = st.date_input("From", desk.site.local(desk.now_us).date(), format="YYYY-MM-DD")
        form.under("valid_from")
    with c:
        last = st.date_input("Last day", None, format="YYYY-MM-DD", help=UNTIL)
        form.under("valid_to")
    return name, first, last


Row = tuple[str, Sequence[str], time, time, float]


def _period(k: int, old: Band) -> Row:
    a, b, c, d, e = st.columns([2, 4, 1.3, 1.3, 1.6])
    label = f"Period {k + 1}"
    name = a.text_input(f"{label}: name", old.name if k == 0 or old is not WORKDAY else "", max_chars=40)
    held = [DAYS[int(day) - 1] for day in old.weekdays]
    days = b.pills(
        f"{label}: days on which it begins", DAYS, selection_mode="multi", default=held, key=f"days-{k}"
    )
    begins = c.time_input(f"{label}: from", _time(old.from_minute))
    ends = d.time_input(f"{label}: to", _time(old.to_minute))
    price = e.number_input(f"{label}: cents a kWh", 0.0, 500.0, old.millicents / 1_000, 0.1)
    return name, days, begins, ends, price


def _rest(old: Band) -> Row:
    a, b, c = st.columns([2, 6.6, 1.6])
    name = a.text_input("Other times: name", old.name, max_chars=40)
    b.html('<p class="tw-muted" style="padding-top:34px">every other hour of the week</p>')
    price = c.number_input("Other: cents a kWh", 0.0, 500.0, old.millicents / 1_000, 0.1)
    return name, DAYS, time(0), time(0), price


def _made(rows: Sequence[Row]) -> tuple[Band, ...]:
    """The periods as bands; `to` 00:00 is the end of the day. Raises InvalidInput."""
    return tuple(
        Band(
            name.strip() or f"Period {k + 1}", "".join(str(DAYS.index(day) + 1) for day in days),
            _minute(begins), _minute(ends) or DAY_MINUTES, round(price * 1_000),
        )
        for k, (name, days, begins, ends, price) in enumerate(rows)
    )  # fmt: skip


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _time(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


def _midnight(day: date, desk: Desk) -> int:
    return micros(datetime.combine(day, time(), ZoneInfo(desk.site.time_zone)))


def _factor(desk: Desk, old: Priced | None) -> None:
    form = Form()
    with st.form("factor"):
        st.html('<div class="tw-h"><h2>Set the emission factor</h2></div>')
        a, b, c = st.columns([1, 2, 1])
        grams = a.number_input("CO\u2082, grams a kWh", 0.0, 2_000.0, old.value if old else 0.0, 1.0)
        source = b.text_input("Source: who published it", old.detail if old else "", max_chars=200)
        first = c.date_input("Valid from", desk.site.local(desk.now_us).date(), format="YYYY-MM-DD")
        form.under("grams", "source")
        reason = form.why(desk, "factor", "Why (kept with the factor)")
        form.under("reason", "")
        pressed = st.form_submit_button("Set the factor")
    if pressed:
        act, site = desk.commands.energy.set_factor, desk.site
        form.attempt(
            lambda: act(desk.actor, site.site_id, grams, source, _midnight(first, desk), reason),
            f"{grams:g} g a kWh from {first} on.",
        )
