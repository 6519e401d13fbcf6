"""A camera that sees more of one defect than usual opens one case; its pictures are the evidence."""

from collections.abc import Iterator
from itertools import count

import pytest
from sqlalchemy import insert, select

from components.card import _pictures
from data.store import signals as store
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE, wall_us
from services.joining import Effect
from services.rows.decide import CaseView, SignalRow
from services.sources import pictures
from services.sources.watch import SourceWatch
from tests.services.decide.plant import CNC_11, CNC_12, SITE, Plant

_numbers: Iterator[int] = count(1)


def show(
    database: Database, kinds: list[str], at_us: int, *, unit: str = CNC_11, confidence: float = 0.97, said=""
) -> None:
    """Pictures of these kinds, a minute apart, the last one at `at_us`."""
    rows = []
    for back, kind in enumerate(reversed(kinds)):
        number = next(_numbers)
        rows.append(
            {
                "inspection_id": f"i{number}", "site_id": SITE, "equipment_id": unit,
                "sha256": f"{number:064d}",
                "source": "mqtt", "source_name": "x", "taken_us": at_us - back * MINUTE,
                "received_wall_us": at_us, "state": "judged", "reason": "", "model_name": "plant_vision",
                "model_version": "1", "label": kind, "confidence": confidence, "strangeness": 0.5,
                "unknown": False, "for_person": kind != "good", "content": "{}", "said_label": said,
                "said_by": "ada" if said else "", "said_us": None, "said_wall_us": None, "said_words": "",
            }
        )  # fmt: skip
    with database.write() as tx:
        tx.execute(insert(t.inspections), rows)


def found(database: Database, now: int) -> list[tuple[str, str]]:
    with database.read() as tx:
        return [(one.equipment_id, one.source_id) for one in pictures.found(tx, SITE, now)]


def test_a_series_opens_one_case_that_leads_to_its_pictures(plant: Plant, database: Database) -> None:
    now = wall_us()
    show(database, ["good"] * 200, now - DAY)
    show(database, ["good"] * 20 + ["dent"] * 7, now)
    watch = SourceWatch(database)
    assert watch.turn(SITE, now, wall_us())[Effect.OPENED] == 1
    case = plant.case()
    assert (case["kind"], case["equipment_id"], case["proposed_by"]) == (
        "pictures",
        CNC_11,
        "pictures of parts",
    )
    assert case["advised"] == "inspect_first"
    with database.read() as tx:
        [signal] = store.of_case(tx, case["case_id"])
    assert "7 of the last 27 pictures" in signal["words"] and "dent" in signal["words"]
    assert SourceWatch(database).turn(SITE, now, wall_us())[Effect.OPENED] == 0
    assert len(plant.rows(select(t.cases))) == 1


def test_the_card_leads_to_the_pictures_of_the_machine_and_kind() -> None:
    view = object.__new__(CaseView)
    object.__setattr__(view, "equipment_id", CNC_11)
    object.__setattr__(view, "signals", (SignalRow("pictures", "x", 0, "y", "dent"),))
    assert 'href="/pictures?place=north%2Fmachining%2Fline-1%2Fcnc-11&amp;label=dent"' in _pictures(view)


def test_what_is_usual_there_is_no_series(database: Database, plant: Plant) -> None:
    now = wall_us()
    show(database, (["good"] * 16 + ["dent"] * 4) * 20, now - DAY)
    show(database, ["good"] * 20 + ["dent"] * 7, now)
    assert found(database, now) == []


def test_few_unsure_old_or_refuted_pictures_are_no_series(database: Database, plant: Plant) -> None:
    now = wall_us()
    show(database, ["good"] * 300, now - DAY)
    show(database, ["dent"] * 4, now)
    show(database, ["crack"] * 9, now, confidence=0.6)
    show(database, ["colour"] * 9, now, said="good")
    show(database, ["surface"] * 9, now - 3 * HOUR)
    show(database, ["dent"] * 4, now, unit=CNC_12)
    assert found(database, now) == []


def test_what_people_name_counts_whatever_the_model_said(database: Database, plant: Plant) -> None:
    now = wall_us()
    show(database, ["good"] * 300, now - DAY)
    show(database, ["good"] * 8, now, confidence=0.5, said="crack")
    assert found(database, now) == [(CNC_11, "crack")]


def test_a_stopped_model_opens_nothing(database: Database, plant: Plant) -> None:
    now = wall_us()
    show(database, ["good"] * 100, now - DAY)
    show(database, ["dent"] * 9, now)
    assert found(database, now) == [(CNC_11, "dent")]
    with database.write() as tx:
        tx.execute(
            insert(t.ai_stops).values(
                stop_id="s", site_id=SITE, model_name="plant_vision", drill=False,
                open_key=f"{SITE}|plant_vision|stop", reason="r", stopped_by="x", printed_name="x",
                meaning="m", record_hash="h", stopped_us=0, stopped_wall_us=0, effect="{}", resume_reason="",
            )
        )  # fmt: skip
    assert found(database, now) == []


@pytest.mark.parametrize(("number", "total", "low", "high"), [(0, 20, 1.0, 1.0), (5, 50, 0.05, 0.3)])
def test_the_chance_of_a_count_is_that_of_a_counted_share(number, total, low, high) -> None:
    usual = pictures._Seen(100)
    usual.kinds["dent"] = 5
    assert low <= pictures.chance(number, total, usual, "dent") <= high


@pytest.mark.services
def test_a_series_is_found_on_postgresql_too(postgres: Database) -> None:
    plant, now = Plant(postgres).build(), wall_us()
    show(postgres, ["good"] * 200, now - DAY)
    show(postgres, ["good"] * 20 + ["dent"] * 7, now)
    assert SourceWatch(postgres).turn(SITE, now, wall_us())[Effect.OPENED] == 1
    assert plant.case()["kind"] == "pictures"
