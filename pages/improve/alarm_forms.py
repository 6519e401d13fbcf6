"""Forms of alarms: define one or change it, go back to an earlier version, name an operator position."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from components.words import metric_label, metric_unit
from domain.alarms.life import Priority
from domain.errors import InvalidInput
from domain.telemetry import METRICS, MetricKind
from pages.forms import Form
from services.alarms.definition import LONGEST_DELAY_S, NOT_RUNNING, Definition
from services.desk import Desk
from services.rows.alarms import DefinitionList, DefinitionRow

GAUGES = [name for name, spec in METRICS.items() if spec.kind is MetricKind.GAUGE]
SIDES = {True: "over", False: "under"}


def an_alarm(desk: Desk, found: DefinitionList, row: DefinitionRow | None) -> None:
    """Every field of an alarm; saving makes a version that holds from now on."""
    old, form = row.definition if row else None, Form()
    with st.form(f"alarm-{old.alarm_id if old else ''}"):
        st.html(f'<div class="tw-h"><h2>{"Change this alarm" if old else "A new alarm"}</h2></div>')
        said = (
            _about(desk, form, old) | _limit(form, old) | _delays(form, old) | _answer(desk, form, found, old)
        )
        why = form.why(desk, f"alarm-{old.alarm_id if old else 'new'}", "Why (kept with this version)")
        form.under("reason", "")
        pressed = st.form_submit_button("Save a new version" if old else "Add the alarm")
    if pressed:
        act = desk.commands.alarms.define
        form.attempt(lambda: act(desk.actor, _made(old, said), why), f"{said['name']} holds from now on.")


def _made(old: Definition | None, said: dict[str, Any]) -> Definition:
    if not said["equipment_id"]:
        raise InvalidInput("please choose a machine", "machine")
    known = {"alarm_id": old.alarm_id, "version": old.version} if old else {"alarm_id": ""}
    return Definition(**known, **said)


def _about(desk: Desk, form: Form, old: Definition | None) -> dict[str, Any]:
    left, right = st.columns(2)
    machines = dict(desk.queries.decide.machines())
    if old:
        machine: str | None = old.equipment_id
        name = st.text_input("Name", old.name, max_chars=80)
    else:
        machine = left.selectbox(
            "Machine", list(machines), index=None, format_func=machines.__getitem__, placeholder="Choose"
        )
        name = right.text_input("Name", max_chars=80)
    form.under("machine", "name")
    return {"equipment_id": machine, "name": name}


def _limit(form: Form, old: Definition | None) -> dict[str, Any]:
    if old is not None and old.from_gateway:
        st.caption("The gateway beside the machine judges this limit. Its file sets limit and delays.")
        return {"metric": old.metric, "high": old.high, "limit_value": old.limit_value}
    a, b, d = st.columns([2, 1, 1])
    metric = a.selectbox("Value", GAUGES, GAUGES.index(old.metric) if old else 0, format_func=_metric)
    high = b.selectbox("Is", list(SIDES), int(bool(old and not old.high)), format_func=SIDES.__getitem__)
    limit = d.number_input("Limit", value=old.limit_value if old else 0.0, format="%g")
    form.under("metric", "limit")
    return {"metric": metric, "high": high, "limit_value": limit}


def _delays(form: Form, old: Definition | None) -> dict[str, Any]:
    if old is not None and old.from_gateway:
        return {"deadband": old.deadband, "on_delay_s": old.on_delay_s, "off_delay_s": old.off_delay_s}
    a, b, d = st.columns(3)
    deadband = a.number_input("Back by (deadband)", 0.0, value=old.deadband if old else 0.0, format="%g")
    on = b.number_input("Raised after, seconds", 0, LONGEST_DELAY_S, old.on_delay_s if old else 60, 10)
    off = d.number_input("Gone after, seconds", 0, LONGEST_DELAY_S, old.off_delay_s if old else 60, 10)
    form.under("delays")
    return {"deadband": deadband, "on_delay_s": int(on), "off_delay_s": int(off)}


def _answer(desk: Desk, form: Form, found: DefinitionList, old: Definition | None) -> dict[str, Any]:
    a, b = st.columns(2)
    levels = [Priority.LOW, Priority.MEDIUM, Priority.HIGH]
    at = levels.index(old.priority) if old else 0
    priority = a.selectbox("Priority", levels, at, format_func=lambda p: p.value)
    words = dict(desk.queries.calendars.places()) | dict(found.positions)
    options = list(dict.fromkeys([*([old.position_id] if old else []), *dict(found.positions), *words]))
    position = b.selectbox("Operator position", options, format_func=lambda i: words.get(i, i))
    consequence = st.text_input(
        "What happens if nobody answers", old.consequence if old else "", max_chars=200
    )
    form.under("consequence")
    response = st.text_input("What the operator does", old.response if old else "", max_chars=200)
    form.under("response")
    a, b = st.columns(2)
    stands = (old is None or not old.from_gateway) and a.checkbox(
        "Not while the machine stands", bool(old and old.suppress_when)
    )
    active = b.checkbox("In use", old.active if old else True)
    return {
        "priority": priority, "position_id": position, "consequence": consequence, "response": response,
        "suppress_when": NOT_RUNNING if stands else "", "active": active,
    }  # fmt: skip


def _metric(name: str) -> str:
    unit = metric_unit(name)
    return f"{metric_label(name)}, {unit}" if unit else metric_label(name)


def earlier(desk: Desk, rows: Sequence[DefinitionRow]) -> None:
    """Go back to what an earlier version said, as a new version."""
    if len(rows) < 2:
        return
    now, form = rows[0].definition, Form()
    old = {r.definition.version: r for r in rows[1:]}
    with st.form("earlier"):
        st.html('<div class="tw-h"><h2>Go back to an earlier version</h2></div>')
        chosen = st.selectbox(
            "Version", list(old),
            format_func=lambda v: f"{v}: {'over' if old[v].definition.high else 'under'} "
            f"{old[v].definition.limit_value:g}, {old[v].definition.priority.value}",
        )  # fmt: skip
        why = form.why(desk, f"alarm-back-{now.alarm_id}", "Why")
        form.under("reason", "")
        pressed = st.form_submit_button("Go back")
    if pressed:
        again = replace(old[chosen].definition, version=now.version)
        form.attempt(
            lambda: desk.commands.alarms.define(desk.actor, again, why), f"Version {chosen} holds again."
        )


def a_position(desk: Desk) -> None:
    """Who answers alarms: a line, an area, or the plant, by the name of the position."""
    places, form = dict(desk.queries.calendars.places()), Form()
    with st.form("position"):
        st.html('<div class="tw-h"><h2>Name an operator position</h2></div>')
        scope = st.selectbox("It answers for", list(places), format_func=places.__getitem__)
        name = st.text_input("Name of the position", max_chars=60)
        form.under("name")
        why = form.why(desk, "position", "Why (kept in the record)")
        form.under("reason", "")
        pressed = st.form_submit_button("Save the position")
    if pressed:
        act = desk.commands.alarms.set_position
        form.attempt(lambda: act(desk.actor, scope, name, why), f"{name.strip()} is an operator position.")
