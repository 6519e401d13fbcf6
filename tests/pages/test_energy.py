"""Energy on the screen."""

from datetime import time, timedelta

from auth.permissions import Role
from data.store import tables as t
from domain.clock import DAY
from domain.energy import Band
from services.commands.energy import EnergyCommands
from services.rollups import BUCKET_US
from tests import factories as f
from tests.pages.conftest import html_of

ENERGY, PRICES = "pages.floor.energy:render", "pages.improve.prices:render"
START = f.NOW - f.NOW % BUCKET_US - 2 * DAY


def used(screens, buckets=560, leave=()):
    rows = [
        {
            "equipment_id": f.CNC,
            "bucket_us": START + i * BUCKET_US,
            "good": 4.0,
            "scrap": 0.0,
            "energy_kwh": 2.0,
        }
        for i in range(buckets)
        if i not in leave
    ]
    with screens.database.write() as tx:
        tx.execute(t.counts.insert(), rows)


def test_the_screen_says_what_was_used_what_it_cost_and_what_is_missing(screens, somebody):
    used(screens, leave=range(400, 420))
    manager = somebody("mia", [Role.PLANT_MANAGER])
    commands = EnergyCommands(screens.database)
    bands = (Band("all day", "1234567", 0, 1_440, 30_000),)
    commands.set_tariff(manager, "north", "flat <i>", START, bands, 500, "contract")
    commands.set_factor(manager, "north", 400.0, "supplier", START, "label")
    test = screens.open(ENERGY, manager, line="north/machining/line-1")
    html = html_of(test)
    assert "kWh for \u20ac" in html and "The highest quarter hour drew 24 kW" in html
    assert "flat &lt;i&gt;" in html and "all day" in html and "400 g/kWh; supplier" in html
    assert "CNC-11" in html and "% estimated" in html and "0.50" in html
    assert len(test.get("plotly_chart")) == 1
    test = screens.open(PRICES, manager)
    form = next(i for i in test.text_input if i.label == "Why (kept with the factor)")
    form.set_value("new label")
    next(b for b in test.button if b.label == "Set the factor").click().run()
    html = html_of(test)
    assert "new label" in html and "label" in html and html.count("in force") >= 3
    assert "new label" in html_of(screens.open(ENERGY, manager))


def test_who_may_not_set_prices_sees_none_of_the_forms_and_who_sees_nothing_gets_a_sentence(
    screens, somebody
):
    used(screens)
    test = screens.open(ENERGY)
    assert "Nobody has set a tariff" in html_of(test)
    test = screens.open(PRICES)
    assert not list(test.button) and "Nobody has set a tariff yet." in html_of(test)
    ann = somebody("ann", [Role.OPERATOR], ["north/forming"])
    assert "No machine is placed here yet." in html_of(screens.open(ENERGY, ann))


def test_each_version_is_listed_and_a_missing_word_is_asked_for_beside_its_field(screens, somebody):
    manager = somebody("mia", [Role.PLANT_MANAGER])
    test = screens.open(PRICES, manager)
    next(i for i in test.text_input if i.label.startswith("Why (kept with the tariff")).set_value("contract")
    next(b for b in test.button if b.label == "Set the tariff").click().run()
    assert [e.value for e in test.error] == ["A tariff has a name."]
    for name in ("City power", "City power 2"):
        next(i for i in test.text_input if i.label == "Name of the tariff").set_value(name)
        why = next(i for i in test.text_input if i.label.startswith("Why (kept with the tariff"))
        why.set_value("contract")
        next(b for b in test.button if b.label == "Set the tariff").click().run()
    html = html_of(test)
    assert "City power 2</b> is in force" in html  # of two from the same day on, the later one
    assert "0.2000 EUR a kWh" in html and "Mon to Fri 06:00 to 22:00" in html


def test_a_tariff_of_three_periods_with_an_end_is_set_and_shown(screens, somebody):
    manager = somebody("mia", [Role.PLANT_MANAGER])
    test = screens.open(PRICES, manager, periods="3")
    fields = {i.label: i for i in (*test.text_input, *test.number_input, *test.time_input, *test.date_input)}
    assert "Period 3: cents a kWh" in fields and "Period 4: cents a kWh" not in fields
    fields["Name of the tariff"].set_value("Winter")
    fields["Why (kept with the tariff)"].set_value("contract")
    for k, (name, begins, ends, cents) in enumerate(
        [("Evening", 17, 20, 41.0), ("Day", 6, 22, 22.5), ("Late", 22, 2, 9.0)]
    ):
        fields[f"Period {k + 1}: name"].set_value(name)
        fields[f"Period {k + 1}: from"].set_value(time(begins))
        fields[f"Period {k + 1}: to"].set_value(time(ends))
        fields[f"Period {k + 1}: cents a kWh"].set_value(cents)
    first = fields["From"].value
    fields["Last day"].set_value(first - timedelta(days=1))
    next(b for b in test.button if b.label == "Set the tariff").click().run()
    assert [e.value for e in test.error] == ["A tariff ends after it begins."]
    next(d for d in test.date_input if d.label == "Last day").set_value(first + timedelta(days=90))
    next(b for b in test.button if b.label == "Set the tariff").click().run()
    html = html_of(test)
    assert "Winter</b> is in force" in html and f"to {first + timedelta(days=90)}" in html
    assert "0.4100 EUR a kWh" in html and "Mon to Fri 17:00 to 20:00" in html and "22:00 to 02:00" in html
    assert "Other times" in html


def test_the_typical_day_is_drawn_for_a_week_and_explained_for_a_day(screens, somebody):
    used(screens)
    assert "needs two days of its kind" in html_of(screens.open(ENERGY))
    rows = [
        {
            "equipment_id": f.CNC,
            "bucket_us": START - (k + 1) * BUCKET_US,
            "good": 1.0,
            "scrap": 0.0,
            "energy_kwh": 1.0,
        }
        for k in range(8 * 288)
    ]
    with screens.database.write() as tx:
        tx.execute(t.counts.insert(), rows)
    test = screens.open(ENERGY, span="14")
    html = html_of(test)
    assert "Working days" in html and "Days off" in html and "measured" in html
    assert len(test.get("plotly_chart")) == 2
