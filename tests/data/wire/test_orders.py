"""Orders and receipts: what is written is read back, and nothing else is read."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.wire.orders import (
    MAX_BYTES,
    decode_command,
    decode_receipt,
    encode_command,
    encode_receipt,
)
from domain.errors import InvalidInput, Malformed
from domain.messages import (
    Cancel,
    Command,
    CommandKind,
    Finding,
    MaintenanceOrder,
    Receipt,
    ReceiptStatus,
    Requisition,
    Reservation,
    SetPointChange,
)

plain = st.characters(exclude_categories=["Cc", "Cs"])
ids = st.text(plain, min_size=1, max_size=60)
words = st.text(plain, max_size=200)
times = st.integers(0, 253_402_300_799_999_999)
amounts = st.integers(1, 9_999_999)

jobs = st.builds(
    MaintenanceOrder, ids, times, amounts, words, words, st.none() | ids, words, inspect_only=st.just(False)
)
values = st.floats(allow_nan=False, allow_infinity=False)
moves = st.builds(SetPointChange, ids, ids, ids, ids, values, values)
inspections = jobs.map(lambda job: replace(job, inspect_only=True))


def commands(kind: Any, work: Any, queues: Any) -> st.SearchStrategy[Command]:
    return st.builds(Command, ids, queues, ids, st.just(kind), work, sender=ids, created_us=times)


mes = st.integers(1, 9).map(lambda n: f"mes.line-{n}")
erp = st.sampled_from(["erp.procurement", "erp.stock", "erp.finance"])
any_command = st.one_of(
    commands(CommandKind.MAINTENANCE_ORDER, jobs, mes),
    commands(CommandKind.INSPECTION_ORDER, inspections, mes),
    commands(CommandKind.RESERVATION, st.builds(Reservation, ids, amounts, times, ids), erp),
    commands(CommandKind.REQUISITION, st.builds(Requisition, ids, amounts, times, ids), erp),
    commands(CommandKind.SET_POINT_CHANGE, moves, mes),
    commands(CommandKind.CANCEL, st.builds(Cancel, ids, words), mes | erp),
)
any_receipt = st.builds(
    Receipt,
    ids,
    mes | erp,
    ids,
    words,
    st.sampled_from(ReceiptStatus),
    words,
    times,
    st.none() | st.sampled_from(Finding),
    words,
)

JOB = MaintenanceOrder(
    "north/machining/line-1/cnc-11", 10**15, 5400, "Replace spindle bearing", "mechanic", "P-1", "bearing"
)
ORDER = Command(
    command_id="0190-a",
    queue="mes.line-1",
    business_key="north/machining/line-1/cnc-11|bearing|1",
    kind=CommandKind.MAINTENANCE_ORDER,
    work=JOB,
    created_us=10**15 + 1,
)
RECEIPT = Receipt(
    "r-1", "mes.line-1", "0190-a", "key", ReceiptStatus.DONE, "done", 10**15, Finding.DEGRADED, "bearing"
)


@given(any_command)
def test_a_command_is_read_back_as_it_was_written(command):
    assert decode_command(encode_command(command)) == command
    assert decode_command(encode_command(command).encode()) == command


@given(any_receipt)
def test_a_receipt_is_read_back_as_it_was_written(receipt):
    assert decode_receipt(encode_receipt(receipt)) == receipt


def test_the_document_has_one_root_and_the_id_as_bodid():
    document = json.loads(encode_command(ORDER))
    assert list(document) == ["ProcessJobOrder"]
    area = document["ProcessJobOrder"]["ApplicationArea"]
    assert area["BODID"] == ORDER.command_id
    assert area["CreationDateTime"] == "2001-09-09T01:46:40.000001Z"
    order = document["ProcessJobOrder"]["DataArea"]["JobOrder"][0]
    assert order["WorkType"] == "Maintenance"


@pytest.mark.parametrize(
    ("kind", "queue", "root"),
    [
        (CommandKind.CANCEL, "mes.line-2", "CancelJobOrder"),
        (CommandKind.CANCEL, "erp.stock", "CancelOperationsRequest"),
    ],
)
def test_a_cancel_has_the_receivers_noun(kind, queue, root):
    command = Command("c-2", queue, "cancel|c-1", kind, Cancel("c-1", "changed our mind"))
    assert list(json.loads(encode_command(command))) == [root]


def changed(text: str, path: Any, value: Any) -> str:
    document = json.loads(text)
    node = document[next(iter(document))]
    for step in path[:-1]:
        node = node[step]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return json.dumps(document)


MOVE = Command(
    "c-3", "mes.line-2", "CASE-7-SET-POINT", CommandKind.SET_POINT_CHANGE,
    SetPointChange("north/forming/line-2/press-21", "P-201", "blank_holder_force", "kN", 420.0, 438.5),
)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("WorkType",), "Maintenance"),
        (("StartTime",), "2026-11-21T10:00:00Z"),
        (("EquipmentRequirement",), ...),
        (("JobOrderParameter",), ...),
        (("JobOrderParameter", 4, "Value"), "nan"),
        (("JobOrderParameter", 4, "Value"), "1e999"),
        (("JobOrderParameter", 4, "Value"), "1_0"),
        (("JobOrderParameter", 0, "Value"), ""),
        (("JobOrderParameter", 0, "ID"), "task"),
    ],
)
def test_a_request_for_a_set_point_that_says_too_much_or_too_little_is_refused(path, value):
    with pytest.raises(Malformed):
        decode_command(changed(encode_command(MOVE), ("DataArea", "JobOrder", 0, *path), value))


def test_maintenance_is_asked_for_as_maintenance():
    with pytest.raises(Malformed):
        decode_command(changed(encode_command(ORDER), ("DataArea", "JobOrder", 0, "WorkType"), "Other"))


ORDER_AT = ("DataArea", "JobOrder", 0)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("releaseID",), "V0600"),
        (("ApplicationArea", "CreationDateTime"), "2026-11-21 10:00:00"),
        (("ApplicationArea", "CreationDateTime"), "2026-11-21T10:00:00"),
        (("ApplicationArea", "CreationDateTime"), "2026-13-21T10:00:00Z"),
        (("ApplicationArea", "CreationDateTime"), "0001-01-01T00:00:00+23:59"),
        (("ApplicationArea", "CreationDateTime"), 5),
        (("ApplicationArea", "BODID"), ""),
        (("ApplicationArea", "BODID"), "x" * 256),
        (("ApplicationArea", "BODID"), "a\x00b"),
        (("ApplicationArea", "BODID"), ...),
        (("ApplicationArea", "Sender"), ...),
        (("ApplicationArea", "Surprise"), 1),
        (("ApplicationArea", "Receiver", "LogicalID"), "erp.stock"),
        (("DataArea", "Process", "ActionCriteria"), []),
        (("DataArea", "Process", "ActionCriteria"), [{"ActionCode": "Explode"}]),
        (("DataArea", "Process", "ActionCriteria"), [{"ActionCode": "Delete"}]),
        (("DataArea", "Process", "OriginalApplicationArea"), {"BODID": "x"}),
        (("DataArea", "Cancel"), {"ActionCriteria": [{"ActionCode": "Delete"}]}),
        (("DataArea", "Process"), ...),
        (("DataArea", "JobOrder"), []),
        ((*ORDER_AT, "WorkType"), "Production"),
        ((*ORDER_AT, "WorkType"), ...),
        ((*ORDER_AT, "WorkMasterID"), "reservation"),
        ((*ORDER_AT, "StartTime"), "soon"),
        ((*ORDER_AT, "StartTime"), None),
        ((*ORDER_AT, "Duration"), "PT0S"),
        ((*ORDER_AT, "Duration"), "PT-5S"),
        ((*ORDER_AT, "Duration"), 5400),
        ((*ORDER_AT, "EquipmentRequirement"), []),
        ((*ORDER_AT, "PersonnelRequirement"), ...),
        ((*ORDER_AT, "MaterialRequirement", 0, "Quantity", "QuantityString"), "2"),
        ((*ORDER_AT, "MaterialRequirement", 0, "Quantity", "QuantityString"), "1.5"),
        ((*ORDER_AT, "MaterialRequirement", 0, "Quantity", "QuantityString"), 1),
        ((*ORDER_AT, "JobOrderParameter"), []),
        ((*ORDER_AT, "JobOrderParameter"), [{"ID": "task", "Value": "a"}, {"ID": "task", "Value": "b"}]),
    ],
)
def test_a_wrong_order_is_refused(path, value):
    with pytest.raises(Malformed):
        decode_command(changed(encode_command(ORDER), path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("DataArea", "JobResponse", 0, "RequestState"), "Running"),
        (("DataArea", "JobResponse", 0, "RequestState"), ...),
        (("DataArea", "JobResponse", 0, "JobResponseData", 0, "Value"), "fine"),
        (("DataArea", "JobResponse", 0, "JobResponseData", 0, "ID"), "task"),
        (("DataArea", "Respond", "OriginalApplicationArea"), ...),
        (("DataArea", "Respond", "ActionCriteria", 0, "ActionCode"), "Rejected"),
        (("ApplicationArea", "Sender", "LogicalID"), "erp.stock"),
    ],
)
def test_a_wrong_receipt_is_refused(path, value):
    with pytest.raises(Malformed):
        decode_receipt(changed(encode_receipt(RECEIPT), path, value))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no_json"),
        (b"\xff\xfe", "no_json"),
        (b"{", "no_json"),
        (b"[]", "wrong_root"),
        (b"{}", "wrong_root"),
        (b'{"ProcessJobOrder": {}, "CancelJobOrder": {}}', "wrong_root"),
        (b'{"ProcessJobOrder": {}, "ProcessJobOrder": {}}', "no_json"),
        (b'{"DropTables": {}}', "wrong_root"),
        (b'{"ProcessJobOrder": {}}', "wrong_content"),
        (b'{"ProcessJobOrder": null}', "wrong_content"),
        (b'{"ProcessJobOrder": NaN}', "no_json"),
        (b'{"a": ' + b"9" * 5000 + b"}", "no_json"),
        (b"[" * 30_000, "no_json"),
        (b'"' + b"a" * MAX_BYTES + b'"', "too_large"),
        ('"' + "ä" * (MAX_BYTES // 2) + '"', "too_large"),
        ('{"\ud800": 1}', "no_json"),
        ('{"\\ud800": 1}', "wrong_root"),
    ],
)
@pytest.mark.parametrize("decode", [decode_command, decode_receipt])
def test_garbage_is_malformed_with_a_reason(decode, body, reason):
    with pytest.raises(Malformed) as caught:
        decode(body)
    assert caught.value.reason == reason


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_noise_is_malformed(body):
    for decode in (decode_command, decode_receipt):
        with pytest.raises(Malformed):
            decode(body)


@given(st.data())
def test_a_damaged_order_is_read_or_malformed(data):
    raw = bytearray(encode_command(ORDER).encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode_command(bytes(raw))
    except Malformed as error:
        assert error.reason in {"no_json", "wrong_root", "wrong_content", "wrong_noun"}


def test_a_receipt_is_no_command_and_the_reverse():
    with pytest.raises(Malformed):
        decode_command(encode_receipt(RECEIPT))
    with pytest.raises(Malformed):
        decode_receipt(encode_command(ORDER))


@pytest.mark.parametrize(
    "command",
    [
        replace(ORDER, kind=CommandKind.INSPECTION_ORDER),
        replace(ORDER, kind=CommandKind.RESERVATION),
        replace(ORDER, queue="erp.stock"),
        replace(ORDER, command_id=""),
        replace(ORDER, created_us=-1),
        replace(ORDER, created_us=10**20),
        replace(ORDER, work=replace(JOB, duration_s=0)),
        replace(ORDER, work=Reservation("P-1", 1, 0, "x")),
    ],
)
def test_a_command_that_nobody_could_read_is_not_written(command):
    with pytest.raises(InvalidInput):
        encode_command(command)


def test_half_a_character_is_not_written():
    with pytest.raises(InvalidInput):
        encode_receipt(replace(RECEIPT, detail="\ud800"))


def test_the_examples_in_the_documentation_are_read():
    text = (Path(__file__).resolve().parents[3] / "docs" / "orders.md").read_text(encoding="utf-8")
    examples = re.findall(r"```json\n(.*?)```", text, re.S)
    *orders, receipt = examples
    kinds = [decode_command(example).kind for example in orders]
    k = CommandKind
    assert kinds == [k.MAINTENANCE_ORDER, k.RESERVATION, k.SET_POINT_CHANGE, k.CANCEL]
    assert decode_receipt(receipt).finding is Finding.DEGRADED
