"""Stopping the AI and letting it go on again: signed, audited, obeyed at once; and the drill of it.

A stop is one transaction: the stop itself, the undecided advice of the stopped models withdrawn, and a
case for each machine that is beyond a fixed limit now. After it commits, no advice of a stopped model is
stored (data.store.stops). A drill writes down what a stop would do, is seen by everybody, stops nothing.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from auth.permissions import Actor, Permission
from auth.signatures import NOTHING_TYPED, Credential, Proof, check_proof
from data.store import drafts, notices
from data.store import stops as store
from data.store import tables as t
from data.store.database import Database
from domain.cases import UNDECIDED, CaseState
from domain.clock import wall_us
from domain.errors import Conflict, InvalidInput, NotFound, NotNow
from domain.evidence import canonical
from domain.ids import new_id
from domain.rules import Limit
from services import audit, fallback
from services.actors import fresh
from services.commands.acting import checked_text
from services.ending import end
from services.signing import Signer, hash_of
from services.situation import Site, site_at
from services.stop_plan import advice_of, told
from services.telling_people import PERSONAL, rows_for

STOPS = "I stop the AI's advice here. The fixed limits watch until it is let go on."
DRILLS = "I rehearse the stop of the AI. Nothing is stopped."
RESUMES = "I have looked at the reason for the stop and let the AI advise again."


@dataclass(frozen=True, slots=True)
class StopEffect:
    """What a stop did, or a drill found that it would do: case numbers, machines, and people told."""

    withdrawn: tuple[int, ...]
    opened: tuple[int, ...]
    machines: tuple[str, ...]
    told: tuple[str, ...]


class StopCommands:
    """Acts on the AI as a whole. Forbidden without the permission or the right password."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._signer = Signer(database)

    def stop(
        self, actor: Actor, site_id: str, model_name: str, reason: str, credential: Credential = NOTHING_TYPED
    ) -> StopEffect:
        """Stop a model ("" = all). NotNow when it is stopped already, NotFound for an unknown model."""
        proof = self._signer.prove(actor, credential)
        words = checked_text(reason)
        with self._database.write() as tx:
            person, site = self._begin(tx, actor, site_id, Permission.STOP_AI)
            stop_id = _write_down(tx, person, site, model_name, words, proof, drill=False)
            withdrawn = [
                _withdraw(tx, row, site, f"The AI was stopped: {words}")
                for row in advice_of(tx, site_id, model_name)
            ]
            before = fallback.troubles(tx, site)
            opened = fallback.watch_site(tx, site, before)
            machines = [one.equipment_id for one in before if one.open_case is None]
            effect = _effect(tx, site, withdrawn, opened, machines)
            _finish(tx, person, site, stop_id, "stopped the AI", model_name, words, effect)
        return effect

    def drill(
        self, actor: Actor, site_id: str, model_name: str, reason: str, credential: Credential = NOTHING_TYPED
    ) -> StopEffect:
        """Rehearse a stop: what it would do is recorded and shown to everybody; nothing is stopped."""
        proof = self._signer.prove(actor, credential)
        words = checked_text(reason)
        with self._database.write() as tx:
            person, site = self._begin(tx, actor, site_id, Permission.STOP_AI)
            stop_id = _write_down(tx, person, site, model_name, words, proof, drill=True)
            would = [row["number"] for row in advice_of(tx, site_id, model_name)]
            freed = {row["equipment_id"] for row in advice_of(tx, site_id, model_name)}
            machines = [
                one.equipment_id
                for one in fallback.troubles(tx, site)
                if one.open_case is None or one.equipment_id in freed
            ]
            effect = _effect(tx, site, would, (), machines)
            _finish(tx, person, site, stop_id, "rehearsed the stop of the AI", model_name, words, effect)
        return effect

    def resume(self, actor: Actor, stop_id: str, reason: str, credential: Credential = NOTHING_TYPED) -> None:
        """End a stop or a drill, with a reason. A stop needs the right to resume, and the password."""
        words = checked_text(reason)
        proof = self._signer.prove(actor, credential)
        with self._database.write() as tx:
            row = store.get(tx, stop_id)
            if row is None:
                raise NotFound("there is no such stop")
            wanted = Permission.STOP_AI if row["drill"] else Permission.RESUME_AI
            person, site = self._begin(tx, actor, row["site_id"], wanted)
            check_proof(proof, person.account_id)
            drafts.use_up(tx, person.account_id, [f"ai-resume:{stop_id}"])
            ended = {
                "resumed_by": person.account_id,
                "resume_reason": words,
                "resumed_us": site.now_us,
                "resumed_wall_us": wall_us(),
            }
            if not store.end(tx, stop_id, ended):
                raise NotNow("it has ended already")
            action = "ended the drill" if row["drill"] else "let the AI go on"
            detail = {"model": row["model_name"] or "all", "reason": words, "meaning": RESUMES}
            _note(tx, person, site, stop_id, action, detail | {"proved_by": proof.by})

    def set_shadow(
        self, actor: Actor, site_id: str, model_name: str, *, on: bool, reason: str,
        credential: Credential = NOTHING_TYPED,
    ) -> None:  # fmt: skip
        """Let a model run in shadow at a site, or advise again; signed. Its undecided advice is withdrawn."""
        words = checked_text(reason)
        proof = self._signer.prove(actor, credential)
        with self._database.write() as tx:
            person, site = self._begin(tx, actor, site_id, Permission.RESUME_AI)
            check_proof(proof, person.account_id)
            s, m = t.shadow_models.c, t.model_versions.c
            if tx.execute(select(m.name).where(m.name == model_name).limit(1)).first() is None:
                raise NotFound(f"there is no model {model_name!r}")
            mine = (s.site_id == site_id) & (s.model_name == model_name)
            if (tx.execute(select(s.since_us).where(mine)).first() is not None) == on:
                raise NotNow("it is so already")
            if on:
                row = {"site_id": site_id, "model_name": model_name, "since_us": site.now_us}
                tx.execute(insert(t.shadow_models).values(**row, set_by=person.account_id, reason=words))
                for case in advice_of(tx, site_id, model_name):
                    _withdraw(tx, case, site, f"The model was put into shadow: {words}")
            else:
                tx.execute(delete(t.shadow_models).where(mine))
            action = "put a model into shadow" if on else "let a model advise"
            drafts.use_up(tx, person.account_id, [f"why:shadow-{model_name}"])
            detail = {"model": model_name, "reason": words, "proved_by": proof.by}
            _note(tx, person, site, model_name, action, detail)

    def state_limits(
        self, actor: Actor, site_id: str, limits: Sequence[Limit], credential: Credential = NOTHING_TYPED
    ) -> None:
        """Put these fixed limits in force at a site; none: the built-in ones. Signed: they watch alone."""
        keys = [(limit.machine_type, limit.metric) for limit in limits]
        if len(set(keys)) < len(keys):
            raise InvalidInput("one limit for each type of machine and sensor")
        proof = self._signer.prove(actor, credential)
        with self._database.write() as tx:
            person, site = self._begin(tx, actor, site_id, Permission.RESUME_AI)
            check_proof(proof, person.account_id)
            before, _ = store.limits(tx, site_id)
            store.state_limits(tx, site_id, limits)
            detail = {"before": [asdict(one) for one in before], "after": [asdict(one) for one in limits]}
            proved = {"proved_by": proof.by}
            _note(tx, person, site, site_id, "changed the fixed limits", detail | proved)

    def _begin(
        self, tx: Connection, actor: Actor, site_id: str, permission: Permission
    ) -> tuple[Actor, Site]:
        person = fresh(tx, actor)
        person.require(permission, site_id)
        site = site_at(tx, site_id)
        store.lock_site(tx, site_id)
        return person, site


def _write_down(
    tx: Connection, person: Actor, site: Site, model: str, words: str, proof: Proof, *, drill: bool
) -> str:
    m = t.model_versions.c
    if model and tx.execute(select(m.name).where(m.name == model).limit(1)).first() is None:
        raise NotFound(f"there is no model {model!r}")
    check_proof(proof, person.account_id)
    if any(
        row["drill"] == drill and row["model_name"] in ("", model)
        for row in store.under_way(tx, site.site_id)
    ):
        raise NotNow("this is being rehearsed already" if drill else "it is stopped already")
    meaning = DRILLS if drill else STOPS
    row: dict[str, Any] = {
        "stop_id": new_id(),
        "site_id": site.site_id,
        "model_name": model,
        "drill": drill,
        "open_key": store.open_key(site.site_id, model, drill=drill),
        "reason": words,
        "stopped_by": person.account_id,
        "printed_name": person.name,
        "meaning": meaning,
        "stopped_us": site.now_us,
        "stopped_wall_us": wall_us(),
        "effect": "{}",
        "resume_reason": "",
    }
    store.add(tx, row | {"record_hash": hash_of(canonical(row))})
    return str(row["stop_id"])


def _withdraw(tx: Connection, case: dict[str, Any], site: Site, reason: str) -> int:
    if case["state"] in {state.value for state in UNDECIDED}:
        with suppress(Conflict):  # decided in this very moment: what people released goes on
            end(tx, case, CaseState.WITHDRAWN, reason, site.now_us, "withdrawn")
    return int(case["number"])


def _effect(
    tx: Connection, site: Site, withdrawn: Sequence[int], opened: Sequence[int], machines: Sequence[str]
) -> StopEffect:
    names = tuple(one.name for one in told(tx, site.site_id))
    return StopEffect(tuple(withdrawn), tuple(opened), tuple(machines), names)


def _finish(
    tx: Connection, person: Actor, site: Site, stop_id: str, action: str, model: str, words: str,
    effect: StopEffect,
) -> None:  # fmt: skip
    drafts.use_up(tx, person.account_id, [f"ai-stop:{site.site_id}"])
    row = store.get(tx, stop_id)
    assert row is not None  # noqa: S101 - written in this transaction
    store.set_effect(tx, stop_id, canonical(asdict(effect)))
    signed = {"meaning": row["meaning"], "record_hash": row["record_hash"]}
    everybody = [one.account_id for one in told(tx, site.site_id)]
    matter = {"case_id": stop_id, "number": "", "title": "", "deadline_us": site.now_us}
    words_said = f"{person.name} {action} ({model or 'all models'}): {words}"
    messages = rows_for(tx, site, matter, everybody, PERSONAL, words_said, action)
    notices.add(tx, [row | {"subject": "AI stop"} for row in messages])
    detail = {"model": model or "all", "reason": words, **signed, **asdict(effect)}
    _note(tx, person, site, stop_id, action, detail)


def _note(
    tx: Connection, person: Actor, site: Site, subject: str, action: str, detail: dict[str, Any]
) -> None:
    audit.append(
        tx,
        actor=person.account_id,
        action=action,
        subject_kind="ai",
        subject_id=subject,
        plant_us=site.now_us,
        detail=detail,
    )
