import pyotp
import pytest
from sqlalchemy import select

from auth.permissions import Actor, Role
from auth.second_factor import STEP_S, matching_step
from auth.signatures import Credential
from data.store import tables as t
from data.store.database import Database
from data.store.sealing import Seal, new_key
from domain.clock import wall_us
from domain.errors import Forbidden, InvalidInput, NotNow, SettingsError
from services import second_factors
from services.commands.cases import CaseCommands
from services.commands.second_factor import SecondFactorCommands
from services.policy.file import DEFAULT
from services.recommend import Recommender
from tests.factories import PASSWORD
from tests.kits.pen import TYPED
from tests.kits.policies import in_force
from tests.services.decide.plant import Plant

ONE, TWO = "act-00000001", "act-00000002"


@pytest.fixture
def case_id(plant: Plant, recommender: Recommender) -> str:
    return str(recommender.consider(plant.predict(0.85)).case_id)


@pytest.fixture
def database(database: Database) -> Database:
    database.seal = Seal([new_key()])
    return database


def enrolled(database: Database, actor: Actor) -> pyotp.TOTP:
    """Set up with the present code; `unused` gives the next one."""
    factors = SecondFactorCommands(database)
    totp = pyotp.parse_uri(factors.begin(actor, PASSWORD))
    assert isinstance(totp, pyotp.TOTP)
    factors.confirm(actor, totp.at(wall_us() // 1_000_000))
    return totp


def unused(totp: pyotp.TOTP) -> str:
    """The code of the next step: good from now on for 30 s and more, so that no test sits on an edge."""
    return totp.at(wall_us() // 1_000_000 + STEP_S)


def test_codes_count_once_and_for_one_step_of_drift() -> None:
    secret = pyotp.random_base32()
    totp, now = pyotp.TOTP(secret), 1_795_255_200
    step = now // STEP_S
    for drift, fits in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        found = matching_step(secret, totp.at(now + drift * STEP_S), now * 1_000_000, 0)
        assert found == (step + drift if fits else None)
    assert matching_step(secret, totp.at(now), now * 1_000_000, step) is None
    for wrong in ("", "12345", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666"):
        assert matching_step(secret, wrong, now * 1_000_000, 0) is None


def test_who_has_set_it_up_signs_with_password_and_code(
    plant: Plant, database: Database, supervisor: Actor, case_id: str
) -> None:
    desk, totp = CaseCommands(database), enrolled(database, supervisor)
    with pytest.raises(InvalidInput, match="phone"):
        desk.approve(supervisor, case_id, 1, ONE, credential=TYPED)
    with pytest.raises(Forbidden, match="code"):
        desk.approve(supervisor, case_id, 1, ONE, credential=Credential(PASSWORD, "000000"))
    assert plant.outbox() == []
    code = unused(totp)
    assert (
        desk.approve(supervisor, case_id, 1, ONE, credential=Credential(PASSWORD, code)).state == "approved"
    )
    with pytest.raises(Forbidden, match="used before"):
        desk.undo(supervisor, case_id, 2, TWO, credential=Credential(PASSWORD, code))
    detail = plant.rows(select(t.audit.c.detail).where(t.audit.c.action == "approved"))[0]["detail"]
    assert "password and code" in detail


def test_the_policy_can_want_a_code_from_a_cost_on(
    plant: Plant, database: Database, supervisor: Actor, case_id: str
) -> None:
    in_force(
        plant.database,
        DEFAULT.read_text().replace(
            "  - name: Everything else", "  - name: Everything else\n    code_above: 1"
        ),
    )
    desk = CaseCommands(database)
    with pytest.raises(Forbidden, match="code from your phone"):
        desk.approve(supervisor, case_id, 1, ONE, credential=TYPED)
    totp = enrolled(database, supervisor)
    code = unused(totp)
    assert (
        desk.approve(supervisor, case_id, 1, TWO, credential=Credential(PASSWORD, code)).state == "approved"
    )


def test_only_an_administrator_removes_that_of_a_lost_phone(
    plant: Plant, database: Database, supervisor: Actor
) -> None:
    factors = SecondFactorCommands(database)
    enrolled(database, supervisor)
    with pytest.raises(NotNow):
        factors.begin(supervisor, PASSWORD)
    for who in (supervisor, plant.person(Role.PLANT_MANAGER)):
        with pytest.raises(Forbidden):
            factors.reset(who, supervisor.account_id)
    factors.reset(plant.person(Role.ADMINISTRATOR), supervisor.account_id)
    assert not factors.is_set(supervisor)


def test_the_secret_is_stored_sealed(plant: Plant, database: Database, supervisor: Actor) -> None:
    totp = enrolled(database, supervisor)
    (row,) = plant.rows(select(t.second_factors))
    assert totp.secret not in str(dict(row))


@pytest.mark.parametrize("seal", [None, Seal([new_key()])])
def test_without_its_key_nobody_signs_in_place_of_the_code(
    plant: Plant, database: Database, supervisor: Actor, case_id: str, seal: Seal | None
) -> None:
    totp = enrolled(database, supervisor)
    database.seal = seal
    code = unused(totp)
    for typed in (Credential(PASSWORD), Credential(PASSWORD, code)):
        with pytest.raises((InvalidInput, SettingsError)):
            CaseCommands(database).approve(supervisor, case_id, 1, ONE, credential=typed)
    assert plant.outbox() == []
    assert SecondFactorCommands(database).is_set(supervisor)


def test_without_a_key_nobody_sets_one_up(plant: Plant, database: Database, supervisor: Actor) -> None:
    database.seal = None
    with pytest.raises(SettingsError, match="key"):
        SecondFactorCommands(database).begin(supervisor, PASSWORD)
    assert plant.rows(select(t.second_factors)) == []


def begun_twice(plant: Plant) -> None:
    """A second window that began before the first was confirmed does not take its place afterwards."""
    plant.database.seal = Seal([new_key()])
    who = plant.person(Role.SUPERVISOR)
    totp = enrolled(plant.database, who)
    with plant.database.write() as tx, pytest.raises(NotNow, match="remove"):
        second_factors.begin(tx, plant.database.seal, who.account_id, wall_us())
    assert SecondFactorCommands(plant.database).is_set(who)
    assert second_factors.use(plant.database, who.account_id, unused(totp), wall_us())
    assert plant.actions(who.account_id) == ["began to set up a second factor", "set up a second factor"]


def test_a_confirmed_code_is_not_replaced_by_a_window_that_began_before(plant: Plant) -> None:
    begun_twice(plant)


@pytest.mark.services
def test_a_confirmed_code_is_not_replaced_on_postgresql(postgres: Database) -> None:
    begun_twice(Plant(postgres).build())
