"""Maintenance jobs: the plant's old calendar policy, repairs after failures, and ordered jobs.

One job at a time per unit. A job that falls due on a busy unit waits. A job on a failed unit repairs
the failure, and the repair that was planned for it is cancelled.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from domain.clock import DAY, HOUR, SECOND
from domain.messages import Finding
from simulator.contract import (
    CAUSES,
    Floor,
    Ints,
    JobCancel,
    JobEvent,
    JobKind,
    JobRequest,
    JobStatus,
)
from simulator.layout import Layout
from simulator.physics.parameters import Parameters
from simulator.physics.repair import Found, inspect, restore, service
from simulator.physics.wear import Wear

SERVICE_EVERY_D = 30
SERVICE_S = 2 * 3_600
PLANNED_AHEAD_US = 2 * DAY
CALL_OUT_H = 0.7
LOG_LATE, LOG_NEVER = 0.22, 0.07
CALIBRATED = 0.7


@dataclass(frozen=True, slots=True)
class Job:
    """One job; replaced, never changed."""

    job_id: str
    unit: int
    kind: JobKind
    status: JobStatus
    planned_us: int
    duration_s: int
    cause: str
    part_id: str | None = None
    command_id: str | None = None
    inspect_only: bool = False
    start_us: int | None = None
    end_us: int | None = None
    log_delay_us: int | None = 0
    finding: str = ""
    found_cause: str = ""
    true_cause: str = ""


@dataclass(frozen=True, slots=True)
class Shop:
    """What maintenance works on."""

    layout: Layout
    parameters: Parameters
    wear: Wear
    floor: Floor
    rng: np.random.Generator


class Maintenance:
    """All open jobs of a plant."""

    def __init__(self, shop: Shop, start_us: int) -> None:
        count = len(shop.layout.units)
        self.shop = shop
        self.jobs: dict[str, Job] = {}
        self.failed: Ints = np.full(count, -1)  # index of the true cause, or -1
        self.busy: Ints = np.zeros(count, dtype=np.int64)  # 1 while a job is under way
        phase = shop.rng.random(count)
        self.next_service: Ints = start_us + (phase * SERVICE_EVERY_D * DAY).astype(np.int64)
        self.number = 0
        self.calibrated: list[int] = []
        self._events: list[JobEvent] = []
        self._wake_us = 0

    def take(self, requests: Iterable[JobRequest | JobCancel], at_us: int) -> None:
        """Plan what was ordered, drop what was cancelled and has not begun."""
        for request in requests:
            if isinstance(request, JobCancel):
                self._cancel(request.job_id, at_us)
            elif request.job_id not in self.jobs:
                job = Job(
                    request.job_id,
                    request.unit,
                    request.kind,
                    JobStatus.PLANNED,
                    max(request.start_us, at_us),
                    request.duration_s,
                    request.cause,
                    request.part_id,
                    request.command_id,
                    request.inspect_only,
                )
                self._plan(job, at_us)

    def failure(self, unit: int, cause: int, at_us: int) -> None:
        """A unit failed: somebody is called."""
        self.failed[unit] = cause
        planned = at_us + int(self.shop.rng.exponential(CALL_OUT_H) * HOUR)
        part = self._part(unit, CAUSES[cause])
        job = Job(
            self._new_id(at_us, unit),
            unit,
            JobKind.CORRECTIVE,
            JobStatus.PLANNED,
            planned,
            part[1],
            "",
            log_delay_us=self._log_delay(),
        )
        self._plan(job, at_us)

    def step(self, to_us: int) -> tuple[JobEvent, ...]:
        """Plan services, begin and end jobs up to `to_us`; returns what happened, in order."""
        self._plan_services(to_us)
        if to_us >= self._wake_us:
            for job in sorted(self.jobs.values(), key=lambda job: (job.end_us or job.planned_us, job.job_id)):
                self._move(job, to_us)
            waits = [job.end_us or job.planned_us for job in self.jobs.values()]
            self._wake_us = min(waits, default=to_us + DAY)
        events = tuple(self._events)
        self._events.clear()
        return events

    def wake(self) -> None:
        """Look at all jobs in the next tick."""
        self._wake_us = 0

    def _move(self, job: Job, to_us: int) -> None:
        if self.jobs.get(job.job_id) is not job:
            return
        if job.status is JobStatus.PLANNED and job.planned_us < to_us and not self.busy[job.unit]:
            self._begin(job, to_us)
        elif job.status is JobStatus.UNDER_WAY and job.end_us is not None and job.end_us < to_us:
            self._end(job)

    def _begin(self, job: Job, to_us: int) -> None:
        shop, unit = self.shop, job.unit
        at = max(job.planned_us, to_us - HOUR) if job.planned_us < to_us - HOUR else job.planned_us
        self.busy[unit] = 1
        failed = CAUSES[self.failed[unit]] if self.failed[unit] >= 0 else ""
        if job.kind is JobKind.PREVENTIVE and job.command_id is None and not failed:
            found = Found(Finding.NOTHING_FOUND, "")  # a service looks while it works; see _end
        else:
            found = inspect(shop.wear, unit, job.cause, failed, shop.rng)
        ready = at
        part = job.part_id
        if (failed or not job.inspect_only) and found.cause and part != self._part(unit, found.cause)[0]:
            part = self._part(unit, found.cause)[0]
        if part is not None and (failed or not job.inspect_only):
            ready = max(at, shop.floor.take_part(part, unit, at, job.command_id))
        spent = job.duration_s * float(np.exp(shop.rng.normal(0.0, 0.2)))
        begun = replace(
            job,
            status=JobStatus.UNDER_WAY,
            start_us=at,
            end_us=ready + int(spent * SECOND),
            part_id=part,
            finding=found.finding.value,
            found_cause=found.cause,
            true_cause=failed,
        )
        self.jobs[job.job_id] = begun
        self._say(begun, at)
        if failed:
            self._drop_repairs(unit, job.job_id, at)

    def _end(self, job: Job) -> None:
        shop, unit = self.shop, job.unit
        found_cause, finding = job.found_cause, Finding(job.finding)
        if not job.inspect_only or job.true_cause:
            if job.kind is JobKind.PREVENTIVE and job.command_id is None and not job.true_cause:
                found = service(shop.wear, unit, shop.parameters, shop.rng)
                finding, found_cause = found.finding, found.cause
            else:
                causes = tuple({job.cause, found_cause} - {""})
                restore(shop.wear, unit, causes, shop.parameters, shop.rng)
        shop.wear.damage[:, unit] = np.minimum(shop.wear.damage[:, unit], 0.85)
        shop.wear.hot[unit] *= 0.2
        self.failed[unit], self.busy[unit] = -1, 0
        if shop.rng.random() < CALIBRATED:
            self.calibrated.append(unit)
        done = replace(job, status=JobStatus.DONE, finding=finding.value, found_cause=found_cause)
        del self.jobs[job.job_id]
        self._say(done, job.end_us or job.planned_us)
        self.wake()

    def _drop_repairs(self, unit: int, keep: str, at_us: int) -> None:
        for other in list(self.jobs.values()):
            planned = other.unit == unit and other.status is JobStatus.PLANNED
            if planned and other.kind is JobKind.CORRECTIVE and other.job_id != keep:
                self._cancel(other.job_id, at_us)

    def _cancel(self, job_id: str, at_us: int) -> None:
        job = self.jobs.get(job_id)
        if job is not None and job.status is JobStatus.PLANNED:
            del self.jobs[job_id]
            self._say(replace(job, status=JobStatus.CANCELLED), at_us)

    def _plan_services(self, to_us: int) -> None:
        for unit in np.flatnonzero(self.next_service - PLANNED_AHEAD_US <= to_us):
            due = int(self.next_service[unit])
            self.next_service[unit] = due + SERVICE_EVERY_D * DAY
            job_id = self._new_id(due, int(unit))
            delay = self._log_delay()
            job = Job(
                job_id,
                int(unit),
                JobKind.PREVENTIVE,
                JobStatus.PLANNED,
                due,
                SERVICE_S,
                "",
                log_delay_us=delay,
            )
            self._plan(job, to_us)

    def _plan(self, job: Job, at_us: int) -> None:
        self.jobs[job.job_id] = job
        self._wake_us = min(self._wake_us, job.planned_us)
        self._say(job, at_us)

    def _say(self, job: Job, at_us: int) -> None:
        done = job.status is JobStatus.DONE
        log = at_us if job.command_id is not None else None
        if log is None and job.log_delay_us is not None:
            log = at_us + job.log_delay_us
        self._events.append(
            JobEvent(
                job_id=job.job_id,
                unit=job.unit,
                kind=job.kind,
                status=job.status,
                at_us=at_us,
                planned_us=job.planned_us,
                start_us=job.start_us,
                end_us=job.end_us if done else None,
                cause=job.cause,
                part_id=job.part_id,
                command_id=job.command_id,
                log_us=log,
                finding=Finding(job.finding) if done else None,
                found_cause=job.found_cause if done else "",
            )
        )

    def _part(self, unit: int, cause: str) -> tuple[str, int]:
        part = self.shop.layout.part(self.shop.layout.units[unit].machine_type, cause)
        return part.part_id, part.duration_s

    def _log_delay(self) -> int | None:
        draw = self.shop.rng.random()
        if draw < LOG_NEVER:
            return None
        return int(self.shop.rng.exponential(14.0 if draw < LOG_NEVER + LOG_LATE else 0.4) * HOUR)

    def _new_id(self, at_us: int, unit: int) -> str:
        self.number += 1
        return f"M-{self.shop.layout.units[unit].device}-{at_us // SECOND}-{self.number}"
