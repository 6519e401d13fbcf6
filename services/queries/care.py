"""Who looks after a case, whether it sleeps, and the opinions of colleagues."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Permission
from data.store import care as store
from data.store import tables as t
from domain.clock import HOUR
from domain.equipment import line_of
from services.actors import actor_of
from services.context import Context
from services.queries.common import people
from services.rows.care import CareView, Colleague, OpinionRow

WITHOUT_SHIFT_US = 4 * HOUR


def care_view(tx: Connection, context: Context, row: Mapping[str, Any]) -> CareView:
    """What the card shows of it."""
    care = store.care(tx, row["case_id"]) or {}
    asked = store.opinions_of(tx, row["case_id"])
    who = people(
        tx,
        [
            care.get("assigned_to"),
            care.get("snoozed_by"),
            *(i for o in asked for i in (o["asked_by"], o["asked_of"])),
        ],
    )
    until = care.get("snoozed_until_us") or 0
    asleep = until > context.now_us and care.get("snoozed_version") == row["version"]
    me = context.actor.account_id
    return CareView(
        assigned_to=who.get(care.get("assigned_to") or "", ""),
        snoozed_until_us=until if asleep else None,
        snoozed_by=who.get(care.get("snoozed_by") or "", "") if asleep else "",
        snooze_reason=care.get("snooze_reason", "") if asleep else "",
        latest_us=latest_snooze_us(tx, row, context.now_us),
        opinions=tuple(
            OpinionRow(
                o["opinion_id"], who.get(o["asked_by"], "?"), who.get(o["asked_of"], "?"), o["question"],
                o["asked_us"], o["answer"], o["answered_us"],
                o["asked_of"] == me and o["answered_us"] is None,
            )
            for o in asked
        ),
    )  # fmt: skip


def latest_snooze_us(tx: Connection, row: Mapping[str, Any], now_us: int) -> int:
    """Until when a case may be put aside: the end of the shift, so that nobody inherits it unseen."""
    shift = store.shift_at(tx, line_of(row["equipment_id"]), now_us)
    end_us = shift["end_us"] if shift else now_us + WITHOUT_SHIFT_US
    return int(min(end_us, row["deadline_us"]))


def care_of(tx: Connection, site_id: str) -> dict[str, dict[str, Any]]:
    """Care of the open cases of a site, by case."""
    c = t.cases.c
    query = select(t.care).join_from(t.care, t.cases, c.case_id == t.care.c.case_id)
    rows = tx.execute(query.where(c.site_id == site_id, c.open_key > "")).mappings()
    return {row["case_id"]: dict(row) for row in rows}


def colleagues(context: Context, equipment_id: str) -> tuple[Colleague, ...]:
    """Everybody else who sees cases of this machine, those who decide first."""
    context.actor.require(Permission.SEE_CASES, equipment_id)
    with context.database.read() as tx:
        rows = tx.execute(select(t.accounts).where(t.accounts.c.active).order_by(t.accounts.c.name))
        everybody = [actor_of(row) for row in rows.mappings()]
    found = [
        Colleague(
            a.account_id,
            a.name,
            ", ".join(sorted(r.value.replace("_", " ") for r in a.roles)),
            a.may(Permission.DECIDE, equipment_id),
        )
        for a in everybody
        if a.may(Permission.COMMENT, equipment_id) and a.account_id != context.actor.account_id
    ]
    return tuple(sorted(found, key=lambda p: (not p.decides, p.name)))
