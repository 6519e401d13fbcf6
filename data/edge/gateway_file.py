"""The gateway file: which servers an edge gateway reads, what it makes of them, and where it sends them."""

from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from data.edge.gateway_parts import (
    STRICT,
    AlertPart,
    BrokerPart,
    Id,
    MetricPart,
    ModbusPart,
    OpcUaPart,
    StorePart,
)
from data.sources import yaml_text
from domain.errors import SettingsError

MAX_BYTES = 1024 * 1024


class SourcePart(BaseModel):
    """One server, sent as the Sparkplug device `name`."""

    model_config = STRICT

    name: Id
    opcua: OpcUaPart | None = None
    modbus: ModbusPart | None = None
    metrics: tuple[MetricPart, ...] = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def _holds_together(self) -> "SourcePart":
        if (self.opcua is None) == (self.modbus is None):
            raise ValueError("a source is either opcua or modbus")
        for metric in self.metrics:
            if self.opcua is not None and (not metric.node or metric.register_):
                raise ValueError(f"{metric.metric}: an OPC UA value needs node, and no register")
            if self.modbus is not None and (metric.node or metric.register_ is None):
                raise ValueError(f"{metric.metric}: a Modbus value needs register, and no node")
        names = [name for metric in self.metrics for name in (*metric.sent_as, *metric.alerts_as)]
        double = next((name for name in names if names.count(name) > 1), None)
        if double is not None:
            raise ValueError(f"two values are sent as {double!r}")
        return self


class GatewayFile(BaseModel):
    """The whole file. `group` and `node` are the Sparkplug ids of this gateway."""

    model_config = STRICT

    group: Id
    node: Id
    broker: BrokerPart
    store: StorePart = StorePart()
    alerts: AlertPart = AlertPart()
    sources: tuple[SourcePart, ...] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _names_differ(self) -> "GatewayFile":
        names = [source.name for source in self.sources]
        double = next((name for name in names if names.count(name) > 1), None)
        if double is not None:
            raise ValueError(f"two sources are called {double!r}")
        return self


def load(path: Path) -> GatewayFile:
    """Read and check the file; relative paths in it are taken from its folder.

    Raises SettingsError with one line that names the entry and the field.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SettingsError(f"the gateway file {path} is larger than {MAX_BYTES // 1024} KiB")
        found = GatewayFile.model_validate(yaml_text.load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"the gateway file {path} cannot be read: {reason}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"the gateway file {path} is no YAML: {str(error).splitlines()[0]}") from error
    except ValidationError as error:
        first = error.errors()[0]
        what = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"the gateway file {path}: {_where(first['loc'])}{what}") from error
    return _from_folder(found, path.resolve().parent)


def _from_folder(found: GatewayFile, folder: Path) -> GatewayFile:
    store = found.store.model_copy(update={"file": folder / found.store.file})
    alert_file = found.alerts.file
    alerts = found.alerts.model_copy(update={"file": folder / alert_file if alert_file else None})
    sources = tuple(_source_from(source, folder) for source in found.sources)
    broker = found.broker.model_copy(update=_paths(found.broker, ("ca", "certificate", "key"), folder))
    changed = {"store": store, "alerts": alerts, "sources": sources, "broker": broker}
    return found.model_copy(update=changed)


def _paths(part: BaseModel, names: Sequence[str], folder: Path) -> dict[str, Path]:
    return {name: folder / path for name in names if (path := getattr(part, name)) is not None}


def _source_from(source: SourcePart, folder: Path) -> SourcePart:
    if source.opcua is None:
        return source
    paths = _paths(source.opcua, ("certificate", "key", "server_certificate"), folder)
    return source.model_copy(update={"opcua": source.opcua.model_copy(update=paths)})


def _where(loc: Sequence[int | str]) -> str:
    words = [f"entry {part + 1}" if isinstance(part, int) else part for part in loc]
    return ", ".join(words) + ": " if words else ""
