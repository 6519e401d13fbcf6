"""Reads for the energy screen. Checks permission and scope itself."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from auth.permissions import Permission
from data.store import tables as t
from data.store.plan_facts import OVER_US
from data.store.statements import Among, Statement
from domain import energy as e
from domain.clock import FOR_EVER_US, utc
from domain.energy import Band, Tariff
from domain.equipment import line_of
from domain.kpi import energy_each
from domain.load_profile import typical_days
from domain.telemetry import Quality
from services.calendars import holidays_of
from services.context import Context
from services.energy.load import Demand, Load, load
from services.queries.common import in_scope, people, under
from services.rollups import BUCKET_US
from services.rows.energy import EnergyRow, EnergyView, Priced, Prices

SHOWN_RESETS = 12
# By the shift or day that they are kept under, with the code beside it: by their time (an index of it is kept
# off by the sum) each remark of the stretch would be looked up, and most are other ones.
_FELL = Among(
    "SELECT equipment_id, at_us FROM kpi_flags WHERE equipment_id {among} AND from_us > :old_us"
    " AND from_us < :to_us AND code IN ('counter_reset', 'counter_fell')"
    " AND at_us + 0 >= :from_us AND at_us + 0 < :to_us ORDER BY at_us + 0 DESC, equipment_id LIMIT :most"
)
# A bucket counts what lies behind its start up to its end (services.rollups.bucket_of).
_PAIRS = Statement(
    "SELECT r.source_us, b.value, r.value FROM readings r"  # noqa: S608
    " JOIN readings b ON b.metric_id = r.metric_id"
    " AND b.source_us = (SELECT MAX(source_us) FROM readings WHERE metric_id = r.metric_id"
    f" AND source_us < r.source_us AND quality = {int(Quality.GOOD)} AND value >= 0)"
    " WHERE r.metric_id = :metric AND r.source_us > :from_us AND r.source_us <= :to_us"
    f" AND r.quality = {int(Quality.GOOD)} AND r.value >= 0 AND r.value < b.value ORDER BY r.source_us"
)


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
            days = (utc(at).astimezone(zone).date() for at in (from_us, to_us))
            free = holidays_of(tx, c.site.site_id, *days)
        known = [tariff_of(row) for row in reversed(priced)]
        return _assembled(found, units, names, line_id, known, priced, factors, who, zone, resets, free)

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
    query = select(q.equipment_id, q.name, q.position, q.constraint_unit).where(
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
    """(machine, time, before, after) of the newest times that a meter fell, as far as its readings are kept:
    found by the remarks, which tell of every counter."""
    m = t.metrics.c
    names = {u["equipment_id"]: u["name"] for u in units}
    meters = select(m.equipment_id, m.metric_id).where(m.name == "energy", m.equipment_id.in_(list(names)))
    metric = {row[0]: row[1] for row in tx.execute(meters)}
    stretch = {"from_us": from_us, "to_us": to_us, "old_us": from_us - OVER_US, "most": 4 * SHOWN_RESETS}
    found: list[tuple[str, int, float, float]] = []
    for unit, bucket_us in _FELL.rows(tx, list(metric), stretch):
        fell = {"metric": metric[unit], "from_us": bucket_us, "to_us": bucket_us + BUCKET_US}
        found += [(names[unit], at, before, after) for at, before, after in _PAIRS.rows(tx, fell)]
    return tuple(sorted(found, key=lambda row: -row[1])[:SHOWN_RESETS])


def _assembled(
    found: Load,
    units: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    line_id: str,
    known: Sequence[Tariff],
    priced: Sequence[Mapping[str, Any]],
    factors: Sequence[Mapping[str, Any]],
    who: Mapping[str, str],
    zone: ZoneInfo,
    resets: tuple[tuple[str, int, float, float], ...],
    holidays: Collection[date],
) -> EnergyView:
    everything, idle, unheard = found.demand(), found.idle_kwh(), set(found.unmetered())
    quarters = everything.quarters()
    groups: dict[str, list[int]] = {}
    for k, unit in enumerate(units):
        groups.setdefault(unit["equipment_id"] if line_id else line_of(unit["equipment_id"]), []).append(k)
    names = {**names, **{u["equipment_id"]: u["name"] for u in units}}
    level = "unit" if line_id else "line"
    bands = _Bands(e.bands_at([q.at_us for q in quarters], known, zone)) if known else None
    rows = [
        _row(
            found,
            found.demand(own),
            key,
            names.get(key, key),
            level,
            own,
            bands,
            idle,
            _made(found, units, own),
        )
        for key, own in groups.items()
    ]
    everyone = list(range(len(units)))
    made = _made(found, units, everyone) if line_id else (0.0, 0.0)  # parts of different lines do not add up
    whole = _row(found, everything, line_id, names.get(line_id, ""), "whole", everyone, bands, idle, made)
    end = quarters[-1].at_us if quarters else 0
    factor, tariff = in_force(factors, end), in_force(priced, end)
    emits = [e.Factor(row["valid_from_us"], row["grams_per_kwh"]) for row in reversed(factors)]
    cost = bands.cost(everything) if bands else e.Cost(0, {}, int(everything.known.sum()))
    return EnergyView(
        whole=whole,
        rows=tuple(sorted(rows, key=lambda r: -r.kwh)),
        quarters=tuple(quarters),
        by_band=tuple(sorted(cost.by_band.items(), key=lambda item: -item[1])),
        peak_charge_cents=_peak_charge(everything, priced, zone),
        co2_kg=e.emissions_kg(quarters, emits) if factor else None,
        tariff=_priced(tariff, tariff["name"], "", who) if tariff else None,
        factor=_priced(factor, f"{factor['grams_per_kwh']:g} g/kWh", factor["source"], who)
        if factor
        else None,
        unpriced=cost.unpriced,
        resets=resets,
        typical=typical_days(quarters, zone, holidays),
        unmetered=tuple(u["name"] for u in units if u["equipment_id"] in unheard),
    )


def _peak_charge(demand: Demand, priced: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> int | None:
    """Cents for the measured peak of each calendar month, at the tariff that held then; None without one."""
    found = []
    for month in demand.months(zone):
        peak = month.peak()
        held = in_force(priced, peak[1]) if peak else None
        if peak and held is not None:
            found.append(peak[0] * held["peak_cents_per_kw"])
    return round(sum(found)) if found else None


def _made(found: Load, units: Sequence[Mapping[str, Any]], own: Sequence[int]) -> tuple[float, float]:
    """Good and all parts of a machine, or of a line as in its figures: those of the machine that sets the
    pace (the last one where none is marked); what was scrapped behind it is not good."""
    pace = next((place for place in own if units[place]["constraint_unit"]), own[-1])
    after = [place for place in own if units[place]["position"] > units[pace]["position"]]
    good, scrap = (found.columns[name].sum(axis=1, dtype=np.float64) for name in ("good", "scrap"))
    return max(0.0, float(good[pace] - scrap[after].sum())), float(good[pace] + scrap[pace])


class _Bands:
    """The price of each quarter hour as numbers: found once, used for the whole and for every row."""

    def __init__(self, bands: Sequence[Band | None]) -> None:
        known = {id(band): band for band in bands if band is not None}
        self._bands = list(known.values())
        place = {key: number for number, key in enumerate(known)} | {id(None): len(known)}
        self._code = np.array([place[id(band)] for band in bands], np.int64)

    def cost(self, demand: Demand) -> e.Cost:
        """What some machines' energy costs."""
        kwh = np.bincount(self._code, demand.kwh, len(self._bands) + 1).tolist()
        unpriced = int((demand.known & (self._code == len(self._bands))).sum())
        return e.cost_of_bands(zip(self._bands, kwh, strict=False), unpriced)


def _priced(row: Mapping[str, Any], name: str, detail: str, who: Mapping[str, str]) -> Priced:
    bands = tuple(Band(**band) for band in json.loads(row["bands"])) if "bands" in row else ()
    value = float(row.get("grams_per_kwh", row.get("peak_cents_per_kw", 0)))
    set_by = who.get(row["set_by"], row["set_by"])
    ends = row.get("valid_to_us")
    return Priced(name, row["valid_from_us"], set_by, row["reason"], detail, bands, value, ends)


def _row(
    found: Load,
    demand: Demand,
    key: str,
    name: str,
    level: str,
    own: list[int],
    bands: _Bands | None,
    idle: NDArray[np.float64],
    made: tuple[float, float],
) -> EnergyRow:
    peak = demand.peak()
    kwh = float(demand.kwh.sum())
    return EnergyRow(
        equipment_id=key,
        name=name,
        level=level,
        kwh=kwh,
        good=made[0],
        per_part_kwh=energy_each(kwh, made[0]),
        per_made_kwh=energy_each(kwh, made[1]),
        idle_kwh=float(idle[own].sum()),
        cost_cents=None if bands is None else bands.cost(demand).cents,
        peak_kw=peak[0] if peak else None,
        peak_us=peak[1] if peak else None,
        peak_lacks=bool(peak and demand.lacks(peak[1])),
        base_kw=demand.base(),
        known=found.share("known", own),
        estimated=found.share("spread", own),
    )
