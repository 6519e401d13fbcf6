"""Modbus TCP: read the registers of one server in turns. It never writes."""

import asyncio
import logging
import struct
from collections.abc import Sequence
from typing import Any

from data.edge.events import Contact, Emit, Seen, now_ms
from data.edge.gateway_file import SourcePart
from data.edge.gateway_parts import MetricPart, Register
from domain.telemetry import Quality

MOST_AT_ONCE = {"holding": 120, "input": 120, "coil": 1_900, "discrete": 1_900}
MOST_SAID = 100  # refusals that are told in the log
log = logging.getLogger("taktwise.gateway")
_FORMS = {
    "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
    "float32": "f", "float64": "d",
}  # fmt: skip
_CALLS = {
    "holding": "read_holding_registers",
    "input": "read_input_registers",
    "coil": "read_coils",
    "discrete": "read_discrete_inputs",
}


class Block:
    """Registers next to each other that are read in one request."""

    def __init__(self, table: str, parts: Sequence[MetricPart]) -> None:
        self.table, self.parts = table, tuple(parts)
        spans = [_span(part) for part in parts]
        self.first = min(first for first, _ in spans)
        self.count = max(end for _, end in spans) - self.first


class ModbusReader:
    """See data.edge.events.Reader. A request that the server refuses makes its values bad; one that it does
    not answer in time ends the connection."""

    def __init__(self, source: SourcePart) -> None:
        if source.modbus is None:
            raise ValueError("no Modbus source")
        self._name, self._server = source.name, source.modbus
        self._blocks = blocks(source.metrics)
        self._refused: set[str] = set()

    async def read(self, emit: Emit) -> tuple[int, str]:
        """Until an answer is missing."""
        from pymodbus.client import AsyncModbusTcpClient
        from pymodbus.exceptions import ModbusException

        server = self._server
        client = AsyncModbusTcpClient(
            server.host, port=server.port, timeout=server.timeout_s, retries=0, reconnect_delay=0
        )
        alive_ms = 0
        try:
            if not await client.connect():
                raise ConnectionError(f"{server.host}:{server.port} cannot be reached")
            next_s = asyncio.get_running_loop().time()
            while True:
                for block in self._blocks:
                    answer = await self._ask(client, block)
                    if not alive_ms:
                        emit(Contact(self._name, True, now_ms()))
                    alive_ms = now_ms()
                    self._tell(block, answer, alive_ms, emit)
                next_s = max(next_s + server.every_ms / 1000, asyncio.get_running_loop().time())
                await asyncio.sleep(next_s - asyncio.get_running_loop().time())
        except (ModbusException, TimeoutError) as error:
            if not alive_ms:
                raise ConnectionError(str(error)[:200]) from error
            return alive_ms, f"the server no longer answers: {str(error)[:200]}"
        finally:
            client.close()

    async def _ask(self, client: Any, block: Block) -> list[int] | None:
        """The registers or bits; None when the server refuses the request."""
        ask = getattr(client, _CALLS[block.table])
        answer = await ask(block.first, count=block.count, device_id=self._server.unit)
        if answer.isError():
            self._refuse(f"{block.table} {block.first} and {block.count - 1} more: {answer}"[:200])
            return None
        bits = block.table in ("coil", "discrete")
        found = list(answer.bits[: block.count]) if bits else list(answer.registers)
        if len(found) != block.count:
            self._refuse(f"{block.table} {block.first}: {len(found)} of {block.count} came back")
            return None
        return found

    def _refuse(self, what: str) -> None:
        """Say it once in the log: requests come again and again."""
        if what not in self._refused and len(self._refused) < MOST_SAID:
            self._refused.add(what)
            log.warning("%s: bad values, cannot be read: %s", self._name, what)

    def _tell(self, block: Block, answer: list[int] | None, at_ms: int, emit: Emit) -> None:
        for part in block.parts:
            first, end = _span(part)
            if answer is None:
                emit(Seen(self._name, part, at_ms, None, Quality.BAD))
                continue
            words = answer[first - block.first : end - block.first]
            emit(Seen(self._name, part, at_ms, value_of(_register(part), words), Quality.GOOD))


def blocks(parts: Sequence[MetricPart]) -> list[Block]:
    """As few requests as the protocol's limits allow; only registers without a hole between them go together,
    because a server may refuse addresses that nobody asked for."""
    found: list[Block] = []
    ordered = sorted(parts, key=lambda part: (_register(part).table, *_span(part)))
    run: list[MetricPart] = []
    for part in ordered:
        table = _register(part).table
        near = run and _register(run[0]).table == table and _span(part)[0] <= max(_span(p)[1] for p in run)
        if run and not (near and _span(part)[1] - _span(run[0])[0] <= MOST_AT_ONCE[table]):
            found.append(Block(_register(run[0]).table, run))
            run = []
        run.append(part)
    return [*found, Block(_register(run[0]).table, run)]


def value_of(register: Register, words: Sequence[int]) -> float | int | bool:
    """The value in these registers, the highest byte of each first, as the protocol says."""
    if register.type == "bit":
        return bool(words[0])
    ordered = words if register.words == "big" else words[::-1]
    data = struct.pack(f">{len(ordered)}H", *ordered)
    found: float | int = struct.unpack(f">{_FORMS[register.type]}", data)[0]
    return found


def _register(part: MetricPart) -> Register:
    if part.register_ is None:
        raise ValueError(f"{part.metric} has no register")
    return part.register_


def _span(part: MetricPart) -> tuple[int, int]:
    register = _register(part)
    return register.address, register.address + register.length
