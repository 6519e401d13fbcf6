"""Pictures from cameras: a watched folder, and MQTT topics `taktwise/pictures/<site>/<area>/<line>/<unit>`.

The payload is the picture's file itself, at QoS 1; it is acknowledged after it is stored.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data.sources.messages import RawMessage
from data.sources.mqtt import KeptLink
from data.wire import picture_topics
from data.wire.mqtt import Publish

PICTURE = "picture"
MOST_BYTES = 2_000_000
A_TURN = 20
REFUSED = "refused"
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")


class PictureLink(KeptLink):
    """One connection for all cameras: persistent session, acknowledged after the commit."""

    receive_maximum = A_TURN

    def take(self) -> list[RawMessage]:
        """What was read since the last call, A_TURN at the most stays unread behind it."""
        self.pump(A_TURN)
        taken, self.inbox = self.inbox, []
        return taken

    def _subscribe(self) -> list[tuple[str, int]]:
        return [(picture_topics.SUBSCRIPTION, 1)]

    def _accept(self, message: Publish) -> None:
        topic = message.topic.decode("utf-8", "replace")
        self._append(PICTURE, topic, bytes(message.payload[: MOST_BYTES + 1]), message.mid)


@dataclass(frozen=True, slots=True)
class Found:
    """A picture's file in the watched folder, and the machine that its folders name ("": none)."""

    path: Path
    equipment_id: str


class WatchedFolder:
    """`<folder>/<site>/<area>/<line>/<unit>/NAME.jpg`: read when it has not grown since the last look.

    A file is deleted when it is stored, and moved to `<folder>/refused/` with a note beside it when it
    is refused. Names that begin with a dot are still being written; links are left alone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sizes: dict[Path, tuple[int, int]] = {}

    def look(self) -> Iterator[Found]:
        """Files that are whole, A_TURN at the most, in the order of their paths."""
        seen: dict[Path, tuple[int, int]] = {}
        ready = []
        for path in self._files():
            try:
                state = path.stat(follow_symlinks=False)
            except OSError:
                continue
            seen[path] = (state.st_size, state.st_mtime_ns)
            if self._sizes.get(path) == seen[path]:
                ready.append(path)
        self._sizes = seen
        for path in ready[:A_TURN]:
            parts = path.relative_to(self.folder).parts[:-1]
            yield Found(path, "/".join(parts) if len(parts) == 4 else "")

    def _files(self) -> Iterator[Path]:
        if not self.folder.is_dir():
            return
        count = 0
        for place, folders, names in os.walk(self.folder):
            folders[:] = sorted(f for f in folders if f != REFUSED and not f.startswith("."))
            for name in sorted(names):
                path = Path(place) / name
                if name.startswith(".") or path.suffix.lower() not in SUFFIXES or path.is_symlink():
                    continue
                yield path
                count += 1
                if count >= 10 * A_TURN:
                    return

    def read(self, found: Found) -> bytes:
        """The file, one byte more than allowed at the most; OSError when it is gone."""
        with found.path.open("rb") as file:
            return file.read(MOST_BYTES + 1)

    def done(self, found: Found) -> None:
        """It is stored."""
        found.path.unlink(missing_ok=True)
        self._sizes.pop(found.path, None)

    def refuse(self, found: Found, reason: str) -> None:
        """Put it aside, with the reason beside it."""
        place = self.folder / REFUSED
        place.mkdir(exist_ok=True)
        name = "_".join(found.path.relative_to(self.folder).parts)
        found.path.replace(place / name)
        (place / f"{name}.txt").write_text(f"{reason}\n", encoding="utf-8")
        self._sizes.pop(found.path, None)
