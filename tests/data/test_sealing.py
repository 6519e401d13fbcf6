"""Sealed values open with the key, for their own row, and not otherwise."""

import pytest

from data.store.sealing import MARK, Seal, new_key
from domain.errors import SettingsError


def test_what_is_sealed_opens_for_its_own_row_only() -> None:
    seal = Seal([new_key()])
    stored = seal.seal("JBSWY3DPEHPK3PXP", "acc-1")
    assert stored.startswith(MARK) and "JBSWY3DPEHPK3PXP" not in stored
    assert stored != seal.seal("JBSWY3DPEHPK3PXP", "acc-1")
    assert seal.open(stored, "acc-1") == "JBSWY3DPEHPK3PXP"
    with pytest.raises(SettingsError):
        seal.open(stored, "acc-2")


def test_a_changed_value_another_key_and_a_plain_value_do_not_open() -> None:
    key = new_key()
    stored = Seal([key]).seal("JBSWY3DPEHPK3PXP", "acc-1")
    changed = stored[:-6] + ("A" if stored[-6] != "A" else "B") + stored[-5:]
    for value, keys in ((stored, [new_key()]), (changed, [key]), ("JBSWY3DPEHPK3PXP", [key])):
        with pytest.raises(SettingsError):
            Seal(keys).open(value, "acc-1")


def test_a_key_can_be_changed() -> None:
    old, new = new_key(), new_key()
    stored = Seal([old]).seal("x", "acc-1")
    assert Seal([new, old]).open(stored, "acc-1") == "x"
    again = Seal([new, old]).seal("x", "acc-1")
    assert Seal([new]).open(again, "acc-1") == "x"


@pytest.mark.parametrize("keys", [[""], ["short"], ["\u00fc" * 44]])
def test_what_is_no_key_is_told(keys: list[str]) -> None:
    with pytest.raises(SettingsError, match="TAKTWISE_SECRET_KEY"):
        Seal(keys)
