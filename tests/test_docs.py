"""The figures that the documents quote are those of the cards, and every link leads somewhere."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def card(name: str) -> dict[str, dict[str, float]]:
    return json.loads((ROOT / "models" / "artifacts" / name / "card.json").read_text())


def rows(page: str) -> set[tuple[str, ...]]:
    lines = (ROOT / page).read_text().splitlines()
    return {
        tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines if line.startswith("|")
    }


def test_the_engines_figures_are_those_of_the_card() -> None:
    test, found = card("cmapss_fd001")["test"], rows("docs/models.md")
    assert ("RMSE, target and truth cut at 125", f"{test['rmse_clipped']:.2f}") in found
    assert ("RMSE, truth as it is (raw)", f"{test['rmse_raw']:.2f}") in found
    assert ("truth inside the 90 % interval", f"{100 * test['coverage']:.0f} %") in found


@pytest.mark.parametrize(
    ("row", "key", "form"),
    [
        ("network", "recall_at_rate", ".3f"),
        ("gradient boosting on the same windows", "boosting_recall_at_rate", ".3f"),
        (
            "limits on every sensor, by deviation from the machine's usual values",
            "limit_recall_at_rate",
            ".3f",
        ),
        ("hours since maintenance", "hours_recall_at_rate", ".3f"),
        ("recall", "recall", ".3f"),
        ("false cases per machine and month", "false_cases_per_machine_month", ".2f"),
        ("share of decided cases that were true", "precision", ".2f"),
    ],
)
def test_the_plants_figures_are_those_of_the_card(row: str, key: str, form: str) -> None:
    test = card("plant_failure")["test"]
    assert (row, f"{test[key]:{form}}", f"{test['other_' + key]:{form}}") in rows("docs/models.md")


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ("how far each signal goes (serves)", "farthest"),
        ("autoencoder", "autoencoder"),
        ("variational autoencoder", "variational"),
    ],
)
def test_what_is_unusual_has_the_figures_of_its_card(row: str, name: str) -> None:
    found = card("plant_anomaly")["validation"]
    noticed, odd = (
        f"{100 * found[f'{name}_{key}']:{form}} %" for key, form in (("noticed", ".1f"), ("odd_share", ".2f"))
    )
    assert (row, noticed, odd, f"{found[f'{name}_false_alarms']:.2f}") in rows("docs/models.md")


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ("model where it is sure, else the rules (serves)", "right"),
        ("the rules alone", "rules_right"),
        ("the commonest reason", "majority_right"),
    ],
)
def test_reasons_of_stops_have_the_figures_of_their_card(row: str, name: str) -> None:
    found = card("plant_reason")["test"]
    shares = [f"{100 * found[key]:.1f} %" for key in (name, f"early_{name}")]
    assert (row, *shares) in rows("docs/models.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    ours = [target for target in targets if not target.startswith(("http://", "https://", "mailto:"))]
    assert [target for target in ours if not (page.parent / target).exists()] == []
