"""The parts of the gateway file (data.edge.gateway_file), each checked for itself."""

import os
import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from data.sources.mqtt_address import TlsFiles
from data.sources.topic_mapping import MetricMap
from domain.edge import Deadband, Side, Sum, alert_metric, summed_name
from domain.errors import SettingsError

STRICT = ConfigDict(extra="forbid", frozen=True)
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$")]
_NODE = re.compile(r"(nsu=[^;]+;|ns=\d{1,5};)?(i=\d{1,10}|s=.+|g=[0-9A-Fa-f-]{36}|b=.+)")  # OPC UA Part 6
_Env = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,79}$")]


class Secret(BaseModel):
    """User and password; the password stands in an environment variable, never in the file."""

    model_config = STRICT

    username: str = Field(default="", max_length=200)
    password_env: _Env | None = None

    @property
    def password(self) -> str:
        """From the environment. Raises SettingsError when the variable is not set."""
        if self.password_env is None:
            return ""
        found = os.environ.get(self.password_env)
        if found is None:
            raise SettingsError(f"the environment variable {self.password_env} (a password) is not set")
        return found


class BrokerPart(Secret):
    """The broker, and the host application that the gateway takes as its primary host.

    PEM files for `mqtts://`: `ca`, who may have signed the broker's certificate (the machine's own list
    unless said); `certificate` and `key`, who we are, where the broker wants to know.
    """

    url: str
    host: Id = "taktwise"
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @field_validator("url")
    @classmethod
    def _mqtt(cls, value: str) -> str:
        return _checked_url(value, ("mqtt", "mqtts"))

    @model_validator(mode="after")
    def _files_of_use(self) -> "BrokerPart":
        given = [name for name in ("ca", "certificate", "key") if getattr(self, name) is not None]
        if given and not self.url.startswith("mqtts:"):
            raise ValueError(f"{', '.join(given)}: of use over mqtts:// only")
        if self.key is not None and self.certificate is None:
            raise ValueError("a key without its certificate")
        return self

    @property
    def tls(self) -> TlsFiles:
        """Whom the connection trusts, and who it says that we are."""
        return TlsFiles(*(str(path or "") for path in (self.ca, self.certificate, self.key)))


class StorePart(BaseModel):
    """The local store. `rows`: how many readings it holds at most while the broker is away (some 60 bytes
    each); `resend_s`: what was sent so recently is sent again, as historical, after a break."""

    model_config = STRICT

    file: Path = Path("gateway.db")
    rows: int = Field(default=5_000_000, ge=100, le=100_000_000)
    resend_s: float = Field(default=90, ge=0, le=3_600)


class AlertPart(BaseModel):
    """Where local alerts go, beside the log: a file with one JSON object a line, and a web address."""

    model_config = STRICT

    file: Path | None = None
    webhook: str = ""

    @field_validator("webhook")
    @classmethod
    def _http(cls, value: str) -> str:
        return _checked_url(value, ("http", "https")) if value else value


class Security(StrEnum):
    """How an OPC UA connection is secured."""

    NONE = "none"
    SIGN = "Basic256Sha256/Sign"
    ENCRYPT = "Basic256Sha256/SignAndEncrypt"


class OpcUaPart(Secret):
    """An OPC UA server. A secured connection needs our certificate and key, and the server's certificate:
    it is pinned, whoever shows another one is refused."""

    url: str
    security: Security = Security.ENCRYPT
    certificate: Path | None = None
    key: Path | None = None
    server_certificate: Path | None = None

    @field_validator("url")
    @classmethod
    def _opc(cls, value: str) -> str:
        return _checked_url(value, ("opc.tcp",))

    @model_validator(mode="after")
    def _whole(self) -> "OpcUaPart":
        files = {
            "certificate": self.certificate,
            "key": self.key,
            "server_certificate": self.server_certificate,
        }
        missing = [name for name, path in files.items() if path is None]
        if self.security is not Security.NONE and missing:
            raise ValueError(f"{self.security.value} needs {', '.join(missing)}")
        if self.security is Security.NONE and self.password_env:
            raise ValueError("a password over a connection without security would be readable on the way")
        return self


class ModbusPart(BaseModel):
    """A Modbus TCP server; all registers are read each `every_ms`. Modbus knows no security of its own."""

    model_config = STRICT

    host: str = Field(min_length=1, max_length=200)
    port: int = Field(default=502, ge=1, le=65_535)
    unit: int = Field(default=1, ge=0, le=255)
    every_ms: int = Field(default=1_000, ge=20, le=3_600_000)
    timeout_s: float = Field(default=2, gt=0, le=60)


class DeadbandPart(BaseModel):
    """See domain.edge.Deadband."""

    model_config = STRICT

    absolute: float = Field(default=0, ge=0, allow_inf_nan=False)
    percent: float = Field(default=0, ge=0, le=100)
    low: float = Field(default=0, allow_inf_nan=False)
    high: float = Field(default=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _range(self) -> "DeadbandPart":
        if self.percent and self.high <= self.low:
            raise ValueError("a deadband in percent needs the range it is a share of: low and high")
        return self


class AggregatePart(BaseModel):
    """See domain.edge.Aggregate."""

    model_config = STRICT

    seconds: float = Field(gt=0, le=86_400)
    keep: tuple[Sum, ...] = Field(default=(Sum.MEAN,), min_length=1)


class LimitPart(BaseModel):
    """See domain.edge.LimitWatch."""

    model_config = STRICT

    high: float | None = Field(default=None, allow_inf_nan=False)
    low: float | None = Field(default=None, allow_inf_nan=False)
    clear_by: float = Field(default=0, ge=0, allow_inf_nan=False)
    after_s: float = Field(default=0, ge=0, le=86_400)

    @model_validator(mode="after")
    def _some(self) -> "LimitPart":
        if self.high is None and self.low is None:
            raise ValueError("neither high nor low is given")
        if self.high is not None and self.low is not None and self.low >= self.high:
            raise ValueError("the low limit is not below the high one")
        return self


class Register(BaseModel):
    """Where a Modbus value stands: `address` counts from 0. `words`: which of several registers is first."""

    model_config = STRICT

    table: Literal["holding", "input", "coil", "discrete"] = "holding"
    address: int = Field(ge=0, le=65_535)
    type: Literal["int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "bit"] = (
        "uint16"
    )
    words: Literal["big", "little"] = "big"

    @property
    def length(self) -> int:
        """How many registers (or bits) it takes."""
        digits = re.sub(r"\D", "", self.type)
        return int(digits) // 16 if digits else 1

    @model_validator(mode="after")
    def _fits(self) -> "Register":
        if (self.table in ("coil", "discrete")) != (self.type == "bit"):
            raise ValueError("coils and discrete inputs are of the type bit, registers never are")
        if self.address + self.length > 65_536:
            raise ValueError("it reaches beyond the last register")
        return self


class MetricPart(MetricMap):
    """One value that is read: `node` (OPC UA) or `register` (Modbus), and what is made of it."""

    node: str = Field(default="", max_length=500)
    register_: Register | None = Field(default=None, alias="register")
    sampling_ms: float = Field(default=1_000, ge=10, le=3_600_000)
    deadband: DeadbandPart = DeadbandPart()
    aggregate: AggregatePart | None = None
    limits: LimitPart | None = None

    @field_validator("node")
    @classmethod
    def _node_id(cls, value: str) -> str:
        if value and not _NODE.fullmatch(value):
            raise ValueError(f"{value!r} is no node id such as ns=2;s=Temperature, i=2258 or nsu=URI;s=Name")
        return value

    @property
    def band(self) -> Deadband:
        """The deadband as the rules know it."""
        return Deadband(**self.deadband.model_dump())

    @property
    def sent_as(self) -> tuple[str, ...]:
        """The names that go out for it, those of its alerts aside."""
        return (
            tuple(summed_name(self.metric, kind) for kind in self.aggregate.keep)
            if self.aggregate
            else (self.metric,)
        )

    @property
    def alerts_as(self) -> dict[str, tuple[Side, float]]:
        """The names under which its alerts go out, each with its limit."""
        sides = {Side.HIGH: self.limits.high, Side.LOW: self.limits.low} if self.limits else {}
        return {
            alert_metric(self.metric, side): (side, limit)
            for side, limit in sides.items()
            if limit is not None
        }


def _checked_url(value: str, schemes: Sequence[str]) -> str:
    parts = urlsplit(value)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"it is no {' or '.join(f'{one}://' for one in schemes)} address")
    if parts.username or parts.password:
        raise ValueError("user and password stand beside the address (username, password_env), not in it")
    return value
