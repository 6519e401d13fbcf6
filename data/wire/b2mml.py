"""The shapes of our B2MML-V7-flavoured JSON documents: one root, ApplicationArea, DataArea.

The published JSON schema of B2MML accepts nearly anything, so these models are strict on their own:
unknown fields, wrong enums, dates without a zone, and text that no database takes are refused.
B2MML is copyright MESA International; the vocabulary is used here with acknowledgement.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_pascal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RELEASE = "V0700"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_NOT_FOR_DATABASES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def moment_text(us: int) -> str:
    """ISO 8601 in UTC with six decimals. Raises OverflowError outside the years 1 to 9999."""
    return (EPOCH + timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_us(text: str) -> int:
    """Microseconds UTC of an ISO 8601 date-time with a zone; ValueError otherwise, or before 1970."""
    if not _MOMENT.fullmatch(text):
        raise ValueError("no date-time with a zone")
    us = (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)
    if us < 0:
        raise ValueError("a date before 1970")
    return us


def _moment(text: str) -> str:
    try:
        moment_us(text)
    except OverflowError as error:
        raise ValueError("a date outside the calendar") from error
    return text


def _plain(text: str) -> str:
    if _NOT_FOR_DATABASES.search(text):
        raise ValueError("control characters or half a character")
    return text


def _alias(name: str) -> str:
    return re.sub(r"Id$", "ID", to_pascal(name))


Id = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_plain)]
Words = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_plain)]
Moment = Annotated[str, AfterValidator(_moment)]
WorkType = Literal["Production", "Maintenance", "Quality", "Inventory", "Mixed", "Other"]


class Node(BaseModel):
    """Strict, closed and frozen."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=_alias, populate_by_name=True
    )


class Party(Node):
    """A sender or a receiver."""

    logical_id: Id


class ApplicationArea(Node):
    """Who says it to whom, when, and the message id (BODID)."""

    creation_date_time: Moment
    sender: Party
    receiver: Party
    bod_id: Annotated[Id, Field(alias="BODID")]


class Original(Node):
    """The message that is answered, or taken back."""

    bod_id: Annotated[Id, Field(alias="BODID")]


class Action(Node):
    """One action code."""

    action_code: Literal["Add", "Delete", "Accepted", "Rejected"]


class Verb(Node):
    """Process, Cancel, Acknowledge, Respond: what is to be done, and about which message."""

    action_criteria: Annotated[list[Action], Field(min_length=1, max_length=1)]
    original_application_area: Original | None = None
    description: Words = ""


class Equipment(Node):
    """The machine, by its ISA-95 path."""

    equipment_id: Id


class Personnel(Node):
    """The skill that is needed, never a person."""

    personnel_class_id: Words


class Quantity(Node):
    """A whole number of pieces."""

    quantity_string: Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,6}$")]
    unit_of_measure: Literal["EA"] = "EA"


class Material(Node):
    """A part and how many."""

    material_definition_id: Id
    quantity: Quantity


class Parameter(Node):
    """A named value."""

    id: Literal[
        "task", "cause", "finding", "found_cause", "product", "setting", "unit", "from_value", "to_value"
    ]
    value: Words


class JobOrder(Node):
    """Work for the MES. Only `id` in a cancel."""

    id: Id
    work_type: Literal["Maintenance", "Other"] | None = None
    work_master_id: Literal["maintenance_order", "inspection_order", "set_point_change"] | None = None
    start_time: Moment | None = None
    duration: Annotated[str, StringConstraints(pattern=r"^PT[1-9]\d{0,6}S$")] | None = None
    equipment_requirement: Annotated[list[Equipment], Field(max_length=1)] | None = None
    personnel_requirement: Annotated[list[Personnel], Field(max_length=1)] | None = None
    material_requirement: Annotated[list[Material], Field(max_length=1)] | None = None
    job_order_parameter: Annotated[list[Parameter], Field(max_length=5)] | None = None


class Segment(Node):
    """What an operations request needs, and for which machine."""

    latest_end_time: Moment
    equipment_requirement: Annotated[list[Equipment], Field(min_length=1, max_length=1)]
    material_requirement: Annotated[list[Material], Field(min_length=1, max_length=1)]


class OperationsRequest(Node):
    """Work for an ERP module. Only `id` in a cancel."""

    id: Id
    operations_type: Literal["Inventory"] | None = None
    operations_definition_id: Literal["reservation", "requisition"] | None = None
    segment_requirement: Annotated[list[Segment], Field(max_length=1)] | None = None


class Response(Node):
    """What came of a job or a request."""

    id: Words
    request_state: Literal["Completed", "Cancelled"] | None = None
    job_response_data: Annotated[list[Parameter], Field(max_length=2)] | None = None


class DataArea(Node):
    """Exactly one verb, and the noun that belongs to the root."""

    process: Verb | None = None
    cancel: Verb | None = None
    acknowledge: Verb | None = None
    respond: Verb | None = None
    job_order: Annotated[list[JobOrder], Field(min_length=1, max_length=1)] | None = None
    operations_request: Annotated[list[OperationsRequest], Field(min_length=1, max_length=1)] | None = None
    job_response: Annotated[list[Response], Field(min_length=1, max_length=1)] | None = None
    operations_performance: Annotated[list[Response], Field(min_length=1, max_length=1)] | None = None


class Body(Node):
    """What stands under the root."""

    release_id: Annotated[Literal["V0700"], Field(alias="releaseID")]
    application_area: ApplicationArea
    data_area: DataArea


# Root name -> (verb field, noun field) that the data area must carry, and nothing besides.
ROOTS: dict[str, tuple[str, str]] = {
    "ProcessJobOrder": ("process", "job_order"),
    "CancelJobOrder": ("cancel", "job_order"),
    "AcknowledgeJobOrder": ("acknowledge", "job_response"),
    "RespondJobOrder": ("respond", "job_response"),
    "ProcessOperationsRequest": ("process", "operations_request"),
    "CancelOperationsRequest": ("cancel", "operations_request"),
    "AcknowledgeOperationsRequest": ("acknowledge", "operations_performance"),
    "RespondOperationsRequest": ("respond", "operations_performance"),
}
