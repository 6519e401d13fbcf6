"""Topic mappings: what they read, what they refuse in one clear line, and what is proposed."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from data.sources import topic_mapping, topic_survey
from data.sources.topic_mapping import Topics
from data.sources.topic_pattern import is_filter
from data.sources.topic_reading import TopicReader
from data.sources.topic_survey import Survey
from data.sources.units import conversion
from domain.clock import micros, utc
from domain.errors import Malformed, SettingsError

MS = 1_790_000_000_000
TWICE = "{name: a, pattern: 'x/{u}', payload: object}"
UNIT = "north/machining/line-1/press-1"


def preset(name: str) -> TopicReader:
    return TopicReader(topic_mapping.load(name))


def one(**fields) -> TopicReader:
    entry = {"name": "x", "pattern": "m/{unit}", "payload": "object", **fields}
    return TopicReader(Topics.model_validate({"topics": [entry]}))


def test_the_unified_namespace_gives_one_value_in_our_unit() -> None:
    reader = preset("unified-namespace")
    read = reader.read(
        f"acme/{UNIT}/temperature", json.dumps({"timestamp": MS, "value": 212, "unit": "degF"}).encode()
    )
    assert (read.device, read.at_us) == (UNIT, MS * 1000)
    assert read.values[0] == ("temperature", pytest.approx(100.0))
    deep = reader.read(f"acme/{UNIT}/axis/x/load", b'{"value": 3}')
    assert deep.values == [("axis/x/load", 3)]
    assert deep.at_us is None
    assert not reader.topics.topics[0].at_least_once


def test_flat_json_gives_a_value_a_member_states_and_counters() -> None:
    body = {"ts": MS, "seq": 7, "status": "RUN", "parts": 120, "spindle": {"load": 55.5}}
    read = preset("flat-json").read(f"plant/{UNIT}", json.dumps(body).encode())
    assert (read.device, read.at_us, read.has_sequence) == (UNIT, MS * 1000, True)
    assert read.values == [("state", 6), ("good_count", 120), ("spindle/load", 55.5)]


def test_a_raw_number_has_no_time_and_is_marked() -> None:
    reader = preset("raw-numbers")
    read = reader.read(f"sensors/{UNIT}/pressure", b" 2.5e1\n")
    assert (read.device, read.at_us, read.has_sequence) == (UNIT, None, False)
    assert read.values == [("pressure", 25.0)]
    assert reader.topics.topics[0].at_least_once


@pytest.mark.parametrize(
    ("payload", "reason"),
    [(found, "number") for found in (b"", b"x", b"NaN", b"1_0", b"1" * 65, b"\xff")],
)
def test_what_is_no_number_is_malformed(payload: bytes, reason: str) -> None:
    with pytest.raises(Malformed) as caught:
        preset("raw-numbers").read(f"sensors/{UNIT}/load", payload)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"[1]", "shape"),
        (b"{", "json"),
        (b'{"ts": "yesterday", "a": 1}', "time"),
        (b'{"ts": 1e300, "a": 1}', "time"),
        (b'{"ts": true, "a": 1}', "time"),
        (b'{"ts": 1, "status": "DANCING"}', "state"),
        (json.dumps({"ts": MS, **{f"m{n}": n for n in range(1_001)}}).encode(), "shape"),
        (b'{"a":' * 9 + b"1" + b"}" * 9, "shape"),
    ],
)
def test_what_is_wrong_in_a_payload_is_named(payload: bytes, reason: str) -> None:
    with pytest.raises(Malformed) as caught:
        preset("flat-json").read(f"plant/{UNIT}", payload)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("written", "value", "us"),
    [
        ("milliseconds", MS, MS * 1000),
        ("milliseconds", str(MS), MS * 1000),
        ("seconds", 1_790_000_000, MS * 1000),
        ("seconds", 1_790_000_000.25, MS * 1000 + 250_000),
        ("microseconds", MS * 1000 + 7, MS * 1000 + 7),
        ("nanoseconds", MS * 1_000_000, MS * 1000),
        ("iso", "2026-09-21T14:13:20Z", MS * 1000),
        ("iso", "2026-09-21T16:13:20+02:00", MS * 1000),
        ("iso", "2026-09-21 14:13:20", MS * 1000),
    ],
)
def test_times_as_people_write_them(written: str, value: object, us: int) -> None:
    reader = one(time={"field": "meta.t", "as": written})
    assert reader.read("m/p", json.dumps({"meta": {"t": value}, "load": 1}).encode()).at_us == us


BERLIN = {"field": "t", "as": "iso", "zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("local", "received", "moment"),
    [
        ("2026-07-01 12:00:00", None, "2026-07-01T10:00:00Z"),
        ("2026-12-01T12:00:00.5", None, "2026-12-01T11:00:00.5Z"),
        ("2026-12-01T12:00:00Z", None, "2026-12-01T12:00:00Z"),  # a stated zone counts before it
        ("2026-10-25 02:30:00", None, "2026-10-25T00:30:00Z"),
        ("2026-10-25 02:30:00", "2026-10-25T00:30:02Z", "2026-10-25T00:30:00Z"),
        ("2026-10-25 02:30:00", "2026-10-25T01:30:02Z", "2026-10-25T01:30:00Z"),
        ("2026-10-25 02:30:00", "2026-10-25T05:00:00Z", "2026-10-25T01:30:00Z"),
        ("2026-03-29 02:30:00", "2026-03-29T01:30:00Z", "2026-03-29T01:30:00Z"),  # it never was
    ],
)
def test_local_times_are_of_the_zone_of_the_entry(local: str, received: str | None, moment: str) -> None:
    def us(said: str) -> int:
        return micros(datetime.fromisoformat(said))

    receive_us = None if received is None else us(received)
    read = one(time=BERLIN).read("m/p", json.dumps({"t": local, "load": 1}).encode(), receive_us)
    assert read.at_us == us(moment)


def test_each_time_of_an_hour_that_comes_twice_is_told_apart() -> None:
    """Every ten minutes of the night, each message received a second later, come out in order."""
    zone, start = ZoneInfo("Europe/Berlin"), micros(datetime(2026, 10, 24, 22, tzinfo=UTC))
    reader, sent = one(time=BERLIN), [start + n * 600_000_000 for n in range(40)]
    for at_us in sent:
        local = utc(at_us).astimezone(zone).replace(tzinfo=None).isoformat()
        read = reader.read("m/p", json.dumps({"t": local, "load": 1}).encode(), at_us + 1_000_000)
        assert read.at_us == at_us


def test_scales_ignored_members_and_only_these() -> None:
    fields = {"metrics": {"P1": {"metric": "pressure", "unit": "bar"}, "x": {"metric": "load", "scale": 0.1}}}
    body = b'{"P1": 2, "x": 55, "note": "hi", "other": 1}'
    assert one(**fields, ignore=["note"]).read("m/p", body).values == [
        ("pressure", 200.0), ("load", 5.5), ("other", 1),
    ]  # fmt: skip
    assert [name for name, _ in one(**fields, only_these=True).read("m/p", body).values] == [
        "pressure",
        "load",
    ]


def test_a_unit_that_nobody_knows_is_malformed_with_those_that_are_known() -> None:
    with pytest.raises(Malformed, match="known: degC, degF, K"):
        preset("unified-namespace").read(f"acme/{UNIT}/temperature", b'{"value": 1, "unit": "furlong"}')


@pytest.mark.parametrize(
    ("sent", "kept", "value", "result"),
    [
        ("degF", "degC", -40, -40), ("K", "degC", 273.15, 0), ("bar", "kPa", 1, 100),
        ("psi", "kPa", 1, 6.894757),
        ("Hz", "1/min", 50, 3000), ("MJ", "kWh", 3.6, 1), ("g", "m/s2", 1, 9.80665),
        ("in/s", "mm/s", 1, 25.4), ("°F", "degC", 32, 0), ("", "kPa", 5, 5), ("kPa", "kPa", 5, 5),
        ("inch_Hg", "kPa", 1, 3.38639), ("ft/min", "mm/s", 1, 5.08), ("hp", "kW", 1, 0.7457),
        ("degR", "degC", 491.67, 0), ("kgf/cm2", "kPa", 1, 98.0665), ("ft/s²", "m/s2", 1, 0.3048),
        ("rpm", "1/min", 1_450, 1_450), ("1/h", "1/min", 60, 1),
    ],
)  # fmt: skip
def test_units(sent: str, kept: str, value: float, result: float) -> None:
    found = conversion(sent, kept)
    assert found is not None
    assert found.of(value) == pytest.approx(result, abs=1e-5)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("bushel", "kPa"), ("furlong", "degC"), ("rps", "1/min"), ("rad/s", "1/min"), ("turn/s", "1/min"),
        ("9**9**9", "kPa"), ("__import__", "kPa"), ("kPa" * 20, "kPa"), ("kPa; 1", "kPa"), ("(", "A"),
        ("m**2 - 1", "A"), ("Ahh", "A"),
    ],
)  # fmt: skip
def test_what_no_unit_is_converts_to_nothing(sent: str, kept: str) -> None:
    assert conversion(sent, kept) is None


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"pattern": "a//b"}, "entry 1: '' is no level"),
        ({"pattern": "a/#"}, "'#' is no level"),
        ({"pattern": "a/{unit*}/b"}, "can only stand at the end"),
        ({"pattern": "a/{unit}/{unit}"}, "twice"),
        ({"pattern": "a/b"}, "device is missing"),
        ({"pattern": "spBv1.0/{unit}"}, "not plain JSON"),
        ({"time": {"field": "t", "as": "iso", "zone": "Atlantis/Capital"}}, "no time zone"),
        ({"time": {"field": "t", "zone": "Europe/Berlin"}}, "zone belongs to iso"),
        ({"payload": "csv"}, "entry 1, payload: Input should be 'object', 'value' or 'number'"),
        ({"payload": "value"}, "metric is missing"),
        ({"payload": "number", "metric": "m", "time": {"field": "t"}}, "no time"),
        ({"metric": "{unit}"}, "metric has no meaning here"),
        ({"device": "{hall}"}, "no level {hall}"),
        ({"device": "{Hall"}, "braces"),
        ({"time": {"field": "t", "as": "weeks"}}, "entry 1, time, as"),
        ({"metrics": {"a": {"metric": "pressure", "unit": "furlong"}}}, "only kPa, Pa"),
        ({"metrics": {"a": {"metric": "load", "states": {"ON": 1}}}}, "states belong to"),
        ({"metrics": {"a": {"metric": "load", "scale": 0}}}, "scale of 0"),
        ({"colour": "red"}, "entry 1, colour: Extra inputs are not permitted"),
    ],
)
def test_a_bad_file_says_what_is_wrong_in_one_line(entry: dict, said: str, tmp_path: Path) -> None:
    path = tmp_path / "topics.yaml"
    whole = {"name": "x", "pattern": "m/{unit}", "payload": "object", **entry}
    path.write_text(yaml.safe_dump({"topics": [whole]}))
    with pytest.raises(SettingsError) as caught:
        topic_mapping.load(str(path))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("topics: [", "no YAML: line 1"),
        ("topics: []", "topics"),
        ("- 1", "holds no topics"),
        ("", "holds no topics"),
        (f"topics: [{TWICE}]\ntopics: []", "line 2, topics stands there twice"),
        (f"topics: [{TWICE}, {TWICE}]", "two entries"),
        ("x" * 300_000, "larger than 256 KiB"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_says_so(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "topics.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=said):
        topic_mapping.load(str(path))
    with pytest.raises(SettingsError, match="presets are flat-json, raw-numbers, unified-namespace"):
        topic_mapping.load(str(tmp_path / "gone.yaml"))


def test_filters_take_what_the_patterns_take() -> None:
    assert topic_mapping.load("unified-namespace").filters == ("+/+/+/+/+/#",)
    assert topic_mapping.load("flat-json").filters == ("plant/+/+/+/+",)


MILL = b'{"timestamp": "2026-09-21T14:13:20Z", "GoodCount": 5, "load": 3.5, "order": "A7"}'
PLANT = [
    *((f"acme/s1/cut/l{n}/u{n}/temp", b'{"val": 1.5, "t": 1790000000, "uom": "degC"}') for n in range(3)),
    *((f"acme/s1/cut/l{n}/u{n}/speed", b'{"val": 9, "t": 1790000001, "uom": "rpm"}') for n in range(3)),
    *((f"mill/{n}/state", MILL) for n in "ab"),
    *((f"pi/{n}/hum", b"44.5") for n in "xy"),
]  # fmt: skip


def test_what_is_proposed_loads_and_reads_everything_that_was_proposed_for(tmp_path: Path) -> None:
    survey = Survey(None)
    odd = [
        ("spBv1.0/g/NDATA/n", b"\x08"),
        ("uns/a/b/c/d/telemetry", b'{"values": {"load": 1}}'),
        ("x/y", b"hello"),
    ]
    for topic, payload in [*PLANT, *odd]:
        survey.hear(topic, payload)
    states = {row["topic"]: row["state"] for row in survey.rows()}
    assert states["spBv1.0/g/NDATA/n"] == "Sparkplug"
    assert states["uns/a/b/c/d/telemetry"] == "built in"
    assert {states[topic] for topic, _ in PLANT} == {"not mapped"} == {states["x/y"]}
    path = tmp_path / "proposed.yaml"
    path.write_text(topic_survey.as_yaml(survey.proposal()))
    reader = TopicReader(topic_mapping.load(str(path)))
    again = Survey(reader)
    for topic, payload in [*PLANT, *odd]:
        again.hear(topic, payload)
    assert {row["topic"] for row in again.rows() if row["state"] == "not mapped"} == {"x/y"}
    assert not [row for row in again.rows() if row["state"] == "cannot be read"]
    assert again.proposal() == {}
    read = reader.read(*PLANT[0])
    assert (read.at_us, read.values) == (MS * 1000, [("temp", 1.5)])
    assert read.device.endswith("cut/l0/u0")
    read = reader.read(*PLANT[6])
    assert (read.at_us, read.values) == (MS * 1000, [("good_count", 5), ("load", 3.5)])
    read = reader.read(*PLANT[-1])
    assert (read.device, read.at_us, read.values) == ("y", None, [("hum", 44.5)])


@pytest.mark.parametrize("wrong", ["", "a/#/b", "#a", "a+/b", "a/+b", "a\x00", "x" * 65_536])
def test_a_filter_that_no_broker_takes_is_told(wrong: str) -> None:
    assert not is_filter(wrong)
    assert all(is_filter(good) for good in ("#", "+", "/", "a//b", "a/+/#", "$SYS/#", "größe/+"))


def test_what_shares_its_kind_of_topic_is_proposed_apart_so_that_all_of_it_is_read(tmp_path: Path) -> None:
    at = b'"timestamp": 1790000000000'
    said = [
        ("three/a/l1/press-1/temperature", b'{%s, "value": 41.5, "unit": "degC"}' % at),
        ("three/a/l1/press-2/temperature", b'{%s, "value": 42}' % at),
        ("three/raw/l1/u/vibration", b"3.5"),
        ("three/iso/x/y/z", b'{"time": "2026-09-21T14:13:20Z", "data": {"value": 5, "unit": "bar"}}'),
        ("mill/l1/fast", b"7"),
        ("mill/l1/slow", b'{%s, "value": 8}' % at),
    ]
    survey = Survey(None)
    for topic, payload in said:
        survey.hear(topic, payload)
    path = tmp_path / "proposed.yaml"
    path.write_text(topic_survey.as_yaml(survey.proposal()))
    reader = TopicReader(topic_mapping.load(str(path)))
    read = {topic: reader.read(topic, payload) for topic, payload in said}
    assert [one.values for one in read.values()] == [
        [("temperature", 41.5)], [("temperature", 42)], [("vibration", 3.5)], [("z", 5)], [("fast", 7)],
        [("slow", 8)],
    ]  # fmt: skip
    assert [one.at_us for one in read.values()] == [MS * 1000, MS * 1000, None, MS * 1000, None, MS * 1000]
    assert [one.device for one in read.values()] == [
        "a/l1/press-1", "a/l1/press-2", "raw/l1/u", "iso/x/y", "l1", "l1",
    ]  # fmt: skip


def test_a_survey_of_too_many_topics_counts_the_rest() -> None:
    survey = Survey(None)
    for number in range(topic_survey.MAX_TOPICS + 5):
        survey.hear(f"t/{number}", b"1")
    assert (len(survey.seen), survey.left_out) == (topic_survey.MAX_TOPICS, 5)


def test_what_brokers_say_among_themselves_is_counted_and_what_is_no_text_is_not_shown() -> None:
    survey = Survey(None)
    for topic in ("$SYS/uptime", "_INBOX/AF1Y", "$sparkplug/certificates/spBv1.0/north/NBIRTH/line-1"):
        survey.hear(topic, b"1")
    survey.hear("hall/a", b"\x08\xf4\x00binary")
    survey.hear("hall/b", '{\n\t"größe": 1}'.encode())
    survey.hear("hall/c", "ö".encode() * 150)  # the cut may go through a letter
    assert survey.internal == 3
    assert {row["topic"]: row["last"] for row in survey.rows()} == {
        "hall/a": "9 bytes, no text",
        "hall/b": '{\n\t"größe": 1}',
        "hall/c": "ö" * 100,
    }


def test_words_of_a_state_are_read_as_people_write_them(tmp_path: Path) -> None:
    """YAML 1.1 takes ON for true, and 1 for a number."""
    path = tmp_path / "topics.yaml"
    path.write_text(
        "topics:\n"
        "  - name: press\n"
        "    pattern: press/{unit}\n"
        "    payload: object\n"
        "    metrics:\n"
        "      S: {metric: state, states: {ON: 6, off: 2, 1: 6, 'No': 9}}\n"
        "      B: {metric: running, states: {true: 1, FALSE: 0}}\n"
    )
    reader = TopicReader(topic_mapping.load(str(path)))
    said = {'"ON"': 6, '"off"': 2, "1": 6, "1.0": 6, '"No"': 9}
    read = {sent: reader.read("press/1", f'{{"S": {sent}}}'.encode()).values[0][1] for sent in said}
    assert read == said
    assert reader.read("press/1", b'{"B": false}').values == [("running", 0)]


def test_a_state_that_is_null_leaves_the_rest_of_the_message() -> None:
    reader = one(metrics={"S": {"metric": "state", "states": {"RUN": 6}}})
    assert reader.read("m/1", b'{"S": null, "load": 5}').values == [("state", None), ("load", 5)]
