"""The MES and ERP databases that are read: those of the settings, and those that join while we run.

A file (`TAKTWISE_MES_FILE`, var/mes.yaml unless set) names the second kind; it is looked at every 3 s:

    pressing: {url: "postgresql+psycopg://reader:word@mes-2/mes", mapping: tryton}

Who is added there is read within seconds, who is taken out is left alone, and what is wrong in it is said
while all others go on. What was read stays in the store.
"""

import logging
import threading
import time
from pathlib import Path
from typing import NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from data.sources import mapping, yaml_text
from data.sources.mes import ForeignDatabase
from data.sources.mes_wake import Doorbell, Listener, can_ring
from domain.errors import SettingsError
from runtime.settings import Settings

LOOK_S = 3.0
MOST = 64
log = logging.getLogger("taktwise.mes")


class Member(BaseModel):
    """One database that joined: where it is, and how it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    mapping: str = "virtual_mes"


_FILE = TypeAdapter(dict[str, Member])


def read(path: Path) -> dict[str, Member]:
    """The members that a file names, none when there is no file. Raises SettingsError."""
    try:
        found = _FILE.validate_python(yaml_text.load(path.read_text(encoding="utf-8")) or {})
    except FileNotFoundError:
        return {}
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} cannot be read: {yaml_text.fault(error)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    if len(found) > MOST:
        raise SettingsError(f"{path} names {len(found)} databases, {MOST} at most")
    return found


def member_of(settings: Settings, name: str) -> Member:
    """Where a database of the settings is, and how it is read."""
    if name in settings.mes_urls:
        return Member(url=settings.mes_urls[name], mapping=settings.mes_mappings.get(name, "virtual_mes"))
    return Member(url=settings.erp_urls[name], mapping=settings.erp_mappings.get(name, "virtual_erp"))


def open_member(member: Member) -> ForeignDatabase:
    """Raises SettingsError for a wrong URL or mapping."""
    return ForeignDatabase(member.url, mapping.named(member.mapping))


class _Heard(NamedTuple):
    listener: Listener
    stop: threading.Event


class Members:
    """`foreign` are those that are read now, by name. One thread uses it."""

    def __init__(self, settings: Settings, fixed: dict[str, ForeignDatabase], bell: Doorbell) -> None:
        self.foreign = dict(fixed)
        self._path, self._bell = settings.mes_members, bell
        self._fixed = {name: member_of(settings, name) for name in fixed}
        self._joined: dict[str, Member] = {}
        self._stamps = {name: mapping.stamp(member.mapping) for name, member in self._fixed.items()}
        self._heard: dict[str, _Heard] = {}
        self._looked_s = float("-inf")
        self._said = ""
        for name, source in fixed.items():
            self._listen(name, self._fixed[name].url, source)

    def follow(self) -> set[str]:
        """Look at the files when it is time to; returns who has joined, or is read by another mapping now."""
        if time.monotonic() - self._looked_s < LOOK_S:
            return set()
        self._looked_s = time.monotonic()
        changed = self._remap()
        try:
            wanted = read(self._path)
            if taken := sorted(self._fixed.keys() & wanted.keys()):
                raise SettingsError(f"{self._path}: {taken[0]} is in the settings already")
        except SettingsError as error:
            self._say(str(error))
            return changed
        for name in [name for name, member in self._joined.items() if wanted.get(name) != member]:
            self._part(name)
        return changed | self._join({name: wanted[name] for name in wanted if name not in self._joined})

    def _remap(self) -> set[str]:
        """Read by a mapping whose file has changed; by the one from before while it is wrong."""
        changed = set[str]()
        for name, member in (self._fixed | self._joined).items():
            stamp = mapping.stamp(member.mapping)
            if stamp == self._stamps[name]:
                continue
            self._stamps[name] = stamp
            try:
                source = open_member(member)
            except SettingsError as error:
                log.warning("%s: %s; it is read by the mapping from before", name, error)
                continue
            log.info("%s is read by its mapping as it is now", name)
            self._leave(name)
            self.foreign[name] = source
            self._listen(name, member.url, source)
            changed.add(name)
        return changed

    def _join(self, coming: dict[str, Member]) -> set[str]:
        came, trouble = set[str](), ""
        for name, member in coming.items():
            self._stamps[name] = mapping.stamp(member.mapping)
            try:
                source = open_member(member)
            except SettingsError as error:
                trouble = trouble or f"{self._path}: {name}: {error}"
                continue
            log.info("%s has joined", name)
            self.foreign[name], self._joined[name] = source, member
            self._listen(name, member.url, source)
            came.add(name)
        self._say(trouble)
        return came

    def _part(self, name: str) -> None:
        log.info("%s is no longer read", name)
        del self._joined[name]
        self._leave(name)

    def _leave(self, name: str) -> None:
        if heard := self._heard.pop(name, None):
            heard.stop.set()
        self.foreign.pop(name).close()

    def _listen(self, name: str, url: str, source: ForeignDatabase) -> None:
        if source.mapping.notify and can_ring(url):
            stop = threading.Event()
            listener = Listener(name, url, source.mapping.notify, self._bell, stop)
            self._heard[name] = _Heard(listener, stop)
            listener.start()

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self._said:
            log.warning("%s", trouble)
        self._said = trouble

    def close(self) -> None:
        """End the listeners, give the connections back."""
        for heard in self._heard.values():
            heard.stop.set()
        for heard in self._heard.values():
            heard.listener.join(5)
        for source in self.foreign.values():
            source.close()
