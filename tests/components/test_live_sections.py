"""What the browser is told: figures that add up, gaps as gaps, sentences that fit."""

from dataclasses import replace

import pytest

from components import live_sections, live_words
from components.tokens import STYLESHEET
from data.store.database import Database
from domain.kpi import Measures
from domain.oee import Oee
from services.floor import line, machine, plant
from services.rows.floor import LineView, MachineView, PlantFigures, Window
from tests import factories as f
from tests import plant_rows


@pytest.fixture
def views(database: Database) -> tuple[PlantFigures, LineView, MachineView]:
    with database.write() as tx:
        now = plant_rows.plant(tx)
    with database.read() as tx:
        return (
            plant.read(tx, plant.Request("north", Window.SHIFT, now)),
            line.read(tx, plant.Request("north/assembly/line-3", Window.SHIFT, now)),
            machine.read(tx, plant.Request(f.CNC, Window.SHIFT, now)),
        )


GROUNDS = ("CANVAS", "PANEL", "RAISED")
INKS = ("INK", "INK_2", "INK_3", "ACT", "ADVICE", "CRITICAL", "HIGH", "MEDIUM", "OK_INK")
Views = tuple[PlantFigures, LineView, MachineView]


def test_the_bars_add_up_to_planned_time(views: Views) -> None:
    bars = live_sections.draw(views[0], True)["losses"]["bars"]
    assert (bars[0][:2], bars[-1][0]) == (["Planned", 100.0], "OEE")
    assert sum(bar[1] for bar in bars[1:]) == pytest.approx(100, abs=0.5)
    assert [bar[2] for bar in bars].count("worst") == 1


def test_every_line_has_a_card_at_its_constraint(views: Views) -> None:
    sections = live_sections.draw(views[0], True)
    assert len(sections["lines"]) == 5
    for line_id in sections["lines"]:
        card = sections[f"line:{line_id}"]
        assert card["constraint_id"] in card["units"]
        assert card["oee"] == pytest.approx(
            card["apq"][0] * card["apq"][1] * card["apq"][2] / 10_000, abs=0.2
        )
        assert all(begin < end for begin, end, _ in card["strip"])


def test_without_the_right_nothing_of_a_model_is_told(views: Views) -> None:
    for view in views:
        told = repr(live_sections.draw(view, False))
        assert "62 of 100" not in told
        assert "spindle bearing" not in told
        assert "/explanation" not in told
        assert "/case" not in told


def test_with_the_right_the_risk_and_the_case_are_told(views: Views) -> None:
    sections = live_sections.draw(views[2], True)
    assert sections["risk"]["text"] == "62 of 100 within 24 h"
    assert sections["risk"]["high"]
    assert sections["case"]["url"] == "/case?case=2211"
    assert live_sections.draw(views[0], True)["waiting"][0]["url"] == "/case?case=2211"


def test_the_lead_says_oee_target_loss_and_decisions(views: Views) -> None:
    lead = live_words.plant_lead(views[0], views[0].waiting)
    assert "Early shift so far" in lead["bold"]
    assert "target" in lead["bold"]
    assert "% of the loss" in lead["rest"]
    assert "One decision waits, worth about" in lead["rest"]


def test_savings_of_a_week_are_not_added_to_what_is_saved_once(views: Views) -> None:
    once, weekly, none = (
        replace(
            views[0].waiting[0],
            kind=kind,
            benefit_cents=c,
            benefit_low_cents=c // 2,
            benefit_high_cents=2 * c,
        )
        for kind, c in (("failure_risk", 220_000), ("set_point", 14_000), ("retraining", 0))
    )
    lead = live_words.plant_lead(views[0], (once, weekly, none))
    assert "Three decisions wait, worth about \u20ac 2,200 and \u20ac 140 a week." in lead["rest"]
    assert live_words.worth(once, "EUR") == "worth about \u20ac 2,200 (1,100 to 4,400)"
    assert live_words.worth(weekly, "EUR") == "worth about \u20ac 140 a week (70 to 280)"
    assert live_words.worth(none, "EUR") == ""


def test_every_case_counts_and_six_are_listed(views: Views) -> None:
    many = replace(views[0], waiting=views[0].waiting * 8)
    sections = live_sections.draw(many, True)
    assert "Eight decisions wait" in sections["lead"]["rest"]
    assert len(sections["waiting"]) == 6


def test_an_empty_plant_says_so() -> None:
    empty = Oee(0, 0, Measures())
    view = PlantFigures((), empty, None, (), (), Window.SHIFT, "EUR", "Europe/Berlin")
    sections = live_sections.draw(view, True)
    assert sections["lead"]["bold"] == "No lines yet."
    assert sections["losses"]["bars"] == []
    assert sections["losses"]["note"]


def test_parts_without_an_order_are_no_rate(views: Views) -> None:
    oee = views[2].figures.oee
    figures = replace(views[2].figures, oee=replace(oee, measures=replace(oee.measures, unrated=5_000.0)))
    sections = live_sections.draw(replace(views[2], figures=figures), True)
    assert sections["unit"]["oee"] is None
    assert sections["unit"]["why"].startswith("No rate")


def test_the_tokens_are_the_same_in_css_and_python() -> None:
    from components import tokens

    css = STYLESHEET.read_text()
    for name in (*GROUNDS, *INKS, "LINE", "LINE_STRONG", "FILL", "FILL_2"):
        assert f"--{name.lower().replace('_', '-')}: {getattr(tokens, name)};" in css


@pytest.mark.parametrize("name", INKS)
@pytest.mark.parametrize("ground", GROUNDS)
def test_text_has_contrast_enough(name: str, ground: str) -> None:
    from components import tokens

    light, dark = sorted((luminance(getattr(tokens, name)), luminance(getattr(tokens, ground))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """Relative luminance after WCAG 2."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
