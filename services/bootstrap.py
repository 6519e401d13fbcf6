"""What a desk needs before its first person signs in: a site, its equipment, its parts, accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import select, update

from auth import passwords
from auth.permissions import Role
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import insert_ignore, upsert
from domain.clock import wall_us
from domain.costs import Rates
from domain.equipment import Equipment
from domain.errors import Conflict
from domain.ids import new_id
from services import audit

NO_RATES: Mapping[str, Rates] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Place:
    """One node of the equipment tree, and the names that sources use for it."""

    equipment: Equipment
    position: int = 0
    constraint_unit: bool = False
    target_oee: float | None = None
    aliases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """A plant with an IANA time zone and an ISO 4217 currency. `shadow`: advice is never sent; `virtual`:
    its machines are simulated."""

    site_id: str
    name: str
    time_zone: str
    currency: str
    shadow: bool = False
    virtual: bool = False


def place_site(
    database: Database,
    site: Site,
    places: Sequence[Place],
    parts: Sequence[Mapping[str, Any]],
    rates: Mapping[str, Rates] = NO_RATES,
) -> None:
    """Write a site, its equipment with aliases, its parts, and what a stop costs by equipment id.

    Doing it again changes nothing twice; parts and rates that are there already stay as they are.
    """
    now = wall_us()
    with database.write() as tx:
        row = {
            "site_id": site.site_id, "name": site.name, "time_zone": site.time_zone,
            "currency": site.currency, "shadow": site.shadow, "virtual": site.virtual,
        }  # fmt: skip
        upsert(tx, t.sites, [row], ["site_id"])
        upsert(tx, t.equipment, [_row(place, now) for place in places], ["equipment_id"])
        aliases = [
            {"source": source, "external_id": name, "equipment_id": place.equipment.equipment_id}
            for place in places
            for source, name in place.aliases
        ]
        upsert(tx, t.equipment_aliases, aliases, ["source", "external_id"])
        insert_ignore(tx, t.parts_of_machines, parts)
        stated = [{"equipment_id": at, "stated_us": now, **asdict(r)} for at, r in rates.items()]
        insert_ignore(tx, t.cost_rates, stated)


def mark_virtual(database: Database, site_id: str) -> None:
    """The machines of this site are simulated."""
    with database.write() as tx:
        tx.execute(update(t.sites).where(t.sites.c.site_id == site_id).values(virtual=True))


def add_account(
    database: Database, username: str, name: str, roles: Sequence[Role], scopes: Sequence[str], password: str
) -> None:
    """Make an account from the command line; refused when the name is taken or the password is weak."""
    passwords.check_new(password, username)
    account_id = new_id()
    with database.write() as tx:
        if tx.execute(select(t.accounts.c.account_id).where(t.accounts.c.username == username)).first():
            raise Conflict(f"there is already a user {username}")
        values = {
            "account_id": account_id, "username": username, "name": name,
            "password_hash": passwords.hash_password(password),
            "roles": ",".join(sorted(Role(role).value for role in roles)),
            "scopes": ",".join(scopes), "active": True, "created_wall_us": wall_us(),
        }  # fmt: skip
        tx.execute(t.accounts.insert().values(**values))
        audit.append(
            tx,
            actor="command line",
            action="created",
            subject_kind="account",
            subject_id=account_id,
            plant_us=wall_us(),
            detail={"username": username, "roles": values["roles"], "scopes": values["scopes"]},
        )


def _row(place: Place, now: int) -> dict[str, Any]:
    equipment = place.equipment
    parent = equipment.equipment_id.rpartition("/")[0]
    return {
        "equipment_id": equipment.equipment_id,
        "level": equipment.level,
        "parent_id": parent or None,
        "name": equipment.name,
        "machine_type": equipment.machine_type.value,
        "assigned": equipment.assigned,
        "constraint_unit": place.constraint_unit,
        "position": place.position,
        "target_oee": place.target_oee,
        "created_us": now,
    }
