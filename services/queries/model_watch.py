"""Reads of the watch over models: the newest look at each, and the proposals to train anew."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Actor, Permission
from data.store import model_watch as store
from data.store import tables as t
from services.context import Context
from services.queries.common import in_scope, under
from services.queries.maturity import of_site
from services.rows.model_watch import Look, ProposalRow, WatchView
from services.watching.reading import read


class ModelWatchQueries:
    """Reads on behalf of `context.actor`: machines outside the actor's scopes are named nowhere."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def watch(self) -> WatchView:
        """The newest looks and proposals of the site."""
        c = self._context
        c.actor.require(Permission.SEE_TRUST)
        site_id = c.site.site_id
        with c.database.read() as tx:
            machines = _machines(tx, c.actor, site_id)
            mine = {name for _, name in machines}
            looks = tuple(_seen(read(row["document"]), mine) for row in store.looks(tx, site_id))
            proposals = tuple(_proposal(row) for row in store.proposals(tx, site_id))
            kinds = dict(tx.execute(select(t.equipment.c.equipment_id, t.equipment.c.machine_type)).all())
            maturity = of_site(tx, site_id, [(unit, kinds[unit]) for unit, _ in machines])
        return WatchView(
            looks, proposals, machines, c.actor.may(Permission.IGNORE_INPUT), maturity
        )  # fmt: skip


def _machines(tx: Connection, actor: Actor, site_id: str) -> tuple[tuple[str, str], ...]:
    e = t.equipment.c
    query = (
        select(e.equipment_id, e.name)
        .where(e.level == "unit", e.assigned, under(e.equipment_id, site_id), in_scope(e.equipment_id, actor))
        .where(e.removed_us.is_(None))
    )
    return tuple(
        (row.equipment_id, row.name) for row in tx.execute(query.order_by(e.position, e.equipment_id))
    )


def _seen(look: Look, names: set[str]) -> Look:
    """The look with the machines of others left out; sums stay those of the site."""
    inputs = tuple(row if row.worst in names else replace(row, worst="") for row in look.inputs)
    return replace(
        look,
        inputs=inputs,
        machines=tuple(one for one in look.machines if one.machine in names),
        learning=tuple(one for one in look.learning if one.machine in names),
    )


def _proposal(row: Mapping[str, Any]) -> ProposalRow:
    return ProposalRow(
        number=row["number"], model=row["model_name"], version=row["model_version"],
        state=row["case_state"] or row["state"], why=tuple(json.loads(row["why"])),
        opened_us=row["opened_us"], by=row["printed_name"], meaning=row["meaning"],
        record_hash=row["record_hash"], reason=row["reason"], new_version=row["new_version"],
    )  # fmt: skip
