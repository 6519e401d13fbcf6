"""What arrives on a broker: which topics, what a mapping makes of them, and a mapping for the rest."""

from dataclasses import dataclass, field
from typing import Any

import yaml

from data.sources.topic_proposal import propose
from data.sources.topic_reading import TopicReader
from data.wire import json_topics
from domain.errors import Malformed

MAX_TOPICS = 5_000
MAX_SAMPLE = 2_000
_INTERNAL = ("$", "_INBOX/")  # a broker's own, or of NATS


@dataclass(slots=True)
class Seen:
    """One topic: how often it spoke, what it said last, and what becomes of it.

    `state` is mapped, built in, Sparkplug, not mapped or cannot be read; `becomes` says as what.
    """

    topic: str
    state: str
    becomes: str
    sample: str
    messages: int = 0
    at_least_once: bool = False


def _shown(payload: bytes) -> str:
    """The beginning of a text; of anything else its length."""
    text = payload[:200].decode("utf-8", "replace")
    binary = "\ufffd" in text[:-1] or any(letter < " " and letter not in "\t\r\n" for letter in text)
    return f"{len(payload):,} bytes, no text" if binary else text


@dataclass
class Survey:
    """Counts topics while messages come; beyond `MAX_TOPICS` new topics only count in `left_out`, and what
    brokers say among themselves in `internal`."""

    reader: TopicReader | None
    seen: dict[str, Seen] = field(default_factory=dict)
    left_out: int = 0
    internal: int = 0
    _payloads: dict[str, bytes] = field(default_factory=dict)

    def hear(self, topic: str, payload: bytes) -> None:
        """Take one message."""
        if topic.startswith(_INTERNAL):
            self.internal += 1
            return
        found = self.seen.get(topic)
        if found is None and len(self.seen) >= MAX_TOPICS:
            self.left_out += 1
            return
        state, becomes, once = self._judge(topic, payload)
        if found is None:
            found = self.seen[topic] = Seen(topic, state, becomes, "")
        found.messages += 1
        found.state, found.becomes, found.at_least_once = state, becomes, once
        found.sample = _shown(payload)
        self._payloads[topic] = payload[:MAX_SAMPLE]

    def rows(self) -> list[dict[str, object]]:
        """One mapping a topic, those that need attention first."""
        order = {"cannot be read": 0, "not mapped": 1, "mapped": 2, "built in": 3, "Sparkplug": 4}
        found = sorted(self.seen.values(), key=lambda one: (order[one.state], one.topic))
        return [
            {
                "topic": one.topic,
                "messages": one.messages,
                "state": one.state + (", at least once" if one.at_least_once else ""),
                "becomes": one.becomes,
                "last": one.sample,
            }
            for one in found
        ]

    def proposal(self) -> dict[str, Any]:
        """A mapping for the topics that none fits; {} for none."""
        return propose(
            {topic: self._payloads[topic] for topic, one in self.seen.items() if one.state == "not mapped"}
        )

    def _judge(self, topic: str, payload: bytes) -> tuple[str, str, bool]:
        if topic.startswith("spBv1.0/"):
            return "Sparkplug", "read by the Sparkplug host", False
        try:
            return "built in", _built_in(topic, payload), False
        except Malformed as error:
            if error.reason != "topic":
                return "cannot be read", str(error), False
        if self.reader is None or self.reader.place(topic) is None:
            return "not mapped", "", False
        place = self.reader.place(topic)
        try:
            read = self.reader.read(topic, payload)
        except Malformed as error:
            return "cannot be read", str(error), False
        values = ", ".join(f"{name} = {value}" for name, value in read.values[:4])
        more = f" and {len(read.values) - 4} more" if len(read.values) > 4 else ""
        once = place is not None and place.entry.at_least_once
        return "mapped", f"{read.device}: {values}{more}", once


def as_yaml(proposal: dict[str, Any]) -> str:
    """The file that `topics --propose` writes."""
    head = "# Proposed from what arrived. Look at the names of levels and metrics before it is used.\n"
    return head + yaml.safe_dump(proposal, sort_keys=False, allow_unicode=True)


def _built_in(topic: str, payload: bytes) -> str:
    device = json_topics.parse_topic(topic)
    names = list(json_topics.decode(payload).values)
    return f"{device}: {', '.join(names[:6])}"
