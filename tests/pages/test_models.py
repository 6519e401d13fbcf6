from auth.permissions import Role
from components.models import registry_csv
from data.store import registry as store
from data.store import tables as t
from domain.clock import wall_us
from domain.model_gates import GATES
from runtime.settings import ROOT
from tests import factories as f
from tests.pages.conftest import SITE, html_of

SCREEN = "pages.predict.models:render"
CARD = '{"test": {"brier": 0.0253}, "limits": ["Only the virtual plant."], "licence": "Apache-2.0"}'


def version(screens, number: str, stage: str, card: str = CARD) -> None:
    with screens.database.write() as tx:
        tx.execute(
            t.model_versions.insert().values(
                name="plant_failure", version=number, capability="failure", path="/nowhere", sha256="a" * 64,
                feature_version="plant-1", stage=stage, card=card, registered_wall_us=wall_us(),
            )
        )  # fmt: skip


def judged(screens, state: str = "passed") -> None:
    rows = [
        {"model_name": "plant_failure", "model_version": "2", "gate": name, "champion_version": "1",
         "state": state, "words": "seen", "ours": 1.0, "theirs": 2.0, "checked_wall_us": wall_us()}
        for name in GATES
    ]  # fmt: skip
    with screens.database.write() as tx:
        store.put_gates(tx, "plant_failure", "2", rows)


def test_the_card_says_how_right_the_explanations_are(screens) -> None:
    shipped = (ROOT / "models" / "artifacts" / "plant_failure" / "card.json").read_text(encoding="utf-8")
    version(screens, "1", "champion", shipped)
    seen = html_of(screens.open(SCREEN))
    assert "How right its explanations are" in seen
    assert "Drawn blindly: 32 and 72 of 100" in seen


def test_a_card_without_such_figures_says_nothing_of_it(screens) -> None:
    version(screens, "1", "champion")
    assert "How right" not in html_of(screens.open(SCREEN))


def test_an_empty_registry_says_so(screens) -> None:
    assert "No model has been registered yet" in html_of(screens.open(SCREEN))


def test_the_gates_are_shown_to_all_and_the_signature_to_those_who_may(screens, somebody) -> None:
    version(screens, "1", "champion")
    version(screens, "2", "shadow")
    judged(screens, "open")
    seen = screens.open(SCREEN)
    assert "1 challenger in the shadow, 0 past all gates" in html_of(seen)
    assert "not known yet" in html_of(seen) and seen.button == []
    manager = screens.open(SCREEN, somebody("max", [Role.PLANT_MANAGER]))
    assert [(b.label, b.disabled) for b in manager.button] == [
        ("Judge the gates anew", False),
        ("Sign and promote", True),
        ("Sign and dismiss", False),
    ]
    rows = screens.desk_of(screens.supervisor, SITE).queries.models.registry()
    assert "0.0253" in registry_csv(rows, SITE).decode("utf-8-sig")


def test_a_missing_file_is_told_at_the_signature(screens, somebody) -> None:
    version(screens, "1", "champion")
    version(screens, "2", "shadow")
    judged(screens)
    test = screens.open(SCREEN, somebody("max", [Role.PLANT_MANAGER]))
    test.text_input[0].set_value("It warns earlier")
    test.text_input[1].set_value(f.PASSWORD)
    test = test.button[1].click().run()
    assert "/nowhere/model.onnx is missing." in test.error[0].value


def test_dismissing_takes_it_out_of_the_shadow_and_is_on_record(screens, somebody) -> None:
    version(screens, "1", "champion")
    version(screens, "2", "shadow")
    test = screens.open(SCREEN, somebody("max", [Role.PLANT_MANAGER]))
    test.text_input[0].set_value("It is no better")
    test.text_input[1].set_value(f.PASSWORD)
    said = html_of(test.button[2].click().run())
    assert "No challenger runs in the shadow" in said and "It is no better" in said
