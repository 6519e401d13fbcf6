"""An example tariff and an emission factor for the demo plant, set by the demo's plant manager."""

from sqlalchemy import select

from data.store import tables as t
from data.store.database import Database
from domain.energy import Band
from services.actors import load_actor
from services.commands.energy import EnergyCommands

WHY = "Set up with the demo plant"
BANDS = (
    Band("day", "12345", 6 * 60, 22 * 60, 21_400),
    Band("other times", "1234567", 0, 1_440, 16_800),
)
PEAK_CENTS = 1_150
GRAMS, SOURCE = 380.0, "Umweltbundesamt, German electricity mix 2023; your supplier's own figure is better"


def seed(database: Database, site_id: str, from_us: int) -> None:
    """Set both from a time on, through the commands that a person uses."""
    with database.read() as tx:
        query = select(t.accounts.c.account_id).where(t.accounts.c.username == "manager")
        found = tx.execute(query).scalar()
        person = load_actor(tx, found) if found else None
    if person is None:
        return
    commands = EnergyCommands(database)
    commands.set_tariff(person, site_id, "Example, two prices", from_us, BANDS, PEAK_CENTS, WHY)
    commands.set_factor(person, site_id, GRAMS, SOURCE, from_us, WHY)
