"""The plant's own book of what it made and sent, so that others can be checked against it."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from simulator.files import write_atomically
from simulator.sent_log import BIRTH, DATA, HISTORY, SentLog


@dataclass(slots=True)
class Account:
    """One device. made = sent + dropped + what waits in a buffer.

    `sent` counts readings given to the network (JSON: acknowledged by the broker), by source time from
    `first_ms` to `last_ms`; `historical` of them were sent late and marked so; `dropped` fell out of a
    full buffer; `seq` is the last message number (JSON) and `births` counts DBIRTHs (Sparkplug).
    """

    made: int = 0
    sent: int = 0
    historical: int = 0
    dropped: int = 0
    births: int = 0
    seq: int = -1
    first_ms: int | None = None
    last_ms: int | None = None

    def note_sent(self, at_ms: int, *, historical: bool = False) -> None:
        """One reading went out."""
        self.sent += 1
        self.historical += historical
        self.first_ms = at_ms if self.first_ms is None else min(self.first_ms, at_ms)
        self.last_ms = at_ms if self.last_ms is None else max(self.last_ms, at_ms)


@dataclass(slots=True)
class Ledger:
    """All devices, by the name that their source uses (`north/line-1/cnc-11`, `north/.../cnc-12`).

    With a `log`, every reading that goes out is also written down there.
    """

    devices: dict[str, Account] = field(default_factory=dict)
    log: SentLog | None = None

    def account(self, device: str) -> Account:
        """The account of a device, opened when new."""
        return self.devices.setdefault(device, Account())

    def sent(self, device: str, at_ms: int, *, historical: bool = False) -> None:
        """A reading of the device went out."""
        self.account(device).note_sent(at_ms, historical=historical)
        if self.log is not None:
            self.log.note(HISTORY if historical else DATA, device, at_ms)

    def born(self, device: str, at_ms: int | None) -> None:
        """The device's birth went out, with its last reading if it has one."""
        self.account(device).births += 1
        if self.log is not None and at_ms is not None:
            self.log.note(BIRTH, device, at_ms)

    def write(self, path: Path) -> None:
        """As JSON, whole or not at all."""
        if self.log is not None:
            self.log.flush()
        text = json.dumps({name: asdict(account) for name, account in self.devices.items()}, indent=1)
        write_atomically(path, text.encode())

    @classmethod
    def read(cls, path: Path) -> "Ledger":
        """What `write` wrote; an empty ledger when there is none."""
        if not path.exists():
            return cls()
        found = json.loads(path.read_text())
        return cls({name: Account(**row) for name, row in found.items()})
