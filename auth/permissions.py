"""Roles, permissions, and the actor on whose behalf a query or a command runs."""

from dataclasses import dataclass, field
from enum import StrEnum

from domain.equipment import within
from domain.errors import Forbidden


class Permission(StrEnum):
    """One thing that a person may do."""

    SEE_FLOOR = "see_floor"
    SEE_PREDICTIONS = "see_predictions"
    SEE_CASES = "see_cases"
    COMMENT = "comment"
    RAISE_CASE = "raise_case"
    DECIDE = "decide"
    RECORD_OUTCOME = "record_outcome"
    IGNORE_INPUT = "ignore_input"
    SEE_HISTORY = "see_history"
    SEE_HEALTH = "see_health"
    SEE_REPORTS = "see_reports"
    SCHEDULE_REPORTS = "schedule_reports"
    NAME_STOPS = "name_stops"
    CORRECT_STOPS = "correct_stops"
    EDIT_REASONS = "edit_reasons"
    MANAGE_USERS = "manage_users"
    MANAGE_CHARTS = "manage_charts"
    MANAGE_ENERGY = "manage_energy"
    ACKNOWLEDGE_ALARM = "acknowledge_alarm"
    SHELVE_ALARM = "shelve_alarm"
    MANAGE_ALARMS = "manage_alarms"
    SEE_POLICY = "see_policy"
    PROPOSE_POLICY = "propose_policy"
    APPROVE_POLICY = "approve_policy"
    MANAGE_DUTY = "manage_duty"
    HAND_OVER = "hand_over"
    SEE_AUDIT = "see_audit"
    STOP_AI = "stop_ai"
    RESUME_AI = "resume_ai"
    CONFIRM_VALUE = "confirm_value"
    SEE_TRUST = "see_trust"
    REVIEW_FAILURES = "review_failures"
    CLOSE_SHIFT = "close_shift"
    SET_TARGETS = "set_targets"
    EDIT_CALENDAR = "edit_calendar"
    CHANGE_PLANT = "change_plant"
    REPLAY_MESSAGES = "replay_messages"
    MANAGE_MODELS = "manage_models"
    NAME_PICTURES = "name_pictures"


class Role(StrEnum):
    """Roles of the shop floor."""

    OPERATOR = "operator"
    TECHNICIAN = "technician"
    SUPERVISOR = "supervisor"
    MAINTENANCE_PLANNER = "maintenance_planner"
    PLANT_MANAGER = "plant_manager"
    ADMINISTRATOR = "administrator"
    CONTROLLER = "controller"


P = Permission
_SEE = frozenset({P.SEE_FLOOR, P.SEE_PREDICTIONS, P.SEE_CASES, P.COMMENT})
_DECIDE = (
    _SEE
    | {P.RAISE_CASE, P.DECIDE, P.IGNORE_INPUT, P.SEE_HISTORY, P.SEE_HEALTH, P.SEE_REPORTS}
    | {P.SEE_POLICY, P.HAND_OVER}
)
_REPORTS = frozenset({P.SEE_REPORTS, P.SCHEDULE_REPORTS})
_RUNS = frozenset({P.CLOSE_SHIFT, P.SET_TARGETS})
_LEADS = frozenset({P.PROPOSE_POLICY, P.MANAGE_DUTY})
_ADMINISTERS = frozenset(
    {P.SEE_FLOOR, P.SEE_HEALTH, P.SEE_HISTORY, P.MANAGE_USERS, P.SEE_POLICY, P.PROPOSE_POLICY, P.SEE_AUDIT}
)
_ALARMS = frozenset({P.ACKNOWLEDGE_ALARM, P.SHELVE_ALARM})
_KEEP = _ALARMS | {P.MANAGE_CHARTS, P.MANAGE_ALARMS}
GRANTS: dict[Role, frozenset[Permission]] = {
    Role.OPERATOR: _SEE | _ALARMS | {P.RAISE_CASE, P.HAND_OVER},
    Role.TECHNICIAN: _SEE | _ALARMS | {P.RAISE_CASE, P.RECORD_OUTCOME, P.SEE_HISTORY, P.SEE_REPORTS},
    Role.SUPERVISOR: _DECIDE | _KEEP | {P.MANAGE_DUTY, P.CLOSE_SHIFT},
    Role.MAINTENANCE_PLANNER: _DECIDE | _ALARMS | _LEADS | {P.RECORD_OUTCOME, P.EDIT_CALENDAR},
    Role.PLANT_MANAGER: _DECIDE
    | _KEEP
    | {P.MANAGE_ENERGY}
    | _REPORTS
    | _LEADS
    | _RUNS
    | {P.APPROVE_POLICY, P.SEE_AUDIT, P.EDIT_CALENDAR, P.REPLAY_MESSAGES, P.CHANGE_PLANT},
    Role.ADMINISTRATOR: _ADMINISTERS | _REPORTS | {P.REPLAY_MESSAGES, P.CHANGE_PLANT},
}
_OVERSEE: dict[Role, frozenset[Permission]] = {
    Role.SUPERVISOR: frozenset({P.STOP_AI, P.SEE_TRUST, P.REVIEW_FAILURES}),
    Role.MAINTENANCE_PLANNER: frozenset(
        {P.STOP_AI, P.RESUME_AI, P.SEE_TRUST, P.REVIEW_FAILURES, P.MANAGE_MODELS}
    ),
    Role.PLANT_MANAGER: frozenset({P.STOP_AI, P.RESUME_AI, P.SEE_TRUST, P.REVIEW_FAILURES, P.MANAGE_MODELS}),
    Role.ADMINISTRATOR: frozenset({P.STOP_AI, P.RESUME_AI}),
    Role.CONTROLLER: frozenset({P.SEE_FLOOR, P.SEE_CASES, P.SEE_HISTORY, P.CONFIRM_VALUE, P.SEE_TRUST}),
}
_STOPS: dict[Role, frozenset[Permission]] = {
    Role.OPERATOR: frozenset({P.NAME_STOPS, P.NAME_PICTURES}),
    Role.TECHNICIAN: frozenset({P.NAME_STOPS, P.NAME_PICTURES}),
    Role.SUPERVISOR: frozenset({P.NAME_STOPS, P.CORRECT_STOPS, P.NAME_PICTURES}),
    Role.MAINTENANCE_PLANNER: frozenset({P.NAME_STOPS, P.CORRECT_STOPS, P.EDIT_REASONS}),
    Role.PLANT_MANAGER: frozenset({P.NAME_STOPS, P.CORRECT_STOPS, P.EDIT_REASONS, P.NAME_PICTURES}),
    Role.ADMINISTRATOR: frozenset({P.EDIT_REASONS}),
}
_NONE: frozenset[Permission] = frozenset()
GRANTS = {
    role: GRANTS.get(role, _NONE) | _OVERSEE.get(role, _NONE) | _STOPS.get(role, _NONE) for role in Role
}


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person. `scopes` are equipment ids; each covers what lies below it."""

    account_id: str
    username: str
    name: str
    roles: frozenset[Role]
    scopes: tuple[str, ...] = field(default=())

    @property
    def permissions(self) -> frozenset[Permission]:
        """Union of what the roles grant."""
        return frozenset().union(*(GRANTS[role] for role in self.roles))

    def may(self, permission: Permission, equipment_id: str | None = None) -> bool:
        """True when a role grants it and, where an equipment is named, a scope covers it."""
        covered = equipment_id is None or any(within(equipment_id, s) for s in self.scopes)
        return permission in self.permissions and covered

    def require(self, permission: Permission, equipment_id: str | None = None) -> None:
        """Raise Forbidden unless `may`."""
        if not self.may(permission, equipment_id):
            raise Forbidden(f"{self.name} may not do this ({permission.value.replace('_', ' ')})")
