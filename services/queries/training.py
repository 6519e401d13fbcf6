"""What became of the training that a case is about: its words, its challenger, and the gates before it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from data.store import cases, registry
from data.store import model_watch as store
from domain.cases import ABOUT_MODELS
from domain.model_gates import GATES, GateState, Stage
from services.rows.decide import TrainingRow


def training_of(tx: Connection, case: Mapping[str, Any]) -> TrainingRow | None:
    """None for a case that is about a machine."""
    behind = store.of_case(tx, case["case_id"]) if case["kind"] in ABOUT_MODELS else None
    if behind is None:
        return None
    rows = cases.commands_of(tx, case["case_id"])
    name, made = behind["model_name"], behind["new_version"]
    known = registry.version(tx, name, made) if made else None
    stage = known["stage"] if known else ""
    found = {row["gate"]: row for row in registry.gates(tx, name, made)} if stage == Stage.SHADOW else {}
    gates = [found[gate] for gate in GATES if gate in found]
    return TrainingRow(
        words=rows[0]["detail"] if rows else "",
        challenger=made,
        stage=stage,
        failed=tuple((g["gate"], g["words"]) for g in gates if g["state"] == GateState.FAILED),
        open=tuple((g["gate"], g["words"]) for g in gates if g["state"] == GateState.OPEN),
    )
