"""Every screen, in the order of the menu. A screen that is not in this table does not exist.

A detail screen (`in_menu=False`) is reached by a link such as `/machine?id=north/...`; read the
query with `st.query_params`. Link to it in HTML by `components.links.href`, and the shell turns the
click into a switch of the screen without a reload.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module

from auth.permissions import Permission
from services.desk import Desk


class Section(StrEnum):
    """The words of the top bar."""

    FLOOR = "Floor"
    PREDICT = "Predict"
    DECIDE = "Decide"
    QUALITY = "Quality"
    IMPROVE = "Improve"
    ADMIN = "Admin"
    OWN = "Account"  # no word of the bar: the person's name leads there


@dataclass(frozen=True, slots=True)
class Page:
    """One screen. `screen` is `module:function`, imported when the screen is first opened.

    `badge` names a count shown beside the section ("cases": open cases within the actor's scope).
    """

    url_path: str
    title: str
    section: Section
    permission: Permission
    screen: str
    in_menu: bool = True
    badge: str = ""

    def load(self) -> Callable[[Desk], None]:
        """The screen's `render(desk)`."""
        module, _, function = self.screen.partition(":")
        loaded: Callable[[Desk], None] = getattr(import_module(module), function)
        return loaded


P, S = Permission, Section
PAGES: tuple[Page, ...] = (
    Page("overview", "Plant", S.FLOOR, P.SEE_FLOOR, "pages.floor.overview:render"),
    Page("kpi", "Figures", S.FLOOR, P.SEE_FLOOR, "pages.floor.kpi:render"),
    Page("booked", "Booked work", S.FLOOR, P.SEE_FLOOR, "pages.floor.booked:render"),
    Page("shifts", "Shifts", S.FLOOR, P.SEE_FLOOR, "pages.floor.shifts:render"),
    Page("line", "Line", S.FLOOR, P.SEE_FLOOR, "pages.floor.line:render", in_menu=False),
    Page("machine", "Machine", S.FLOOR, P.SEE_FLOOR, "pages.floor.machine:render", in_menu=False),
    Page("alarms", "Alarms", S.FLOOR, P.SEE_FLOOR, "pages.floor.alarms:render"),
    Page("alarm-figures", "Alarm figures", S.FLOOR, P.SEE_FLOOR, "pages.floor.alarm_figures:render"),
    Page("energy", "Energy", S.FLOOR, P.SEE_FLOOR, "pages.floor.energy:render"),
    Page("signals", "Signals", S.FLOOR, P.SEE_FLOOR, "pages.floor.signals:render"),
    Page("stops", "Stops", S.FLOOR, P.SEE_FLOOR, "pages.floor.stops:render"),
    Page("risks", "Risks", S.PREDICT, P.SEE_PREDICTIONS, "pages.predict.risks:render"),
    Page(
        "explanation",
        "Explanation",
        S.PREDICT,
        P.SEE_PREDICTIONS,
        "pages.predict.explanation:render",
        in_menu=False,
    ),
    Page("anomalies", "Anomalies", S.PREDICT, P.SEE_PREDICTIONS, "pages.predict.oddities:render"),
    Page("anomaly", "Anomaly", S.PREDICT, P.SEE_PREDICTIONS, "pages.predict.oddity:render", in_menu=False),
    Page("trust", "Trust", S.PREDICT, P.SEE_TRUST, "pages.predict.trust:render"),
    Page("missed", "Missed failures", S.PREDICT, P.SEE_TRUST, "pages.predict.missed:render"),
    Page("shadow", "Shadow", S.PREDICT, P.SEE_TRUST, "pages.predict.shadow:render"),
    Page("models", "Models", S.PREDICT, P.SEE_TRUST, "pages.predict.models:render"),
    Page("model-watch", "Model watch", S.PREDICT, P.SEE_TRUST, "pages.predict.model_watch:render"),
    Page("stop", "AI stop", S.PREDICT, P.SEE_FLOOR, "pages.predict.stop:render"),
    Page("inbox", "Inbox", S.DECIDE, P.SEE_CASES, "pages.decide.inbox:render", badge="cases"),
    Page("case", "Case", S.DECIDE, P.SEE_CASES, "pages.decide.case:render", in_menu=False),
    Page("handover", "Handover", S.DECIDE, P.SEE_CASES, "pages.decide.handover:render"),
    Page("duty", "On duty", S.DECIDE, P.SEE_POLICY, "pages.decide.duty:render"),
    Page("policy", "Policy", S.DECIDE, P.SEE_POLICY, "pages.decide.policy:render"),
    Page("findings", "Findings", S.DECIDE, P.RECORD_OUTCOME, "pages.decide.findings:render"),
    Page("value", "Value", S.DECIDE, P.SEE_HISTORY, "pages.decide.value:render"),
    Page("sent", "Sent orders", S.DECIDE, P.SEE_HISTORY, "pages.decide.sent:render"),
    Page("history", "History", S.DECIDE, P.SEE_HISTORY, "pages.decide.history:render"),
    Page("charts", "Control charts", S.QUALITY, P.SEE_FLOOR, "pages.quality.charts:render"),
    Page("chart", "Control chart", S.QUALITY, P.SEE_FLOOR, "pages.quality.chart:render", in_menu=False),
    Page("capability", "Capability", S.QUALITY, P.SEE_FLOOR, "pages.quality.capability:render"),
    Page("patterns", "Several sensors", S.QUALITY, P.SEE_FLOOR, "pages.quality.patterns:render"),
    Page("pattern", "Usual pattern", S.QUALITY, P.SEE_FLOOR, "pages.quality.pattern:render", in_menu=False),
    Page("process", "Process settings", S.QUALITY, P.SEE_FLOOR, "pages.quality.process:render"),
    Page("lots", "Lots", S.QUALITY, P.SEE_FLOOR, "pages.quality.lots:render"),
    Page("pictures", "Pictures", S.QUALITY, P.SEE_FLOOR, "pages.quality.pictures:render"),
    Page("reports", "Reports", S.IMPROVE, P.SEE_REPORTS, "pages.improve.reports:render"),
    Page("schedules", "Schedules", S.IMPROVE, P.SEE_REPORTS, "pages.improve.schedules:render"),
    Page("reasons", "Reasons", S.IMPROVE, P.SEE_REPORTS, "pages.improve.reasons:render"),
    Page("stop-rules", "Stop rules", S.IMPROVE, P.SEE_FLOOR, "pages.improve.stop_rules:render"),
    Page("calendar", "Shift calendar", S.IMPROVE, P.SEE_FLOOR, "pages.improve.calendar:render"),
    Page("targets", "Targets", S.IMPROVE, P.SEE_FLOOR, "pages.improve.targets:render"),
    Page("alarm-limits", "Alarm limits", S.IMPROVE, P.SEE_FLOOR, "pages.improve.alarm_limits:render"),
    Page("machines", "Machines", S.IMPROVE, P.SEE_FLOOR, "pages.improve.machines:render"),
    Page("prices", "Energy prices", S.IMPROVE, P.SEE_FLOOR, "pages.improve.prices:render"),
    Page("facts", "Who says what", S.IMPROVE, P.SEE_FLOOR, "pages.improve.facts:render"),
    Page("health", "Connections", S.ADMIN, P.SEE_HEALTH, "pages.admin.health:render"),
    Page("sources", "Sources", S.ADMIN, P.SEE_HEALTH, "pages.admin.sources:render"),
    Page("data-quality", "Data quality", S.ADMIN, P.SEE_HEALTH, "pages.admin.data_quality:render"),
    Page("flow", "Flow", S.ADMIN, P.SEE_HEALTH, "pages.admin.flow:render"),
    Page("users", "Users", S.ADMIN, P.MANAGE_USERS, "pages.admin.users:render"),
    Page("messages", "Messages", S.DECIDE, P.SEE_CASES, "pages.decide.messages:render", in_menu=False),
    Page("account", "Account", S.OWN, P.SEE_FLOOR, "pages.account.own:render", in_menu=False),
)
