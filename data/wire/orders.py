"""Commands and receipts as JSON documents after B2MML V7.

Every `encode_*` returns text that `decode_*` turns back into an equal value, or raises InvalidInput.
Every `decode_*` raises Malformed, and nothing else, on anything that it cannot read. BODID is the
message id; receipts and cancels name the command that they mean in OriginalApplicationArea.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from data.wire import b2mml, envelope
from data.wire.set_points import set_point_body, set_point_of
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
    Retraining,
    SetPointChange,
)

MAX_BYTES = envelope.MAX_BYTES
RECEIVER = "taktwise"
_ERP = "erp."


def encode_command(command: Command) -> str:
    """The document for the receiver's queue. InvalidInput when it could not be read back."""
    noun = "OperationsRequest" if command.queue.startswith(_ERP) else "JobOrder"
    cancel = command.work if isinstance(command.work, Cancel) else None
    verb = "Cancel" if cancel else "Process"
    criteria: dict[str, Any] = {"ActionCriteria": [{"ActionCode": "Delete" if cancel else "Add"}]}
    if cancel:
        criteria |= {"OriginalApplicationArea": {"BODID": cancel.command_id}, "Description": cancel.reason}
    text = envelope.dump(
        verb + noun,
        at_us=command.created_us,
        sender=command.sender,
        receiver=command.queue,
        bod_id=command.command_id,
        data={verb: criteria, noun: [{"ID": command.business_key} | _body(command)]},
    )
    return _checked(text, command, decode_command)


def encode_receipt(receipt: Receipt) -> str:
    """The document for `receipts.<sender>`. InvalidInput when it could not be read back."""
    early = receipt.status in (ReceiptStatus.ACCEPTED, ReceiptStatus.REFUSED)
    verb = "Acknowledge" if early else "Respond"
    erp = receipt.sender.startswith(_ERP)
    refused = receipt.status is ReceiptStatus.REFUSED
    criteria = {
        "ActionCriteria": [{"ActionCode": "Rejected" if refused else "Accepted"}],
        "OriginalApplicationArea": {"BODID": receipt.command_id},
        "Description": receipt.detail,
    }
    noun = "OperationsPerformance" if erp else "JobResponse"
    text = envelope.dump(
        verb + ("OperationsRequest" if erp else "JobOrder"),
        at_us=receipt.at_us,
        sender=receipt.sender,
        receiver=RECEIVER,
        bod_id=receipt.receipt_id,
        data={verb: criteria, noun: [_response_body(receipt, early)]},
    )
    return _checked(text, receipt, decode_receipt)


def decode_command(body: str | bytes) -> Command:
    """Read a command. Raises Malformed."""
    root, document = envelope.load(body)
    area, data = document.application_area, document.data_area
    verb = data.process or data.cancel
    if verb is None:
        _refuse("wrong_root", f"{root} is no command")
    for_erp = area.receiver.logical_id.startswith(_ERP)
    if for_erp != (data.operations_request is not None):
        _refuse("wrong_noun", f"{root} for {area.receiver.logical_id}")
    noun: b2mml.JobOrder | b2mml.OperationsRequest = (data.job_order or data.operations_request or [])[0]
    kind, work = _cancel(verb, noun) if data.cancel else _work(verb, noun)
    return Command(
        command_id=area.bod_id,
        queue=area.receiver.logical_id,
        business_key=noun.id,
        kind=kind,
        work=work,
        sender=area.sender.logical_id,
        created_us=b2mml.moment_us(area.creation_date_time),
    )


def decode_receipt(body: str | bytes) -> Receipt:
    """Read a receipt. Raises Malformed."""
    root, document = envelope.load(body)
    area, data = document.application_area, document.data_area
    verb, nouns = data.acknowledge or data.respond, data.job_response or data.operations_performance
    if verb is None or not nouns or verb.original_application_area is None:
        _refuse("wrong_root", f"{root} is no receipt")
    if area.sender.logical_id.startswith(_ERP) != (data.operations_performance is not None):
        _refuse("wrong_noun", f"{root} from {area.sender.logical_id}")
    found = {item.id: item.value for item in nouns[0].job_response_data or ()}
    if not found.keys() <= {"finding", "found_cause"}:
        _refuse("wrong_content", "a receipt with parameters of an order")
    return Receipt(
        receipt_id=area.bod_id,
        sender=area.sender.logical_id,
        command_id=verb.original_application_area.bod_id,
        business_key=nouns[0].id,
        status=_status(data.acknowledge is not None, verb, nouns[0]),
        detail=verb.description,
        at_us=b2mml.moment_us(area.creation_date_time),
        finding=_finding(found.get("finding")),
        found_cause=found.get("found_cause", ""),
    )


def _body(command: Command) -> dict[str, Any]:
    match command.work:
        case MaintenanceOrder() as job:
            return _job_body(command.kind, job)
        case Reservation() | Requisition() as request:
            return _request_body(command.kind, request)
        case SetPointChange() as change:
            return set_point_body(change)
        case Cancel():
            return {}
        case Retraining():
            raise InvalidInput("training a model anew stays in the desk; no receiver takes it")


def _job_body(kind: CommandKind, job: MaintenanceOrder) -> dict[str, Any]:
    body: dict[str, Any] = {
        "WorkType": "Maintenance",
        "WorkMasterID": kind.value,
        "StartTime": envelope.moment(job.start_us),
        "Duration": f"PT{job.duration_s}S",
        "EquipmentRequirement": [{"EquipmentID": job.equipment_id}],
        "PersonnelRequirement": [{"PersonnelClassID": job.skill}],
        "JobOrderParameter": [{"ID": "task", "Value": job.task}, {"ID": "cause", "Value": job.cause}],
    }
    if job.part_id is not None:
        body["MaterialRequirement"] = [_material(job.part_id, 1)]
    return body


def _request_body(kind: CommandKind, request: Reservation | Requisition) -> dict[str, Any]:
    segment = {
        "LatestEndTime": envelope.moment(request.needed_us),
        "EquipmentRequirement": [{"EquipmentID": request.for_equipment_id}],
        "MaterialRequirement": [_material(request.part_id, request.quantity)],
    }
    return {
        "OperationsType": "Inventory",
        "OperationsDefinitionID": kind.value,
        "SegmentRequirement": [segment],
    }


def _material(part_id: str, quantity: int) -> dict[str, Any]:
    return {"MaterialDefinitionID": part_id, "Quantity": {"QuantityString": str(quantity)}}


def _response_body(receipt: Receipt, early: bool) -> dict[str, Any]:
    body: dict[str, Any] = {"ID": receipt.business_key}
    if not early:
        body["RequestState"] = "Completed" if receipt.status is ReceiptStatus.DONE else "Cancelled"
    found = {"finding": receipt.finding, "found_cause": receipt.found_cause}
    if any(found.values()):
        body["JobResponseData"] = [
            {"ID": name, "Value": str(value)} for name, value in found.items() if value
        ]
    return body


def _cancel(verb: b2mml.Verb, noun: b2mml.JobOrder | b2mml.OperationsRequest) -> tuple[CommandKind, Cancel]:
    if verb.original_application_area is None or noun.model_fields_set != {"id"}:
        _refuse("wrong_content", "a cancel names one earlier message and an id, and no more")
    _need(verb.action_criteria[0].action_code == "Delete", "a cancel has the action code Delete")
    return CommandKind.CANCEL, Cancel(verb.original_application_area.bod_id, verb.description)


def _work(
    verb: b2mml.Verb, noun: b2mml.JobOrder | b2mml.OperationsRequest
) -> tuple[CommandKind, MaintenanceOrder | Reservation | Requisition | SetPointChange]:
    _need(verb.action_criteria[0].action_code == "Add", "an order has the action code Add")
    _need(verb.original_application_area is None, "an order names no earlier message")
    return _job(noun) if isinstance(noun, b2mml.JobOrder) else _request(noun)


def _job(order: b2mml.JobOrder) -> tuple[CommandKind, MaintenanceOrder | SetPointChange]:
    if order.work_master_id == "set_point_change":
        return CommandKind.SET_POINT_CHANGE, set_point_of(order)
    if not (order.start_time and order.duration and order.work_type and order.work_master_id):
        _refuse("wrong_content", "a job order without type, start or duration")
    if order.work_type != "Maintenance" or not (order.equipment_requirement and order.personnel_requirement):
        _refuse("wrong_content", "a job order without equipment or personnel")
    parameters = {item.id: item.value for item in order.job_order_parameter or ()}
    _need(parameters.keys() == {"task", "cause"}, "a job order has a task and a cause")
    part = order.material_requirement[0] if order.material_requirement else None
    _need(part is None or part.quantity.quantity_string == "1", "a job order takes one part")
    kind = CommandKind(order.work_master_id)
    return kind, MaintenanceOrder(
        equipment_id=order.equipment_requirement[0].equipment_id,
        start_us=b2mml.moment_us(order.start_time),
        duration_s=int(order.duration[2:-1]),
        task=parameters["task"],
        skill=order.personnel_requirement[0].personnel_class_id,
        part_id=part.material_definition_id if part else None,
        cause=parameters["cause"],
        inspect_only=kind is CommandKind.INSPECTION_ORDER,
    )


def _request(request: b2mml.OperationsRequest) -> tuple[CommandKind, Reservation | Requisition]:
    if not (request.operations_type and request.operations_definition_id and request.segment_requirement):
        _refuse("wrong_content", "an operations request without type, definition or segment")
    segment = request.segment_requirement[0]
    material = segment.material_requirement[0]
    kind = CommandKind(request.operations_definition_id)
    make = Reservation if kind is CommandKind.RESERVATION else Requisition
    return kind, make(
        part_id=material.material_definition_id,
        quantity=int(material.quantity.quantity_string),
        needed_us=b2mml.moment_us(segment.latest_end_time),
        for_equipment_id=segment.equipment_requirement[0].equipment_id,
    )


def _status(early: bool, verb: b2mml.Verb, noun: b2mml.Response) -> ReceiptStatus:
    code = verb.action_criteria[0].action_code
    match (early, code, noun.request_state):
        case (True, "Accepted", None):
            return ReceiptStatus.ACCEPTED
        case (True, "Rejected", None):
            return ReceiptStatus.REFUSED
        case (False, "Accepted", "Completed"):
            return ReceiptStatus.DONE
        case (False, "Accepted", "Cancelled"):
            return ReceiptStatus.CANCELLED
        case _:
            raise Malformed("wrong_content", f"a receipt with the code {code} in state {noun.request_state}")


def _finding(value: str | None) -> Finding | None:
    try:
        return None if value is None else Finding(value)
    except ValueError as error:
        raise Malformed("wrong_content", "an unknown finding") from error


def _need(held: bool, rule: str) -> None:
    if not held:
        _refuse("wrong_content", rule)


def _refuse(reason: str, detail: str) -> NoReturn:
    raise Malformed(reason, detail)


def _checked(text: str, value: Command | Receipt, decode: Callable[[str], Command | Receipt]) -> str:
    try:
        same = decode(text) == value
    except Malformed as error:
        raise InvalidInput(f"the receiver could not read this message: {error}") from error
    if not same:
        raise InvalidInput("this message contradicts itself")
    return text
