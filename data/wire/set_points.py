"""A request to move a set point as a job order: `WorkType` Other, `WorkMasterID` set_point_change, no start.

It holds from the next order of the product on the machine; the five parameters say what is to be moved.
"""

import math
import re
from typing import Any

from data.wire import b2mml
from domain.errors import Malformed
from domain.messages import CommandKind, SetPointChange

_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,3})?")
_NAMES = ("product", "setting", "unit", "from_value", "to_value")


def set_point_body(change: SetPointChange) -> dict[str, Any]:
    """The fields of the job order beside its id."""
    told = (change.product_id, change.parameter, change.unit, repr(change.from_value), repr(change.to_value))
    return {
        "WorkType": "Other",
        "WorkMasterID": CommandKind.SET_POINT_CHANGE.value,
        "EquipmentRequirement": [{"EquipmentID": change.equipment_id}],
        "JobOrderParameter": [{"ID": k, "Value": v} for k, v in zip(_NAMES, told, strict=True)],
    }


def set_point_of(order: b2mml.JobOrder) -> SetPointChange:
    """The request; Malformed when a field is missing, or one stands there that belongs to other work."""
    parameters = {item.id: item.value for item in order.job_order_parameter or ()}
    others = (order.start_time, order.duration, order.personnel_requirement, order.material_requirement)
    if order.work_type != "Other" or any(others) or not order.equipment_requirement:
        raise Malformed("wrong_content", "a change of a set point names its machine, and no time or people")
    if set(parameters) != set(_NAMES) or not all(parameters.values()):
        raise Malformed("wrong_content", f"a change of a set point says {', '.join(_NAMES)}")
    return SetPointChange(
        order.equipment_requirement[0].equipment_id,
        parameters["product"],
        parameters["setting"],
        parameters["unit"],
        _number(parameters["from_value"]),
        _number(parameters["to_value"]),
    )


def _number(text: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise Malformed("wrong_content", "a set point that is no number")
    return value
