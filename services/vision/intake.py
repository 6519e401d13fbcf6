"""How a picture comes in, whichever way: bounded, known by its hash, refused in plain words.

Guarantees. A picture of a machine is kept once, however often it is sent and by however many ways. No
pixel is decoded here beyond what its header says. At most MOST_WAITING pictures wait to be judged:
then `Unavailable` tells the sender to come again, and nothing is dropped in silence. A refused picture
leaves a row with the reason, and no bytes.
"""

from sqlalchemy import Connection, select

from data.store import inspections as store
from data.store import tables as t
from data.store.database import Database
from domain.clock import wall_us
from domain.equipment import site_of
from domain.errors import InvalidInput, NotFound, Unavailable
from domain.ids import new_id
from models.vision import pictures
from services.situation import site_at
from services.vision.received import Received

MOST_WAITING = 500
LONGEST_NAME = 300


def receive(
    database: Database, equipment_id: str, data: bytes, source: str, name: str, taken_us: int | None = None
) -> Received:
    """Keep a picture of a machine's part until it is judged. `taken_us`: plant time, now unless given.

    NotFound for a machine that the desk does not know; Unavailable while too many wait.
    """
    sha256, reason = pictures.digest(data), ""
    try:
        pictures.bounded(data)
    except InvalidInput as error:
        reason = str(error)
    with database.write() as tx:
        check_unit(tx, equipment_id)
        site = site_at(tx, site_of(equipment_id))
        known = _known(tx, equipment_id, sha256)
        if known is not None:
            return Received(known, sha256, new=False)
        if not reason and store.waiting(tx) >= MOST_WAITING:
            raise Unavailable(f"{MOST_WAITING} pictures wait to be judged; send this one again later")
        inspection_id = new_id()
        row = {
            "inspection_id": inspection_id, "site_id": site.site_id, "equipment_id": equipment_id,
            "sha256": sha256, "source": source, "source_name": name[:LONGEST_NAME],
            "taken_us": site.now_us if taken_us is None else min(taken_us, site.now_us),
            "received_wall_us": wall_us(), "state": store.REFUSED if reason else store.WAITING,
            "reason": reason,
        }  # fmt: skip
        store.add(tx, row, None if reason else data)
    return Received(inspection_id, sha256, new=True, reason=reason)


def check_unit(tx: Connection, equipment_id: str) -> None:
    """NotFound unless it is a machine that stands in the plant."""
    e = t.equipment.c
    query = select(e.equipment_id).where(
        e.equipment_id == equipment_id, e.level == "unit", e.assigned.is_(True)
    )
    if tx.execute(query).first() is None:
        raise NotFound(f"no machine {equipment_id[:LONGEST_NAME]!r}")


def _known(tx: Connection, equipment_id: str, sha256: str) -> str | None:
    i = t.inspections.c
    query = select(i.inspection_id).where(i.equipment_id == equipment_id, i.sha256 == sha256)
    return tx.execute(query).scalar()
