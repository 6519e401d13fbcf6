"""The rows that one line writes into its MES, and the memory with which it survives a crash.

Rows are collected and written in batches, each batch with the line's memory in one transaction, so
that after a crash the line goes on from its last batch. A tick that is reported again counts once.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Table, select

from simulator.layout import Layout, Line
from simulator.mes import schema
from simulator.mes.names import machine_no
from simulator.records.engine import Records, Writer


@dataclass(slots=True)
class Memory:
    """All that a line remembers. Lists are in order of the line's units."""

    tick_us: int = 0
    ready_us: int = 0  # no order begins before
    number: int = 0  # of the running order, or of the next one
    orders: list[dict[str, Any]] = field(default_factory=list)
    operations: list[dict[str, Any] | None] = field(default_factory=list)
    made: list[list[float]] = field(default_factory=list)  # good, scrap since the hour began
    spoils: list[float] = field(default_factory=list)  # by how the unit is set
    stops: list[dict[str, Any] | None] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)  # of the last failure
    jobs: list[dict[str, Any] | None] = field(default_factory=list)  # the job under way
    fixed: dict[str, int] = field(default_factory=dict)  # job id -> when it was planned
    late_stops: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # due, row
    late_jobs: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # due, event
    shifts_until_us: int = 0


class Book:
    """Rows that wait, and the memory. Only the plant's own thread writes here."""

    def __init__(self, layout: Layout, line: Line, records: Records) -> None:
        self.layout, self.line, self.records = layout, line, records
        self.units = [layout.units[index] for index in line.units]
        self.machines = [machine_no(unit) for unit in self.units]
        self.pending = 0
        self._rows: dict[Table, dict[str, dict[str, Any]]] = {}
        self.memory = self._remember()

    def _remember(self) -> Memory:
        with self.records.read() as tx:
            content = tx.execute(select(schema.memory.c.content)).scalar()
        if content is not None:
            return Memory(**json.loads(content))
        count = len(self.units)
        return Memory(
            operations=[None] * count,
            made=[[0.0, 0.0] for _ in range(count)],
            stops=[None] * count,
            causes=[""] * count,
            jobs=[None] * count,
        )

    def put(self, table: Table, row: dict[str, Any]) -> None:
        """Keep a whole row for the next batch; a later row with the same key replaces it."""
        key = str(row[next(iter(table.primary_key)).name])
        self._rows.setdefault(table, {})[key] = dict(row)
        self.pending += 1

    def write(self, writer: Writer) -> None:
        """Write the batch and the memory."""
        for table, rows in self._rows.items():
            writer.upsert(table, rows.values())
        content = json.dumps(asdict(self.memory), separators=(",", ":"))
        writer.upsert(schema.memory, [{"name": "line", "content": content}])

    def written(self) -> None:
        """The batch is committed."""
        self._rows.clear()
        self.pending = 0
