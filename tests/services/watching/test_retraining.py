"""An approved case becomes a challenger whose chances are calibrated on the plant's own truth."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update

from auth.permissions import Role
from data.store import cases as cases_store
from data.store import model_watch as store
from data.store import registry
from data.store import tables as t
from domain.calibration import Case
from domain.clock import DAY, HOUR, wall_us
from domain.errors import NotNow
from models.failure import recalibrate
from models.registry import load
from services.commands.stopping import StopCommands
from services.watching import retraining
from tests.kits.pen import TYPED, SigningCommands
from tests.services.score.plant import SITE, START_US
from tests.services.watching.test_watching import NOW, UNITS, fail, person, plant, predict, proposed

__all__ = ["plant"]
ENDS = [START_US + day * DAY + 23 * HOUR + HOUR // 2 for day in range(11)]


def cases(count: int, twice: float = 2.0) -> list[Case]:
    """Chances stated at half of what comes, over 100 days."""
    draw = np.random.default_rng(3)
    found = []
    for k in range(count):
        chance = float(draw.uniform(0.05, 0.3))
        failed = bool(draw.random() < chance * twice)
        found.append(Case(chance, 6 * HOUR if failed else DAY, failed, False, k * HOUR))
    return found


def test_too_low_chances_are_lifted_and_judged_on_later_cases() -> None:
    found = recalibrate.fit(cases(1_000))
    assert found.learned == 700 and found.judged == 300 and found.until_us == 699 * HOUR
    assert found.brier_after < found.brier_before
    assert found(0.2) == pytest.approx(0.4, abs=0.08)


def test_what_cannot_be_learned_from_is_refused() -> None:
    with pytest.raises(NotNow, match="too few to calibrate"):
        recalibrate.fit(cases(100))
    turned = [Case(0.9 if not c.failed else 0.1, c.watched_us, c.failed, False, c.at_us) for c in cases(600)]
    with pytest.raises(NotNow, match="train the model anew"):
        recalibrate.fit(turned)


def test_the_written_model_answers_so_and_warns_at_the_same_windows(database, plant, tmp_path) -> None:
    with database.read() as tx:
        folder = Path(registry.champion(tx, "tiny")["path"])
    found = recalibrate.fit(cases(1_000))
    version = recalibrate.write(folder, tmp_path / "new", found, "the site north")
    old, new = load(folder), load(tmp_path / "new")
    windows = np.random.default_rng(5).normal(0, 0.2, (50, *old.scorer.shape)).astype(np.float32)
    before, after = old.scorer.score(windows), new.scorer.score(windows)
    assert after.probability == pytest.approx([found(p) for p in before.probability], abs=1e-5)
    assert np.allclose(before.rul, after.rul)
    assert ((before.probability >= old.card.threshold) == (after.probability >= new.card.threshold)).all()
    assert new.card.version == version and new.card.settings["parent"] == "1"


def stated(database) -> None:
    for number in UNITS:
        draw = np.random.default_rng(number)
        predict(database, number, ENDS, float(draw.uniform(0.02, 0.1)))


def approve(database) -> dict:
    case = proposed(database)
    SigningCommands(database).approve(person(database), case["case_id"], 1, "act-approve")
    return case


def stands(database, case) -> tuple[str, str, str]:
    """State of the case, state and words of its command."""
    with database.read() as tx:
        (row,) = cases_store.commands_of(tx, case["case_id"])
        return cases_store.get(tx, case["case_id"])["state"], row["state"], row["detail"]


def test_the_whole_way_from_the_proposal_to_the_shadow(database, plant, tmp_path) -> None:
    stated(database)
    keep, name = tmp_path / "keep", "tiny"
    with pytest.raises(NotNow, match="there is none"):
        retraining.approved(database, SITE, name, "")
    case = proposed(database)
    with pytest.raises(NotNow, match="waits for a decision in the inbox"):
        retraining.approved(database, SITE, name, "")
    SigningCommands(database).approve(person(database), case["case_id"], 1, "act-approve")
    assert stands(database, case)[:2] == ("approved", "queued")
    order = retraining.approved(database, SITE, name, "")
    assert stands(database, case) == ("sent", "sent", "training runs")
    with pytest.raises(NotNow, match="runs since"):
        retraining.approved(database, SITE, name, "")
    fail(database, 11, ENDS[3] + HOUR)

    def copy(out) -> None:
        with database.read() as tx:
            champion = load(Path(registry.champion(tx, name)["path"]))
        recalibrate.write(champion.folder, out, recalibrate.fit(cases(1_000)), "a test")

    made = retraining.train(database, keep, copy, "yes")
    retraining.done(database, order, made.version)
    assert stands(database, case)[:2] == ("done", "done")
    with database.read() as tx:
        assert registry.stages(tx)[name, made.version] == "shadow"
        (after,) = store.proposals(tx, SITE)
        actions = list(
            tx.execute(select(t.audit.c.action).where(t.audit.c.subject_id == case["case_id"])).scalars()
        )
    assert after["new_version"] == made.version
    assert actions == ["proposed", "approved", "training began", "a challenger was made"]


def test_what_refuses_it_is_told_in_the_case(database, plant, tmp_path) -> None:
    stated(database)
    case = approve(database)
    order = retraining.approved(database, SITE, "tiny", "")
    with pytest.raises(NotNow, match="too few") as refusal:  # eleven days of five machines
        retraining.calibrate(database, SITE, "tiny", tmp_path / "keep", "yes", lambda _share: None)
    retraining.failed(database, order, refusal.value)
    state, command, words = stands(database, case)
    assert (state, command) == ("refused", "refused")
    assert words.startswith("refused by the training: ") and "too few" in words
    with database.read() as tx:
        assert not cases_store.get(tx, case["case_id"])["attention"]


def test_a_training_that_broke_off_or_died_is_taken_up_again(database, plant) -> None:
    stated(database)
    case = approve(database)
    order = retraining.approved(database, SITE, "tiny", "")
    retraining.failed(database, order, KeyboardInterrupt())
    assert stands(database, case)[:2] == ("approved", "queued")
    assert retraining.approved(database, SITE, "tiny", "") == order
    with database.write() as tx:
        died = wall_us() - retraining.LONGEST_US - 1
        tx.execute(update(t.commands).values(changed_wall_us=died))
    assert retraining.approved(database, SITE, "tiny", "") == order


def test_nothing_is_trained_while_the_model_is_stopped(database, plant) -> None:
    stated(database)
    case = approve(database)
    StopCommands(database).stop(person(database, Role.MAINTENANCE_PLANNER), SITE, "", "a look", TYPED)
    for anyway in ("", "I want it"):
        with pytest.raises(NotNow, match="is stopped"):
            retraining.approved(database, SITE, "tiny", anyway)
    assert stands(database, case)[:2] == ("approved", "queued")


def test_what_was_approved_before_proposals_were_cases_is_still_run(database, plant) -> None:
    row = {
        "proposal_id": "p1", "site_id": SITE, "model_name": "tiny", "model_version": "1", "case_id": None,
        "open_key": f"{SITE}|tiny", "state": "approved", "why": "[]", "opened_us": NOW, "opened_wall_us": 0,
        "reason": "the plant has changed",
    }  # fmt: skip
    with database.write() as tx:
        store.propose(tx, row)
    order = retraining.approved(database, SITE, "tiny", "")
    assert order is not None and order.reason == "the plant has changed"
    retraining.done(database, order, "2")
    with database.read() as tx:
        (after,) = store.proposals(tx, SITE)
    assert (after["state"], after["new_version"], after["open_key"]) == ("done", "2", None)
