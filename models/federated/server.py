"""The asking side over Flower: waits for the plants, runs the rounds, writes what they were."""

import json
import sys
import time
from pathlib import Path

from flwr.app import Context, Message, MessageType
from flwr.serverapp import Grid, ServerApp

from domain.errors import SettingsError
from models.federated.shared import Note
from models.federated.train import run
from models.federated.wire import note_of, record_of

app = ServerApp()
LOOK_S = 0.5


@app.main()  # type: ignore[untyped-decorator]
def main(grid: Grid, context: Context) -> None:
    """Run settings: `plants` to wait for, `rounds`, `answer-s` for each question, `report` to write."""
    wanted, rounds, limit_s, report = (
        context.run_config[name] for name in ("plants", "rounds", "answer-s", "report")
    )
    began = time.monotonic()
    nodes = _joined(grid, int(wanted), float(limit_s))

    def ask(note: Note) -> list[Note]:
        """One answer of each plant; a plant that is silent or failed ends the run."""
        sent = [
            Message(content=record_of(note), message_type=MessageType.QUERY, dst_node_id=node)
            for node in nodes
        ]
        came = list(grid.send_and_receive(sent, timeout=float(limit_s)))
        failed = [one.error.reason for one in came if one.has_error()]
        if failed or len(came) < len(nodes):
            silent = len(nodes) - len(came)
            raise SettingsError(f"{note.what}: {silent} plants silent, failed: {'; '.join(failed) or 'none'}")
        return [note_of(one.content) for one in sorted(came, key=lambda one: one.metadata.src_node_id)]

    def told(text: str, share: float) -> None:
        sys.stderr.write(f"federated {share:.2f} {text}\n")
        sys.stderr.flush()

    found = run(ask, int(rounds), lambda: time.monotonic() - began, told)
    shown = {**found.figures, "threshold": found.threshold, "seconds": time.monotonic() - began}
    Path(str(report)).write_text(json.dumps(shown), encoding="utf-8")


def _joined(grid: Grid, wanted: int, limit_s: float) -> list[int]:
    """The ids of the plants' nodes, once enough have joined."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        nodes = sorted(grid.get_node_ids())
        if len(nodes) >= wanted:
            return nodes
        time.sleep(LOOK_S)
    raise SettingsError(f"only {len(list(grid.get_node_ids()))} of {wanted} plants joined")
