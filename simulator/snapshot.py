"""Save and load a world: one .npz file of plain arrays and one JSON text, no pickles.

The floor's own databases are not part of it. A loaded world goes on exactly as the saved one would
have, given the same floor.
"""

import io
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from domain.errors import SettingsError
from simulator.contract import JobKind, JobStatus
from simulator.files import write_atomically
from simulator.maintenance import Job
from simulator.world import World

VERSION = 1
_PARTS = ("surroundings", "wear", "fakes", "sensors", "running", "counters")
_MAINTENANCE = ("failed", "busy", "next_service")


def save(world: World, path: Path, extra: dict[str, Any]) -> None:
    """Write the world and `extra` (JSON values) to `path`, whole or not at all."""
    arrays: dict[str, Any] = {}
    for part in _PARTS:
        state = getattr(world, part)
        arrays |= {f"{part}.{field.name}": getattr(state, field.name) for field in fields(state)}
    arrays |= {f"maintenance.{name}": getattr(world.maintenance, name) for name in _MAINTENANCE}
    meta = {
        "version": VERSION,
        "seed": world.seed,
        "site": world.layout.site,
        "units": len(world.layout.units),
        "now_us": world.now_us,
        "rng": world.rng.bit_generator.state,
        "number": world.maintenance.number,
        "jobs": [asdict(job) for job in world.maintenance.jobs.values()],
        "extra": extra,
    }
    arrays["meta"] = np.array(json.dumps(meta))
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    write_atomically(path, content.getvalue())


def load(world: World, path: Path) -> dict[str, Any]:
    """Put a saved state into a fresh world of the same layout and seed; returns `extra`.

    Raises SettingsError when the file belongs to another plant or cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        meta = json.loads(str(arrays.pop("meta")))
        same = (meta["version"], meta["seed"], meta["site"], meta["units"])
        if same != (VERSION, world.seed, world.layout.site, len(world.layout.units)):
            raise SettingsError(f"{path} belongs to another plant; remove it to begin anew")
        _restore(world, arrays, meta)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{path} cannot be read; remove it to begin anew") from error
    extra: dict[str, Any] = meta["extra"]
    return extra


def seed_of(path: Path) -> int | None:
    """The seed of the plant that was saved, None when none was."""
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as found:
            return int(json.loads(str(found["meta"]))["seed"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{path} cannot be read; remove it to begin anew") from error


def _restore(world: World, arrays: dict[str, Any], meta: dict[str, Any]) -> None:
    for part in _PARTS:
        state = getattr(world, part)
        for field in fields(state):
            setattr(state, field.name, arrays[f"{part}.{field.name}"])
    for name in _MAINTENANCE:
        setattr(world.maintenance, name, arrays[f"maintenance.{name}"])
    world.maintenance.number = meta["number"]
    world.maintenance.jobs = {row["job_id"]: _job(row) for row in meta["jobs"]}
    world.maintenance.wake()
    world.rng.bit_generator.state = meta["rng"]
    world.now_us = meta["now_us"]


def _job(row: dict[str, Any]) -> Job:
    return Job(**{**row, "kind": JobKind(row["kind"]), "status": JobStatus(row["status"])})
