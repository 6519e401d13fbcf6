"""Orders to the MES and the ERP, and the receipts that come back.

A command's `command_id` is the message id, the idempotency key of every hop, and the correlation
id of its receipts. `business_key` names the real-world thing that must exist once only.
"""

from dataclasses import dataclass
from enum import StrEnum


class CommandKind(StrEnum):
    """What a receiver is asked to do."""

    MAINTENANCE_ORDER = "maintenance_order"
    INSPECTION_ORDER = "inspection_order"
    RESERVATION = "reservation"
    REQUISITION = "requisition"
    CANCEL = "cancel"
    RETRAINING = "retraining"
    SET_POINT_CHANGE = "set_point_change"


class CommandState(StrEnum):
    """proposed -> queued -> sent -> accepted -> done, or refused, or cancelled."""

    PROPOSED = "proposed"
    QUEUED = "queued"
    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    DONE = "done"


class ReceiptStatus(StrEnum):
    """What a receiver answers."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    DONE = "done"
    CANCELLED = "cancelled"


class Finding(StrEnum):
    """What the technician found (as found, before the repair)."""

    FAILED = "failed"
    DEGRADED = "degraded"
    NOTHING_FOUND = "nothing_found"
    OTHER_FAULT = "other_fault"


@dataclass(frozen=True, slots=True)
class MaintenanceOrder:
    """Stop `equipment_id` at `start_us` (plant time) for `duration_s` and do the work."""

    equipment_id: str
    start_us: int
    duration_s: int
    task: str
    skill: str
    part_id: str | None
    cause: str
    inspect_only: bool = False


@dataclass(frozen=True, slots=True)
class Reservation:
    """Set `quantity` of a part in stock aside for a maintenance order."""

    part_id: str
    quantity: int
    needed_us: int
    for_equipment_id: str


@dataclass(frozen=True, slots=True)
class Requisition:
    """Ask procurement to buy."""

    part_id: str
    quantity: int
    needed_us: int
    for_equipment_id: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Take back an earlier command, if it is not yet under way."""

    command_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Retraining:
    """Train a model anew. Stays in the desk: `python -m runtime retrain` takes it, no queue ever sees it."""

    site_id: str
    model_name: str
    model_version: str


@dataclass(frozen=True, slots=True)
class SetPointChange:
    """Move one set point in the recipe of a product on a machine, from its next order on.

    Both values in `unit`. Who receives it decides whether it still reads `from_value` and may be moved.
    """

    equipment_id: str
    product_id: str
    parameter: str
    unit: str
    from_value: float
    to_value: float


Work = MaintenanceOrder | Reservation | Requisition | Cancel | Retraining | SetPointChange


@dataclass(frozen=True, slots=True)
class Command:
    """One message to one receiver queue (`mes.<instance>` or `erp.<module>`)."""

    command_id: str
    queue: str
    business_key: str
    kind: CommandKind
    work: Work
    sender: str = "taktwise"
    created_us: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """An answer on `receipts.<sender>`. A command gets accepted or refused, later done or cancelled."""

    receipt_id: str
    sender: str
    command_id: str
    business_key: str
    status: ReceiptStatus
    detail: str
    at_us: int
    finding: Finding | None = None
    found_cause: str = ""
