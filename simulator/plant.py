"""The virtual plant: a world with its edge nodes and devices, which saves itself and goes on again.

Files in its folder: world.npz (state), ledger.json (what was made and sent), truth/ (true failures,
appended as JSON lines, that nothing else reads), and the databases of the floor.
"""

import json
from base64 import b64decode, b64encode
from dataclasses import asdict
from pathlib import Path
from typing import Any

from domain.clock import SECOND
from simulator import snapshot
from simulator.contract import Floor
from simulator.edge import EdgeNode, Message
from simulator.json_devices import JsonDevices, Waiting, message
from simulator.layout import SPARKPLUG, Layout
from simulator.ledger import Ledger
from simulator.readout import Reading, readings
from simulator.truth import Truth
from simulator.world import Sample, Tick, World

STATE_FILE, LEDGER_FILE = "world.npz", "ledger.json"


class VirtualPlant:
    """One plant. `step` moves the machines and hands the readings to the nodes and devices."""

    def __init__(self, layout: Layout, seed: int, start_us: int, floor: Floor, directory: Path) -> None:
        self.directory = directory
        self.layout = layout
        self.world = World(layout, seed, start_us, floor)
        self.ledger = Ledger.read(directory / LEDGER_FILE)
        self.devices = JsonDevices(self.ledger)
        self.nodes = [
            EdgeNode(
                layout.site,
                line.instance,
                [
                    layout.units[index].device
                    for index in line.units
                    if layout.units[index].protocol == SPARKPLUG
                ],
                self.ledger,
            )
            for line in layout.lines
        ]
        self._truth = Truth(self.world, keep_wear=False)
        if (directory / STATE_FILE).exists():
            self._go_on(snapshot.load(self.world, directory / STATE_FILE))

    @property
    def now_ms(self) -> int:
        """Plant time, milliseconds."""
        return self.world.now_us // 1_000

    def step(self, dt_us: int, *, publish: bool = True) -> Tick:
        """One tick; without `publish` the network is down and the readings are never made."""
        tick = self.world.step(dt_us)
        self._truth.look(tick.report.failures)
        if publish:
            self.hand_out(tick.sample)
        if tick.report.failures:
            self._write_truth()
        return tick

    def hand_out(self, sample: Sample) -> None:
        """Give every unit's reading to its node or device."""
        for unit, reading in zip(self.layout.units, readings(sample), strict=True):
            if unit.protocol == SPARKPLUG:
                self.nodes[unit.line].take(unit.device, reading)
            else:
                self.devices.take(unit.equipment_id, reading)

    def drain(self) -> list[Message]:
        """Everything that waits, as if broker and host took it at once: for a history."""
        found: list[Message] = []
        for node in self.nodes:
            node.resend()
            found += node.take_out()
        while (waiting := self.devices.next()) is not None:
            self.devices.sent(waiting)
            found.append(message(waiting))
        return found

    def save(self) -> None:
        """State, ledger and the floor's memory, in that order of need: floor first."""
        self.world.floor.flush()
        extra = {
            "bd_seq": [node.bd_seq for node in self.nodes],
            "node_buffers": [[[name, *reading] for name, reading in node.buffer] for node in self.nodes],
            "seq": self.devices.seq,
            "json_buffer": [
                [waiting.device, waiting.at_ms, b64encode(waiting.payload).decode()]
                for waiting in self.devices.buffer
            ],
        }
        snapshot.save(self.world, self.directory / STATE_FILE, extra)
        self.ledger.write(self.directory / LEDGER_FILE)

    def _go_on(self, extra: dict[str, Any]) -> None:
        for node, bd_seq, buffer in zip(self.nodes, extra["bd_seq"], extra["node_buffers"], strict=True):
            node.bd_seq = (bd_seq + 1) % 256
            node.buffer.extend((name, Reading(at_ms, tuple(values))) for name, at_ms, values in buffer)
        self.devices.seq = dict(extra["seq"])
        self.devices.buffer.extend(
            Waiting(device, at_ms, b64decode(payload)) for device, at_ms, payload in extra["json_buffer"]
        )

    def _write_truth(self) -> None:
        folder = self.directory / "truth"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "failures.jsonl").open("a", encoding="utf-8") as handle:
            for failure in self._truth.failures:
                handle.write(json.dumps(asdict(failure)) + "\n")
        self._truth.failures.clear()


def aligned(us: int, interval_s: float) -> int:
    """The last multiple of the interval up to `us`."""
    step = round(interval_s * SECOND)
    return us - us % step
