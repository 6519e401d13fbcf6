"""Reads for the energy screen. Checks permission and scope itself."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection, func, select

from auth.permissions import Permission
from data.store import tables as t
from domain import energy as e
from domain.energy import Band, Tariff
from domain.equipment import line_of
from domain.load_profile import typical_days
from services.context import Context
from services.energy.load import Load, load
from services.queries.common import in_scope, people, under
from services.rows.energy import EnergyRow, EnergyView, Priced, Prices

SHOWN_RESETS = 12
FOR_EVER_US = 2**62


class EnergyQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def view(self, line_id: str, from_us: int, to_us: int) -> EnergyView | None:
        """Energy of a line's machines, or of all lines with "", in [from, to). None where nothing is seen."""
        c = self._context
        c.actor.require(Permission.SEE_FLOOR)
        from_us -= from_us % e.QUARTER_US
        to_us -= to_us % e.QUARTER_US
        zone = ZoneInfo(c.site.time_zone)
        with c.database.read() as tx:
            units = _units(tx, c, line_id or c.site.site_id)
            if not units:
                return None
            found = load(tx, [u["equipment_id"] for u in units], from_us, to_us)
            priced = tariffs(tx, c.site.site_id)
            factors = _factors(tx, c.site.site_id)
            who = people(tx, [row["set_by"] for row in (*priced, *factors)])
            names = _lines(tx, {line_of(u["equipment_id"]) for u in units})
            resets = _resets(tx, units, from_us, to_us)
        known = [tariff_of(row) for row in reversed(priced)]
        return _assembled(found, units, names, line_id, known, priced, factors, who, zone, resets)

    def prices(self) -> Prices:
        """Every version of the site's tariff and emission factor, newest first, and which ones hold."""
        c = self._context
        c.actor.require(Permission.SEE_FLOOR)
        with c.database.read() as tx:
            priced, factors = tariffs(tx, c.site.site_id), _factors(tx, c.site.site_id)
            who = people(tx, [row["set_by"] for row in (*priced, *factors)])
        return Prices(
            tuple(_priced(row, row["name"], "", who) for row in priced),
            tuple(_priced(row, f"{row['grams_per_kwh']:g} g/kWh", row["source"], who) for row in factors),
            _place(priced, c.now_us),
            _place(factors, c.now_us),
        )


def _place(versions: Sequence[Mapping[str, Any]], now_us: int) -> int | None:
    held = in_force(versions, now_us)
    return None if held is None else [row["version"] for row in versions].index(held["version"])


def tariffs(tx: Connection, site_id: str) -> list[Mapping[str, Any]]:
    """All versions of a site's tariffs, newest first."""
    r = t.energy_tariffs.c
    query = select(t.energy_tariffs).where(r.site_id == site_id).order_by(r.version.desc())
    return [dict(row) for row in tx.execute(query).mappings()]


def in_force(versions: Sequence[Mapping[str, Any]], at_us: int) -> Mapping[str, Any] | None:
    """Of versions, newest first: the one that holds at a moment."""
    begun = [
        row for row in versions if row["valid_from_us"] <= at_us < (row.get("valid_to_us") or FOR_EVER_US)
    ]
    return max(begun, key=lambda row: (row["valid_from_us"], row["version"]), default=None)


def tariff_of(row: Mapping[str, Any]) -> Tariff:
    """A tariff from its row."""
    bands = tuple(Band(**band) for band in json.loads(row["bands"]))
    return Tariff(row["valid_from_us"], row["name"], bands, row["peak_cents_per_kw"], row["valid_to_us"])


def _factors(tx: Connection, site_id: str) -> list[Mapping[str, Any]]:
    r = t.emission_factors.c
    query = select(t.emission_factors).where(r.site_id == site_id).order_by(r.version.desc())
    return [dict(row) for row in tx.execute(query).mappings()]


def _units(tx: Connection, c: Context, scope: str) -> list[Mapping[str, Any]]:
    q = t.equipment.c
    query = select(q.equipment_id, q.name, q.position).where(
        q.level == "unit", q.assigned, in_scope(q.equipment_id, c.actor), under(q.equipment_id, scope)
    )
    return [dict(row) for row in tx.execute(query.order_by(q.parent_id, q.position)).mappings()]


def _lines(tx: Connection, ids: set[str]) -> dict[str, str]:
    q = t.equipment.c
    rows = tx.execute(select(q.equipment_id, q.name).where(q.equipment_id.in_(sorted(ids))))
    return {row[0]: row[1] for row in rows}


def _resets(
    tx: Connection, units: Sequence[Mapping[str, Any]], from_us: int, to_us: int
) -> tuple[tuple[str, int, float, float], ...]:
    """(machine, time, before, after) where a meter fell; searched on one line at a time, it reads every
    value."""
    if len({line_of(u["equipment_id"]) for u in units}) > 1:
        return ()
    m, r = t.metrics.c, t.readings.c
    ids = select(m.metric_id, m.equipment_id).where(
        m.name == "energy", m.equipment_id.in_([u["equipment_id"] for u in units])
    )
    found = []
    names = {u["equipment_id"]: u["name"] for u in units}
    for metric_id, unit in tx.execute(ids).all():
        before = func.lag(r.value).over(order_by=r.source_us).label("before")
        series = select(r.source_us, r.value, before).where(
            r.metric_id == metric_id, r.source_us >= from_us, r.source_us < to_us
        )
        inner = series.subquery()
        fell = select(inner.c.source_us, inner.c.before, inner.c.value).where(inner.c.value < inner.c.before)
        found += [(names[unit], at, b, a) for at, b, a in tx.execute(fell)]
    return tuple(sorted(found, key=lambda row: -row[1])[:SHOWN_RESETS])


def _assembled(
    found: Load,
    units: Sequence[Mapping[str, Any]],
    lines: Mapping[str, str],
    line_id: str,
    known: Sequence[Tariff],
    priced: Sequence[Mapping[str, Any]],
    factors: Sequence[Mapping[str, Any]],
    who: Mapping[str, str],
    zone: ZoneInfo,
    resets: tuple[tuple[str, int, float, float], ...],
) -> EnergyView:
    everyone = list(range(len(units)))
    quarters = found.quarters()
    groups: dict[str, list[int]] = {}
    for k, unit in enumerate(units):
        groups.setdefault(unit["equipment_id"] if line_id else line_of(unit["equipment_id"]), []).append(k)
    names = {**lines, **{u["equipment_id"]: u["name"] for u in units}}
    level = "unit" if line_id else "line"
    bands = e.bands_at([q.at_us for q in quarters], known, zone) if known else None
    rows = [_row(found, key, names.get(key, key), level, own, bands) for key, own in groups.items()]
    whole = _row(found, line_id, names.get(line_id, ""), "whole", everyone, bands)
    cost = e.cost_with(quarters, bands or [None] * len(quarters))
    end = quarters[-1].at_us if quarters else 0
    factor, tariff = in_force(factors, end), in_force(priced, end)
    emits = [e.Factor(row["valid_from_us"], row["grams_per_kwh"]) for row in reversed(factors)]
    return EnergyView(
        whole=whole,
        rows=tuple(sorted(rows, key=lambda r: -r.kwh)),
        quarters=tuple(quarters),
        by_band=tuple(sorted(cost.by_band.items(), key=lambda item: -item[1])),
        peak_charge_cents=round(whole.peak_kw * tariff["peak_cents_per_kw"])
        if tariff and whole.peak_kw is not None
        else None,
        co2_kg=e.emissions_kg(quarters, emits) if factor else None,
        tariff=_priced(tariff, tariff["name"], "", who) if tariff else None,
        factor=_priced(factor, f"{factor['grams_per_kwh']:g} g/kWh", factor["source"], who)
        if factor
        else None,
        unpriced=cost.unpriced,
        resets=resets,
        typical=typical_days(quarters, zone),
    )


def _priced(row: Mapping[str, Any], name: str, detail: str, who: Mapping[str, str]) -> Priced:
    bands = tuple(Band(**band) for band in json.loads(row["bands"])) if "bands" in row else ()
    value = float(row.get("grams_per_kwh", row.get("peak_cents_per_kw", 0)))
    set_by = who.get(row["set_by"], row["set_by"])
    ends = row.get("valid_to_us")
    return Priced(name, row["valid_from_us"], set_by, row["reason"], detail, bands, value, ends)


def _row(
    found: Load, key: str, name: str, level: str, own: list[int], bands: Sequence[Band | None] | None
) -> EnergyRow:
    quarters = found.quarters(own)
    peak = e.peak_of(quarters)
    kwh = float(np.nansum(found.kwh[own]))
    good = float(found.good[own[-1]].sum())  # what leaves the last machine
    if level == "whole" and not key:
        good = 0.0  # parts of different lines do not add up
    return EnergyRow(
        equipment_id=key,
        name=name,
        level=level,
        kwh=kwh,
        good=good,
        per_part_kwh=kwh / good if good > 0 else None,
        idle_kwh=sum(found.idle_kwh(k) for k in own),
        cost_cents=None if bands is None else e.cost_with(quarters, bands).cents,
        peak_kw=peak.kw if peak else None,
        peak_us=peak.at_us if peak else None,
        base_kw=e.base_load(quarters),
        known=float(np.isfinite(found.kwh[own]).mean()),
        estimated=float(found.spread[own].mean()),
    )
