"""Mapping files: which foreign table and column becomes which of ours, checked when they are read.

docs/mes.md describes the file.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from data.sources import yaml_text
from data.store import tables as t
from domain.errors import SettingsError

FOLDER = Path(__file__).parent / "mappings"
_OWNER = {"stock": "module"}  # the column that names where a row came from, if not `instance`
_NAME = r"[A-Za-z_][A-Za-z0-9_$]*"
_TABLE = rf"^({_NAME}\.)?{_NAME}$"


class ColumnKind(StrEnum):
    """What a foreign column holds."""

    TEXT = "text"
    NUMBER = "number"
    WHOLE = "whole"
    FLAG = "flag"
    TIME = "time"
    DAY = "day"
    DAY_END = "day_end"
    EQUIPMENT = "equipment"


_Column = Annotated[str, Field(pattern=rf"^({_NAME}\.)?{_NAME}$")]  # its own, or `join.column`


class ColumnMap(BaseModel):
    """One foreign column, or of several the first that is filled. `values` says what each of its words is
    here; others make the row unreadable. `filled` stands instead of a column: the first of its columns that
    is filled decides which word it is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: tuple[_Column, ...] = Field(default=(), max_length=4)
    filled: dict[_Column, str] = Field(default_factory=dict, max_length=4)
    kind: ColumnKind = Field(default=ColumnKind.TEXT, alias="is")
    values: dict[str, str] = Field(default_factory=dict, max_length=100)

    @field_validator("column", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("values", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        """YAML reads `1: Held` as a number; the database's value is compared as a word."""
        return (
            {str(theirs): str(ours) for theirs, ours in value.items()} if isinstance(value, dict) else value
        )

    @model_validator(mode="after")
    def _holds_together(self) -> "ColumnMap":
        if bool(self.column) == bool(self.filled):
            raise ValueError(
                "give a column (or several, of which the first that is filled counts), or filled"
            )
        if len(set(self.column)) < len(self.column):
            raise ValueError(f"a column stands twice in {', '.join(self.column)}")
        if len(self.filled) == 1:
            raise ValueError("filled decides between two columns or more")
        if self.filled and (self.values or self.kind is not ColumnKind.TEXT):
            raise ValueError("filled gives our words; it takes neither values nor is")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The foreign columns that are read for it."""
        return self.column or tuple(self.filled)

    def of(self, row: Any) -> Any:
        """Its value in a row by column names, as it stands there; None when nothing is filled."""
        name = next((one for one in self.names if row[one] is not None and row[one] != ""), None)
        if name is None:
            return row[self.column[0]] if len(self.column) == 1 else None
        return self.filled[name] if self.filled else row[name]


class JoinMap(BaseModel):
    """A row of another table that belongs to ours: the one whose `key` equals our `by`, or none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str = Field(pattern=_TABLE)
    by: _Column
    key: str = Field(pattern=f"^{_NAME}$")


class EntityMap(BaseModel):
    """One foreign table. `key` tells its rows apart; the newest of `updated` must grow with every change
    of a row. Rows in which a column of `need` is empty are not read; of several in one entry, one suffices.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str = Field(pattern=_TABLE)
    key: str = Field(pattern=f"^{_NAME}$")
    updated: tuple[_Column, ...] = Field(min_length=1, max_length=8)
    joins: dict[Annotated[str, Field(pattern=f"^{_NAME}$")], JoinMap] = Field(
        default_factory=dict, max_length=8
    )
    need: tuple[Annotated[tuple[_Column, ...], Field(min_length=1, max_length=4)], ...] = Field(
        default=(), max_length=20
    )
    columns: dict[str, ColumnMap]

    @field_validator("updated", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("need", mode="before")
    @classmethod
    def _each_one_or_more(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return tuple((one,) if isinstance(one, str) else one for one in value)

    @property
    def names(self) -> tuple[str, ...]:
        """The foreign columns that our columns are made of."""
        return tuple(name for found in self.columns.values() for name in found.names)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns of `need`."""
        return tuple(name for some in self.need for name in some)

    @model_validator(mode="after")
    def _joined_before(self) -> "EntityMap":
        known: set[str] = set()
        for name, join in self.joins.items():
            _check_joins([join.by], known)
            known.add(name)
        _check_joins([*self.updated, *self.needed, *self.names], known)
        return self

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        short = (str, list)
        return {
            name: {"column": found} if isinstance(found, short) else found for name, found in value.items()
        }


class Mapping(BaseModel):
    """A mapping file. `times` is the unit of every time column, `updated` included; days begin in `zone`, and
    local timestamps are of it.

    `notify`: the channel on which the database says (PostgreSQL, NOTIFY) that something changed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    times: Literal["microseconds", "milliseconds", "seconds", "timestamps", "local_timestamps"] = (
        "microseconds"
    )
    zone: str = "UTC"
    overlap_s: float = Field(default=60, ge=0, le=86_400)
    notify: str = Field(default="", pattern=r"^([a-z_][a-z0-9_]{0,62})?$")
    entities: dict[str, EntityMap]

    @property
    def unit_us(self) -> int:
        """Microseconds in one unit of the foreign times; 1 for timestamps, which need none."""
        return {"milliseconds": 1_000, "seconds": 1_000_000}.get(self.times, 1)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value} is no time zone")
        return value

    @property
    def timestamps(self) -> bool:
        """Whether times are timestamps of the database rather than numbers."""
        return self.times in ("timestamps", "local_timestamps")

    @property
    def bare_zone(self) -> tzinfo:
        """Of which zone a timestamp without one is."""
        return self.day_zone if self.times == "local_timestamps" else UTC

    @property
    def day_zone(self) -> ZoneInfo:
        """Where its days begin."""
        return ZoneInfo(self.zone)

    def fingerprint(self, entity: str) -> str:
        """Of all that decides what the rows of an entity become here."""
        said = {
            "times": self.times,
            "zone": self.zone,
            "entity": self.entities[entity].model_dump(mode="json"),
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    @model_validator(mode="after")
    def _fits_our_tables(self) -> "Mapping":
        for name, entity in self.entities.items():
            table = t.metadata.tables.get(name)
            if table is None or owner(name) not in table.c or "updated_us" not in table.c:
                raise ValueError(f"{name} is no table that rows are read into")
            given = set(entity.columns) | {owner(name), "updated_us"}
            unknown = given - set(table.c.keys())
            needed = (c.name for c in table.c if not c.nullable and c.server_default is None)
            missing = set(needed) - given
            if unknown or missing:
                raise ValueError(f"{name}: unknown columns {sorted(unknown)}, missing {sorted(missing)}")
        return self


def _check_joins(columns: Sequence[str], known: set[str]) -> None:
    for name in columns:
        join, _, _ = name.rpartition(".")
        if join and join not in known:
            raise ValueError(f"{name}: there is no join {join} before it")


def owner(entity: str) -> str:
    """The column of our table that names the instance (or ERP module) that a row came from."""
    return _OWNER.get(entity, "instance")


def stamp(name: str) -> yaml_text.Stamp | None:
    """What changes with a mapping's file; None for presets."""
    return None if name in presets() else yaml_text.stamp(Path(name))


def presets() -> tuple[str, ...]:
    """The names of the mappings that are shipped."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def named(name: str) -> Mapping:
    """A preset by its name, else the mapping in a file. Raises SettingsError."""
    return load(FOLDER / f"{name}.yaml" if name in presets() else Path(name))


def load(path: Path) -> Mapping:
    """Raises SettingsError with one line that says what is wrong in the file."""
    try:
        return Mapping.model_validate(yaml_text.load(path.read_text()))
    except OSError as error:
        raise SettingsError(f"the mapping {path} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"the mapping {path} is no YAML: {str(error).splitlines()[0]}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"the mapping {path}: {where} {first['msg']}") from error
