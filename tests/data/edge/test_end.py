"""What reads a server ends when it is to end, also where its cancellation is lost once."""

import asyncio

import pytest

from data.edge import events


async def _reads(answer: "asyncio.Future[int]") -> None:
    await asyncio.wait_for(answer, 600)
    await asyncio.Event().wait()


def test_a_cancellation_that_comes_with_an_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "END_S", 0.01)

    async def work() -> bool:
        answer = asyncio.get_running_loop().create_future()
        reading = asyncio.create_task(_reads(answer))
        await asyncio.sleep(0)
        answer.set_result(1)
        ending = asyncio.create_task(events.end([reading]))
        await asyncio.wait({ending}, timeout=60)
        ended = reading.cancelled()
        reading.cancel()
        return ended

    assert asyncio.run(work())


def test_what_has_ended_already_and_what_fails_at_its_end_hold_up_nothing() -> None:
    async def work() -> list[bool]:
        async def failing() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                raise ConnectionError("it is gone")

        async def short() -> None:
            return None

        tasks = [asyncio.create_task(failing()), asyncio.create_task(short())]
        await asyncio.sleep(0)
        await events.end(tasks)
        return [task.done() for task in tasks]

    assert asyncio.run(work()) == [True, True]
