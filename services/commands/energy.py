"""What energy costs and emits: set in versions, with who, from when on, and why."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Table, func, select

from auth.permissions import Actor, Permission
from data.store import tables as t
from data.store.database import Database
from domain.clock import wall_us
from domain.energy import Band, Tariff
from domain.errors import InvalidInput
from services import audit
from services.actors import fresh
from services.commands.acting import checked_text, reason_of
from services.situation import Site, site_at

DIRTIEST = 2_000.0


class EnergyCommands:
    """Acts on prices and factors. Each is one transaction, and checks permission and scope itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set_tariff(
        self,
        actor: Actor,
        site_id: str,
        name: str,
        valid_from_us: int,
        bands: Sequence[Band],
        peak_cents_per_kw: int,
        reason: str,
        valid_to_us: int | None = None,
    ) -> int:
        """A new version of the tariff; earlier hours keep theirs, and so do those after its end. Returns its
        number."""
        if not name.strip():
            raise InvalidInput("a tariff has a name", "name")
        tariff = Tariff(valid_from_us, checked_text(name), tuple(bands), peak_cents_per_kw, valid_to_us)
        row = {
            "valid_from_us": tariff.valid_from_us,
            "valid_to_us": tariff.valid_to_us,
            "name": tariff.name,
            "bands": json.dumps([asdict(band) for band in tariff.bands]),
            "peak_cents_per_kw": tariff.peak_cents_per_kw,
        }
        return self._set(actor, site_id, t.energy_tariffs, row, reason, "set the energy tariff")

    def set_factor(
        self, actor: Actor, site_id: str, grams_per_kwh: float, source: str, valid_from_us: int, reason: str
    ) -> int:
        """A new emission factor with its source. Returns its version."""
        if not 0 <= grams_per_kwh <= DIRTIEST:
            raise InvalidInput(f"an emission factor lies between 0 and {DIRTIEST:,.0f} g/kWh", "grams")
        if not source.strip():
            raise InvalidInput("say who published the factor", "source")
        row = {
            "valid_from_us": valid_from_us,
            "grams_per_kwh": grams_per_kwh,
            "source": checked_text(source),
        }
        return self._set(actor, site_id, t.emission_factors, row, reason, "set the emission factor")

    def _set(
        self, actor: Actor, site_id: str, table: Table, row: dict[str, Any], reason: str, action: str
    ) -> int:
        with self._database.write() as tx:
            person = fresh(tx, actor)
            person.require(Permission.MANAGE_ENERGY, site_id)
            site, words = site_at(tx, site_id), reason_of(reason)
            version = _next(tx, table, site_id)
            stored = {
                "site_id": site_id,
                "version": version,
                **row,
                "set_by": person.account_id,
                "set_wall_us": wall_us(),
                "reason": words,
            }
            tx.execute(table.insert().values(**stored))
            _note(tx, person, site, action, {**row, "version": version, "reason": words})
            return version


def _next(tx: Connection, table: Table, site_id: str) -> int:
    newest = tx.execute(select(func.max(table.c.version)).where(table.c.site_id == site_id)).scalar()
    return int(newest or 0) + 1


def _note(tx: Connection, person: Actor, site: Site, action: str, detail: dict[str, Any]) -> None:
    audit.append(
        tx,
        actor=person.account_id,
        action=action,
        subject_kind="site",
        subject_id=site.site_id,
        plant_us=site.now_us,
        detail=detail,
    )
