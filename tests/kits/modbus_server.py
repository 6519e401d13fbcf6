"""pymodbus's own server for a test, on a port that stays the same."""

import asyncio
import threading
from typing import Any

from tests.kits.ports import free_port


class ModbusServer:
    """`start`, `stop`, and `start` again. Holding registers 0..99 and coils 0..15 of unit 1."""

    def __init__(self) -> None:
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: Any = None
        self._context: Any = None

    def start(self) -> None:
        self._do(self._start())

    def stop(self) -> None:
        if self._server is not None:
            self._do(self._server.shutdown())
            self._server = None

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def registers(self, address: int, values: list[int]) -> None:
        self._do(self._set("write_registers", address, values))

    def coils(self, address: int, values: list[bool]) -> None:
        self._do(self._set("write_coils", address, values))

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    async def _set(self, call: str, address: int, values: list) -> None:
        from pymodbus.client import AsyncModbusTcpClient

        client = AsyncModbusTcpClient("127.0.0.1", port=self.port, retries=0)
        assert await client.connect()
        answer = await getattr(client, call)(address, values, device_id=1)
        assert not answer.isError(), answer
        client.close()

    async def _start(self) -> None:
        from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
        from pymodbus.server import ModbusTcpServer

        if self._context is None:
            device = ModbusDeviceContext(
                hr=ModbusSequentialDataBlock(1, [0] * 100), co=ModbusSequentialDataBlock(1, [False] * 16)
            )
            self._context = ModbusServerContext(devices={1: device}, single=False)
        self._server = ModbusTcpServer(self._context, address=("127.0.0.1", self.port))
        await self._server.serve_forever(background=True)
