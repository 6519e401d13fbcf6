"""The life of a case under any sequence of acts, answers, losses and repetitions."""

import itertools
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select, update

from auth.permissions import Role
from data.store import tables as t
from data.store.database import Database
from data.wire.orders import decode_command, encode_receipt
from domain.cases import CaseState, derive
from domain.clock import MINUTE, wall_us
from domain.errors import UserFixable
from domain.messages import Command, Finding, Receipt, ReceiptStatus
from domain.policy import REJECT_REASONS
from services import audit
from services.commands.acting import Changes
from services.receipts import views
from services.recommend import Recommender
from services.relay import Relay
from tests.contract.memory_sink import MemorySink
from tests.kits.pen import SigningCommands
from tests.services.decide.plant import SITE, Plant, receipt

DECIDED = {"approved", "rejected"}


class LifeOfACase(RuleBasedStateMachine):
    """Acts by two supervisors, predictions, receipts in any order, a queue that comes and goes."""

    @initialize(shelf=st.sampled_from([0, 3]))
    def begin(self, shelf: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(f"sqlite:///{Path(self.folder.name) / 'life.db'}")
        self.database.create_all()
        self.plant = Plant(self.database).build(on_hand=shelf)
        self.people = [self.plant.person(Role.PLANT_MANAGER), self.plant.person(Role.SUPERVISOR)]
        self.technician = self.plant.person(Role.TECHNICIAN)
        self.desk, self.recommender = SigningCommands(self.database), Recommender(self.database)
        self.sink = MemorySink()
        self.relay = Relay(self.database, self.sink)
        self.acts, self.at = itertools.count(1), wall_us()
        self.given: list[Receipt] = []
        self.recommender.consider(self.plant.predict(0.85, at_us=self.at))

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
            self.folder.cleanup()

    def act(self) -> str:
        return f"act-{next(self.acts):08}"

    def newest(self) -> dict[str, object]:
        return self.plant.case()

    @rule(probability=st.sampled_from([0.05, 0.5, 0.85, 0.97]))
    def predict(self, probability: float) -> None:
        self.at += 10 * MINUTE
        self.recommender.consider(self.plant.predict(probability, at_us=self.at))

    @rule(who=st.integers(0, 1), changes=st.sampled_from([None, "now", "inspect_first", "when_part_arrives"]))
    def approve(self, who: int, changes: str | None) -> None:
        case = self.newest()
        with suppress(UserFixable):
            change = Changes(changes) if changes else None
            self.desk.approve(
                self.people[who], str(case["case_id"]), int(str(case["version"])), self.act(), change
            )

    @rule(who=st.integers(0, 1), reason=st.sampled_from(sorted(REJECT_REASONS)))
    def reject(self, who: int, reason: str) -> None:
        case = self.newest()
        with suppress(UserFixable):
            self.desk.reject(
                self.people[who], str(case["case_id"]), int(str(case["version"])), self.act(), reason, "so"
            )

    @rule(who=st.integers(0, 1))
    def undo(self, who: int) -> None:
        case = self.newest()
        with suppress(UserFixable):
            self.desk.undo(self.people[who], str(case["case_id"]), int(str(case["version"])), self.act())

    @rule(finding=st.sampled_from(list(Finding)))
    def judge(self, finding: Finding) -> None:
        with suppress(UserFixable):
            self.desk.record_outcome(self.technician, str(self.newest()["case_id"]), self.act(), finding)

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
    def no_payload_without_a_signed_decision(self) -> None:
        if not hasattr(self, "plant"):
            return
        signed = {row["case_id"] for row in self.plant.rows(select(t.signatures))}
        for row in self.plant.outbox():
            (command,) = self.plant.rows(
                select(t.commands).where(t.commands.c.command_id == row["message_id"])
            )
            assert command["case_id"] in signed
            assert "approved" in self.plant.actions(command["case_id"])

    @invariant()
    def every_decision_is_audited_once_and_the_chain_holds(self) -> None:
        if not hasattr(self, "plant"):
            return
        for case in self.plant.rows(select(t.cases)):
            actions = self.plant.actions(case["case_id"])
            assert sum(actions.count(word) for word in DECIDED) == (1 if case["decided_by"] else 0)
        audit.verify(self.database)

    @invariant()
    def the_case_says_what_its_commands_say(self) -> None:
        if not hasattr(self, "plant"):
            return
        for case in self.plant.rows(select(t.cases)):
            state = CaseState(case["state"])
            if state in {
                CaseState.APPROVED,
                CaseState.SENT,
                CaseState.ACCEPTED,
                CaseState.REFUSED,
                CaseState.CANCELLED,
            }:
                derived = derive(views(self.plant.commands(case["case_id"])))
                assert (derived.state, derived.attention) == (state, case["attention"])

    @invariant()
    def one_open_case_and_nothing_sent_twice(self) -> None:
        if not hasattr(self, "plant"):
            return
        keys = [c["open_key"] for c in self.plant.rows(select(t.cases)) if c["open_key"]]
        assert len(keys) == len(set(keys)) <= 1
        sent = [message for queue in self.sink.work.values() for message, _ in queue]
        assert len(sent) == len(set(sent))
        assert len(self.plant.rows(select(t.receipts))) <= len(self.given)


LifeOfACase.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking costs minutes
)
TestLifeOfACase = LifeOfACase.TestCase
