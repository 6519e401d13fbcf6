"""Every file of a model's folder is hashed: whichever is changed, the model is refused by its name."""

import json
import shutil
from pathlib import Path

import pytest

from domain.errors import SettingsError, Tampered
from models import manifest
from models.card import CARD_FILE, MODEL_FILE
from models.opening import load

ARTIFACTS = Path(__file__).resolve().parents[2] / "models" / "artifacts"
FILES = [
    (folder.name, path.name)
    for folder in sorted(ARTIFACTS.iterdir())
    for path in sorted(folder.iterdir())
    if path.name != manifest.MANIFEST_FILE
]


@pytest.fixture
def copied(tmp_path):
    return lambda name: Path(shutil.copytree(ARTIFACTS / name, tmp_path / name))


@pytest.mark.parametrize("name", sorted({name for name, _ in FILES}))
def test_a_shipped_folder_is_as_its_manifest_lists_it(name):
    manifest.check(ARTIFACTS / name)
    assert load(ARTIFACTS / name).card.name == name


@pytest.mark.parametrize(("name", "file"), FILES)
def test_a_changed_file_is_refused_by_name(copied, name, file):
    folder = copied(name)
    content = bytearray((folder / file).read_bytes())
    if file == CARD_FILE:
        changed = json.loads(content)
        changed["intended_use"] += " And anything else."
        content = bytearray(json.dumps(changed).encode())
    else:
        content[len(content) // 2] ^= 1
    (folder / file).write_bytes(content)
    with pytest.raises(Tampered, match=file):
        load(folder)


@pytest.mark.parametrize(("name", "file"), FILES)
def test_a_missing_file_is_refused_by_name(copied, name, file):
    folder = copied(name)
    (folder / file).unlink()
    with pytest.raises(SettingsError, match=f"{file} is missing"):
        load(folder)


def test_an_added_file_is_refused_and_a_hidden_one_is_nobody_s(copied):
    folder = copied("cmapss_fd001")
    (folder / ".DS_Store").write_bytes(b"x")
    load(folder)
    (folder / "seen.npz").write_bytes(b"x")
    with pytest.raises(Tampered, match=r"seen\.npz is not listed"):
        load(folder)


def test_without_a_manifest_nothing_is_opened_until_somebody_seals_the_folder(copied):
    folder = copied("cmapss_fd001")
    (folder / manifest.MANIFEST_FILE).unlink()
    with pytest.raises(SettingsError, match=r"manifest\.json is missing"):
        load(folder)
    assert MODEL_FILE in manifest.seal(folder)
    assert load(folder).card.name == "cmapss_fd001"


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"files": 3}', '{"files": {"../card.json": "0"}}', '{"files": {"card.json": 1}}'],
)
def test_a_wrong_manifest_is_one_clear_line(copied, content):
    folder = copied("cmapss_fd001")
    (folder / manifest.MANIFEST_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match="is no manifest"):
        load(folder)
