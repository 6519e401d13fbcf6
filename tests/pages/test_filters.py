"""Every screen of figures, stops, alarms, quality, energy and reports keeps its filters in the address.

Each filter of each screen is set to another value: the address then names it, and the address opened
anew shows the same. A box that stands outside a form and is no filter is named here, with what it does.
"""

from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy import update

from data.store import tables as t
from domain.clock import HOUR
from services.commands.alarms import AlarmCommands
from services.commands.charts import ChartCommands
from services.kpi.keeping import Keeper
from services.spc.patterns import METRICS, PatternWatch
from tests import factories as f
from tests.pages.conftest import Screens, html_of
from tests.pages.test_quality import START, chart, history
from tests.services.alarms.test_alarms import HOT, LINE
from tests.services.reports import plant

SCREENS = {
    "pages.floor.kpi:render": {"span"},
    "pages.floor.shifts:render": {"line", "span"},
    "pages.floor.alarms:render": {"position"},
    "pages.floor.alarm_figures:render": {"position", "span"},
    "pages.floor.energy:render": {"line", "span"},
    "pages.floor.stops:render": {"line", "window"},
    "pages.floor.booked:render": {"span"},
    "pages.floor.signals:render": {"id", "span"},
    "pages.quality.lots:render": set(),
    "pages.quality.pictures:render": {"place", "label", "which"},
    "pages.improve.machines:render": set(),
    "pages.decide.sent:render": {"span"},
    "pages.quality.charts:render": {"line", "show"},
    "pages.quality.chart:render": {"span"},
    "pages.quality.capability:render": {"line", "span"},
    "pages.quality.patterns:render": {"line"},
    "pages.quality.pattern:render": {"span"},
    "pages.improve.reports:render": {"scope", "kind", "period"},
    "pages.improve.schedules:render": set(),
    "pages.improve.reasons:render": {"days"},
    "pages.improve.stop_rules:render": set(),
    "pages.improve.calendar:render": {"line", "days"},
    "pages.improve.targets:render": {"line"},
    "pages.improve.alarm_limits:render": {"line", "priority"},
    "pages.improve.prices:render": set(),
    "pages.improve.facts:render": set(),
}
CHOOSERS = {  # what a form is about; the alarm and the hour are kept in the address by their own tests
    "Kind of chart", "Schedule", "Reason", "Shift", "What", "Alarm", "Hour to take apart",
    "Split at", "Group", "When", "Machine",
}  # fmt: skip


@pytest.fixture
def rich(database) -> tuple[Screens, dict[str, dict[str, str]]]:
    """Two lines with a day of facts, a chart, a pattern, an alarm; and what each detail screen asks for."""
    with database.write() as tx:
        plant.build(tx, evil=False)
        f.machine(tx, f.PRESS)
        tx.execute(update(t.equipment).where(t.equipment.c.level == "unit").values(machine_type="cnc"))
        supervisor = f.account(tx, name="Supervisor North")
        for name in (LINE, "north/forming/line-2"):
            row = {"position_id": name, "name": name, "equipment_id": name}
            tx.execute(t.operator_positions.insert().values(**row))
    screens = Screens(database, supervisor)
    history(screens, METRICS)
    AlarmCommands(database).define(supervisor, HOT, "for the test")
    chart_id = chart(screens)
    ChartCommands(database).freeze_pattern(supervisor, f.CNC, START, START + 100 * HOUR, "calm")
    PatternWatch(database).turn("north", f.NOW)
    Keeper(database).turn()
    return screens, {
        "pages.quality.chart:render": {"id": chart_id},
        "pages.quality.pattern:render": {"id": f.CNC},
    }


class Tables(HTMLParser):
    """Tables of a screen; those outside a panel get no button for CSV (static/tables.js)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.panels: list[bool] = []
        self.found, self.outside = 0, 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        classes = (dict(attrs).get("class") or "").split()
        if tag == "section":
            self.panels.append("tw-panel" in classes)
        if tag == "table" and "tw-table" in classes:
            self.found += 1
            self.outside += not any(self.panels)

    def handle_endtag(self, tag):
        if tag == "section":
            self.panels.pop()


def filters(test) -> dict[str, Any]:
    return {s.key.removeprefix("filter-"): s for s in test.selectbox if str(s.key).startswith("filter-")}


def test_every_filter_is_in_the_address_and_the_address_opens_the_same(rich):
    screens, asked = rich
    for screen, expected in SCREENS.items():
        query = asked.get(screen, {})
        test = screens.open(screen, **query)
        html_of(test)
        assert expected <= set(filters(test)), screen
        others = [
            s
            for s in test.selectbox
            if not s.proto.form_id and s.key not in map("filter-{}".format, filters(test))
        ]
        assert {s.label for s in others} <= CHOOSERS, (screen, [s.label for s in others])
        for name in filters(test):
            kept(screens, screen, query, name)


def test_every_table_stands_where_it_gets_its_button_for_csv(rich):
    screens, asked = rich
    found = 0
    for screen in SCREENS:
        tables = Tables(html_of(screens.open(screen, **asked.get(screen, {}))))
        assert not tables.outside, screen
        found += tables.found
    assert found > 20


def kept(screens: Screens, screen: str, query: dict[str, str], name: str) -> None:
    """One filter set to its last value: the address names it, and opens the same."""
    test = screens.open(screen, **query)
    box = filters(test)[name]
    if len(box.options) < 2:
        return
    before = box.value
    box.select_index(len(box.options) - 1).run()
    html_of(test)
    value = filters(test)[name].value
    assert value != before, (screen, name)
    assert test.query_params[name] == value, (screen, name)
    again = screens.open(screen, **(query | {name: value}))
    assert filters(again)[name].value == value, (screen, name)


def test_a_value_that_is_no_option_is_forgotten(rich):
    screens, _ = rich
    test = screens.open("pages.floor.energy:render", span="<b>", line="nowhere")
    html_of(test)
    assert "span" not in test.query_params and "line" not in test.query_params
