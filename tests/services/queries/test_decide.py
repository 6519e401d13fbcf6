"""Inbox, card and history: order, permission, scope, what may be done and why not."""

import pytest
from sqlalchemy import insert, select

from auth.permissions import Role
from components.history import history_csv, history_panel
from data.store import tables as t
from domain.cases import CaseState
from domain.clock import DAY, HOUR, MINUTE, SECOND
from domain.errors import Forbidden, NotFound
from domain.evidence import alternatives_to_json
from services import audit
from services.commands.cases import CaseCommands
from services.commands.drafts import DraftCommands
from services.floor.facts import waiting
from services.queries.decide import DecideQueries
from services.rows.decide import HistoryFilter
from tests import factories as f


def test_an_empty_inbox(plant):
    inbox = DecideQueries(plant.context()).inbox()
    assert (inbox.waiting, inbox.under_way, inbox.lines) == ((), (), ())
    assert DecideQueries(plant.context()).open_count() == 0


def test_mine_first_then_by_deadline(plant):
    with plant.database.write() as tx:
        f.case(tx, number=1, deadline_us=f.NOW + 3 * HOUR)
        f.case(tx, number=2, deadline_us=f.NOW + HOUR, cost_cents=9_999_900)  # above the limit
        f.case(tx, number=3, deadline_us=f.NOW + 2 * HOUR)
    inbox = DecideQueries(plant.context()).inbox()
    assert [(r.number, r.mine) for r in inbox.waiting] == [(3, True), (1, True), (2, False)]


def test_of_one_minute_the_dearest_is_first(plant):
    due = f.NOW + HOUR
    with plant.database.write() as tx:
        f.case(tx, number=1, deadline_us=due + 1, benefit_cents=100_000)
        f.case(tx, number=2, deadline_us=due + 59 * SECOND, benefit_cents=300_000)
        f.case(tx, number=3, deadline_us=due, benefit_cents=200_000)
        f.case(tx, number=4, deadline_us=due + MINUTE, benefit_cents=900_000)
        f.case(tx, number=5, deadline_us=due + 2 * MINUTE)
        f.case(tx, number=6, deadline_us=due + 3 * MINUTE)
        f.case(tx, number=7, deadline_us=due + 4 * MINUTE)
        found = waiting(tx, "north")
    inbox = DecideQueries(plant.context()).inbox()
    assert [r.number for r in inbox.waiting] == [2, 3, 1, 4, 5, 6, 7]
    assert [r.number for r in found] == [2, 3, 1, 4, 5, 6, 7]


def test_under_way_cases_stand_apart_and_trouble_comes_first(plant):
    with plant.database.write() as tx:
        f.case(tx, number=1)
        f.case(tx, number=2, state="sent", decided_by="x")
        f.case(tx, number=3, state="accepted", decided_by="x", attention=True)
        f.case(tx, number=4, state="rejected", decided_by="x", reason="no", open_key=None)
    inbox = DecideQueries(plant.context()).inbox()
    assert [r.number for r in inbox.waiting] == [1]
    assert [r.number for r in inbox.under_way] == [3, 2]


def test_the_inbox_of_one_line(plant):
    with plant.database.write() as tx:
        f.machine(tx, f.PRESS, machine_type="press")
        f.case(tx, number=1)
        f.case(tx, f.PRESS, number=2)
    inbox = DecideQueries(plant.context()).inbox("north/forming/line-2")
    assert [r.number for r in inbox.waiting] == [2]
    assert [name for _, name in inbox.lines] == ["Line 2", "Line 1"]


def test_other_scopes_and_other_sites_are_not_there(plant, somebody):
    with plant.database.write() as tx:
        f.case(tx)
        f.machine(tx, "east/a/b/cnc-1")
        f.case(tx, "east/a/b/cnc-1", number=7)
    assert [r.number for r in DecideQueries(plant.context()).inbox().waiting] == [2211]
    tom = DecideQueries(plant.context(somebody("tom", [Role.SUPERVISOR], ["north/forming"])))
    assert tom.inbox().waiting == ()
    with pytest.raises(NotFound):
        tom.case(2211)


def test_an_administrator_has_no_inbox(plant, somebody):
    queries = DecideQueries(plant.context(somebody("ada", [Role.ADMINISTRATOR])))
    with pytest.raises(Forbidden):
        queries.inbox()
    with pytest.raises(Forbidden):
        queries.case(2211)


def test_the_card_holds_evidence_choices_and_orders(plant):
    with plant.database.write() as tx:
        key = f.prediction(tx)
        f.explanation(tx, key)
        f.case(tx, prediction_id=key)
    case = DecideQueries(plant.context()).case(2211)
    assert (case.state, case.blocked, case.may_decide, case.too_late) == (CaseState.PROPOSED, "", True, False)
    assert case.prediction is not None and case.prediction.explanation is not None
    assert [a.key for a in case.alternatives if a.advised] == ["shift_change"]
    assert [c.queue for c in case.commands] == ["mes.line-1", "erp.stock"]
    assert [s.text for s in case.course if s.at_us is None] == [
        "Decision and signature",
        "Sent to MES line 1, ERP stock",
        "Receipts of MES line 1, ERP stock",
        "Finding of the technician: was the advice right?",
    ]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"deadline_us": f.NOW - MINUTE}, "expired"),
        ({"evidence_us": f.NOW - 2 * HOUR, "prediction_id": "x"}, "120 min old"),
        ({"cost_cents": 401_000}, "above what you may approve"),
    ],
)
def test_what_cannot_be_approved_says_why(plant, changes, says):
    with plant.database.write() as tx:
        f.case(tx, **changes)
    case = DecideQueries(plant.context()).case(2211)
    assert says in case.blocked
    assert case.too_late == ("above" not in says)


def test_nobody_approves_the_own_proposal(plant):
    with plant.database.write() as tx:
        f.case(tx, proposed_by=plant.supervisor.account_id)
    assert "another person" in DecideQueries(plant.context()).case(2211).blocked


def test_an_operator_sees_and_comments_only(plant, somebody):
    with plant.database.write() as tx:
        f.case(tx)
    case = DecideQueries(plant.context(somebody("tom", [Role.OPERATOR]))).case(2211)
    assert (case.may_decide, case.may_comment, case.may_judge) == (False, True, False)
    assert "not decide" in case.blocked


def test_seen_is_known_per_person(plant, somebody):
    with plant.database.write() as tx:
        case_id = f.case(tx)
    CaseCommands(plant.database).seen(plant.supervisor, case_id)
    mine = DecideQueries(plant.context()).case(2211)
    theirs = DecideQueries(plant.context(somebody("tom", [Role.OPERATOR]))).case(2211)
    assert (mine.seen, theirs.seen) == (True, False)
    assert "Seen by Sue" in [s.text for s in mine.course]


def test_receipts_that_disagree_stand_in_the_course(plant):
    with plant.database.write() as tx:
        case_id = f.case(tx, state="sent", decided_by=plant.supervisor.account_id, attention=True)
        c = t.commands.c
        rows = tx.execute(t.commands.select().where(c.case_id == case_id).order_by(c.position)).mappings()
        for row, status in zip(rows.all(), ("accepted", "refused"), strict=True):
            command_id = row["command_id"]
            tx.execute(t.commands.update().where(c.command_id == command_id).values(state=status))
            f.receipt(tx, command_id, status, detail="no stock left" if status == "refused" else "")
    case = DecideQueries(plant.context()).case(2211)
    assert case.attention_why == "one receiver refuses what another takes"
    alarming = [s.text for s in case.course if s.alarming]
    assert alarming == ["ERP stock refused: no stock left"]
    assert [c.receipts[-1].status for c in case.commands] == ["accepted", "refused"]


def test_the_finding_closes_the_course(plant, somebody):
    with plant.database.write() as tx:
        case_id = f.case(tx, state="judged", decided_by="x", open_key=None, closed_us=f.NOW)
        tx.execute(
            t.outcomes.insert().values(
                case_id=case_id,
                finding="degraded",
                cause="bearing",
                reported_by="x",
                at_us=f.NOW,
                reported_wall_us=0,
            )
        )
    steps = DecideQueries(plant.context()).case(2211).course
    assert steps[-1].text == "Finding: the part was worn (bearing)"


def test_comments_and_drafts_come_with_the_card(plant):
    with plant.database.write() as tx:
        case_id = f.case(tx)
    commands = CaseCommands(plant.database)
    commands.comment(plant.supervisor, case_id, "act-00000001", "heard it too")
    DraftCommands(plant.database).save(plant.supervisor, f"reject:{case_id}", "half a sen")
    case = DecideQueries(plant.context()).case(2211)
    assert len(case.comments) == 1
    assert "Sue: heard it too" in [s.text for s in case.course]
    assert case.drafts == {"reject": "half a sen"}


def test_history_filters_by_state_cause_line_and_time(plant):
    with plant.database.write() as tx:
        f.machine(tx, f.PRESS, machine_type="press")
        done = {"decided_by": plant.supervisor.account_id, "open_key": None}
        f.case(tx, number=1, state="rejected", reason="no part", decided_us=f.NOW - DAY, **done)
        f.case(tx, f.PRESS, number=2, state="done", cause="leak", decided_us=f.NOW - HOUR, **done)
        f.case(tx, number=3)
        old = f.NOW - 60 * DAY
        f.case(tx, number=4, state="expired", opened_us=old, closed_us=old, open_key=None)
    queries = DecideQueries(plant.context())

    def numbers(**wanted):
        return [r.number for r in queries.history(HistoryFilter(**wanted))]

    assert numbers() == [2, 1, 4]
    assert numbers(state="rejected") == [1]
    assert numbers(cause="leak") == [2]
    assert numbers(line_id="north/machining/line-1") == [1, 4]
    assert numbers(from_us=f.NOW - 30 * DAY) == [2, 1]
    assert numbers(limit=1) == [2]
    with plant.database.write() as tx:
        rejected = tx.execute(select(t.cases.c.case_id).where(t.cases.c.number == 1)).scalar_one()
        tx.execute(
            insert(t.signatures).values(
                signature_id="s", case_id=rejected, account_id="sue", printed_name="Sue", meaning="I decide.",
                signed_wall_us=f.NOW, record_hash="h",
            )
        )  # fmt: skip
    row = queries.history(HistoryFilter(state="rejected"))[0]
    site = plant.context().site
    assert [(s.printed_name, s.meaning) for s in row.signatures] == [("Sue", "I decide.")]
    assert ": I decide." in history_csv([row], site).decode()
    assert "signed by Sue" in history_panel([row], site, f.NOW)
    assert (row.decided_by, row.reason, row.proposed_by) == ("Sue", "no part", "plant_failure 1.0.0")


def test_the_audit_of_a_case_names_people_and_needs_the_right(plant, somebody):
    with plant.database.write() as tx:
        case_id = f.case(tx)
        audit.append(
            tx,
            actor=plant.supervisor.account_id,
            action="seen",
            subject_kind="case",
            subject_id=case_id,
            plant_us=f.NOW,
        )
    rows = DecideQueries(plant.context()).audit(2211)
    assert [(r.actor, r.action, r.plant_us) for r in rows] == [("Sue", "seen", f.NOW)]
    with pytest.raises(Forbidden):
        DecideQueries(plant.context(somebody("tom", [Role.OPERATOR]))).audit(2211)


def test_a_case_without_choices_does_not_break_the_risks(plant):
    from services.queries.predict import PredictQueries

    with plant.database.write() as tx:
        f.case(tx, alternatives=alternatives_to_json(()))
    assert PredictQueries(plant.context()).risks().rows[0].loss_cents is None
