"""What people do to charts: define and change them, freeze limits, freeze a machine's usual pattern.

Nothing is overwritten: every change is a new version with who, when and why, and an audit entry.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Actor, Permission
from data.store import charts as store
from data.store import patterns as pattern_store
from data.store import tables as t
from data.store.database import Database
from domain.clock import wall_us
from domain.equipment import site_of
from domain.errors import Conflict, InvalidInput, NotFound
from domain.ids import new_id
from domain.recommendation import CAUSE_LABELS
from domain.spc.charts import limits_of, resemblance
from domain.spc.model import DEFECTS
from services import audit
from services.actors import fresh
from services.commands.acting import checked_text, reason_of
from services.queries.common import names_of
from services.situation import Site, site_at
from services.spc import multivariate
from services.spc.definition import BETWEEN, Chart, chart_of
from services.spc.patterns import METRICS, hours_of
from services.spc.sampling import tells_defects

_SAMPLED = ("kind", "source", "metric", "product_id", "subgroup_size", "every_us")


class ChartCommands:
    """Acts on charts. Each is one transaction, and checks permission and scope itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def define(self, actor: Actor, chart: Chart, reason: str) -> str:
        """Add a chart (empty `chart_id`) or a new version of one; returns its id.

        Conflict when somebody changed it meanwhile (`chart.version` is the one that was read). When the
        way of sampling changes, the samples are taken anew and the old limits no longer hold. A new c or u
        chart is refused where no inspection of the machine says how many defects there were.
        """
        with self._database.write() as tx:
            person, site = _allowed(tx, actor, Permission.MANAGE_CHARTS, chart.equipment_id)
            words = checked_text(reason)
            if chart.kind in DEFECTS and not tells_defects(tx, chart.equipment_id):
                raise InvalidInput(
                    "c and u charts count defects, of which a part may have several; the inspections of this "
                    "machine name bad parts only: choose p or np",
                    "kind",
                )
            if chart.equipment_id not in names_of(tx, [chart.equipment_id]):
                raise NotFound("no such machine")
            saved = _next_version(tx, chart)
            now = {"changed_us": site.now_us, "changed_wall_us": wall_us(), "changed_by": person.account_id}
            store.add_chart(tx, {**saved.columns(), **now, "reason": words})
            detail = {"version": saved.version, "reason": words, **saved.columns()}
            _note(tx, person, site, "defined a control chart", "chart", saved.chart_id, detail)
            return saved.chart_id

    def tolerate(
        self, actor: Actor, chart_id: str, low: float | None, high: float | None, reason: str
    ) -> str:
        """State what is accepted, as a new version of the chart."""
        with self._database.read() as tx:
            row = store.chart(tx, chart_id)
        if row is None:
            raise NotFound("no such chart")
        return self.define(actor, replace(chart_of(row), tolerance_low=low, tolerance_high=high), reason)

    def freeze(
        self, actor: Actor, chart_id: str, from_us: int, to_us: int, reason: str, excluded: Sequence[int] = ()
    ) -> int:
        """Freeze the limits from the samples that end in (from, to], without those at `excluded` times.

        Returns the version of the limits. InvalidInput for too few samples or a reason that is missing.
        """
        with self._database.write() as tx:
            row = store.chart(tx, chart_id)
            if row is None:
                raise NotFound("no such chart")
            person, site = _allowed(tx, actor, Permission.MANAGE_CHARTS, row["equipment_id"])
            words = checked_text(reason)
            if not from_us < to_us <= site.now_us:
                raise InvalidInput("phase I begins before it ends, and has ended")
            version = freeze_limits(tx, chart_of(row), (from_us, to_us), excluded, person, site, words)
            detail = {"version": version, "from_us": from_us, "to_us": to_us, "reason": words}
            _note(
                tx,
                person,
                site,
                "froze control limits",
                "chart",
                chart_id,
                {**detail, "left_out": list(excluded)},
            )
            return version

    def freeze_pattern(self, actor: Actor, equipment_id: str, from_us: int, to_us: int, reason: str) -> int:
        """Freeze a machine's usual pattern from the hours that end in (from, to]; returns the version."""
        with self._database.write() as tx:
            person, site = _allowed(tx, actor, Permission.MANAGE_CHARTS, equipment_id)
            words = checked_text(reason)
            version = freeze_pattern(tx, equipment_id, (from_us, to_us), person, site, words)
            detail = {"version": version, "from_us": from_us, "to_us": to_us, "reason": words}
            _note(tx, person, site, "froze the usual pattern", "equipment", equipment_id, detail)
            return version

    def watch_pattern(
        self, actor: Actor, equipment_id: str, *, opens_case: bool, cause: str, reason: str
    ) -> int:
        """Say whether hours beyond a limit of the usual pattern open a case, and what they point to."""
        with self._database.write() as tx:
            person, site = _allowed(tx, actor, Permission.MANAGE_CHARTS, equipment_id)
            words = reason_of(reason)
            if cause not in CAUSE_LABELS:
                raise InvalidInput("there is no such cause", "cause")
            if equipment_id not in pattern_store.newest(tx, equipment_id):
                raise NotFound("nobody has frozen the usual pattern of this machine yet")
            before = pattern_store.rules(tx, equipment_id)
            version = before["version"] + 1 if before else 1
            row = {
                "equipment_id": equipment_id, "version": version, "opens_case": opens_case, "cause": cause,
                "changed_by": person.account_id, "changed_us": site.now_us, "changed_wall_us": wall_us(),
                "reason": words,
            }  # fmt: skip
            pattern_store.add_rules(tx, row)
            was = {"opens_case": bool(before and before["opens_case"]), "cause": before and before["cause"]}
            detail = {"version": version, "opens_case": opens_case, "cause": cause, "before": was}
            detail["reason"] = words
            _note(tx, person, site, "set what the usual pattern opens", "equipment", equipment_id, detail)
            return version


def freeze_limits(
    tx: Connection,
    chart: Chart,
    span: tuple[int, int],
    excluded: Sequence[int],
    person: Actor,
    site: Site,
    reason: str,
) -> int:
    """Write a version of limits from stored samples, within a transaction."""
    left_out = set(excluded)
    samples = [s for s in store.samples(tx, chart.chart_id, *span) if s.at_us not in left_out]
    limits = limits_of(chart.kind, samples, between=chart.spread == BETWEEN)
    before = store.every_limits(tx, chart.chart_id)
    version = before[0]["version"] + 1 if before else 1
    row = {
        "chart_id": chart.chart_id,
        "version": version,
        "from_us": span[0],
        "to_us": span[1],
        "level": limits.level,
        "sigma": limits.sigma,
        "between": limits.between,
        "samples": limits.samples,
        "resemblance": resemblance(samples),
        "excluded": json.dumps(sorted(left_out)),
        "frozen_by": person.account_id,
        "frozen_us": site.now_us,
        "frozen_wall_us": wall_us(),
        "reason": reason,
    }
    store.add_limits(tx, row)
    return version


def freeze_pattern(
    tx: Connection, equipment_id: str, span: tuple[int, int], person: Actor, site: Site, reason: str
) -> int:
    """Write a version of a machine's usual pattern, within a transaction. Metrics it does not send are
    left out."""
    m = t.metrics.c
    known = set(tx.execute(select(m.name).where(m.equipment_id == equipment_id)).scalars())
    metrics = [name for name in METRICS if name in known]
    if len(metrics) < 3:
        raise InvalidInput("a pattern needs three sensors at least")
    _, values = hours_of(tx, equipment_id, metrics, *span)
    pattern = multivariate.fit(metrics, values)
    before = pattern_store.newest(tx, equipment_id).get(equipment_id)
    version = before["version"] + 1 if before else 1
    row = {
        "equipment_id": equipment_id,
        "version": version,
        "from_us": span[0],
        "to_us": span[1],
        "content": pattern.to_json(),
        "samples": pattern.samples,
        "frozen_by": person.account_id,
        "frozen_us": site.now_us,
        "frozen_wall_us": wall_us(),
        "reason": reason,
    }
    pattern_store.add(tx, row)
    return version


def _next_version(tx: Connection, chart: Chart) -> Chart:
    if not chart.chart_id:
        return replace(chart, chart_id=new_id(), version=1)
    row = store.chart(tx, chart.chart_id)
    if row is None or row["equipment_id"] != chart.equipment_id:
        raise NotFound("no such chart of this machine")
    if row["version"] != chart.version:
        raise Conflict("the chart has changed since you read it")
    old = chart_of(row)
    if any(getattr(old, name) != getattr(chart, name) for name in _SAMPLED):
        store.forget_samples(tx, chart.chart_id)
    return replace(chart, version=chart.version + 1)


def _allowed(tx: Connection, actor: Actor, permission: Permission, equipment_id: str) -> tuple[Actor, Site]:
    person = fresh(tx, actor)
    person.require(permission, equipment_id)
    return person, site_at(tx, site_of(equipment_id))


def _note(
    tx: Connection, person: Actor, site: Site, action: str, kind: str, subject: str, detail: dict[str, Any]
) -> None:
    audit.append(
        tx,
        actor=person.account_id,
        action=action,
        subject_kind=kind,
        subject_id=subject,
        plant_us=site.now_us,
        detail=detail,
    )
