"""The case that advice on a set point opens: decided like any other, by those who may enter validated limits.

There is one at a time for the settings of a product on a machine, and it joins no case about a fault. Each
look that still says so keeps its evidence fresh; one that says otherwise makes a new version, and one that no
longer says it withdraws it, unless somebody has decided. For how long nothing is opened afterwards: `_quiet`.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Permission
from data.store import cases
from data.store import tables as t
from domain.cases import UNDECIDED, CaseKind, CaseState, open_key
from domain.clock import DAY, wall_us
from domain.evidence import Evidence, ProposedCommand
from domain.ids import new_id
from domain.policy import QUIET_US
from domain.process import SettingMove, settings_of
from services import audit, ending
from services.crowding import makes_room
from services.fallen import signers, tell_fallen
from services.planning import money, propose
from services.process.limits import InForce
from services.process.proposing import evidence_of, request_of, title_of
from services.process.worth import worth_of
from services.queries.common import people
from services.signing import hash_of
from services.situation import Site, machine_at

DECIDE_WITHIN_US = 7 * DAY
AT_EXPIRY = "Nothing is sent; the set point stays as it is."
ADVISED = "move"
SILENT = "The model advises nothing here any more"
Said = Mapping[str, Any]  # a row of process_advice
_DECIDED = (CaseState.REJECTED, CaseState.EXPIRED)


def take_up(tx: Connection, site: Site, said: Said, held: InForce) -> None:
    """Open, renew, confirm or withdraw the case about a product on a machine, after a look at it."""
    unit, cause = said["equipment_id"], settings_of(said["product_id"])
    case = cases.newest_about(tx, unit, CaseKind.SET_POINT.value, cause)
    move = _move(tx, said, held)
    if case is not None and case["open_key"] is not None:
        if case["state"] in UNDECIDED and case["proposed_by"].rpartition(" ")[0] == said["model_name"]:
            _again(tx, site, case, said, move)
    elif move is not None and not (case is not None and _quiet(case, site.now_us)):
        _open(tx, site, said, move)


def _move(tx: Connection, said: Said, held: InForce) -> SettingMove | None:
    """What is advised, with the limits that hold; None without either."""
    unit, product_id, parameter = said["equipment_id"], said["product_id"], said["parameter"]
    found = held.of(unit, product_id, parameter) if parameter else None
    if found is None or not found[1].holds(said["to_value"]):
        return None
    (scope, limits), p = found, t.products.c
    name = tx.execute(select(p.name).where(p.product_id == product_id).limit(1)).scalar()
    by = held.entered_by(scope, product_id, parameter)
    figures = ("from_value", "to_value", "share", "change", "change_low", "change_high", "operations", "came")
    return SettingMove(
        product_id, name or product_id, parameter, said["unit"], **{one: said[one] for one in figures},
        taught=said["taught"], low=limits.low, high=limits.high, limits_version=limits.version,
        validated_by=limits.validated_by, entered_by=people(tx, [by]).get(by, by), scope=scope,
    )  # fmt: skip


def _quiet(case: Mapping[str, Any], now_us: int) -> bool:
    """Until it is known what came of a moved set point; a week after somebody has decided against it, or
    nobody has in time; else as long as after any case."""
    if case["state"] == CaseState.DONE:
        return True
    rest = DECIDE_WITHIN_US if case["state"] in _DECIDED else QUIET_US
    return bool(now_us - case["closed_us"] < rest)


def _again(tx: Connection, site: Site, case: dict[str, Any], said: Said, move: SettingMove | None) -> None:
    """A newer look at what an undecided case advises."""
    before = Evidence.from_json(case["evidence"]).setting
    if move is None:
        why = f"{SILENT}: {said['why_not'] or 'the validated limits have changed'}"
        ending.end(tx, case, CaseState.WITHDRAWN, why, site.now_us, "withdrawn")
    elif before is not None and move.says_as(before):
        cases.change(tx, case["case_id"], case["version"], {"evidence_us": site.now_us})
    else:
        _renew(tx, site, case, said, move)


def _renew(tx: Connection, site: Site, case: dict[str, Any], said: Said, move: SettingMove) -> None:
    signed, columns = signers(tx, case), _columns(tx, site, said, move)
    values = columns | {"state": CaseState.PROPOSED.value, "version": case["version"] + 1}
    if not cases.change(tx, case["case_id"], case["version"], values):
        return
    propose(tx, case["case_id"], (_command(tx, said, move, case["number"]),), wall_us())
    tell_fallen(tx, site, {**case, **values}, signed, "newer operations say otherwise")
    detail = {name: values[name] for name in ("title", "evidence_hash", "version")}
    audit.of_case(tx, case["case_id"], "proposal renewed on newer data", site.now_us, detail)


def _open(tx: Connection, site: Site, said: Said, move: SettingMove) -> None:
    unit, cause = said["equipment_id"], settings_of(said["product_id"])
    case_id, number = new_id(), cases.next_number(tx)
    row = {
        "case_id": case_id, "number": number, "site_id": site.site_id, "equipment_id": unit,
        "kind": CaseKind.SET_POINT.value, "cause": cause, "state": CaseState.PROPOSED.value, "version": 1,
        "attention": False, "open_key": open_key(unit, cause), "opened_us": site.now_us,
        "opened_wall_us": wall_us(), "deadline_us": site.now_us + DECIDE_WITHIN_US,
        "default_action": AT_EXPIRY, "permission": Permission.MANAGE_CHARTS.value, "prediction_id": None,
        "alternatives": "[]", "advised": ADVISED, "reason": "", **_columns(tx, site, said, move),
    }  # fmt: skip
    if not makes_room(tx, row, site.now_us):
        return
    cases.add(tx, row)
    propose(tx, case_id, (_command(tx, said, move, number),), wall_us())
    detail = {"title": row["title"], "evidence_hash": row["evidence_hash"]}
    audit.of_case(tx, case_id, "proposed", site.now_us, detail)


def _columns(tx: Connection, site: Site, said: Said, move: SettingMove) -> dict[str, Any]:
    """The columns of `cases` that a look sets."""
    machine = machine_at(tx, said["equipment_id"])
    worth = worth_of(tx, said["equipment_id"], move, site.now_us)
    text = evidence_of(machine, said, move, worth).to_json()
    return {
        "title": title_of(machine, move, move.to_value), "evidence_us": site.now_us, "evidence": text,
        "evidence_hash": hash_of(text), "proposed_by": f"{said['model_name']} {said['model_version']}",
        **money(0, worth.saving),
    }  # fmt: skip


def _command(tx: Connection, said: Said, move: SettingMove, number: int) -> ProposedCommand:
    return request_of(machine_at(tx, said["equipment_id"]), move, move.to_value, number)
