"""Set what energy costs and emits, from a day on."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import streamlit as st

from domain.clock import micros
from domain.energy import Band
from domain.errors import Conflict, UserFixable
from services.desk import Desk
from services.rows.energy import EnergyView


def pricing(desk: Desk, view: EnergyView) -> None:
    """Two forms beside each other."""
    left, right = st.columns(2)
    with left:
        _tariff(desk, view)
    with right:
        _factor(desk, view)


def _tariff(desk: Desk, view: EnergyView) -> None:
    bands = view.tariff.bands if view.tariff else ()
    day = bands[0].millicents / 1_000 if bands else 20.0
    night = bands[-1].millicents / 1_000 if bands else 15.0
    with st.form("tariff", border=False):
        name = st.text_input("Name of the tariff", view.tariff.name if view.tariff else "", max_chars=80)
        a, b = st.columns(2)
        price = a.number_input("Price by day, cents a kWh", 0.0, 500.0, day, 0.1)
        other = b.number_input("Price at other times, cents a kWh", 0.0, 500.0, night, 0.1)
        begins = a.time_input("Day begins", time(6))
        ends = b.time_input("Day ends", time(22))
        peak = a.number_input(
            "For the peak, cents a kW and month", 0, 100_000, round(view.tariff.value) if view.tariff else 0
        )
        first = b.date_input("From", desk.site.local(desk.now_us).date(), format="YYYY-MM-DD")
        reason = st.text_input("Why (kept with the tariff)", max_chars=300)
        pressed = st.form_submit_button("Set the tariff")
    if not pressed:
        return
    try:
        two = (
            Band(
                "day",
                "12345",
                begins.hour * 60 + begins.minute,
                ends.hour * 60 + ends.minute,
                round(price * 1_000),
            ),
            Band("other times", "1234567", 0, 1_440, round(other * 1_000)),
        )
        from_us = micros(datetime.combine(first, time(), ZoneInfo(desk.site.time_zone)))
        desk.commands.energy.set_tariff(desk.actor, desk.site.site_id, name, from_us, two, int(peak), reason)
    except (UserFixable, Conflict) as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    st.rerun()


def _factor(desk: Desk, view: EnergyView) -> None:
    with st.form("factor", border=False):
        grams = st.number_input(
            "CO\u2082, grams a kWh", 0.0, 2_000.0, view.factor.value if view.factor else 0.0, 1.0
        )
        source = st.text_input("Source", view.factor.detail if view.factor else "", max_chars=200)
        first = st.date_input("Valid from", desk.site.local(desk.now_us).date(), format="YYYY-MM-DD")
        reason = st.text_input("Why (kept with the factor)", max_chars=300)
        pressed = st.form_submit_button("Set the factor")
    if not pressed:
        return
    from_us = micros(datetime.combine(first, time(), ZoneInfo(desk.site.time_zone)))
    try:
        desk.commands.energy.set_factor(desk.actor, desk.site.site_id, grams, source, from_us, reason)
    except (UserFixable, Conflict) as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    st.rerun()
