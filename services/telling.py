"""The evidence of a case, in words built from stored values: contributed, never caused."""

from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

from sqlalchemy import Connection, case, func, select

from data.store import cases as store
from data.store import tables as t
from domain.cases import CaseState
from domain.clock import DAY, HOUR
from domain.costs import Setting
from domain.evidence import Evidence, Moved, SimilarCase
from domain.messages import Finding
from domain.prediction import Contribution
from domain.recommendation import cause_label, cause_phrase, minutes_text
from domain.telemetry import METRICS, MetricKind, Quality, figure_text, joined_labels, sensors_of
from domain.wording import percent
from services.cost_inputs import inputs_of
from services.situation import Situation

BARS = 8
SIMILAR = 12
WIDE_FACTOR = 3.0
_ENDED = {
    Finding.FAILED: "had failed",
    Finding.DEGRADED: "was worn",
    Finding.NOTHING_FOUND: "false alarm, nothing found",
    Finding.OTHER_FAULT: "another fault",
}
_STATES = {
    CaseState.REJECTED: "rejected, no finding",
    CaseState.EXPIRED: "expired, no finding",
    CaseState.WITHDRAWN: "risk fell back",
}


def evidence_of(tx: Connection, s: Situation, setting: Setting) -> Evidence:
    """The evidence for a situation as it is now."""
    p = s.prediction
    moved = moves(s)
    similar = similar_cases(tx, s)
    return Evidence(
        equipment_id=s.machine.equipment_id,
        equipment_name=s.machine.name,
        cause=s.cause,
        cause_label=cause_label(s.cause),
        words=_words(s, moved),
        prediction_id=p.prediction_id,
        model_name=p.model_name,
        model_version=p.model_version,
        feature_version=p.feature_version,
        at_us=p.at_us,
        data_us=p.window_to_us,
        window_from_us=p.window_from_us,
        window_to_us=p.window_to_us,
        horizon_s=setting.risk.horizon_us // 1_000_000,
        probability=p.probability,
        base=s.base,
        rul=p.rul,
        rul_low=p.rul_low,
        rul_high=p.rul_high,
        life_unit=p.life_unit,
        main_metric=next((name for name in _raising(moved) if name in METRICS), None),
        moved=moved,
        against=tuple(_against(tx, s, moved)),
        would_change=tuple(_would_change(s)),
        similar=similar,
        similar_words=_counted(similar),
        limits=tuple(str(limit) for limit in s.card.get("limits", ())),
        assumptions=tuple(_assumptions(s, setting)),
        inputs=inputs_of(tx, s, setting),
    )


def label_of(metric: str) -> str:
    """A metric's label, or that of sensors taken together; what the table does not know is spelled out."""
    specs = {name: METRICS.get(name) for name in sensors_of(metric)}
    return joined_labels(
        [spec.label if spec and spec.label else name.replace("_", " ").capitalize()
         for name, spec in specs.items()]
    )  # fmt: skip


def _raising(moved: Sequence[Moved], least: float = 0.05) -> list[str]:
    """The sensors that raised the risk by so many points, in order."""
    raised = [m.metric for m in moved if m.metric and m.points >= least]
    return [name for metric in dict.fromkeys(raised) for name in sensors_of(metric)]


def moves(s: Situation) -> tuple[Moved, ...]:
    """The largest contributions in points of 100, the rest summed in one bar."""
    ranked = sorted(s.contributions, key=lambda c: (-abs(c.value), c.metric, c.segment))
    shown = [_moved(s, c) for c in ranked[:BARS] if abs(c.value) >= 0.005]
    rest = sum(c.value for c in ranked) * 100 - sum(m.points for m in shown)
    p = s.prediction
    if len(ranked) > len(shown) and abs(rest) >= 0.5:
        label = "All other signals"
        shown.append(Moved("", label, round(rest, 1), p.window_from_us, p.window_to_us, None, None, ""))
    return tuple(shown)


def _moved(s: Situation, c: Contribution) -> Moved:
    label = f"{label_of(c.metric)}, {_when(s, c)}"
    unit = _unit(sensors_of(c.metric)[0])
    return Moved(c.metric, label, round(c.value * 100, 1), c.from_us, c.to_us, c.observed, c.usual, unit)


def _unit(metric: str) -> str:
    spec = METRICS.get(metric)
    return "" if spec is None or spec.unit == "1" else spec.unit


def _when(s: Situation, c: Contribution) -> str:
    end = s.prediction.window_to_us
    if s.prediction.life_unit == "cycles":
        last = max((o.segment for o in s.contributions), default=0)
        return "newest cycles" if c.segment == last else "older cycles"
    if c.to_us >= end:
        return f"last {minutes_text(max(60, (end - c.from_us) // 1_000_000))}"
    return f"{(end - c.to_us) / HOUR:g} to {(end - c.from_us) / HOUR:g} h ago"


def _words(s: Situation, moved: Sequence[Moved]) -> str:
    p = s.prediction
    unit = "cycles" if p.life_unit == "cycles" else "operating hours"
    risk = f"{round((p.probability or 0) * 100)} of 100"
    horizon = f" within {p.horizon_s / 3_600:g} h" if p.horizon_s else ""
    healthy = f"; {round(s.base * 100)} is usual for this type of machine" if s.base is not None else ""
    said = [f"The risk that {s.machine.name} fails{horizon} is {risk}{healthy}."]
    if p.rul is not None and p.rul_low is not None and p.rul_high is not None:
        span = f"{p.rul_low:.0f} to {p.rul_high:.0f}" if p.rul_low >= 0.5 else f"up to {p.rul_high:.0f}"
        said.append(f"It will probably run another {span} {unit} (most likely {p.rul:.0f}).")
    raised = [m for m in moved if m.points > 0 and m.metric][:2]
    if raised:
        said.append(f"What contributed most: {'; '.join(_said(m) for m in raised)}.")
        said.append(_points_to(s))
    else:
        said.append("The contributions of the single sensors are not known yet.")
    return " ".join(text for text in said if text)


def _points_to(s: Situation) -> str:
    if s.cause == "unknown":
        return ""
    if s.cause_told:
        return f"Such signs go with {cause_phrase(s.cause)}."
    return f"They point to no single cause; on such machines it is most often {cause_phrase(s.cause)}."


def _said(m: Moved) -> str:
    label = f"{m.label[:1].lower()}{m.label[1:]}"
    if m.observed is None or m.usual is None:
        return label
    first, *others = sensors_of(m.metric)
    of = f"{label_of(first).lower()} " if others else ""
    return f"{label}: {of}{figure_text(m.observed, m.unit)}, where {figure_text(m.usual, m.unit)} is usual"


def _against(tx: Connection, s: Situation, moved: Sequence[Moved]) -> list[str]:
    p = s.prediction
    said = [_maintained(tx, s), *_doubtful_sensors(tx, s)]
    said += [f"{m.label} speaks against it ({m.points:+.0f})." for m in moved if m.points <= -1 and m.metric]
    metrics = set(_raising(moved, 1))
    if len(metrics) == 1:
        said.append(
            f"Only one sensor speaks for it ({label_of(metrics.pop())}); a faulty one would look the same."
        )
    if p.rul_low and p.rul_high and p.rul_high > WIDE_FACTOR * p.rul_low:
        said.append(f"The remaining life is uncertain: {p.rul_low:.0f} to {p.rul_high:.0f}.")
    return [text for text in said if text]


def _maintained(tx: Connection, s: Situation) -> str:
    m, at = t.maintenance.c, s.prediction.at_us
    same_type = select(t.equipment.c.equipment_id).where(t.equipment.c.machine_type == s.machine.machine_type)
    rows = tx.execute(
        select(m.equipment_id, m.end_us)
        .where(m.equipment_id.in_(same_type), m.kind != "inspection", m.end_us <= at)
        .order_by(m.equipment_id, m.end_us)
    ).all()
    ends = {
        unit: [row.end_us for row in group] for unit, group in groupby(rows, lambda row: row.equipment_id)
    }
    ours = ends.get(s.machine.equipment_id)
    if not ours:
        return ""
    gaps = sorted(b - a for each in ends.values() for a, b in pairwise(each))
    usual = (
        f" (on such machines usually every {gaps[len(gaps) // 2] / DAY:.0f} days)" if len(gaps) >= 5 else ""
    )
    return f"Last maintenance {(at - ours[-1]) / DAY:.1f} days ago{usual}."


def _doubtful_sensors(tx: Connection, s: Situation) -> list[str]:
    m, r, p = t.metrics.c, t.readings.c, s.prediction
    doubtful = func.sum(case((r.quality < int(Quality.GOOD), 1), else_=0))
    rows = tx.execute(
        select(m.name, doubtful, func.count())
        .join_from(t.metrics, t.readings, r.metric_id == m.metric_id)
        .where(m.equipment_id == p.equipment_id, m.kind == MetricKind.GAUGE.value)
        .where(r.source_us > p.window_from_us, r.source_us <= p.window_to_us)
        .group_by(m.name)
        .order_by(m.name)
    )
    bad = [label_of(name) for name, count, of in rows if count and count >= 0.05 * of]
    i = t.ignored_inputs.c
    ignored = tx.execute(
        select(i.metric).where(
            i.equipment_id == p.equipment_id, i.from_us <= p.at_us, i.until_us > p.window_from_us
        )
    ).scalars()
    return [f"{name}: some of the values are doubtful." for name in bad] + [
        f"{label_of(name)} is being ignored." for name in sorted(set(ignored))
    ]


def _would_change(s: Situation) -> list[str]:
    """What the model itself said anew with one sensor as on healthy machines; nothing that did not hold."""
    if s.counterfactual is None:
        return []
    metric, left = s.counterfactual.metric, s.counterfactual.probability * 100
    usual = next((c.usual for c in s.contributions if c.metric == metric and c.usual is not None), None)
    label, (first, *others) = label_of(metric), sensors_of(metric)
    name = f"{label[:1].lower()}{label[1:]}"
    known = usual is not None and not others
    back = f"back at the usual {figure_text(usual or 0.0, _unit(first))}" if known else "as usual"
    return [f"With {name} {back}, the model gives about {left:.0f} of 100, computed anew."]


def similar_cases(tx: Connection, s: Situation) -> tuple[SimilarCase, ...]:
    """Ended cases of the same cause on machines of the same type, newest first."""
    rows = store.similar(tx, s.cause, s.machine.machine_type, s.site.site_id, SIMILAR)
    return tuple(
        SimilarCase(r["case_id"], r["number"], r["equipment_id"], r["opened_us"], how_it_ended(r))
        for r in rows
    )


def how_it_ended(row: Mapping[str, Any]) -> str:
    """A few words for how a case ended."""
    if row["finding"]:
        return _ENDED[Finding(row["finding"])]
    return _STATES.get(CaseState(row["state"]), "no finding yet")


def _counted(similar: Sequence[SimilarCase]) -> tuple[str, ...]:
    ends = [case.ended for case in similar]
    ranked = sorted(set(ends), key=lambda ended: (-ends.count(ended), ended))
    return tuple(f"{ends.count(ended)} of {len(ends)}: {ended}" for ended in ranked)


def _assumptions(s: Situation, setting: Setting) -> list[str]:
    r = s.rates
    stated = "stated for this plant" if s.stated else "built in, none are stated for this machine"
    said = [
        f"Rates ({stated}): a stop costs {r.downtime_cents_per_hour / 100:,.0f} per producing hour, "
        f"work {r.labour_cents_per_hour / 100:,.0f} per hour.",
        f"After a failure: {minutes_text(r.call_out_s)} until somebody comes, "
        f"{r.unplanned_factor:g} times the planned time, "
        f"and {r.collateral_cents / 100:,.0f} for other damage.",
        f"The limit alarm catches {percent(r.alarm_catches, 0)} of failures, "
        f"{minutes_text(r.alarm_lead_s)} ahead; an inspection finds {percent(r.inspection_finds, 0)} "
        f"(and {percent(r.inspection_misleads, 0)} of false alarms).",
        "Operating hours are counted as plant hours; costs end with the horizon, which favours waiting.",
        "Saved is counted against waiting for the limit alarm: what the plant would do anyway.",
    ]
    if setting.producing is None:
        said.append("The MES has no shifts planned here, so every hour counts as production.")
    if setting.stock is not None:
        said.append(f"{setting.task.part_name}: {setting.stock.price_cents / 100:,.0f}.")
    return said
