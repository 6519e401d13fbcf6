"""May this challenger be promoted now? One answer for the screen and for the command."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from domain import model_gates as g
from domain import oddity_gates, picture_gates, reason_gates, scrap_gates
from domain.errors import SettingsError, Tampered
from models import manifest
from models.card import MODEL_FILE, file_hash


def gates_of(capability: str) -> tuple[str, ...]:
    """The gates before a model for that, in the order in which people read them."""
    known = {
        "vision": picture_gates.GATES,
        "anomaly": oddity_gates.GATES,
        "classification": reason_gates.GATES,
        "quality": scrap_gates.GATES,
    }
    return known.get(capability, g.GATES)


def why_not(
    challenger: Mapping[str, Any], champion: str, gates: Sequence[Mapping[str, Any]], now_wall_us: int
) -> str:
    """One sentence why it may not be promoted now, "" when it may."""
    if challenger["stage"] != g.Stage.SHADOW:
        return "it is not in the shadow of the champion"
    if not gates:
        return "its gates have not been judged yet"
    if any(row["champion_version"] != champion for row in gates):
        return "its gates were judged against another champion; have them judged again"
    if now_wall_us - min(row["checked_wall_us"] for row in gates) > g.FRESH_US:
        return "its gates were judged more than a day ago; have them judged again"
    states = {row["gate"]: row["state"] for row in gates}
    wanted = gates_of(challenger["capability"])
    waiting = [name for name in wanted if states.get(name) != g.GateState.PASSED]
    return f"not passed yet: {', '.join(waiting)}" if waiting else ""


def spoiled(row: Mapping[str, Any]) -> str:
    """One sentence when a file of the version is not as it was registered any more, else ""."""
    file = Path(row["path"]) / MODEL_FILE
    if not file.is_file():
        return f"{file} is missing"
    if file_hash(file) != row["sha256"]:
        return f"{file} is not the file that was registered; it was changed, and is not used"
    try:
        manifest.check(file.parent)
    except (SettingsError, Tampered) as error:
        return str(error)
    return ""
