"""Reports by schedule: once a period, through restarts and failures; a real SMTP server on loopback."""

import email
import email.policy
import io
import threading
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from pypdf import PdfReader
from sqlalchemy import select, update

from auth.permissions import Role
from data.sinks.folder import FolderOutlet
from data.sinks.mail import MailOutlet
from data.sinks.port import Ack, Retry, Terminal
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, SECOND, wall_us
from domain.errors import Forbidden, NotNow
from domain.reporting import Delivery, Format, Kind, Plan
from services.commands.reports import ReportCommands
from services.queries.admin import AdminQueries
from services.queries.reports import ReportQueries
from services.reports.scheduled import Scheduled
from tests import factories as f
from tests.kits.ports import free_port
from tests.services.queries.conftest import Plant
from tests.services.reports import plant

BOTH = (Format.PDF, Format.XLSX)


class Post:
    """Takes mail, or refuses it."""

    def __init__(self) -> None:
        self.mails: list[email.message.EmailMessage] = []
        self.answer = "250 OK"
        self.url = ""

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.answer.startswith("250"):
            self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return self.answer


@pytest.fixture
def post():
    handler = Post()
    port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port, ready_timeout=60.0)
    controller.start()
    handler.url = f"smtp://127.0.0.1:{port}"
    yield handler
    controller.stop()


def set_clock(database: Database, now_us: int) -> None:
    with database.write() as tx:
        tx.execute(update(t.clocks).values(origin_plant_us=now_us, origin_wall_us=wall_us()))


def scheduled(place, folder: Path | None = None, mail: str = "") -> Scheduled:
    outlets = {}
    if folder:
        outlets[Delivery.FOLDER] = FolderOutlet(folder)
    if mail:
        outlets[Delivery.MAIL] = MailOutlet(mail, "desk@plant.example", timeout_s=60)
    return Scheduled(place.database, outlets)


def plan_for(delivery=Delivery.FOLDER, target=("daily",), kind=Kind.DAY, formats=BOTH) -> Plan:
    return Plan("north", kind, formats, delivery, target, 0)


def make_schedule(place, plan: Plan) -> str:
    """Made on the day before, so that the day falls due."""
    set_clock(place.database, plant.DAY_BEFORE.from_us + HOUR)
    schedule_id = ReportCommands(place.database, mail=True).schedule(place.manager, plan)
    set_clock(place.database, plant.DAY_BEFORE.to_us + HOUR)
    return schedule_id


def runs(place) -> list[tuple[str, str, str]]:
    r = t.report_runs.c
    with place.database.read() as tx:
        return [tuple(row) for row in tx.execute(select(r.period_key, r.state, r.detail).order_by(r.to_us))]


def everything(worker: Scheduled) -> list[str]:
    worker.plan()
    return list(iter(worker.deliver_next, None))


def retry_now(place) -> None:
    with place.database.write() as tx:
        tx.execute(update(t.report_runs).values(next_try_wall_us=0))


def test_a_period_is_made_once_however_often_the_worker_starts(place, tmp_path):
    make_schedule(place, plan_for())
    for _ in range(3):
        everything(scheduled(place, tmp_path))
    assert runs(place) == [("2026-11-20", "done", "daily")]
    assert sorted(p.name for p in (tmp_path / "daily").iterdir()) == [
        "taktwise-north-day-2026-11-20.pdf",
        "taktwise-north-day-2026-11-20.xlsx",
    ]


def test_what_was_missed_is_made_up_and_what_ended_before_is_not(place, tmp_path):
    make_schedule(place, plan_for(kind=Kind.SHIFT, formats=(Format.PDF,)))
    with place.database.write() as tx:
        plant._shift(tx, "Older", plant.DAY_BEFORE.from_us - 8 * HOUR)
    everything(scheduled(place, tmp_path))
    assert [state for _, state, _ in runs(place)] == ["done"] * 3
    assert len(list((tmp_path / "daily").iterdir())) == 3


def test_nothing_is_made_before_the_waiting_time_is_over(place, tmp_path):
    make_schedule(place, Plan("north", Kind.DAY, BOTH, Delivery.FOLDER, ("daily",), 2 * HOUR))
    assert everything(scheduled(place, tmp_path)) == []
    set_clock(place.database, plant.DAY_BEFORE.to_us + 2 * HOUR)
    assert everything(scheduled(place, tmp_path)) == ["done"]


def test_a_clock_that_was_set_back_keeps_no_report_waiting(place, tmp_path):
    make_schedule(place, plan_for())
    made = scheduled(place, tmp_path)
    made.plan()
    with place.database.write() as tx:
        tx.execute(update(t.report_runs).values(next_try_wall_us=wall_us() + 10 * HOUR))
    assert everything(made) == ["done"]
    with place.database.write() as tx:
        late = wall_us() + 10 * HOUR
        tx.execute(update(t.report_runs).values(state="leased", lease_until_wall_us=late))
    assert everything(made) == ["done"]


def test_a_worker_whose_clock_is_a_little_behind_takes_no_lease_of_another(place, tmp_path, monkeypatch):
    make_schedule(place, plan_for())
    first, second = scheduled(place, tmp_path), scheduled(place, tmp_path)
    first.plan()
    taken = []

    class Slow(FolderOutlet):
        def deliver(self, parcel, target):
            with monkeypatch.context() as behind:
                behind.setattr("services.reports.scheduled.wall_us", lambda: wall_us() - 20 * SECOND)
                taken.append(second.deliver_next())
            return super().deliver(parcel, target)

    assert everything(Scheduled(place.database, {Delivery.FOLDER: Slow(tmp_path)})) == ["done"]
    assert taken == [None]


def test_a_process_that_dies_after_writing_leaves_one_file(place, tmp_path):
    make_schedule(place, plan_for())

    class Dying(FolderOutlet):
        def deliver(self, parcel, target):
            super().deliver(parcel, target)
            raise SystemExit

    dying = Scheduled(place.database, {Delivery.FOLDER: Dying(tmp_path)})
    dying.plan()
    with pytest.raises(SystemExit):
        dying.deliver_next()
    assert runs(place)[0][1] == "leased"
    assert everything(scheduled(place, tmp_path)) == []  # the lease still holds
    with place.database.write() as tx:
        tx.execute(update(t.report_runs).values(lease_until_wall_us=1))
    assert everything(scheduled(place, tmp_path)) == ["done"]
    assert len(list((tmp_path / "daily").iterdir())) == 2


def test_four_workers_share_the_work(place, tmp_path):
    make_schedule(place, plan_for(kind=Kind.SHIFT, formats=(Format.XLSX,)))
    done: list[str] = []
    workers = [
        threading.Thread(target=lambda: done.extend(everything(scheduled(place, tmp_path)))) for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert done == ["done"] * 3
    assert len(runs(place)) == 3


@pytest.mark.loopback
def test_a_mail_carries_the_report(place, post):
    make_schedule(place, plan_for(Delivery.MAIL, ("mia@plant.example", "tom@plant.example")))
    assert everything(scheduled(place, mail=post.url)) == ["done"]
    mail = post.mails[0]
    assert mail["Subject"] == "Day report, Plant North: Friday, 20 November 2026"
    assert (mail["To"], mail["From"]) == ("mia@plant.example, tom@plant.example", "desk@plant.example")
    assert "OEE" in mail.get_body().get_content()
    files = {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
    assert set(files) == {"taktwise-north-day-2026-11-20.pdf", "taktwise-north-day-2026-11-20.xlsx"}
    assert (
        "S\u00e4ge 12"
        in PdfReader(io.BytesIO(files["taktwise-north-day-2026-11-20.pdf"])).pages[-1].extract_text()
    )


@pytest.mark.loopback
def test_a_mail_that_is_sent_again_is_known_again(place, post):
    make_schedule(place, plan_for(Delivery.MAIL, ("mia@plant.example",), formats=(Format.XLSX,)))
    everything(scheduled(place, mail=post.url))
    with place.database.write() as tx:  # as if the process had died before it noted the answer
        tx.execute(update(t.report_runs).values(state="leased", lease_until_wall_us=1))
    everything(scheduled(place, mail=post.url))
    assert len(post.mails) == 2 and len({mail["Message-ID"] for mail in post.mails}) == 1


@pytest.mark.loopback
def test_a_mail_server_that_is_away_or_busy_is_asked_again(place, post):
    make_schedule(place, plan_for(Delivery.MAIL, ("mia@plant.example",), formats=(Format.XLSX,)))
    assert everything(scheduled(place, mail="smtp://127.0.0.1:9")) == ["waiting"]
    assert "no mail server at 127.0.0.1:9" in runs(place)[0][2]
    post.answer = "451 come back later"
    retry_now(place)
    assert everything(scheduled(place, mail=post.url)) == ["waiting"]
    assert "451" in runs(place)[0][2]
    assert everything(scheduled(place, mail=post.url)) == []  # not before its time
    post.answer = "250 OK"
    retry_now(place)
    assert everything(scheduled(place, mail=post.url)) == ["done"]
    assert len(post.mails) == 1


@pytest.mark.loopback
def test_a_mail_that_is_refused_for_good_is_a_person_s_matter(place, post):
    make_schedule(place, plan_for(Delivery.MAIL, ("mia@plant.example",), formats=(Format.XLSX,)))
    post.answer = "550 never heard of her"
    assert everything(scheduled(place, mail=post.url)) == ["failed"]
    retry_now(place)
    assert everything(scheduled(place, mail=post.url)) == []
    queries = ReportQueries(Plant(place.database, place.manager).context())
    run = queries.failed()[0]
    assert run.final and "550" in run.detail
    post.answer = "250 OK"
    ReportCommands(place.database, mail=True).try_again(place.manager, run.run_id)
    assert everything(scheduled(place, mail=post.url)) == ["done"]
    assert queries.failed() == ()


def test_a_failure_is_on_the_health_screen_until_it_is_mended(place, tmp_path):
    make_schedule(place, plan_for(target=("daily",)))
    (tmp_path / "daily").write_text("in the way")
    health = AdminQueries(Plant(place.database, place.manager).context()).health
    assert not [line for line in health().trouble if "report" in line]
    assert everything(scheduled(place, tmp_path)) == ["failed"]
    said = [line for line in health().trouble if "report" in line]
    assert said == [
        "the day report of Friday, 20 November 2026 could not be brought away: "
        "daily is no folder: File exists"
    ]
    (tmp_path / "daily").unlink()
    commands = ReportCommands(place.database, mail=False)
    commands.try_again(
        place.manager, ReportQueries(Plant(place.database, place.manager).context()).failed()[0].run_id
    )
    everything(scheduled(place, tmp_path))
    assert not [line for line in health().trouble if "report" in line]


def test_without_a_mail_server_mail_fails_visibly(place):
    make_schedule(place, plan_for(Delivery.MAIL, ("mia@plant.example",)))
    assert everything(scheduled(place)) == ["failed"]
    with pytest.raises(NotNow):
        ReportCommands(place.database, mail=False).schedule(
            place.manager, plan_for(Delivery.MAIL, ("a@b.example",))
        )


def test_a_paused_schedule_rests_and_makes_up_for_it(place, tmp_path):
    schedule_id = make_schedule(place, plan_for())
    commands = ReportCommands(place.database, mail=False)
    commands.set_state(place.manager, schedule_id, "paused")
    assert everything(scheduled(place, tmp_path)) == []
    commands.set_state(place.manager, schedule_id, "active")
    assert everything(scheduled(place, tmp_path)) == ["done"]
    commands.set_state(place.manager, schedule_id, "removed")
    set_clock(place.database, f.NOW + 2 * DAY)
    assert everything(scheduled(place, tmp_path)) == []
    with pytest.raises(NotNow):
        commands.set_state(place.manager, schedule_id, "active")


def test_who_may_not_schedule(place, database):
    commands = ReportCommands(database, mail=True)
    with database.write() as tx:
        operator = f.account(tx, "olaf", [Role.OPERATOR])
        elsewhere = f.account(tx, "eve", [Role.PLANT_MANAGER], ["north/forming"])
    for person in (operator, elsewhere):
        with pytest.raises(Forbidden):
            commands.schedule(person, plan_for())
    with pytest.raises(Forbidden):
        ReportQueries(Plant(database, operator).context()).places()
    with pytest.raises(Forbidden):
        ReportQueries(Plant(database, elsewhere).context()).periods("north", Kind.DAY)


def test_every_act_is_in_the_audit(place):
    schedule_id = make_schedule(place, plan_for())
    ReportCommands(place.database, mail=False).set_state(place.manager, schedule_id, "removed")
    with place.database.read() as tx:
        a = t.audit.c
        said = list(
            tx.execute(select(a.action).where(a.subject_id == schedule_id).order_by(a.entry)).scalars()
        )
    assert said == ["scheduled a report", "changed a scheduled report"]


def test_a_folder_cannot_be_left(tmp_path):
    from data.sinks.outlet import File, Parcel

    outlet = FolderOutlet(tmp_path / "reports")
    parcel = Parcel("k", "s", "w", [File("../../evil.pdf", "application/pdf", b"x")])
    assert isinstance(outlet.deliver(parcel, ["../elsewhere"]), Terminal)
    assert isinstance(outlet.deliver(parcel, ["in"]), Ack)
    assert [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.pdf")] == ["reports/in/evil.pdf"]
    (tmp_path / "locked").write_text("")
    assert isinstance(FolderOutlet(tmp_path / "locked").deliver(parcel, ["in"]), (Retry, Terminal))


@pytest.mark.services
def test_once_on_postgresql_too(postgres, tmp_path):
    with postgres.write() as tx:
        plant.build(tx)
        manager = f.account(tx, "mia", [Role.PLANT_MANAGER])
        plant.decided_case(tx, manager.account_id)
    here = type("Place", (), {"database": postgres, "manager": manager})()
    make_schedule(here, plan_for(kind=Kind.SHIFT, formats=(Format.XLSX,)))
    done: list[str] = []
    workers = [
        threading.Thread(target=lambda: done.extend(everything(scheduled(here, tmp_path)))) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert done == ["done"] * 3
    rows = ReportQueries(Plant(postgres, manager).context()).schedules()
    assert [(row.done, row.last_state) for row in rows] == [(3, "done")]
