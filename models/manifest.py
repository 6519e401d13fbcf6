"""The manifest of a model's folder: the SHA-256 of every file in it, checked before any of them is used.

`manifest.json` is written with the card, which is the last file that is made. What it cannot hold off is
somebody who may write the folder and writes the manifest anew; the registry keeps the network's hash of its
own. A folder of before has none: `python -m models.manifest FOLDER` writes it.
"""

import argparse
import hashlib
import json
from pathlib import Path

from domain.errors import SettingsError, Tampered

MANIFEST_FILE = "manifest.json"


def file_hash(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def seal(folder: Path) -> dict[str, str]:
    """Write the manifest over all files of `folder` as they are, and return it."""
    found = {path.name: file_hash(path) for path in _files(folder)}
    text = json.dumps({"files": found}, indent=2) + "\n"
    (folder / MANIFEST_FILE).write_text(text, encoding="utf-8")
    return found


def files(folder: Path) -> tuple[str, ...]:
    """Names of all files that belong to the model in `folder`, the manifest itself the last."""
    return (*_read(folder), MANIFEST_FILE)


def check(folder: Path) -> None:
    """Every file is there as listed, and no other.

    SettingsError without a readable manifest, or where a file is missing; Tampered where one differs or was
    added.
    """
    listed = _read(folder)
    for name, digest in listed.items():
        path = folder / name
        if not path.is_file():
            raise SettingsError(f"no model in {folder}: {name} is missing")
        if file_hash(path) != digest:
            raise Tampered(f"{path} is not the file that {MANIFEST_FILE} lists: it was changed")
    for path in _files(folder):
        if path.name not in listed:
            raise Tampered(f"{path} is not listed in {MANIFEST_FILE}: it was added")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and _belongs(path.name))


def _belongs(name: str) -> bool:
    return name != MANIFEST_FILE and not name.startswith(".")


def _read(folder: Path) -> dict[str, str]:
    path = folder / MANIFEST_FILE
    try:
        listed = json.loads(path.read_bytes())["files"]
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SettingsError(f"no model in {folder}: {MANIFEST_FILE} is missing") from error
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{path} is no manifest") from error
    if not isinstance(listed, dict) or not all(_is_entry(*pair) for pair in listed.items()):
        raise SettingsError(f"{path} is no manifest")
    return listed


def _is_entry(name: str, digest: object) -> bool:
    return isinstance(digest, str) and _belongs(name) and Path(name).name == name


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m models.manifest", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="+")
    for one in parser.parse_args().folder:
        for name, digest in seal(one).items():
            print(f"{digest}  {one / name}")  # noqa: T201
