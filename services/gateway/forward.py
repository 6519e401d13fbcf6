"""From the local store to the broker: in order, as historical after a break, each reading at least once.

Sparkplug data go at QoS 0: nobody acknowledges them. So what was sent in the last `resend_s` before a break
is sent again after the births; the receiver knows a reading by metric and source time: it stores it once.
"""

from data.edge.gateway_file import GatewayFile
from data.edge.node import EdgeNode, Message, columns_of, runs
from data.edge.shelf import Entry, Shelf
from domain.edge import EdgeValue

BATCH = 500  # entries looked at in one turn
IN_A_MESSAGE = 50
TIDY_MS = 5_000
CONFIRM_MS = 7_000  # after the births; longer than intake.SURE_MS, so that what is confirmed is no history


class Forwarder:
    """The thread of the MQTT connection owns it. Hand it events; publish what `turn` returns."""

    def __init__(self, file: GatewayFile, shelf: Shelf) -> None:
        self._shelf = shelf
        self._resend_ms = round(file.store.resend_s * 1000)
        self.node = EdgeNode(file.group, file.node, columns_of(file), (shelf.fact("bd_seq") or 0) % 256)
        self._cursor = 0
        self._births = 0
        self._births_ms = self._tidied_ms = 0
        self._good_ms = shelf.fact("good_ms") or 0  # when the host was last believed to hear us
        self._confirmed = True
        self.forwarded = 0

    def will(self, now_ms: int) -> Message:
        """For CONNECT. The number of this session is on disk before it is used."""
        self._shelf.note(bd_seq=self.node.bd_seq)
        return self.node.will(now_ms)

    def disconnected(self) -> None:
        """The connection broke or was left."""
        self.node.on_disconnected()
        self._shelf.note(bd_seq=self.node.bd_seq)

    def state(self, payload: bytes, now_ms: int) -> None:
        """A STATE message of the primary host."""
        self.node.on_state(payload, self._shelf.said(), now_ms)

    def command(self, payload: bytes, now_ms: int) -> None:
        """An NCMD: only a rebirth request is listened to."""
        self.node.on_command(payload, self._shelf.said(), now_ms)

    def contact(self, device: str, *, present: bool, now_ms: int) -> None:
        """A server answers, or no longer does. Its death is told where its mark stands in the history."""
        self._shelf.note(**{f"present/{device}": int(present)})
        if present:
            self.node.now_present(device, self._shelf.said(), now_ms)
        else:
            self.node.present.discard(device)

    def turn(self, now_ms: int) -> list[Message]:
        """Messages to publish now, in order: births and deaths, then some of what waits."""
        if self.node.births_sent != self._births:
            self._births, self._births_ms, self._confirmed = self.node.births_sent, now_ms, False
            self._cursor = self._shelf.resend_from(self._good_ms - self._resend_ms)
            self._begin_history()
        if self.node.online:
            self._good_ms = now_ms
            self._send(self._shelf.next(self._cursor, BATCH), now_ms)
        if now_ms - self._tidied_ms >= TIDY_MS:
            self._tidied_ms = now_ms
            self._shelf.forget_sent(self._good_ms - self._resend_ms)
            self._shelf.note(online=int(self.node.online), good_ms=self._good_ms)
        return self.node.take_out()

    def confirm_due(self, now_ms: int) -> bool:
        """True once after each birth, when all that waited has gone out."""
        ready = self.node.online and not self._confirmed and now_ms - self._births_ms >= CONFIRM_MS
        if not ready or self._shelf.next(self._cursor, 1):
            return False
        self._confirmed = True
        return True

    def _begin_history(self) -> None:
        """A device that has nothing to resend tells its newest value once more, as history: its host then
        knows that nothing lies between that and the birth."""
        waiting = self._shelf.devices_after(self._cursor)
        newest: dict[str, EdgeValue] = {}
        for (device, _), value in self._shelf.said().items():
            if device not in waiting and device in self.node.present:
                newest[device] = max(newest.get(device, value), value, key=lambda one: one.at_ms)
        for device, value in newest.items():
            if self.node.is_late(device, value.at_ms):
                self.node.data(device, [Entry(0, value)])

    def _send(self, entries: list[Entry], now_ms: int) -> None:
        first_mark = next((n for n, entry in enumerate(entries) if entry.is_mark), len(entries))
        for entry in entries[:first_mark]:
            self._born(entry.value.device, now_ms)
        for run in runs(entries[:first_mark], self.node, IN_A_MESSAGE):
            self.node.data(run[0].value.device, run)
        done = entries[:first_mark]
        if first_mark < len(entries):
            mark = entries[first_mark]
            done = entries[: first_mark + 1]
            self._at_mark(mark.value.device, now_ms)
        if done:
            self._cursor = done[-1].entry_id
            self._shelf.sent(done[0].entry_id, self._cursor, now_ms)
            self.forwarded += len(done)

    def _born(self, device: str, now_ms: int) -> None:
        """A device whose server is away is born for the sake of its history; its mark lets it die again."""
        if device in self.node.columns and not self.node.is_born(device):
            self.node.birth(device, self._shelf.said(), now_ms)

    def _at_mark(self, device: str, now_ms: int) -> None:
        if device not in self.node.columns:
            return
        if device in self.node.present:
            self.node.mark(device, self._shelf.said(), now_ms)
        else:
            self.node.now_away(device, now_ms)
