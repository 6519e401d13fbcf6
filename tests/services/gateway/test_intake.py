"""What a gateway keeps, and what it tells here and now."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.edge.events import Contact, Missed, Seen
from data.edge.shelf import Shelf
from data.sinks.port import Ack, Outcome, Retry
from data.sinks.posts import Mail
from domain.errors import Unavailable
from domain.telemetry import Quality
from services.gateway.bell import Bell
from services.gateway.intake import SURE_MS, Intake
from tests.kits.gateway import START_MS as T0
from tests.kits.gateway import gateway_file

ALERT = "temperature/alert/high"
METRICS = [
    {"node": "ns=2;s=T", "metric": "temperature", "deadband": {"absolute": 1}, "limits": {"high": 80}},
    {"node": "ns=2;s=L", "metric": "load", "aggregate": {"seconds": 10, "keep": ["mean", "max"]}},
]


class FullShelf(Shelf):
    """A store whose disk is full for as long as `full` says."""

    full = False

    def append(self, values, now_ms) -> None:
        if self.full:
            raise Unavailable("the disk is full")
        super().append(values, now_ms)


class Post:
    """A web address that is away, or takes everything."""

    def __init__(self) -> None:
        self.away, self.taken = True, list[Mail]()

    def deliver(self, mail: Mail) -> Outcome:
        if self.away:
            return Retry("away")
        self.taken.append(mail)
        return Ack()

    def close(self) -> None:
        pass


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[FullShelf]:
    found = FullShelf(tmp_path / "gateway.db", 1_000)
    yield found
    found.close()


@pytest.fixture
def intake(tmp_path: Path, shelf: FullShelf) -> Intake:
    return Intake(gateway_file(tmp_path, METRICS), shelf)


def seen(metric: int, at_ms: int, raw: object, quality: Quality = Quality.GOOD) -> Seen:
    part = gateway_file(Path(), METRICS).sources[0].metrics[metric]
    return Seen("press", part, at_ms, raw, quality)


def kept(shelf: Shelf) -> list[tuple[str, int, float]]:
    return [(e.value.metric, e.value.at_ms - T0, e.value.value) for e in shelf.next(0, 100)]


def test_limits_see_every_value_and_the_store_only_what_moved(intake: Intake, shelf: Shelf) -> None:
    alerts = intake.take([seen(0, T0 + n, 79.5 + n) for n in range(3)], T0)
    intake.save(T0)
    assert [alert.value for alert in alerts] == [80.5]
    assert kept(shelf) == [("temperature", 0, 79.5), ("temperature", 1, 80.5), (ALERT, 1, 1.0)]


def test_a_value_that_stands_beyond_its_limit_raises_without_another_value(
    shelf: Shelf, tmp_path: Path
) -> None:
    late = [METRICS[0] | {"limits": {"high": 80, "after_s": 2}}]
    intake = Intake(gateway_file(tmp_path, late), shelf)
    ahead = T0 + 3_600_000  # the server's clock
    (part,) = gateway_file(tmp_path, late).sources[0].metrics
    assert intake.take([Seen("press", part, ahead, 90.0, Quality.GOOD)], T0) == []
    assert intake.take([], T0 + 2_000) == []
    (alert,) = intake.take([], T0 + 2_500)
    assert (alert.at_ms, alert.value, alert.raised) == (ahead + 2_000, 90.0, True)
    assert intake.take([], T0 + 9_000) == []
    intake.take([Contact("press", True, T0), Contact("press", False, T0)], T0 + 9_000)
    assert intake.take([], T0 + 99_000) == []


def test_an_alert_that_stands_is_not_raised_anew_by_a_restart_and_is_cleared_after_it(
    intake: Intake, shelf: Shelf, tmp_path: Path
) -> None:
    intake.take([seen(0, T0, 90.0)], T0)
    intake.save(T0)
    again = Intake(gateway_file(tmp_path, METRICS), shelf)
    assert again.take([seen(0, T0 + 1, 91.0)], T0 + 1) == []
    (alert,) = again.take([seen(0, T0 + 2, 70.0)], T0 + 2)
    assert not alert.raised


def test_an_alert_is_confirmed_by_nobody_and_told_even_when_there_is_no_room(
    shelf: FullShelf, tmp_path: Path
) -> None:
    intake = Intake(gateway_file(tmp_path, METRICS), shelf, most_waiting=1)
    intake.take([Contact("press", True, T0), seen(0, T0, 90.0)], T0)
    intake.save(T0)
    assert shelf.said()["press", ALERT].value == 1.0
    intake.take([Contact("press", False, T0 + 60_000)], T0 + 60_000)
    intake.save(T0 + 60_000)
    assert [row for row in kept(shelf) if row[0] == ALERT] == [(ALERT, 0, 1.0)]


def test_sums_are_kept_when_their_time_is_over(intake: Intake, shelf: Shelf) -> None:
    intake.take([seen(1, T0 + 1_000, 10), seen(1, T0 + 2_000, 30)], T0 + 2_000)
    assert kept(shelf) == []
    intake.take([], T0 + 10_000)
    intake.save(T0 + 10_000)
    assert kept(shelf) == [("load", 10_000, 20.0), ("load/max", 10_000, 30.0)]


def test_two_changes_within_a_millisecond_are_both_kept_and_a_repeated_one_once(
    intake: Intake, shelf: Shelf
) -> None:
    intake.take([seen(0, T0, 10.0), seen(0, T0, 20.0), seen(0, T0, 20.0)], T0)
    intake.save(T0)
    assert kept(shelf) == [("temperature", 0, 10.0), ("temperature", 1, 20.0)]


@pytest.mark.parametrize("raw", ["text", None, float("nan"), float("inf"), [1.0], 10**400])
def test_what_is_no_number_is_counted_and_not_kept(intake: Intake, shelf: Shelf, raw: object) -> None:
    intake.take([seen(0, T0, raw)], T0)
    intake.save(T0)
    assert kept(shelf) == []
    assert intake.counts["unreadable"] == 1


def test_a_lost_server_confirms_what_was_known_and_its_next_value_always_counts(
    intake: Intake, shelf: Shelf
) -> None:
    at_ms = T0 + 60_000
    intake.take([Contact("press", True, T0), seen(0, T0, 20.0)], T0)
    intake.take([Contact("press", False, at_ms), Contact("press", False, at_ms)], at_ms)
    intake.take([Contact("press", True, at_ms + 5), seen(0, at_ms + 9, 20.0)], at_ms + 9)
    intake.save(at_ms + 9)
    assert kept(shelf) == [
        ("temperature", 0, 20.0),
        ("temperature", 60_000 - SURE_MS, 20.0),
        ("", 60_000, 0.0),
        ("temperature", 60_009, 20.0),
    ]


def test_values_that_were_missed_leave_a_mark(intake: Intake, shelf: Shelf) -> None:
    intake.take([seen(0, T0, 20.0), Missed("press", T0 + 1)], T0 + 1)
    intake.save(T0 + 1)
    assert [metric for metric, _, _ in kept(shelf)] == ["temperature", ""]


def test_a_full_disk_loses_nothing_that_was_taken_and_alerts_go_on(
    intake: Intake, shelf: FullShelf, tmp_path: Path
) -> None:
    bell = Bell(shelf, "gw", tmp_path / "alerts.jsonl", None)
    shelf.full = True
    bell.ring(intake.take([seen(0, T0, 90.0)], T0))
    with pytest.raises(Unavailable):
        intake.save(T0)
    bell.ring(intake.take([seen(0, T0 + 1, 70.0)], T0))
    shelf.full = False
    intake.save(T0 + 2)
    assert kept(shelf) == [
        ("temperature", 0, 90.0), (ALERT, 0, 1.0), ("temperature", 1, 70.0), (ALERT, 1, 0.0)
    ]  # fmt: skip
    lines = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    assert [(line["raised"], line["text"].split(" is ")[1][:5]) for line in lines] == [
        (True, "above"),
        (False, "back:"),
    ]


def test_what_is_beyond_the_memory_of_a_full_disk_leaves_a_mark(shelf: FullShelf, tmp_path: Path) -> None:
    intake = Intake(gateway_file(tmp_path, METRICS), shelf, most_waiting=2)
    intake.take([seen(0, T0 + n, 10.0 * n) for n in range(4)], T0 + 4)
    intake.save(T0 + 4)
    intake.take([seen(0, T0 + 9, 30.0)], T0 + 9)
    intake.save(T0 + 9)
    assert kept(shelf) == [
        ("temperature", 0, 0.0), ("temperature", 1, 10.0), ("", 3, 0.0), ("temperature", 9, 30.0),
    ]  # fmt: skip
    assert intake.counts["missed"] == 2


def test_alerts_reach_the_web_address_once_it_is_there_each_with_its_own_key(
    intake: Intake, shelf: Shelf
) -> None:
    post = Post()
    bell = Bell(shelf, "gw", None, post)
    bell.ring(intake.take([seen(0, T0, 90.0), seen(0, T0 + 1, 70.0)], T0))
    bell.deliver()
    post.away = False
    bell.deliver()
    bell.deliver()
    assert [mail.message_id for mail in post.taken] == ["gw-1", "gw-2"]
    assert post.taken[0].subject == "press temperature is above its high limit of 80: 90"
