"""What can be done with a case besides deciding it: small forms under the buttons of the card."""

from collections.abc import Callable

import streamlit as st

from components.words import moment
from domain.cases import UNDECIDED
from domain.clock import DAY, HOUR, MINUTE
from pages.decide import changing
from pages.decide.acting import act_once, signed
from pages.kept import kept_line
from services.commands.acting import Decided
from services.desk import Desk
from services.rows.care import Colleague
from services.rows.decide import CaseView
from services.signing import EMERGENCY, RATIFIES, REFUSES_TO_RATIFY


def offered(case: CaseView) -> dict[str, str]:
    """What this person can do now."""
    found: dict[str, str] = {}
    ratification, undecided = case.approval.ratification, case.state in UNDECIDED
    if ratification is not None and ratification.may_ratify:
        found["ratify"] = "Ratify"
    if undecided and case.may_decide:
        if case.care.snoozed_until_us is not None:
            found["wake"] = "Take up again"
        if not case.too_late:
            found |= {} if "wake" in found else {"snooze": "Put aside"}
            found |= {"assign": "Give to", "ask": "Second opinion"}
    if case.may_decide and case.evidence.moved:
        found["distrust"] = "Ignore a sensor"
    if any(o.mine for o in case.care.opinions):
        found["answer"] = "Answer"
    if undecided and case.approval.may_act_alone:
        found["emergency"] = "Act alone (emergency)"
    return found


def _emergency(desk: Desk, case: CaseView) -> None:
    reason = changing.draft(desk, case, "emergency", "What is the emergency")
    typed = signed(desk, case, "emergency", "Sign and release alone", EMERGENCY)
    if typed:
        care, who = desk.commands.care, desk.actor
        act_once(
            case, "emergency", lambda act: care.act_alone(who, case.case_id, case.version, act, reason, typed)
        )


def _ratify(desk: Desk, case: CaseView) -> None:
    words = {True: "Ratify what was done", False: "Do not ratify it"}
    agrees = st.radio(
        "Your decision", list(words), format_func=words.__getitem__, index=None, key=_key("ratify", case)
    )
    text = changing.draft(desk, case, "ratify", "In your words (needed when you do not ratify)")
    if agrees is None:
        return
    typed = signed(desk, case, "ratify", "Sign", RATIFIES if agrees else REFUSES_TO_RATIFY)
    if typed:
        care, who = desk.commands.care, desk.actor
        act_once(case, "ratify", lambda act: care.ratify(who, case.case_id, act, agrees, text, typed))


def _snooze(desk: Desk, case: CaseView) -> None:
    now, zone, latest = desk.now_us, desk.site.time_zone, case.care.latest_us
    spans = {s: f"{s // MINUTE} min" for s in (15 * MINUTE, 30 * MINUTE) if now + s < latest}
    spans |= {s: f"{s // HOUR} h" for s in (HOUR, 2 * HOUR, 4 * HOUR) if now + s < latest}
    spans |= {0: f"until {moment(latest, zone, now)}, the latest"}
    span = st.selectbox("For how long", list(spans), format_func=spans.__getitem__, key=_key("span", case))
    reason = changing.draft(desk, case, "snooze", "Why")
    if st.button("Put aside now", key=_key("do-snooze", case)):
        until = now + span if span else latest
        care, who = desk.commands.care, desk.actor
        act_once(case, "snooze", lambda act: care.snooze(who, case.case_id, case.version, act, until, reason))


def _wake(desk: Desk, case: CaseView) -> None:
    act_once(case, "wake", lambda act: desk.commands.care.wake(desk.actor, case.case_id, act))


def _assign(desk: Desk, case: CaseView) -> None:
    names = {c.account_id: f"{c.name} ({c.roles})" for c in _colleagues(desk, case) if c.decides}
    to = _choose("To whom", names, _key("to", case))
    reason = changing.line(desk, case, "assign", "What they should know")
    if st.button("Give the case", key=_key("do-assign", case), disabled=to is None) and to:
        care, who = desk.commands.care, desk.actor
        act_once(case, "assign", lambda act: care.assign(who, case.case_id, act, to, reason))


def _ask(desk: Desk, case: CaseView) -> None:
    names = {c.account_id: f"{c.name} ({c.roles})" for c in _colleagues(desk, case)}
    of = _choose("Whom", names, _key("of", case))
    question = changing.draft(desk, case, "ask", "Your question")
    if st.button("Ask", key=_key("do-ask", case), disabled=of is None) and of:
        care, who = desk.commands.care, desk.actor
        act_once(case, "ask", lambda act: care.ask(who, case.case_id, act, of, question))


def _answer(desk: Desk, case: CaseView) -> None:
    opinion = next(o for o in case.care.opinions if o.mine)
    st.caption(f"{opinion.asked_by} asks: {opinion.question}")
    text = changing.draft(desk, case, "answer", "Your opinion, for everybody who sees this case")
    if st.button("Answer now", key=_key("do-answer", case)):
        care, who = desk.commands.care, desk.actor
        act_once(case, "answer", lambda act: care.answer(who, case.case_id, act, opinion.opinion_id, text))


def _distrust(desk: Desk, case: CaseView) -> None:
    """Predictions leave the sensor out until then; the case itself stays as it is."""
    metrics = {m.metric: m.label for m in case.evidence.moved}
    sensor = st.selectbox(
        "Sensor", list(metrics), format_func=metrics.__getitem__, index=None, placeholder="Choose a sensor",
        key=_key("sensor", case),
    )  # fmt: skip
    spans = {HOUR: "1 h", 8 * HOUR: "8 h", DAY: "1 day", 3 * DAY: "3 days", 7 * DAY - HOUR: "a week"}
    span = st.selectbox("For how long", list(spans), format_func=spans.__getitem__, key=_key("for", case))
    reason = kept_line(desk, f"distrust:{case.equipment_id}", "Why it is wrong", most=200)
    if st.button("Ignore it", key=_key("do-distrust", case), disabled=sensor is None) and sensor:
        until, cases, who = desk.now_us + span, desk.commands.cases, desk.actor

        def act(act_id: str) -> Decided:
            cases.ignore_input(who, case.equipment_id, act_id, sensor, until, reason)
            return Decided(case.case_id, case.number, case.state, case.version, "Ignored until then.")

        act_once(case, "distrust", act)


def _colleagues(desk: Desk, case: CaseView) -> tuple[Colleague, ...]:
    return desk.queries.decide.colleagues(case.equipment_id)


def _choose(label: str, names: dict[str, str], key: str) -> str | None:
    if not names:
        st.caption("Nobody else sees this machine.")
        return None
    chosen: str | None = st.selectbox(
        label, list(names), format_func=names.__getitem__, index=None, placeholder="Choose a person", key=key
    )
    return chosen


def _key(what: str, case: CaseView) -> str:
    return f"{what}-{case.case_id}"


FORMS: dict[str, Callable[[Desk, CaseView], None]] = {
    "emergency": _emergency,
    "ratify": _ratify,
    "snooze": _snooze,
    "wake": _wake,
    "assign": _assign,
    "ask": _ask,
    "answer": _answer,
    "distrust": _distrust,
}
