import io
import json
import threading
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import delete, insert, select, update

from data.store import tables as t
from data.store.database import Database
from domain.errors import Tampered
from services import audit, audit_files, audit_pdf
from tests import factories as f


def entry(database: Database, n: int) -> None:
    with database.write() as tx:
        audit.append(
            tx,
            actor="a",
            action=f"does {n}",
            subject_kind="case",
            subject_id="c",
            plant_us=n,
            detail={"n": n},
        )


def filled(database: Database, count: int = 5) -> Database:
    for n in range(count):
        entry(database, n)
    return database


def test_a_whole_chain_verifies(database: Database) -> None:
    assert audit.verify(database).entries == 0
    verified = audit.verify(filled(database))
    assert verified.entries == 5 and len(verified.head) == 64


@pytest.mark.parametrize("column", ["actor", "action", "detail", "subject_id", "hash", "previous_hash"])
def test_a_changed_entry_is_found(database: Database, column: str) -> None:
    filled(database)
    with database.write() as tx:
        tx.execute(update(t.audit).where(t.audit.c.entry == 3).values({column: "x"}))
    with pytest.raises(Tampered, match="entry 3"):
        audit.verify(database)


def test_a_removed_entry_is_found(database: Database) -> None:
    filled(database)
    with database.write() as tx:
        tx.execute(delete(t.audit).where(t.audit.c.entry == 2))
    with pytest.raises(Tampered, match="entry 3"):
        audit.verify(database)


def test_reordered_entries_are_found(database: Database) -> None:
    filled(database)
    columns = [c.name for c in t.audit.c if c.name != "entry"]
    with database.write() as tx:
        rows = {r["entry"]: dict(r) for r in tx.execute(select(t.audit)).mappings()}
        tx.execute(delete(t.audit).where(t.audit.c.entry.in_((2, 3))))
        for here, there in ((2, 3), (3, 2)):
            tx.execute(insert(t.audit).values(entry=here, **{c: rows[there][c] for c in columns}))
    with pytest.raises(Tampered, match=r"entry 2 .*reordered"):
        audit.verify(database)


def test_an_end_that_was_cut_off_is_found_by_an_anchor(database: Database, tmp_path: Path) -> None:
    filled(database)
    folder = tmp_path / "anchors"
    written = audit_files.publish(database, folder)
    assert written and audit_files.publish(database, folder) is None  # once a day
    entry(database, 6)
    assert audit.verify(database, audit_files.anchors(folder)).entries == 6
    with database.write() as tx:
        tx.execute(delete(t.audit).where(t.audit.c.entry >= 5))
    assert audit.verify(database).entries == 4
    with pytest.raises(Tampered, match="entry 5 was published"):
        audit.verify(database, audit_files.anchors(folder))


def test_an_export_proves_itself(database: Database, tmp_path: Path) -> None:
    filled(database)
    file = tmp_path / "audit.jsonl"
    kept = list(audit_files.lines(database))
    file.write_text("\n".join(kept))
    assert audit_files.verify_file(file).entries == 5
    for wrong, what in (
        ([kept[0].replace("does 0", "does 9"), *kept[1:]], "changed"),
        ([*kept[:2], *kept[3:]], "missing"),
        ([kept[0], kept[2], kept[1], *kept[3:]], "reordered"),
    ):
        file.write_text("\n".join(wrong))
        with pytest.raises(Tampered, match=what):
            audit_files.verify_file(file)


def test_the_readable_copy_shows_the_signature(database: Database) -> None:
    with database.write() as tx:
        who = f.account(tx, "sue", name="Sue <Supervisor>")
        tx.execute(
            insert(t.signatures).values(
                signature_id="s", case_id="c", account_id=who.account_id, printed_name=who.name,
                meaning="I release these orders.", signed_wall_us=1_795_255_200_000_000,
                record_hash="ab" * 32,
            )
        )  # fmt: skip
        audit.append(
            tx, actor=who.account_id, action="approved", subject_kind="case", subject_id="c", plant_us=0,
            detail={"record_hash": "ab" * 32},
        )  # fmt: skip
    text = "".join(
        page.extract_text() for page in PdfReader(io.BytesIO(audit_pdf.pdf(database, "Audit"))).pages
    )
    for words in ("Sue <Supervisor>, 2026-11-21 10:00:00 UTC: I release these orders.", "ab" * 32):
        assert words.replace(" ", "") in "".join(text.split())
    (line,) = audit_files.lines(database)
    assert json.loads(line)["signature"]["printed_name"] == "Sue <Supervisor>"


def test_an_inserted_entry_is_found(database: Database) -> None:
    filled(database, 2)
    with database.write() as tx:
        row = dict(tx.execute(select(t.audit).where(t.audit.c.entry == 2)).mappings().one())
        tx.execute(insert(t.audit).values({**row, "entry": 3, "previous_hash": "x"}))
    with pytest.raises(Tampered):
        audit.verify(database)


def test_what_is_rolled_back_leaves_no_hole(database: Database) -> None:
    filled(database, 2)
    with pytest.raises(RuntimeError), database.write() as tx:
        audit.append(tx, actor="a", action="x", subject_kind="k", subject_id="s", plant_us=0)
        raise RuntimeError
    entry(database, 9)
    assert audit.verify(database).entries == 3


def _together(database: Database, writers: int = 12, each: int = 10) -> None:
    failures: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            for n in range(each):
                entry(database, 100 * writer + n)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert audit.verify(database).entries == writers * each


def test_concurrent_writers_keep_one_chain_on_sqlite(database: Database) -> None:
    _together(database)


@pytest.mark.services
def test_concurrent_writers_keep_one_chain_on_postgresql(postgres: Database) -> None:
    _together(postgres)
