"""How fast is the desk where people decide? Card, inbox, approval, and the ERP's receipt.

A desk of its own is made in a temporary folder: the demo plant's machines, 10,000 past cases with
their evidence, orders, receipts and audit, and 1,000 open ones. The card and the inbox are measured from
the query to the finished HTML, as the screen draws them. The approval is the whole command, password
(bcrypt) and signature included. For the receipt the embedded NATS server, the real relay and the virtual
ERP run as their own processes; the clock stops when the receipt is in our database.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from auth.permissions import Actor, Role
from auth.signatures import Credential
from benchmarks import decide_rows
from components import card
from components.approval import people_panel
from components.choices import choices_panel
from components.course import course_panel
from components.inbox import headline, under_way_panel, waiting_panel
from components.orders import orders_panel
from data.store import tables as t
from data.store.database import Database
from domain.clock import Clock, wall_us
from domain.ids import new_id
from runtime import nats_server, ports
from services.actors import actor_of
from services.commands.cases import CaseCommands
from services.context import Context
from services.queries.decide import DecideQueries
from services.rows.site import SiteRow

PAST, OPEN = 10_000, 1_000
OPENED, FILTERED, APPROVED, SENT = 60, 20, 30, 20
CARD_MS, INBOX_MS, QUEUED_MS, RECEIPT_MS = 300.0, 200.0, 300.0, 2_000.0
WAIT_S, START_S = 20.0, 120.0  # for a receipt; for the first one, while the processes start
ROOT = Path(__file__).resolve().parent.parent


def run() -> list[dict[str, Any]]:
    """Measure. Raises SettingsError when a port cannot be had."""
    with tempfile.TemporaryDirectory(prefix="taktwise-decide-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'taktwise.db'}")
        database.create_all()
        decide_rows.fill(database, PAST, OPEN)
        try:
            return _measure(database, Path(folder))
        finally:
            database.close()


def _measure(database: Database, folder: Path) -> list[dict[str, Any]]:
    desk = _Desk(database)
    held = f"{PAST:,} past and {OPEN:,} open cases, SQLite"
    numbers = desk.open_numbers()
    return [
        _row("card opens, p95", _p95(_times(desk.card, numbers[:OPENED])), CARD_MS, f"query to HTML; {held}"),
        _row(
            "inbox of 1,000 filters, p95",
            _p95(_times(desk.inbox, desk.lines() * FILTERED)),
            INBOX_MS,
            f"query to HTML for one line; {held}",
        ),
        _row(
            "approve to queued, p95",
            _p95(_times(desk.approve, numbers[:APPROVED])),
            QUEUED_MS,
            f"password, signature, outbox and the new card; {held}",
        ),
        _row(
            "approve to ERP receipt, p95",
            _p95(_receipts(database, desk, folder, numbers[APPROVED : APPROVED + SENT])),
            RECEIPT_MS,
            "command, outbox, relay, NATS JetStream, virtual ERP and back; each a process of its own",
        ),
    ]


def _row(name: str, value: float, reach: float, method: str) -> dict[str, Any]:
    return {
        "name": name, "value": round(value, 1), "unit": "ms", "reach": reach, "ok": value <= reach,
        "method": method,
    }  # fmt: skip


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def _times(act: Callable[[Any], object], over: list[Any]) -> list[float]:
    """Milliseconds of each; the first is a warm-up."""
    act(over[0])
    found = []
    for one in over[1:]:
        began = time.perf_counter()
        act(one)
        found.append((time.perf_counter() - began) * 1_000)
    return found


class _Desk:
    """One supervisor at the desk."""

    def __init__(self, database: Database) -> None:
        self._database, self._cases = database, CaseCommands(database)
        with database.read() as tx:
            rows = tx.execute(select(t.accounts)).mappings().all()
        self._actor: Actor = next(a for a in map(actor_of, rows) if Role.SUPERVISOR in a.roles)
        self._site = SiteRow(decide_rows.SITE, "Plant", "Europe/Berlin", "EUR")

    def _queries(self) -> DecideQueries:
        return DecideQueries(Context(self._database, self._actor, self._site, Clock(0, 0)))

    def open_numbers(self) -> list[int]:
        return [row.number for row in self._queries().inbox().waiting]

    def lines(self) -> list[str]:
        return [line_id for line_id, _ in self._queries().inbox().lines]

    def card(self, number: int) -> str:
        now, case = wall_us(), self._queries().case(number)
        return (
            card.case_title(case, self._site, now, case.approval.limit_cents)
            + card.why_panel(case, self._site, now)
            + choices_panel(case, self._site, now)
            + orders_panel(case, self._site, now)
            + people_panel(case, self._site, now)
            + course_panel(case.course, self._site, now)
        )

    def inbox(self, line_id: str) -> str:
        now, found = wall_us(), self._queries().inbox(line_id)
        return (
            headline(found, self._site, now)
            + waiting_panel(found.waiting, self._site, now)
            + under_way_panel(found.under_way, self._site, now)
        )

    def approve(self, number: int) -> str:
        """Approve, and draw the card that says so."""
        case = self._queries().case(number)
        typed = Credential(decide_rows.PASSWORD)
        self._cases.approve(self._actor, case.case_id, case.version, new_id(), credential=typed)
        return self.card(number)


def _receipts(database: Database, desk: _Desk, folder: Path, numbers: list[int]) -> list[float]:
    """Milliseconds from the click to the ERP's receipt in our database."""
    with _running(database, folder):
        found: list[float] = []
        for number in numbers:
            before, began = _received(database), time.perf_counter()
            desk.approve(number)
            patience = WAIT_S if found else START_S
            while _received(database) == before and time.perf_counter() - began < patience:
                time.sleep(0.005)
            found.append((time.perf_counter() - began) * 1_000)
        return found[1:]


def _received(database: Database) -> int:
    """Receipts of the ERP."""
    with database.read() as tx:
        query = select(func.count()).select_from(t.receipts).where(t.receipts.c.sender.like("erp%"))
        return int(tx.execute(query).scalar_one())


@contextmanager
def _running(database: Database, folder: Path) -> Iterator[None]:
    chosen = ports.choose(folder)
    secret = new_id()
    config = nats_server.write_config(
        folder / "nats", mqtt_port=chosen["mqtt"], client_port=chosen["queue"], username="taktwise",
        password=secret, plant_username="plant", plant_password=secret,
    )  # fmt: skip
    binary = str(Path(sys.executable).parent / "nats-server")
    env = os.environ | {
        "TAKTWISE_VAR_DIR": str(folder), "TAKTWISE_DATABASE_URL": database.url,
        "TAKTWISE_QUEUE_URL": f"nats://taktwise:{secret}@127.0.0.1:{chosen['queue']}",
    }  # fmt: skip
    erp = env | {"TAKTWISE_QUEUE_URL": f"nats://plant:{secret}@127.0.0.1:{chosen['queue']}"}
    quiet = subprocess.DEVNULL
    started = [subprocess.Popen([binary, "-c", str(config)], stdout=quiet, stderr=quiet)]
    try:
        _wait_for(chosen["queue"])
        for command, variables in (
            ([sys.executable, "-m", "runtime", "relay"], env),
            ([sys.executable, "-m", "benchmarks.decide_erp"], erp),
        ):
            with (folder / f"{command[-1]}.log").open("w") as log:
                started.append(subprocess.Popen(command, cwd=ROOT, env=variables, stdout=log, stderr=log))
        yield
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(10)


def _wait_for(port: int) -> None:
    """Until the queue server listens."""
    for _ in range(200):
        if not ports.is_free(port):
            return
        time.sleep(0.05)
