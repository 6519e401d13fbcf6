"""The life of a case under any sequence of acts, answers, losses and repetitions, on both databases.

A few hundred steps run in the suite. `TAKTWISE_LIFE_STEPS=100000 pytest tests/services/decide/test_life.py`
runs as many as one likes on each database (progress on standard error).
"""

import itertools
import os
import sys
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select, update

from auth.permissions import Role
from data.store import tables as t
from data.store.database import Database
from data.wire.orders import decode_command, encode_receipt
from domain.cases import CaseState, derive
from domain.clock import MINUTE, wall_us
from domain.errors import Conflict, UserFixable
from domain.messages import Command, Finding, Receipt, ReceiptStatus
from domain.policy import REJECT_REASONS
from services import audit
from services.commands.acting import Changes
from services.commands.care import CareCommands
from services.commands.outcomes import OutcomeCommands
from services.escalation import Escalation
from services.policy.file import DEFAULT
from services.receipts import views
from services.recommend import Recommender
from services.relay import Relay
from tests.contract.memory_sink import MemorySink
from tests.kits.pen import TYPED, SigningCommands
from tests.kits.policies import CONSENTS, FOUR_EYES, in_force
from tests.services.decide.plant import SITE, Plant, receipt

DECIDED = {"approved", "rejected"}
ROUND = 200  # lives between two lines of progress
STEPS = int(os.environ.get("TAKTWISE_LIFE_STEPS", "0"))
S = CaseState
ENDED = {S.REJECTED, S.EXPIRED, S.WITHDRAWN}
WORKED = {S.APPROVED, S.SENT, S.ACCEPTED, S.DONE, S.REFUSED, S.CANCELLED}
REACHABLE = {
    **{state: set(CaseState) - {state} for state in (S.PROPOSED, S.SEEN)},
    **{state: {S.JUDGED} for state in ENDED},
    **{state: WORKED | {S.JUDGED} for state in WORKED},
    S.JUDGED: set(),
}
POLICIES = {"standard": DEFAULT.read_text(), "four eyes": FOUR_EYES, "two consents": CONSENTS}
ran: Counter[str] = Counter()


Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Snapshot:
    """Rows by table, and what the audit says of each subject, in order."""

    cases: Rows
    commands: Rows
    outbox: Rows
    signatures: Rows
    consents: Rows
    ratifications: Rows
    receipts: Rows
    actions: dict[str, list[str]]


class LifeOfACase(RuleBasedStateMachine):
    """Acts by two supervisors, predictions, receipts in any order, a queue that comes and goes."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database

    @initialize(shelf=st.sampled_from([0, 3]), policy=st.sampled_from(sorted(POLICIES)))
    def begin(self, shelf: int, policy: str) -> None:
        self.plant = Plant(emptied(self.database)).build(on_hand=shelf)
        self.policy = policy
        in_force(self.plant.database, POLICIES[policy])
        roles = (Role.PLANT_MANAGER, Role.SUPERVISOR, Role.MAINTENANCE_PLANNER)
        self.people = [self.plant.person(role) for role in roles]
        self.technician = self.plant.person(Role.TECHNICIAN)
        self.desk, self.recommender = SigningCommands(self.database), Recommender(self.database)
        self.care, self.escalation = CareCommands(self.database), Escalation(self.database)
        self.outcomes = OutcomeCommands(self.database)
        self.sink = MemorySink()
        self.relay = Relay(self.database, self.sink)
        self.acts, self.at = itertools.count(1), wall_us()
        self.given: list[Receipt] = []
        self.known: dict[str, dict[str, object]] = {}
        self.recommender.consider(self.plant.predict(0.85, at_us=self.at))

    def act(self) -> str:
        return f"act-{next(self.acts):08}"

    def newest(self) -> dict[str, object]:
        return self.plant.case()

    @rule(probability=st.sampled_from([0.05, 0.5, 0.85, 0.97]))
    def predict(self, probability: float) -> None:
        self.at += 10 * MINUTE
        self.recommender.consider(self.plant.predict(probability, at_us=self.at))

    @rule(who=st.integers(0, 2), changes=st.sampled_from([None, "now", "inspect_first", "when_part_arrives"]))
    def approve(self, who: int, changes: str | None) -> None:
        case = self.newest()
        with suppress(UserFixable):
            change = Changes(changes) if changes else None
            self.desk.approve(
                self.people[who], str(case["case_id"]), int(str(case["version"])), self.act(), change
            )

    @rule(who=st.integers(0, 2), reason=st.sampled_from(sorted(REJECT_REASONS)))
    def reject(self, who: int, reason: str) -> None:
        case = self.newest()
        with suppress(UserFixable):
            self.desk.reject(
                self.people[who], str(case["case_id"]), int(str(case["version"])), self.act(), reason, "so"
            )

    @rule(who=st.integers(0, 2))
    def undo(self, who: int) -> None:
        case = self.newest()
        with suppress(UserFixable):
            self.desk.undo(self.people[who], str(case["case_id"]), int(str(case["version"])), self.act())

    @rule(who=st.integers(0, 2))
    def act_alone(self, who: int) -> None:
        case = self.newest()
        with suppress(UserFixable):
            version = int(str(case["version"]))
            self.care.act_alone(self.people[who], str(case["case_id"]), version, self.act(), "fire", TYPED)

    @rule(who=st.integers(0, 2), agrees=st.booleans())
    def ratify(self, who: int, agrees: bool) -> None:
        with suppress(UserFixable):
            case_id = str(self.newest()["case_id"])
            self.care.ratify(self.people[who], case_id, self.act(), agrees, "so", TYPED)

    @rule(
        who=st.integers(0, 2), to=st.integers(0, 2), what=st.sampled_from(["snooze", "wake", "assign", "ask"])
    )
    def care_for(self, who: int, to: int, what: str) -> None:
        case, person, other = self.newest(), self.people[who], self.people[to].account_id
        case_id, act, care = str(case["case_id"]), self.act(), self.care
        with suppress(UserFixable):
            if what == "snooze":
                until = int(str(case["deadline_us"])) - MINUTE
                care.snooze(person, case_id, int(str(case["version"])), act, until, "later")
            elif what == "wake":
                care.wake(person, case_id, act)
            elif what == "assign":
                care.assign(person, case_id, act, other)
            else:
                care.ask(person, case_id, act, other, "well?")

    @rule(who=st.integers(0, 2))
    def the_same_click_comes_twice(self, who: int) -> None:
        case, act = self.newest(), self.act()
        said = []
        for _ in range(2):
            try:
                done = self.desk.approve(
                    self.people[who], str(case["case_id"]), int(str(case["version"])), act
                )
            except (UserFixable, Conflict) as error:
                said.append(type(error).__name__)
            else:
                said.append(done.to_json())
        assert said[0] == said[1]

    @rule()
    def people_are_told(self) -> None:
        self.escalation.turn()

    @rule(finding=st.sampled_from(list(Finding)))
    def judge(self, finding: Finding) -> None:
        with suppress(UserFixable):
            self.outcomes.found(self.technician, str(self.newest()["case_id"]), self.act(), finding)

    @rule(ahead=st.sampled_from([0, 1, 9]))
    def expire(self, ahead: int) -> None:
        self.recommender.expire_due(SITE, self.at + ahead * 60 * MINUTE)

    @rule(away=st.booleans())
    def queue_comes_and_goes(self, away: bool) -> None:
        self.sink.away = away

    @rule()
    def relay_sends(self) -> None:
        self.relay.send_due()

    @rule()
    def relay_dies_after_claiming(self) -> None:
        with self.database.write() as tx:
            tx.execute(update(t.outbox).values(next_try_wall_us=0))
            tx.execute(
                update(t.outbox).where(t.outbox.c.state == "pending").values(
                    state="leased", lease_token="dead", lease_until_wall_us=0
                )
            )  # fmt: skip

    def commands(self) -> list[Command]:
        return [decode_command(body) for queue in self.sink.work.values() for _, body in queue]

    @precondition(lambda self: hasattr(self, "sink") and any(self.sink.work.values()))
    @rule(data=st.data(), status=st.sampled_from(list(ReceiptStatus)), finding=st.sampled_from(list(Finding)))
    def receiver_answers(self, data: st.DataObject, status: ReceiptStatus, finding: Finding) -> None:
        command = data.draw(st.sampled_from(self.commands()))
        found = finding if status is ReceiptStatus.DONE and command.queue.startswith("mes.") else None
        one = receipt(command, status, at_us=self.at + len(self.given), finding=found)
        self.given.append(one)
        self.sink.answer(one.sender, encode_receipt(one).encode())

    @precondition(lambda self: bool(getattr(self, "given", None)))
    @rule(data=st.data())
    def a_receipt_comes_again(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.given))
        self.sink.answer(one.sender, encode_receipt(one).encode())

    @precondition(lambda self: hasattr(self, "sink") and not self.sink.away)
    @rule()
    def relay_takes_receipts(self) -> None:
        self.relay.take_receipts()

    @invariant()
    def everything_holds(self) -> None:
        if not hasattr(self, "plant"):
            return
        ran[self.policy] += 1
        now = self.snapshot()
        self.no_payload_without_a_signed_decision(now)
        self.a_release_has_all_its_signatures_or_is_to_be_ratified(now)
        self.no_step_that_there_is_not(now)
        self.every_decision_is_audited_once(now)
        self.the_case_says_what_its_commands_say(now)
        self.one_open_case_and_nothing_sent_twice(now)
        if ran.total() % 10 == 0:
            audit.verify(self.database)

    def snapshot(self) -> Snapshot:
        """All rows that the rules are about, of one moment."""
        tables = (t.cases, t.commands, t.outbox, t.signatures, t.consents, t.ratifications, t.receipts)
        with self.database.read() as tx:
            rows = {x.name: [dict(r) for r in tx.execute(select(x)).mappings()] for x in tables}
            a = t.audit.c
            said: dict[str, list[str]] = defaultdict(list)
            for subject, action in tx.execute(select(a.subject_id, a.action).order_by(a.entry)):
                said[subject].append(action)
        return Snapshot(**rows, actions=said)

    def no_payload_without_a_signed_decision(self, now: Snapshot) -> None:
        signed = {row["case_id"] for row in now.signatures}
        cases = {row["command_id"]: row["case_id"] for row in now.commands}
        for row in now.outbox:
            case_id = cases[row["message_id"]]
            assert case_id in signed and "approved" in now.actions[case_id]

    def a_release_has_all_its_signatures_or_is_to_be_ratified(self, now: Snapshot) -> None:
        alone = {row["case_id"] for row in now.ratifications}
        wanted = 1 if self.policy == "standard" else 2
        for case in now.cases:
            if "approved" not in now.actions[case["case_id"]] or case["case_id"] in alone:
                continue
            sets: dict[str, set[str]] = defaultdict(set)
            for row in now.consents:
                if row["case_id"] == case["case_id"]:
                    sets[row["terms"]].add(row["account_id"])
            assert max(map(len, sets.values())) == wanted

    def no_step_that_there_is_not(self, now: Snapshot) -> None:
        for case in now.cases:
            before = self.known.get(case["case_id"])
            if before is not None:
                was, state = S(str(before["state"])), S(case["state"])
                assert state is was or state in REACHABLE[was]
                assert case["version"] >= before["version"]
                assert before["decided_by"] in (None, case["decided_by"])
                assert (case["open_key"] is None) or before["open_key"] is not None
            self.known[case["case_id"]] = case

    def every_decision_is_audited_once(self, now: Snapshot) -> None:
        for case in now.cases:
            actions = now.actions[case["case_id"]]
            assert sum(actions.count(word) for word in DECIDED) == (1 if case["decided_by"] else 0)

    def the_case_says_what_its_commands_say(self, now: Snapshot) -> None:
        for case in now.cases:
            if S(case["state"]) in WORKED - {S.DONE}:
                mine = [row for row in now.commands if row["case_id"] == case["case_id"]]
                derived = derive(views(sorted(mine, key=lambda row: (row["position"], row["command_id"]))))
                assert (derived.state, derived.attention) == (S(case["state"]), case["attention"])

    def one_open_case_and_nothing_sent_twice(self, now: Snapshot) -> None:
        keys = [c["open_key"] for c in now.cases if c["open_key"]]
        assert len(keys) == len(set(keys)) <= 1
        sent = [message for queue in self.sink.work.values() for message, _ in queue]
        assert len(sent) == len(set(sent))
        assert len(now.receipts) <= len(self.given)


def lived(steps: int, database: Database) -> None:
    """Run so many steps, or a few more, in lives of 20 (of 50 when there are many), on an empty database.

    One database serves all lives, so that its statements are compiled once: most of the time goes into the
    steps, and not into making databases.
    """
    ran.clear()
    long = 50 if steps > 1_000 else 20
    began = time.monotonic()
    while ran.total() < steps:
        told = settings(
            max_examples=min(max(1, (steps - ran.total()) // long), ROUND),
            stateful_step_count=long,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate),  # shrinking costs minutes
        )
        run_state_machine_as_test(lambda: LifeOfACase(database), settings=told)
        took, name = time.monotonic() - began, database.engine.dialect.name
        sys.stderr.write(f"{name}: {ran.total()} steps in {took:.0f} s ({dict(ran)})\n")
        sys.stderr.flush()
    assert len(ran) > 1


def emptied(database: Database) -> Database:
    """Every table without a row."""
    with database.write() as tx:
        for table in reversed(t.metadata.sorted_tables):
            tx.execute(delete(table))
    return database


def test_on_sqlite(database: Database) -> None:
    lived(STEPS or 300, database)


@pytest.mark.services
def test_on_postgresql(postgres: Database) -> None:
    lived(STEPS or 100, postgres)
