"""Risks and explanations on the screen."""

from sqlalchemy import select

from auth.permissions import Role
from data.store import tables as t
from domain.clock import HOUR
from tests import factories as f
from tests.pages.conftest import html_of

AGAIN = "Compute this prediction again"
RISKS, EXPLANATION = "pages.predict.risks:render", "pages.predict.explanation:render"


def scored(screens, **changes):
    with screens.database.write() as tx:
        return f.prediction(tx, **changes)


def test_a_machine_at_risk_leads_to_its_explanation_and_its_case(screens):
    key = scored(screens)
    with screens.database.write() as tx:
        f.explanation(tx, key)
        f.case(tx)
    html = html_of(screens.open(RISKS))
    assert "1 of 1 machine is above the warning level." in html
    assert "62 of 100" in html and "worn bearing" in html and "\u20ac 6,900" in html
    assert f'href="/explanation?prediction={key}"' in html and 'href="/case?case=2211"' in html


def test_no_chance_is_listed_that_fewer_than_twenty_failures_stand_behind(screens):
    scored(screens)
    with screens.database.write() as tx:
        tx.execute(
            t.model_versions.insert().values(
                name="plant_failure", version="1.0.0", capability="failure", path="", sha256="",
                feature_version="", stage="champion", card='{"data": {"failures": 12}}', registered_wall_us=0,
            )
        )  # fmt: skip
    html = html_of(screens.open(RISKS))
    assert "too few: 12 of 20 cases" in html and "62 of 100" not in html


def test_not_known_yet_is_said_with_its_reason_and_without_colour(screens):
    scored(screens, probability=None)
    html = html_of(screens.open(RISKS))
    assert "not known yet" in html and "the window is not full yet" in html
    assert "tw-advice" not in html and "Why</a>" not in html


def test_stale_data_is_marked(screens):
    scored(screens)
    with screens.database.write() as tx:
        f.readings(tx, f.CNC, "load", [(f.NOW - 3 * HOUR, 50.0)])
    assert "&#9650; 3 h" in html_of(screens.open(RISKS))


def test_an_explanation_shows_bars_segments_and_how_it_was_computed(screens):
    key = scored(screens)
    with screens.database.write() as tx:
        f.explanation(tx, key)
        f.readings(tx, f.CNC, "envelope_high", f.wave(f.NOW - 30 * HOUR, f.NOW, 2.1, 4.4))
    test = screens.open(EXPLANATION, prediction=key)
    html = html_of(test)
    assert "Vibration envelope, high band, last 4 h" in html and "+24" in html
    assert "16 to 12 h before" in html and "healthy machine 2, now 62" in html
    assert "0.040 points" in html and "100 healthy windows of CNC machines" in html
    assert len(test.get("plotly_chart")) == 1
    assert [b.label for b in test.button] == [AGAIN]


def test_the_chance_by_horizon_stands_on_the_explanation(screens):
    key = scored(screens, curve="[[8.0, 0.1], [24.0, 0.3], [72.0, 0.5], [168.0, 0.8]]")
    html = html_of(screens.open(EXPLANATION, prediction=key))
    assert "Chance of a failure over time" in html and "By the clock" in html
    assert "1 week" in html and "80 of 100" in html


def test_an_explanation_is_asked_for_once_and_then_waited_for(screens):
    key = scored(screens, probability=0.1)
    test = screens.open(EXPLANATION, prediction=key)
    assert [b.label for b in test.button] == ["Ask for an explanation", AGAIN]
    test.button[0].click().run()
    assert "Being explained" in html_of(test) and [b.label for b in test.button] == [AGAIN]
    with screens.database.read() as tx:
        row = tx.execute(select(t.explain_requests)).mappings().one()
    assert (row["prediction_id"], row["state"]) == (key, "waiting")
    assert row["requested_by"] == screens.supervisor.account_id
    with screens.database.write() as tx:
        f.explanation(tx, key)
    assert "What moved the risk" in html_of(test.run())


def test_a_failed_explanation_says_so_and_can_be_asked_for_again(screens):
    key = scored(screens, probability=0.1)
    with screens.database.write() as tx:
        row = {"requested_by": "x", "requested_wall_us": 0, "state": "failed", "detail": "no background"}
        tx.execute(t.explain_requests.insert().values(prediction_id=key, **row))
    test = screens.open(EXPLANATION, prediction=key)
    assert "It could not be explained: no background" in html_of(test)
    test.button[0].click().run()
    with screens.database.read() as tx:
        assert tx.execute(select(t.explain_requests.c.state)).scalar_one() == "waiting"


def test_an_unknown_risk_has_nothing_to_explain(screens):
    key = scored(screens, probability=None)
    test = screens.open(EXPLANATION, prediction=key)
    assert "The risk is <b>not known yet</b>: the window is not full yet." in html_of(test)
    assert not test.button


def test_the_newest_prediction_of_a_machine_by_its_id(screens):
    scored(screens, at_us=f.NOW - HOUR, probability=0.2)
    scored(screens, probability=0.3)
    assert "30 of 100" in html_of(screens.open(EXPLANATION, machine=f.CNC))


def test_an_older_prediction_points_to_the_newer_one(screens):
    old = scored(screens, at_us=f.NOW - HOUR)
    new = scored(screens)
    assert f'prediction={new}"' in html_of(screens.open(EXPLANATION, prediction=old))


def test_outside_the_scope_there_is_nothing(screens, somebody):
    key = scored(screens)
    tom = somebody("tom", [Role.OPERATOR], ["north/forming"])
    assert "No machine is placed here yet." in html_of(screens.open(RISKS, tom))
    test = screens.open(EXPLANATION, tom, prediction=key)
    assert [i.value for i in test.info] == ["no such prediction"]


def answered(screens, key, state, detail, **figures):
    with screens.database.write() as tx:
        row = {"requested_by": "x", "requested_wall_us": 0, "state": state, "detail": detail}
        tx.execute(t.recomputations.insert().values(prediction_id=key, **row, **figures))


def test_a_prediction_is_computed_again_on_request(screens):
    key = scored(screens, probability=0.1)
    test = screens.open(EXPLANATION, prediction=key)
    assert "Computing it again shows that the figure is theirs" in html_of(test)
    next(b for b in test.button if b.label == AGAIN).click().run()
    assert "Being computed again" in html_of(test) and AGAIN not in [b.label for b in test.button]
    with screens.database.read() as tx:
        row = tx.execute(select(t.recomputations)).mappings().one()
    assert (row["prediction_id"], row["state"]) == (key, "waiting")
    assert row["requested_by"] == screens.supervisor.account_id


def test_what_came_out_is_shown_beside_what_was_stored(screens):
    key = scored(screens, probability=0.1)
    figures = {"probability": 0.1, "rul": 90.0, "rul_low": 50.0, "rul_high": 130.0, "done_wall_us": f.NOW}
    answered(screens, key, "same", "readings", difference=0.0, **figures)
    html = html_of(screens.open(EXPLANATION, prediction=key))
    assert "The same, computed again" in html and "the readings, which still give the same data" in html
    assert html.count("10.000") == 2


def test_another_figure_than_the_stored_one_is_marked(screens):
    key = scored(screens, probability=0.1)
    figures = {"probability": 0.15, "rul": 90.0, "rul_low": 50.0, "rul_high": 130.0, "done_wall_us": f.NOW}
    answered(screens, key, "other", "stored", difference=0.05, **figures)
    html = html_of(screens.open(EXPLANATION, prediction=key))
    assert "Not the same" in html and "tw-mark" in html and "15.000" in html


def test_why_it_could_not_be_computed_again(screens):
    key = scored(screens, probability=0.1)
    answered(screens, key, "failed", "the model x 1 is no longer in models")
    test = screens.open(EXPLANATION, prediction=key)
    assert "It could not be computed again: the model x 1 is no longer in models." in html_of(test)
    assert AGAIN in [b.label for b in test.button]
