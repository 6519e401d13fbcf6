"""What people type is kept, until an act has used it."""

import threading

import pytest
from sqlalchemy import func, select, update

from auth.permissions import Actor, Role
from data.store import drafts as store
from data.store import tables as t
from data.store.database import Database
from domain.clock import MINUTE, wall_us
from domain.errors import InvalidInput, NotNow, NotSignedIn, UserFixable
from services.commands.care import CareCommands
from services.commands.drafts import KEPT_US, LONGEST, MOST, MOST_TOGETHER, DraftCommands
from services.recommend import Recommender
from services.rows.drafts import Draft
from tests.kits.pen import SigningCommands
from tests.services.decide.plant import CNC_11, Plant

ACT = "act-00000001"


@pytest.fixture
def case_id(plant: Plant, recommender: Recommender) -> str:
    return str(recommender.consider(plant.predict(0.85)).case_id)


@pytest.fixture
def drafts(database: Database) -> DraftCommands:
    return DraftCommands(database)


def test_a_draft_goes_with_the_decision_and_with_nothing_else(
    database: Database, drafts: DraftCommands, supervisor: Actor, case_id: str
) -> None:
    desk, subject = SigningCommands(database), f"reject:{case_id}"
    assert drafts.load(supervisor, subject) == Draft("", 0)
    assert drafts.save(supervisor, subject, "because")
    desk.comment(supervisor, case_id, ACT, "seen")
    with pytest.raises(UserFixable):
        desk.reject(supervisor, case_id, 1, "act-00000002", "other")  # no words: refused, nothing is lost
    assert drafts.load(supervisor, subject) == Draft("because", 0)
    desk.reject(supervisor, case_id, 1, "act-00000003", "not_convincing")
    assert drafts.load(supervisor, subject) == Draft("", 1)


def test_words_that_come_after_their_use_are_not_kept_again(
    database: Database, drafts: DraftCommands, supervisor: Actor, case_id: str
) -> None:
    subject = f"comment:{case_id}"
    drafts.save(supervisor, subject, "heard", 0)
    SigningCommands(database).comment(supervisor, case_id, ACT, "heard it")
    assert not drafts.save(supervisor, subject, "heard it", 0)
    assert drafts.load(supervisor, subject) == Draft("", 1)
    assert drafts.save(supervisor, subject, "and again", 1)
    assert drafts.load(supervisor, subject) == Draft("and again", 1)


def test_each_act_uses_up_its_own_words(
    plant: Plant, database: Database, drafts: DraftCommands, supervisor: Actor, case_id: str
) -> None:
    for kind in ("snooze", "ask", "comment"):
        drafts.save(supervisor, f"{kind}:{case_id}", kind)
    until = wall_us() + MINUTE
    CareCommands(database).snooze(supervisor, case_id, 1, ACT, until, "after the break")
    kept = {
        kind: drafts.load(supervisor, f"{kind}:{case_id}").content for kind in ("snooze", "ask", "comment")
    }
    assert kept == {"snooze": "", "ask": "ask", "comment": "comment"}


def test_a_draft_is_its_owners(plant: Plant, drafts: DraftCommands, supervisor: Actor, case_id: str) -> None:
    drafts.save(supervisor, "raise", "mine")
    assert drafts.load(plant.person(Role.SUPERVISOR), "raise") == Draft("", 0)
    with plant.database.write() as tx:
        mine = t.accounts.c.account_id == supervisor.account_id
        tx.execute(update(t.accounts).where(mine).values(active=False))
    with pytest.raises(NotSignedIn):
        drafts.save(supervisor, "raise", "more")


@pytest.mark.parametrize(
    ("subject", "length"),
    [
        ("", 1), ("x" * 201, 1), ("raise", LONGEST + 1), ("anything", 1), ("anything:x", 1), ("reject:", 1),
        ("reject:a\nb", 1), ("reject:a\0b", 1),
    ],
)  # fmt: skip
def test_too_long_and_what_no_screen_has_is_told(
    drafts: DraftCommands, supervisor: Actor, subject: str, length: int
) -> None:
    with pytest.raises(InvalidInput):
        drafts.save(supervisor, subject, "x" * length)


def test_two_screens_at_once_keep_one_row(
    database: Database, drafts: DraftCommands, supervisor: Actor
) -> None:
    threads = [
        threading.Thread(target=drafts.save, args=(supervisor, "raise", f"words {k}", 0)) for k in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drafts.load(supervisor, "raise").content.startswith("words ")
    with database.read() as tx:
        assert tx.execute(select(func.count()).select_from(t.drafts)).scalar_one() == 1


def test_one_person_keeps_a_bounded_number_of_texts(
    plant: Plant, drafts: DraftCommands, supervisor: Actor
) -> None:
    for k in range(MOST):
        assert drafts.save(supervisor, f"comment:c{k}", "w")
    with pytest.raises(NotNow, match="unfinished"):
        drafts.save(supervisor, "comment:more", "w")
    assert drafts.save(supervisor, "comment:c0", "longer words")  # what is there goes on
    assert drafts.save(plant.person(Role.SUPERVISOR), "comment:c0", "w")  # and others have their own
    drafts.save(supervisor, "comment:c0", "")
    assert drafts.save(supervisor, "comment:more", "w")


def test_one_person_keeps_a_bounded_length_of_texts(drafts: DraftCommands, supervisor: Actor) -> None:
    for k in range(MOST_TOGETHER // LONGEST):
        drafts.save(supervisor, f"comment:c{k}", "x" * LONGEST)
    with pytest.raises(NotNow, match="unfinished"):
        drafts.save(supervisor, "raise", "x")
    assert drafts.save(supervisor, "comment:c0", "x") and drafts.save(supervisor, "raise", "x")


def test_texts_that_nobody_came_back_for_go(
    database: Database, drafts: DraftCommands, supervisor: Actor
) -> None:
    for subject in ("raise", "comment:c1"):
        drafts.save(supervisor, subject, "w")
    with database.write() as tx:
        old = update(t.drafts).where(t.drafts.c.subject == "raise")
        tx.execute(old.values(saved_wall_us=wall_us() - KEPT_US - MINUTE))
    assert (drafts.forget_old(), drafts.forget_old()) == (1, 0)
    assert drafts.load(supervisor, "raise").content == "" and drafts.load(supervisor, "comment:c1").content


@pytest.mark.services
def test_the_same_on_postgresql(postgres: Database) -> None:
    plant = Plant(postgres).build()
    who, drafts = plant.person(Role.SUPERVISOR), DraftCommands(postgres)
    assert drafts.save(who, "raise", "half\0 a sen", 0)
    assert drafts.load(who, "raise") == Draft("half a sen", 0)
    with postgres.write() as tx:
        store.use_up(tx, who.account_id, ["raise"])
    assert not drafts.save(who, "raise", "half a sentence", 0)
    assert drafts.load(who, "raise") == Draft("", 1)
    assert SigningCommands(postgres).raise_case(who, CNC_11, ACT, "bearing", "It ho\0wls").state == "proposed"
    drafts.save(who, "comment:c1", "x" * LONGEST)
    with postgres.read() as tx:
        assert store.kept_beside(tx, who.account_id, "raise") == (1, LONGEST)
    assert drafts.forget_old() == 0


def test_words_that_were_never_saved_before_their_use_are_late_too(
    drafts: DraftCommands, supervisor: Actor
) -> None:
    drafts.used(supervisor, ["why:shelve"])
    assert not drafts.save(supervisor, "why:shelve", "typed in the second before", 0)
    assert drafts.load(supervisor, "why:shelve") == Draft("", 1)
