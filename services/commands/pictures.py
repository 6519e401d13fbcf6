"""What people do to inspected pictures: confirm what the model says, or say what it is."""

from auth.permissions import Actor, Permission
from data.store import inspections as store
from data.store.database import Database
from domain.clock import wall_us
from domain.errors import Conflict, InvalidInput, NotFound, NotNow
from domain.inspection import LABELS
from services import audit
from services.actors import fresh
from services.situation import site_at

LONGEST_WORDS = 500


class PictureCommands:
    """Acts on pictures. Each is one transaction, and checks permission and scope itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def name(
        self, actor: Actor, inspection_id: str, label: str, words: str = "", *, before: str = ""
    ) -> None:
        """Say what a picture shows. The picture and the label are kept for training.

        `before`: the label that a person had given when the picture was looked at; Conflict when somebody
        has said something else meanwhile. InvalidInput for a label that is none; NotNow for a picture that
        waits or was refused; NotFound outside of the actor's scopes.
        """
        if label not in LABELS:
            raise InvalidInput("there is no such kind", "label")
        if len(words) > LONGEST_WORDS:
            raise InvalidInput(f"{LONGEST_WORDS} characters are the most", "words")
        with self._database.write() as tx:
            person = fresh(tx, actor)
            person.require(Permission.NAME_PICTURES)
            row = store.get(tx, inspection_id, hold=True)
            if row is None or not person.may(Permission.NAME_PICTURES, row["equipment_id"]):
                raise NotFound("there is no such picture within your area")
            if row["state"] not in (store.JUDGED, store.UNJUDGED):
                raise NotNow("this picture is not to be named: it waits, or was refused")
            if row["said_label"] == label and row["said_words"] == words.strip():
                return
            if row["said_label"] != before:
                raise Conflict("somebody has named this picture meanwhile; look at it again")
            site = site_at(tx, row["site_id"])
            said = {"said_label": label, "said_by": person.account_id, "said_words": words.strip()}
            store.say(tx, inspection_id, {**said, "said_us": site.now_us, "said_wall_us": wall_us()})
            audit.append(
                tx, actor=person.account_id, action="named what a picture shows", subject_kind="picture",
                subject_id=inspection_id, plant_us=site.now_us,
                detail={
                    "picture": row["sha256"], "machine": row["equipment_id"], "model said": row["label"],
                    "unknown": bool(row["unknown"]), "before": before, "now": label, "words": words.strip(),
                },
            )  # fmt: skip
