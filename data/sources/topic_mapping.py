"""Mapping files for plain JSON topics: which topic and field becomes which value of which device."""

from collections.abc import Sequence
from datetime import tzinfo
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from data.sources import topic_pattern, yaml_text
from data.sources.topic_pattern import Pattern
from data.sources.units import conversion
from domain.errors import SettingsError
from domain.state_sources import MODE_METRICS, STATE_METRICS
from domain.telemetry import METRICS
from domain.units import SAME, Conversion, convertible

FOLDER = Path(__file__).parent / "topic_maps"
MAX_BYTES = 256 * 1024
MAX_TOPICS = 200
_FIRST_LEVELS_OF_OTHERS = ("spBv1.0", "$SYS", "taktwise")
_STRICT = ConfigDict(extra="forbid", frozen=True)
_Path = Annotated[str, Field(min_length=1, max_length=200)]


class Payload(StrEnum):
    """What a message holds."""

    OBJECT = "object"  # a JSON object: one value a member
    VALUE = "value"  # a JSON object with one value
    NUMBER = "number"  # a bare number: no time, so stored at least once


class Times(StrEnum):
    """How a time is written."""

    MILLISECONDS = "milliseconds"
    SECONDS = "seconds"
    MICROSECONDS = "microseconds"
    NANOSECONDS = "nanoseconds"
    ISO = "iso"


class TimeField(BaseModel):
    """Where the time stands, and how it is written; `zone`: of which zone a text is that names none."""

    model_config = _STRICT

    field: _Path
    written: Times = Field(default=Times.MILLISECONDS, alias="as")
    zone: str = "UTC"

    @model_validator(mode="after")
    def _zone_fits(self) -> "TimeField":
        if self.zone not in available_timezones():
            raise ValueError(f"{self.zone} is no time zone")
        if self.zone != "UTC" and self.written is not Times.ISO:
            raise ValueError("a number counts from 1970 in UTC: zone belongs to iso")
        return self

    @cached_property
    def place(self) -> tzinfo:
        """The zone."""
        return ZoneInfo(self.zone)


class MetricMap(BaseModel):
    """One value: our name for it, its unit in the message, and for a state what its words mean."""

    model_config = _STRICT

    metric: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/ \-]{0,119}$")
    unit: str = Field(default="", max_length=32)
    scale: float = Field(default=1.0, allow_inf_nan=False)
    states: dict[str, int] = Field(default_factory=dict, max_length=100)

    @field_validator("states", mode="before")
    @classmethod
    def _words(cls, given: object) -> object:
        """YAML reads `1: 6` and `true: 6` as a number and a truth value; a machine sends them as words."""
        return {_word(key): code for key, code in given.items()} if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _fits(self) -> "MetricMap":
        spec = METRICS.get(self.metric)
        if self.unit and spec is not None and conversion(self.unit, spec.unit) is None:
            raise ValueError(
                f"{self.metric} is kept in {spec.unit}: {self.unit!r} cannot be read as that, only "
                f"{', '.join(convertible(spec.unit))} (or give a scale)"
            )
        if self.states and self.metric not in (*STATE_METRICS, *MODE_METRICS):
            raise ValueError(
                f"states belong to {', '.join((*STATE_METRICS, *MODE_METRICS))}, not {self.metric}"
            )
        odd = [code for code in self.states.values() if spec and not spec.low <= code <= spec.high]
        if spec is not None and odd:
            raise ValueError(f"{self.metric} has no code {odd[0]}: {spec.low:.0f} to {spec.high:.0f}")
        if not self.scale:
            raise ValueError("a scale of 0 leaves nothing")
        return self

    @cached_property
    def conversion(self) -> Conversion:
        """From the message's unit to ours."""
        spec = METRICS.get(self.metric)
        found = conversion(self.unit, spec.unit) if spec is not None else SAME
        return Conversion(self.scale * (found or SAME).factor, (found or SAME).offset)


class TopicMap(BaseModel):
    """One kind of topic. `device` is made of named levels, `metric` too (not for objects)."""

    model_config = _STRICT

    name: str = Field(min_length=1, max_length=80)
    pattern: str = Field(min_length=1, max_length=500)
    payload: Payload
    device: str = Field(default="", max_length=300)
    metric: str = Field(default="", max_length=300)
    value: _Path = "value"
    unit: str = Field(default="", max_length=200)  # the field that says the unit, for payload value
    time: TimeField | None = None
    sequence: str = Field(default="", max_length=200)
    metrics: dict[str, MetricMap] = Field(default_factory=dict, max_length=500)
    only_these: bool = False
    ignore: tuple[str, ...] = Field(default=(), max_length=200)

    @field_validator("metrics", mode="before")
    @classmethod
    def _short_form(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return {name: {"metric": found} if isinstance(found, str) else found for name, found in given.items()}

    @cached_property
    def levels(self) -> Pattern:
        """The pattern, ready to match."""
        return topic_pattern.parse(self.pattern)

    @property
    def device_levels(self) -> str:
        """What names the device: as given, or all named levels but the metric's."""
        chosen = [f"{{{name}}}" for name in self.levels.names if f"{{{name}}}" not in self.metric]
        return self.device or "/".join(chosen)

    @property
    def at_least_once(self) -> bool:
        """True when a message carries neither time nor sequence: sent twice, it is stored twice."""
        return self.payload is Payload.NUMBER or (self.time is None and not self.sequence)

    @model_validator(mode="after")
    def _holds_together(self) -> "TopicMap":
        if self.pattern.split("/")[0] in _FIRST_LEVELS_OF_OTHERS:
            raise ValueError(f"topics below {self.pattern.split('/')[0]} are not plain JSON")
        if self.payload is not Payload.OBJECT and not self.metric:
            raise ValueError("metric is missing: which level (or word) names the value")
        if self.payload is Payload.OBJECT and self.metric:
            raise ValueError("an object's members name its values: metric has no meaning here")
        if self.payload is Payload.NUMBER and (self.time or self.sequence or self.unit):
            raise ValueError("a bare number has no fields: no time, sequence or unit")
        for template in (self.device, self.metric):
            unknown = set(topic_pattern.names_in(template)) - set(self.levels.names)
            if unknown:
                raise ValueError(f"the pattern has no level {{{sorted(unknown)[0]}}}")
        if not self.device_levels:
            raise ValueError("device is missing: no named level says which device speaks")
        return self


class Topics(BaseModel):
    """A mapping file. The first entry whose pattern fits a topic counts."""

    model_config = _STRICT

    topics: tuple[TopicMap, ...] = Field(min_length=1, max_length=MAX_TOPICS)

    @model_validator(mode="after")
    def _names_differ(self) -> "Topics":
        names = [topic.name for topic in self.topics]
        double = next((name for name in names if names.count(name) > 1), None)
        if double is not None:
            raise ValueError(f"two entries are called {double!r}")
        return self

    @property
    def filters(self) -> tuple[str, ...]:
        """What to subscribe to."""
        return tuple(dict.fromkeys(topic.levels.filter for topic in self.topics))

    def find(self, topic: str) -> tuple[TopicMap, dict[str, str]] | None:
        """The entry that a topic belongs to, with its named levels."""
        for entry in self.topics:
            levels = entry.levels.match(topic)
            if levels is not None:
                return entry, levels
        return None


def presets() -> tuple[str, ...]:
    """The names of the mappings that come with the desk."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load(which: str) -> Topics:
    """A preset by its name, or a file. Raises SettingsError with one line that says what is wrong."""
    path = FOLDER / f"{which}.yaml" if which in presets() else Path(which)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SettingsError(f"the topic mapping {which} is larger than {MAX_BYTES // 1024} KiB")
        found = yaml_text.load(path.read_text())
        if not isinstance(found, dict):
            raise SettingsError(f"the topic mapping {which} holds no topics: it begins with `topics:`")
        return Topics.model_validate(found)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(
            f"the topic mapping {which} cannot be read: {reason}; presets are {', '.join(presets())}"
        ) from error
    except yaml.YAMLError as error:
        raise SettingsError(f"the topic mapping {which} is no YAML: {yaml_text.fault(error)}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = _where(first["loc"])
        raise SettingsError(
            f"the topic mapping {which}: {where}{first['msg'].removeprefix('Value error, ')}"
        ) from error


def _word(key: object) -> object:
    return str(key).lower() if isinstance(key, bool | float | int) else key


def _where(loc: Sequence[int | str]) -> str:
    """`entry 2, pattern: `"""
    words = [f"entry {part + 1}" if isinstance(part, int) else part for part in loc if part != "topics"]
    return ", ".join(words) + ": " if words else ""
