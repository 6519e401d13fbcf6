import io
import json

import pytest
from PIL import Image
from sqlalchemy import insert, select, update

from auth.permissions import Actor, Role
from data.store import ledger
from data.store import tables as t
from data.store.database import Database
from domain.clock import MINUTE, wall_us
from domain.errors import Conflict, Forbidden, InvalidInput, NotNow
from domain.evidence import Evidence, alternatives_from_json
from domain.ids import new_id
from domain.messages import Finding
from domain.value import Done, realised
from services import audit, photos
from services.commands.cases import CaseCommands
from services.commands.outcomes import OutcomeCommands
from services.ledger import book_due
from services.recommend import Recommender
from tests.services.decide.plant import CNC_11, Plant


@pytest.fixture
def outcomes(database: Database) -> OutcomeCommands:
    return OutcomeCommands(database)


@pytest.fixture
def worked(plant: Plant, recommender: Recommender, desk: CaseCommands, planner: Actor) -> dict:
    """An approved case whose orders are done."""
    case = plant.case(recommender.consider(plant.predict(0.85)).case_id)
    desk.approve(planner, case["case_id"], case["version"], new_id())
    with plant.database.write() as tx:
        tx.execute(update(t.commands).values(state="done"))
        tx.execute(update(t.cases).values(state="done", version=9, open_key=None))
    return plant.case(case["case_id"])


def lines(database: Database, case_id: str) -> list[tuple[str, int]]:
    with database.read() as tx:
        return [(row["kind"], row["amount_cents"]) for row in ledger.of_case(tx, case_id)]


def test_what_the_technician_finds_closes_the_case_and_is_booked(
    plant: Plant, worked: dict, outcomes: OutcomeCommands, technician: Actor, database: Database
) -> None:
    outcomes.found(
        technician, worked["case_id"], new_id(), Finding.DEGRADED, "bearing", "severe", photo=picture()
    )
    case = plant.case(worked["case_id"])
    assert case["state"] == "judged"
    details = plant.rows(select(t.outcome_details))[0]
    stored = plant.rows(select(t.photos))[0]
    assert details["grade"] == "severe" and details["photo_sha256"] == stored["sha256"]
    assert (book_due(database), book_due(database)) == (1, 0)
    wait = next(a for a in alternatives_from_json(case["alternatives"]) if a.key == "wait_for_alarm")
    risk = Evidence.from_json(case["evidence"]).probability
    expected = round(0.9 * wait.cost_cents / risk) - case["cost_cents"]
    assert lines(database, case["case_id"]) == [("promised", case["benefit_cents"]), ("realised", expected)]


def test_a_corrected_finding_is_booked_anew_and_the_old_line_stays(
    worked: dict, outcomes: OutcomeCommands, technician: Actor, database: Database
) -> None:
    outcomes.found(technician, worked["case_id"], new_id(), Finding.FAILED, "bearing")
    book_due(database)
    outcomes.found(technician, worked["case_id"], new_id(), Finding.NOTHING_FOUND)
    assert book_due(database) == 1
    kinds = lines(database, worked["case_id"])
    assert [kind for kind, _ in kinds] == ["promised", "realised", "realised"]
    assert kinds[-1] == ("realised", -worked["cost_cents"])


def test_a_correction_says_what_stood_before_and_keeps_the_photo(
    plant: Plant, worked: dict, outcomes: OutcomeCommands, technician: Actor
) -> None:
    case_id = worked["case_id"]
    outcomes.found(technician, case_id, new_id(), Finding.DEGRADED, "bearing", "severe", photo=picture())
    (first,) = plant.rows(select(t.outcome_details))
    outcomes.found(technician, case_id, new_id(), Finding.NOTHING_FOUND)
    (now,) = plant.rows(select(t.outcome_details))
    assert (now["grade"], now["photo_sha256"]) == ("", first["photo_sha256"])
    a = t.audit.c
    noted = plant.rows(select(a.detail).where(a.action == "added to the outcome").order_by(a.entry))
    assert len(noted) == 2 and json.loads(noted[1]["detail"])["before"]["grade"] == "severe"


@pytest.mark.parametrize("cause", ["nonsense", "x" * 100_000, "bearing\n"])
def test_a_cause_that_nobody_knows_is_refused(
    plant: Plant, worked: dict, outcomes: OutcomeCommands, technician: Actor, cause: str
) -> None:
    with pytest.raises(InvalidInput, match="no known cause"):
        outcomes.found(technician, worked["case_id"], new_id(), Finding.FAILED, cause)
    assert plant.rows(select(t.outcomes)) == []


def test_a_failure_before_the_work_saved_nothing(
    plant: Plant, worked: dict, outcomes: OutcomeCommands, technician: Actor, database: Database
) -> None:
    with database.write() as tx:
        now = wall_us()
        tx.execute(update(t.cases).values(decided_us=now - 60 * MINUTE))
        row = {"instance": "line-1", "downtime_id": "d1", "equipment_id": CNC_11, "reason": "failure"}
        tx.execute(
            insert(t.downtimes).values(
                **row, start_us=now - MINUTE, end_us=now, planned=False, fixed_us=now, updated_us=now
            )
        )
    outcomes.found(technician, worked["case_id"], new_id(), Finding.FAILED, "bearing")
    book_due(database)
    assert lines(database, worked["case_id"])[-1] == ("realised", -worked["cost_cents"])


def test_finance_confirms_or_corrects_by_new_lines(
    plant: Plant,
    worked: dict,
    outcomes: OutcomeCommands,
    technician: Actor,
    database: Database,
    planner: Actor,
) -> None:
    finance = plant.person(Role.CONTROLLER)
    with pytest.raises(NotNow):
        outcomes.confirm_value(finance, worked["case_id"])
    outcomes.found(technician, worked["case_id"], new_id(), Finding.DEGRADED, "bearing", "clear")
    book_due(database)
    with pytest.raises(Forbidden):
        outcomes.confirm_value(planner, worked["case_id"])
    outcomes.confirm_value(finance, worked["case_id"])
    with pytest.raises(Conflict):
        outcomes.confirm_value(finance, worked["case_id"])
    with pytest.raises(InvalidInput):
        outcomes.correct_value(finance, worked["case_id"], 5_000, " ")
    outcomes.correct_value(finance, worked["case_id"], 5_000, "The spare line was idle")
    with pytest.raises(Conflict, match="already"):
        outcomes.correct_value(finance, worked["case_id"], 5_000, "The spare line was idle")
    kinds = lines(database, worked["case_id"])
    assert [kind for kind, _ in kinds] == ["promised", "realised", "confirmed", "corrected"]
    assert kinds[2][1] == kinds[1][1] and kinds[3][1] == 5_000
    assert "corrected the value" in plant.actions(worked["case_id"])
    audit.verify(database)


def test_an_opinion_is_no_truth(
    plant: Plant, worked: dict, outcomes: OutcomeCommands, operator: Actor, database: Database
) -> None:
    outcomes.looks(operator, worked["case_id"], True)
    outcomes.looks(operator, worked["case_id"], False)
    assert [r["looks_right"] for r in plant.rows(select(t.verdict_views))] == [False]
    assert plant.case(worked["case_id"])["state"] == "done" and plant.rows(select(t.outcomes)) == []
    assert book_due(database) == 0


def test_who_may_not_and_what_is_no_grade(
    worked: dict, outcomes: OutcomeCommands, operator: Actor, technician: Actor
) -> None:
    with pytest.raises(Forbidden):
        outcomes.found(operator, worked["case_id"], new_id(), Finding.FAILED)
    with pytest.raises(InvalidInput):
        outcomes.found(technician, worked["case_id"], new_id(), Finding.FAILED, grade="severe")
    for bad in (b"MZ not a picture", b"\xff\xd8\xff" + b"0" * 100, b"x" * (photos.LARGEST_BYTES + 1)):
        with pytest.raises(InvalidInput):
            outcomes.found(technician, worked["case_id"], new_id(), Finding.FAILED, photo=bad)


def test_a_photo_keeps_nothing_but_the_picture() -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    out = io.BytesIO()
    Image.effect_noise((3_000, 2_000), 80).convert("RGB").save(out, "JPEG", exif=exif)
    assert b"SecretCamera" in out.getvalue()
    _, kept = photos.stored(out.getvalue())
    assert b"SecretCamera" not in kept and len(kept) <= photos.LARGEST_STORED_BYTES
    assert max(Image.open(io.BytesIO(kept)).size) == photos.LONGEST_SIDE
    assert not Image.open(io.BytesIO(kept)).getexif()


def test_without_a_risk_only_the_cost_counts() -> None:
    found = realised(Done(Finding.DEGRADED, "severe", None, 0, 40_000, False))
    assert (found.cents, found.avoided_cents) == (-40_000, 0)


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "grey").save(out, "PNG")
    return out.getvalue()
