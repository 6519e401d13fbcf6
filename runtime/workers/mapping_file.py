"""The mapping of plain JSON topics, read again when its file has changed: nothing is started anew for it."""

import logging
from pathlib import Path

from data.sources import topic_mapping, yaml_text
from data.sources.topic_reading import TopicReader
from domain.errors import SettingsError

log = logging.getLogger("taktwise.ingest")


class MappingFile:
    """`which`: a preset, a file, or empty for none. `trouble` says why a changed file is not used; the
    mapping from before then goes on. Raises SettingsError where the first one cannot be read."""

    def __init__(self, which: str) -> None:
        self._which, self._stamp = which, _stamp(which)
        self.reader = TopicReader(topic_mapping.load(which)) if which else None
        self.trouble = ""

    def changed(self) -> bool:
        """Look; True when messages are to be read by another mapping from now on."""
        stamp = _stamp(self._which)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            found = TopicReader(topic_mapping.load(self._which))
        except SettingsError as error:
            self.trouble = f"{error}; messages are read by the mapping from before"
            log.warning("%s", self.trouble)
            return False
        self.trouble, self.reader = "", found
        log.info("the topic mapping %s was read anew", self._which)
        return True


def _stamp(which: str) -> yaml_text.Stamp | None:
    return None if not which or which in topic_mapping.presets() else yaml_text.stamp(Path(which))
