"""Reads of the model registry: versions with their cards, challengers with their gates, what happened."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select

from auth.permissions import Permission
from data.store import registry as store
from data.store import tables as t
from domain.clock import wall_us
from domain.model_gates import Stage
from services.context import Context
from services.registry.promoting import gates_of, why_not
from services.rows.models import ChallengerRow, EventRow, GateRow, RegistryView, VersionRow

FIGURES = (
    "recall_at_rate", "other_recall_at_rate", "recall", "false_cases_per_machine_month", "brier", "coverage",
    "rmse_clipped", "rmse_raw", "accuracy", "noticed", "false_alarms",
    "right", "rules_right", "sure_share", "sure_right", "gain", "mean_error", "plain_error",
    "calibration_error",
)  # fmt: skip
_ORDER = {Stage.CHAMPION: 0, Stage.SHADOW: 1, Stage.RETIRED: 2}


class ModelQueries:
    """Reads on behalf of `context.actor`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def registry(self) -> RegistryView:
        """Champions first, then challengers, then what is retired."""
        c = self._context
        c.actor.require(Permission.SEE_TRUST)
        with c.database.read() as tx:
            rows = store.versions(tx)
            counts = _counts(tx)
            versions = {(r["name"], r["version"]): _version(r, counts) for r in rows}
            champions = {r["name"]: r["version"] for r in rows if r["stage"] == Stage.CHAMPION}
            challengers = tuple(
                _challenger(tx, row, versions[row["name"], row["version"]], champions.get(row["name"], ""))
                for row in rows
                if row["stage"] == Stage.SHADOW
            )
            back = tuple(
                (name, version, before)
                for name, version in sorted(champions.items())
                if (before := store.predecessor(tx, name, version))
            )
            events = tuple(_event(row) for row in store.events(tx))
        ordered = sorted(
            versions.values(), key=lambda v: (_ORDER[Stage(v.stage)], v.name, -v.registered_wall_us)
        )
        may = c.actor.may(Permission.MANAGE_MODELS, c.site.site_id)
        return RegistryView(tuple(ordered), challengers, back, events, may)


def _counts(tx: Connection) -> dict[tuple[str, str], int]:
    p = t.predictions.c
    query = select(p.model_name, p.model_version, func.count()).group_by(p.model_name, p.model_version)
    found = {(name, version): int(count) for name, version, count in tx.execute(query)}
    for table in (t.inspections, t.shadow_inspections, t.oddity_scores, t.stop_guesses, t.process_advice):
        c = table.c
        query = select(c.model_name, c.model_version, func.count()).group_by(c.model_name, c.model_version)
        found |= {(row[0], row[1]): found.get((row[0], row[1]), 0) + int(row[2]) for row in tx.execute(query)}
    return found


def _version(row: Mapping[str, Any], counts: Mapping[tuple[str, str], int]) -> VersionRow:
    card = json.loads(row["card"]) or {}
    data, test = card.get("data") or {}, (card.get("test") or {}) | _held_out(card)
    source = ", ".join(str(data[k]) for k in ("source", "subset") if data.get(k))
    cases = f"{data['windows']:,} windows of {data['runs']:,} runs" if "windows" in data else ""
    if row["capability"] == "classification" and "windows" in data:
        cases = f"{data['windows']:,} stops of {data['runs']:,} machines"
    if row["capability"] == "quality" and "windows" in data:
        cases = f"{data['windows']:,} operations of {data['runs']:,} machines"
    if "pictures" in card:
        source, cases = str(card.get("source", "")), f"{card['pictures']:,} pictures"
    return VersionRow(
        name=row["name"], version=row["version"], capability=row["capability"], stage=row["stage"],
        registered_wall_us=row["registered_wall_us"], sha256=row["sha256"],
        feature_version=row["feature_version"], licence=str(card.get("licence", "")),
        data="; ".join(filter(None, (source, cases, str(data.get("split", ""))))),
        command=str(card.get("command", "")), intended_use=str(card.get("intended_use", "")),
        limits=tuple(card.get("limits") or ()),
        figures=tuple((name, float(test[name])) for name in FIGURES if name in test),
        predictions=counts.get((row["name"], row["version"]), 0),
        explanations=pointing_words(card.get("pointing")),
    )  # fmt: skip


def pointing_words(note: Mapping[str, Any] | None) -> tuple[str, ...]:
    """What was measured of a model's explanations; nothing where its card says nothing."""
    if not note:
        return ()
    found = {name: f"{value * 100:.0f}" for name, value in note["figures"].items()}
    return (
        f"Of {note['failures']} failures that announced themselves ({note['source']}), the first sensor of "
        f"the explanation is one that the true fault moves in {found['top_1']} of 100, one of the first "
        f"three in {found['top_3']} of 100.",
        f"Drawn blindly: {found['top_1_by_chance']} and {found['top_3_by_chance']} of 100; by the largest "
        f"deviation alone: {found['top_1_by_deviation']} and {found['top_3_by_deviation']} of 100.",
        f"With another draw of the estimate {found['top_3_shared_seeds']} of 100 of the first three sensors "
        f"stay, against other healthy windows {found['top_3_shared_backgrounds']} of 100.",
    )


def _held_out(card: Mapping[str, Any]) -> dict[str, float]:
    """Figures on held-out pictures or machines, of a model whose card says them of its own parts."""
    held_out = card.get("validation") or {}
    if card.get("capability") == "anomaly" and "served" in card:
        names = {name: f"{card['served']}_{name}" for name in ("noticed", "false_alarms")}
        return {name: held_out[key] for name, key in names.items() if key in held_out}
    return {"accuracy": held_out["accuracy"]} if card.get("capability") == "vision" and held_out else {}


def _challenger(tx: Connection, row: Mapping[str, Any], version: VersionRow, champion: str) -> ChallengerRow:
    found = {one["gate"]: one for one in store.gates(tx, row["name"], row["version"])}
    trouble = why_not(row, champion, tuple(found.values()), wall_us())
    gates = tuple(
        GateRow(name, g["state"], g["words"], g["ours"], g["theirs"])
        for name in gates_of(row["capability"])
        if (g := found.get(name)) is not None
    )
    return ChallengerRow(
        version=version,
        champion=champion,
        gates=gates,
        checked_wall_us=max((g["checked_wall_us"] for g in found.values()), default=None),
        asked=row["check_asked_wall_us"] is not None,
        ready=not trouble,
        why_not=trouble,
    )


def _event(row: Mapping[str, Any]) -> EventRow:
    return EventRow(
        name=row["model_name"], version=row["model_version"], kind=row["kind"],
        other_version=row["other_version"], by=row["printed_name"], meaning=row["meaning"],
        record_hash=row["record_hash"], reason=row["reason"], at_wall_us=row["at_wall_us"],
    )  # fmt: skip
