"""The same stages, events and locks on PostgreSQL."""

import pytest

from models.registry import load
from services.commands.models import ModelCommands
from services.registry.admission import admit
from tests.kits.pen import TYPED
from tests.services.registry.test_registry import pass_all, person, served_folder, stages
from tests.services.score.plant import SITE, add_site, served

pytestmark = pytest.mark.services


def test_a_promotion_and_a_roll_back(postgres, tmp_path):
    add_site(postgres, [11])
    second = served_folder(tmp_path / "two", served(postgres, tmp_path / "one"))
    admit(postgres, second, tmp_path / "keep", load, "more data")
    pass_all(postgres)
    commands, manager = ModelCommands(postgres), person(postgres)
    commands.promote(manager, SITE, "tiny", "2", "better", TYPED)
    assert stages(postgres) == {"1": "retired", "2": "champion"}
    commands.roll_back(manager, SITE, "tiny", "it cries wolf", TYPED)
    assert stages(postgres) == {"1": "champion", "2": "retired"}
