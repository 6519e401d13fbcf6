"""An approved proposal becomes a challenger whose chances are calibrated on the plant's own truth."""

from pathlib import Path

import numpy as np
import pytest

from data.store import model_watch as store
from data.store import registry
from domain.calibration import Case
from domain.clock import DAY, HOUR
from domain.errors import NotNow
from models.failure import recalibrate
from models.registry import load
from services.commands.model_watch import ModelWatchCommands
from services.watching import retraining
from tests.kits.pen import TYPED
from tests.services.score.plant import SITE, START_US
from tests.services.watching.test_watching import UNITS, fail, person, plant, predict, proposed

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


def test_the_whole_way_from_the_proposal_to_the_shadow(database, plant, tmp_path) -> None:
    for number in UNITS:
        draw = np.random.default_rng(number)
        predict(database, number, ENDS, float(draw.uniform(0.02, 0.1)))
    keep, name = tmp_path / "keep", "tiny"
    with pytest.raises(NotNow, match="there is none"):
        retraining.approved(database, SITE, name, "")
    row = proposed(database)
    with pytest.raises(NotNow, match="waits for a signature"):
        retraining.approved(database, SITE, name, "")
    ModelWatchCommands(database).decide(
        person(database), row["proposal_id"], "yes", approve=True, credential=TYPED
    )
    proposal = retraining.approved(database, SITE, name, "")
    with pytest.raises(NotNow, match="too few"):  # eleven days of five machines
        retraining.calibrate(database, SITE, name, keep, "yes", lambda _share: None)
    fail(database, 11, ENDS[3] + HOUR)

    def copy(out) -> None:
        with database.read() as tx:
            champion = load(Path(registry.champion(tx, name)["path"]))
        recalibrate.write(champion.folder, out, recalibrate.fit(cases(1_000)), "a test")

    made = retraining.train(database, keep, copy, "yes")
    retraining.done(database, proposal, made.version)
    with database.read() as tx:
        assert registry.stages(tx)[name, made.version] == "shadow"
        (after,) = store.proposals(tx, SITE)
    assert (after["state"], after["new_version"], after["open_key"]) == ("done", made.version, None)
