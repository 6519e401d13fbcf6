"""Forms of energy prices: a tariff and an emission factor, each from a day on."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import streamlit as st

from domain.clock import micros
from domain.energy import Band
from pages.forms import Form
from services.desk import Desk
from services.rows.energy import Priced, Prices


def pricing(desk: Desk, found: Prices) -> None:
    """Two forms beside each other."""
    left, right = st.columns(2, gap="small")
    with left:
        _tariff(desk, found.tariffs[found.tariff] if found.tariff is not None else None)
    with right:
        _factor(desk, found.factors[found.factor] if found.factor is not None else None)


def _tariff(desk: Desk, old: Priced | None) -> None:
    bands, form = old.bands if old else (), Form()
    day = bands[0].millicents / 1_000 if bands else 20.0
    night = bands[-1].millicents / 1_000 if bands else 15.0
    with st.form("tariff"):
        st.html('<div class="tw-h"><h2>Set the tariff</h2></div>')
        name = st.text_input("Name of the tariff", old.name if old else "", max_chars=80)
        form.under("name")
        a, b = st.columns(2)
        price = a.number_input("Price by day, cents a kWh", 0.0, 500.0, day, 0.1)
        other = b.number_input("Price at other times, cents a kWh", 0.0, 500.0, night, 0.1)
        begins = a.time_input("Day begins (Mon to Fri)", _time(bands[0].from_minute) if bands else time(6))
        ends = b.time_input("Day ends", _time(bands[0].to_minute) if bands else time(22))
        peak = a.number_input(
            "For the peak, cents a kW and month", 0, 100_000, round(old.value) if old else 0
        )
        first = b.date_input("From", desk.site.local(desk.now_us).date(), format="YYYY-MM-DD")
        form.under("bands", "valid_from")
        reason = st.text_input("Why (kept with the tariff)", max_chars=300)
        form.under("reason", "")
        pressed = st.form_submit_button("Set the tariff")
    if pressed:
        act, site = desk.commands.energy.set_tariff, desk.site
        form.attempt(
            lambda: act(
                desk.actor, site.site_id, name, _midnight(first, desk), _bands(begins, ends, price, other),
                int(peak), reason,
            ),
            f"{name} holds from {first} on.",
        )  # fmt: skip


def _bands(begins: time, ends: time, price: float, other: float) -> tuple[Band, Band]:
    by_day = Band(
        "day", "12345", begins.hour * 60 + begins.minute, ends.hour * 60 + ends.minute or 1_440,
        round(price * 1_000),
    )  # fmt: skip
    return by_day, Band("other times", "1234567", 0, 1_440, round(other * 1_000))


def _time(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


def _midnight(day: date, desk: Desk) -> int:
    return micros(datetime.combine(day, time(), ZoneInfo(desk.site.time_zone)))


def _factor(desk: Desk, old: Priced | None) -> None:
    form = Form()
    with st.form("factor"):
        st.html('<div class="tw-h"><h2>Set the emission factor</h2></div>')
        grams = st.number_input("CO\u2082, grams a kWh", 0.0, 2_000.0, old.value if old else 0.0, 1.0)
        form.under("grams")
        source = st.text_input("Source: who published it", old.detail if old else "", max_chars=200)
        form.under("source")
        first = st.date_input("Valid from", desk.site.local(desk.now_us).date(), format="YYYY-MM-DD")
        reason = st.text_input("Why (kept with the factor)", max_chars=300)
        form.under("reason", "")
        pressed = st.form_submit_button("Set the factor")
    if pressed:
        act, site = desk.commands.energy.set_factor, desk.site
        form.attempt(
            lambda: act(desk.actor, site.site_id, grams, source, _midnight(first, desk), reason),
            f"{grams:g} g a kWh from {first} on.",
        )
