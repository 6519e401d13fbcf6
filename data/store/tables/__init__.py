"""Every table of ours, by name: `from data.store import tables as t`."""

from data.store.tables.account import accounts, sessions, sign_in_attempts, tickets, workers
from data.store.tables.alarm import (
    alarm_days,
    alarm_definitions,
    alarm_events,
    alarm_keys,
    alarm_rolled,
    alarm_states,
    alarm_stays,
    operator_positions,
)
from data.store.tables.approval import (
    consents,
    contacts,
    delegations,
    duties,
    notices,
    policies,
    ratifications,
    second_factors,
)
from data.store.tables.base import metadata
from data.store.tables.care import care, handovers, opinions
from data.store.tables.decision import (
    acts,
    audit,
    case_signals,
    cases,
    commands,
    drafts,
    outbox,
    outcomes,
    receipts,
    signatures,
)
from data.store.tables.energy import emission_factors, energy_blocks, energy_stale, energy_tariffs
from data.store.tables.guess import stop_guesses
from data.store.tables.ingest_parts import ingest_parts
from data.store.tables.kpi import (
    calendar_exceptions,
    holiday_regions,
    intervals,
    kpi_cells,
    kpi_days,
    kpi_dirty,
    kpi_flags,
    kpi_losses,
    kpi_months,
    kpi_progress,
    shift_breaks,
    shift_closings,
    shift_figures,
    shift_patterns,
    stood_cells,
    stop_policies,
    targets,
)
from data.store.tables.mes import (
    downtimes,
    lot_uses,
    maintenance,
    material_lots,
    materials,
    mes_changes,
    operations,
    orders,
    personnel_classes,
    process_parameters,
    product_rates,
    products,
    quality_results,
    shifts,
    stock,
    watermarks,
)
from data.store.tables.models import (
    baseline_marks,
    model_events,
    model_gates,
    model_watch,
    retrain_proposals,
)
from data.store.tables.oddity import oddity_scores, oddity_states
from data.store.tables.oversight import (
    ai_stops,
    failure_reviews,
    outcome_details,
    photos,
    rule_limits,
    shadow_advice,
    shadow_models,
    value_entries,
    verdict_views,
)
from data.store.tables.plant import (
    absences,
    clocks,
    cost_rates,
    equipment,
    equipment_aliases,
    ignored_inputs,
    parts_of_machines,
    sites,
)
from data.store.tables.prediction import (
    contributions,
    explain_requests,
    explanations,
    half_hours,
    model_versions,
    predictions,
    recomputations,
    to_consider,
    windows,
)
from data.store.tables.process import parameter_limits, process_advice, set_point_outcomes
from data.store.tables.quality import (
    pattern_models,
    pattern_points,
    pattern_rules,
    spc_breaks,
    spc_charts,
    spc_days,
    spc_late,
    spc_limits,
    spc_samples,
)
from data.store.tables.report import report_runs, report_schedules
from data.store.tables.rolled import (
    rolled_dirty,
    rolled_hours,
    rolled_minutes,
    rolled_shift_grid,
    rolled_shifts,
)
from data.store.tables.stops import reason_nodes, stop_acts, stop_draws, stop_ends
from data.store.tables.telemetry import (
    counts,
    edge_devices,
    edge_nodes,
    flow,
    gaps,
    ingest_counters,
    latest,
    metrics,
    quarantine,
    readings,
    seen_messages,
    session_filters,
    signal_quality,
    states,
)
from data.store.tables.vision import inspections, part_pictures, shadow_inspections

__all__ = [
    "absences", "accounts", "acts", "ai_stops", "alarm_days", "alarm_definitions", "alarm_events",
    "alarm_keys", "alarm_rolled", "alarm_states", "alarm_stays", "audit", "baseline_marks",
    "calendar_exceptions", "care", "case_signals", "cases", "clocks", "commands", "consents", "contacts",
    "contributions", "cost_rates", "counts", "delegations", "downtimes", "drafts", "duties",
    "edge_devices", "edge_nodes", "emission_factors", "energy_blocks", "energy_stale", "energy_tariffs",
    "equipment", "equipment_aliases", "explain_requests", "explanations", "failure_reviews", "flow",
    "gaps", "half_hours", "handovers", "holiday_regions", "ignored_inputs", "ingest_counters",
    "ingest_parts", "inspections", "intervals", "kpi_cells", "kpi_days", "kpi_dirty", "kpi_flags",
    "kpi_losses", "kpi_months", "kpi_progress", "latest", "lot_uses", "maintenance", "material_lots",
    "materials", "mes_changes", "metadata", "metrics", "model_events", "model_gates", "model_versions",
    "model_watch", "notices", "oddity_scores", "oddity_states", "operations", "operator_positions",
    "opinions", "orders", "outbox", "outcome_details", "outcomes", "parameter_limits", "part_pictures",
    "parts_of_machines", "pattern_models", "pattern_points", "pattern_rules", "personnel_classes",
    "photos", "policies", "predictions", "process_advice", "process_parameters", "product_rates", "products",
    "quality_results", "quarantine", "ratifications", "readings", "reason_nodes", "receipts",
    "recomputations", "report_runs", "report_schedules", "retrain_proposals", "rolled_dirty",
    "rolled_hours", "rolled_minutes", "rolled_shift_grid", "rolled_shifts", "rule_limits",
    "second_factors", "seen_messages", "session_filters", "sessions", "set_point_outcomes", "shadow_advice",
    "shadow_inspections", "shadow_models", "shift_breaks", "shift_closings", "shift_figures",
    "shift_patterns", "shifts", "sign_in_attempts", "signal_quality", "signatures", "sites", "spc_breaks",
    "spc_charts", "spc_days", "spc_late", "spc_limits", "spc_samples", "states", "stock", "stood_cells",
    "stop_acts", "stop_draws", "stop_ends", "stop_guesses", "stop_policies", "targets", "tickets",
    "to_consider", "value_entries", "verdict_views", "watermarks", "windows", "workers",
]  # fmt: skip
