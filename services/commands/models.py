"""Acts on the model registry: promote a challenger past its gates, roll back, dismiss, judge anew.

A promotion is one signed transaction: the challenger becomes the champion, the champion is retired and
kept, so that one click brings it back. Stages hold for every site of the desk; who changes them answers
for all of them.
"""

from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Actor, Permission
from auth.signatures import NOTHING_TYPED, Credential, Proof, check_proof
from data.store import drafts
from data.store import registry as store
from data.store import tables as t
from data.store.database import Database
from domain.clock import wall_us
from domain.errors import NotFound, NotNow, Tampered
from domain.evidence import canonical
from domain.model_gates import Stage
from services import audit
from services.actors import fresh
from services.commands.acting import checked_text
from services.registry.promoting import spoiled, why_not
from services.signing import Signer, hash_of
from services.situation import Site, site_at

PROMOTES = "I have read the card and the gates of this version and let it advise in the champion's place."
ROLLS_BACK = "I take this version out of service and let the one before it advise again."
DISMISSES = "I take this version out of the shadow; it is not to advise."


class ModelCommands:
    """Forbidden without the permission at every site, or without the right password."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._signer = Signer(database)

    def ask_gates(self, actor: Actor, site_id: str, name: str, version: str) -> None:
        """Have a challenger's gates judged anew; the scoring process does it within seconds."""
        with self._database.write() as tx:
            _begin(tx, actor, site_id)
            if _version(tx, name, version)["stage"] != Stage.SHADOW:
                raise NotNow("only a challenger has gates to pass")
            store.ask(tx, name, version, wall_us())

    def promote(
        self, actor: Actor, site_id: str, name: str, version: str, reason: str,
        credential: Credential = NOTHING_TYPED,
    ) -> None:  # fmt: skip
        """Let a challenger take the champion's place.

        NotNow unless every gate was passed against this champion within a day; Tampered when its file
        is not the registered one.
        """
        proof, words = self._signer.prove(actor, credential), checked_text(reason)
        with self._database.write() as tx:
            person, site = _begin(tx, actor, site_id)
            challenger, champion = _version(tx, name, version), store.champion(tx, name)
            gates = store.gates(tx, name, version)
            trouble = why_not(challenger, champion["version"] if champion else "", gates, wall_us())
            if trouble:
                raise NotNow(trouble)
            _check_file(challenger)
            replaced = champion["version"] if champion else ""
            signed = {"gates": [{k: row[k] for k in ("gate", "state", "ours", "theirs")} for row in gates]}
            _replace(tx, name, version, replaced)
            _sign(tx, person, site, challenger, "promoted", PROMOTES, words, proof, replaced, signed)

    def roll_back(
        self, actor: Actor, site_id: str, name: str, reason: str, credential: Credential = NOTHING_TYPED
    ) -> None:
        """Let the version that was champion before advise again. NotNow when there is none."""
        proof, words = self._signer.prove(actor, credential), checked_text(reason)
        with self._database.write() as tx:
            person, site = _begin(tx, actor, site_id)
            champion = store.champion(tx, name)
            before = store.predecessor(tx, name, champion["version"]) if champion else ""
            if champion is None or not before:
                raise NotNow("there is no version to go back to")
            target = _version(tx, name, before)
            _check_file(target)
            _replace(tx, name, before, champion["version"])
            _sign(
                tx, person, site, target, "rolled back", ROLLS_BACK, words, proof, champion["version"], {}
            )  # fmt: skip

    def dismiss(
        self, actor: Actor, site_id: str, name: str, version: str, reason: str,
        credential: Credential = NOTHING_TYPED,
    ) -> None:  # fmt: skip
        """Take a challenger out of the shadow; what it said is kept."""
        proof, words = self._signer.prove(actor, credential), checked_text(reason)
        with self._database.write() as tx:
            person, site = _begin(tx, actor, site_id)
            row = _version(tx, name, version)
            if row["stage"] != Stage.SHADOW:
                raise NotNow("it is not in the shadow of the champion")
            store.set_stage(tx, name, version, Stage.RETIRED)
            _sign(tx, person, site, row, "dismissed", DISMISSES, words, proof, "", {})


def _begin(tx: Connection, actor: Actor, site_id: str) -> tuple[Actor, Site]:
    """The actor as of now, allowed at every site where models advise; one change at a time."""
    person, s = fresh(tx, actor), t.sites.c
    for other in tx.execute(select(s.site_id).where(s.shadow.is_(False))).scalars():
        person.require(Permission.MANAGE_MODELS, other)
    store.lock(tx)
    return person, site_at(tx, site_id)


def _version(tx: Connection, name: str, version: str) -> dict[str, Any]:
    row = store.version(tx, name, version)
    if row is None:
        raise NotFound(f"there is no model {name!r} {version}")
    return row


def _check_file(row: dict[str, Any]) -> None:
    trouble = spoiled(row)
    if trouble:
        raise Tampered(trouble)


def _replace(tx: Connection, name: str, version: str, replaced: str) -> None:
    if replaced:
        store.set_stage(tx, name, replaced, Stage.RETIRED)
    store.set_stage(tx, name, version, Stage.CHAMPION)


def _sign(
    tx: Connection, person: Actor, site: Site, row: dict[str, Any], kind: str, meaning: str, words: str,
    proof: Proof, other: str, more: dict[str, Any],
) -> None:  # fmt: skip
    check_proof(proof, person.account_id)
    drafts.use_up(
        tx, person.account_id, [f"model:{row['name']}:{row['version']}", f"model-back:{row['name']}"]
    )
    event = {
        "model_name": row["name"], "model_version": row["version"], "kind": kind, "other_version": other,
        "account_id": person.account_id, "printed_name": person.name, "meaning": meaning, "reason": words,
        "at_wall_us": wall_us(),
    }  # fmt: skip
    record = hash_of(canonical(event | more | {"sha256": row["sha256"]}))
    store.add_event(tx, event | {"record_hash": record})
    audit.append(
        tx, actor=person.account_id, action=f"{kind} a model", subject_kind="ai", subject_id=row["name"],
        plant_us=site.now_us,
        detail={
            "version": row["version"], "sha256": row["sha256"], "other": other, "reason": words,
            "meaning": meaning, "record_hash": record, "proved_by": proof.by, **more,
        },
    )  # fmt: skip
