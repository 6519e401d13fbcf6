import json

from auth.permissions import Role
from data.store import inspections as store
from simulator.pictures.render import render
from tests import factories as f
from tests.pages.conftest import html_of

SCREEN = "pages.quality.pictures:render"
REGIONS = [[0, 10], [100, 40]]


def put(screens, number: int, label: str, confidence: float = 0.97, **more) -> str:
    picture = render("Bracket", "good", number).jpeg()
    row = {
        "inspection_id": f"i{number}", "site_id": "north", "equipment_id": f.CNC, "sha256": f"{number:064d}",
        "source": "mqtt", "source_name": "a topic", "taken_us": f.NOW - number * 10**6,
        "received_wall_us": f.NOW, "state": "judged", "model_name": "plant_vision", "model_version": "1",
        "label": label, "confidence": confidence, "strangeness": 0.4, "for_person": label != "good",
        "content": json.dumps({"probabilities": {label: confidence, "good": 0.02}, "regions": REGIONS}),
    }  # fmt: skip
    with screens.database.write() as tx:
        store.add(tx, row | more, picture)
    return row["inspection_id"]


def test_an_empty_gallery_says_what_comes(screens) -> None:
    said = html_of(screens.open(SCREEN))
    assert "No picture waits for a person" in said and "No picture fits" in said
    assert "Nobody has named a picture yet" in said


def test_the_gallery_shows_what_is_wrong_and_where(screens) -> None:
    put(screens, 1, "dent")
    put(screens, 2, "good")
    put(screens, 3, "crack", unknown=True)
    put(
        screens,
        4,
        "",
        state="unjudged",
        confidence=0.0,
        for_person=True,
        content="{}",
        reason="the AI was stopped",
    )
    said = html_of(screens.open(SCREEN))
    assert "3 pictures wait for a person" in said
    assert (
        "Dent" in said and "97 %, not confirmed" in said and "Unknown kind" in said and "Not judged" in said
    )
    assert said.count("data:image/svg") >= 2 and said.count("data:image/jpeg") == 4


def test_a_person_names_one_and_the_count_follows(screens, somebody) -> None:
    one = put(screens, 1, "dent")
    test = screens.open(SCREEN, somebody("oli", [Role.OPERATOR]), id=one)
    labels = [button.label for button in test.button]
    assert "Dent, as said" in labels and "Something else" in labels
    test = next(button for button in test.button if button.label == "Crack").click().run()
    said = html_of(test)
    assert "said by Oli" in said and "0 of 1 named picture as the model said" in said
    with screens.database.read() as tx:
        assert store.get(tx, one)["said_label"] == "crack"


def test_whoever_may_not_name_sees_no_buttons(screens, somebody) -> None:
    one = put(screens, 1, "dent")
    test = screens.open(SCREEN, somebody("cleo", [Role.CONTROLLER]), id=one)
    assert "Dent, as said" not in [button.label for button in test.button]


def test_another_line_sees_nothing_of_this_one(screens, somebody) -> None:
    one = put(screens, 1, "dent")
    lena = somebody("lena", [Role.OPERATOR], ("north/forming",))
    assert "No picture fits" in html_of(screens.open(SCREEN, lena))
    assert "within your area" in screens.open(SCREEN, lena, id=one).info[0].value


def test_filters_come_from_the_address(screens) -> None:
    put(screens, 1, "dent")
    put(screens, 2, "crack")
    put(screens, 3, "", state="refused", reason="120 x 120 pixels")
    said = html_of(screens.open(SCREEN, label="crack", heat="0"))
    assert "not confirmed" in said and said.count("data:image/jpeg") == 1 and "data:image/svg" not in said
    refused = html_of(screens.open(SCREEN, which="refused"))
    assert "120 x 120 pixels" in refused
