"""One table serves every capability; each has every command."""

from importlib.util import find_spec

import pytest

from domain.errors import SettingsError
from runtime import capabilities


def test_every_capability_has_a_module_for_every_command() -> None:
    for row in capabilities.TABLE.values():
        assert set(row.modules) == set(capabilities.VERBS)
        assert all(find_spec(module) for module in row.modules.values())
        assert find_spec(f"models.{row.name}.card")
        for package in row.apart.values():
            assert all(find_spec(f"{package}.{name}") for name in (*capabilities.VERBS, "card"))


def test_machines_and_recordings_of_one_capability_have_commands_of_their_own() -> None:
    row = capabilities.find("anomaly")
    assert row.command("predict", "plant").__module__ == "models.anomaly.machines.predict"
    assert row.command("predict", "skab").__module__ == "models.anomaly.predict"


def test_an_unknown_capability_is_named() -> None:
    with pytest.raises(SettingsError, match="'magic' is no capability; these are: failure"):
        capabilities.find("magic")


def test_a_kind_of_another_capability_is_refused(tmp_path) -> None:
    with pytest.raises(SettingsError, match="cmapss or plant"):
        capabilities.find("failure").data(f"neu_steel:{tmp_path}")
