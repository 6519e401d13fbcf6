"""Mapping files: which foreign table and column becomes which of ours, checked when they are read."""

from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from data.store import tables as t
from domain.errors import SettingsError

FOLDER = Path(__file__).parent / "mappings"
_OWNER = {"stock": "module"}  # the column that names where a row came from, if not `instance`
_NAME = r"[A-Za-z_][A-Za-z0-9_$]*"


class ColumnKind(StrEnum):
    """What a foreign column holds."""

    TEXT = "text"
    NUMBER = "number"
    WHOLE = "whole"
    FLAG = "flag"
    TIME = "time"
    EQUIPMENT = "equipment"


class ColumnMap(BaseModel):
    """One foreign column."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str = Field(pattern=f"^{_NAME}$")
    kind: ColumnKind = Field(default=ColumnKind.TEXT, alias="is")


class EntityMap(BaseModel):
    """One foreign table. `updated` must grow with every change of a row; `key` tells its rows apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str = Field(pattern=rf"^({_NAME}\.)?{_NAME}$")
    key: str = Field(pattern=f"^{_NAME}$")
    updated: str = Field(pattern=f"^{_NAME}$")
    columns: dict[str, ColumnMap]

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: {"column": found} if isinstance(found, str) else found for name, found in value.items()}


class Mapping(BaseModel):
    """A mapping file. `times` is the unit of every time column, `updated` included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    times: Literal["microseconds", "milliseconds", "seconds"] = "microseconds"
    overlap_s: float = Field(default=60, ge=0, le=86_400)
    entities: dict[str, EntityMap]

    @property
    def unit_us(self) -> int:
        """Microseconds in one unit of the foreign times."""
        return {"microseconds": 1, "milliseconds": 1_000, "seconds": 1_000_000}[self.times]

    @model_validator(mode="after")
    def _fits_our_tables(self) -> "Mapping":
        for name, entity in self.entities.items():
            table = t.metadata.tables.get(name)
            if table is None or owner(name) not in table.c or "updated_us" not in table.c:
                raise ValueError(f"{name} is no table that rows are read into")
            given = set(entity.columns) | {owner(name), "updated_us"}
            unknown = given - set(table.c.keys())
            missing = {column.name for column in table.c if not column.nullable} - given
            if unknown or missing:
                raise ValueError(f"{name}: unknown columns {sorted(unknown)}, missing {sorted(missing)}")
        return self


def owner(entity: str) -> str:
    """The column of our table that names the instance (or ERP module) that a row came from."""
    return _OWNER.get(entity, "instance")


def load(path: Path) -> Mapping:
    """Raises SettingsError with one line that says what is wrong in the file."""
    try:
        return Mapping.model_validate(yaml.safe_load(path.read_text()))
    except OSError as error:
        raise SettingsError(f"the mapping {path} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"the mapping {path} is no YAML: {str(error).splitlines()[0]}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"the mapping {path}: {where} {first['msg']}") from error
