"""Why a message was set aside, as a sentence, and what somebody can do about it."""

from typing import NamedTuple


class Why(NamedTuple):
    """`what` happened, and what to `do`; plain text."""

    what: str
    do: str


_MAP = "in the topic mapping (it is used as soon as its file is saved), then read the messages again."
_SENDER = "Have the sender mended; what it sends from then on is stored."
_ASK = "Nothing to do: the edge node was asked for its births. If it goes on, look at the node."
_SPLIT = "Have the sender give these values as plain metrics, or as a template of them."
_UNKNOWN = Why("It could not be used.", "The detail below says why.")

_SAID: dict[str, Why] = {
    "topic": Why(
        "No entry of the topic mapping fits the topic.",
        f"Run python -m runtime topics --watch --propose topics.yaml, or add an entry {_MAP}",
    ),
    "json": Why(
        "The payload is no JSON.",
        f"See below what was sent. A bare number wants payload: number {_MAP} Else have the sender mended.",
    ),
    "shape": Why(
        "The JSON has another shape than the mapping says.",
        f"Compare what was sent with the entry's payload, value, time and sequence {_MAP}",
    ),
    "number": Why(
        "The payload is no plain number.",
        f"Where the topic carries an object, say payload: value or object {_MAP}",
    ),
    "time": Why(
        "The time cannot be read.",
        f"Say how it is written (as: seconds, milliseconds, microseconds, nanoseconds or iso) {_MAP}",
    ),
    "unit": Why(
        "The unit cannot be turned into ours.",
        f"Give the metric one of the units named in the detail, or a scale, {_MAP}",
    ),
    "state": Why("The mapping does not know this word for a state.", f"Add the word to the states {_MAP}"),
    "clock_skew": Why(
        "The time lies ahead of the plant's clock.",
        "Set the sender's clock, or say its time zone or its unit of time. Read the messages again when "
        "that moment has come.",
    ),
    "too_old": Why(
        "The time is older than the readings that are kept.",
        "Look whether the sender gives seconds where milliseconds are read, or a clock that was never set.",
    ),
    "wrong_type": Why(
        "A value is no number.",
        f"Map the word of a state (states), leave the member out (ignore), or take only some (only_these) "
        f"{_MAP} A device of Sparkplug has to send a number under this name.",
    ),
    "not_finite": Why("A value is infinite, or not a number at all.", _SENDER),
    "out_of_range": Why(
        "A state, mode or counter has a value that it cannot have.",
        f"Map the sender's codes to ours (states) {_MAP} A counter must not be negative.",
    ),
    "unsafe_name": Why(
        "The name of a device or of a value holds signs that are not taken.",
        f"Letters, digits, space and _ . : / - are taken, 120 at most; give the value a name of ours {_MAP}",
    ),
    "too_many_devices": Why(
        "Too many devices wait to be placed.",
        "Place devices on the plant's lines, or narrow the pattern of the mapping; then read them again.",
    ),
    "too_many_metrics": Why(
        "The device has as many metrics as are kept.",
        f"Look for names that hold a number or a time; take only some of the members (only_these) {_MAP}",
    ),
    "too_many_nodes": Why(
        "There are as many edge nodes as are kept.", "Divide the plant among several installations."
    ),
    "protobuf": Why("The payload is no Sparkplug B payload.", _SENDER),
    "compressed": Why("The packed payload cannot be unpacked.", _SENDER),
    "no_seq": Why("The message carries no sequence number.", _SENDER),
    "unknown_alias": Why("An alias was used that no birth has named.", _ASK),
    "other_broker": Why("The edge node was born over another broker.", _ASK),
    "unknown_type": Why("A data type that Sparkplug does not know.", _SENDER),
    "extension": Why("A value of a maker's own kind (extension).", _SPLIT),
    "data_set": Why("A data set that cannot be read.", _SENDER),
    "data_set_too_large": Why("A data set of too many cells.", _SPLIT),
    "data_set_of_many_rows": Why("A table of several rows has no single value.", _SPLIT),
    "array": Why("An array that cannot be read.", _SENDER),
    "array_of_texts": Why("An array of texts is no measurement.", _SPLIT),
    "array_of_times": Why("An array of times is no measurement.", _SPLIT),
    "template": Why("A template that cannot be read.", _SENDER),
    "template_too_deep": Why("Templates within templates, deeper than is read.", _SPLIT),
    "template_too_large": Why("A template of too many members.", _SPLIT),
    "template_without_names": Why("A template whose members have no names.", _SENDER),
    "too_many_parts": Why("More parts in one metric than are kept.", _SPLIT),
    "row": Why(
        "A row of the database cannot be used.",
        "The detail says which value. Mend the row or the mapping: it is then read by itself and leaves "
        "this list.",
    ),
    "wrong_root": Why("A receipt that names no act that we know.", "Look at the receiver's settings."),
    "wrong_content": Why("A receipt whose content does not fit.", "Look at the receiver's settings."),
    "too_large": Why("A receipt that is too large.", "Look at the receiver's settings."),
    "no_json": Why("A receipt that is no JSON.", "Look at the receiver's settings."),
    "unknown_source": Why("It came from a source that nobody reads.", "Tell whoever looks after Taktwise."),
    "internal": Why(
        "The message breaks Taktwise's own code.",
        "Tell whoever looks after Taktwise, with the detail and what was sent. All other messages go on.",
    ),
}
_SPARKPLUG_TOPIC = Why("It is no topic of Sparkplug.", _SENDER)
REASONS = frozenset(_SAID)


def why(source: str, reason: str) -> Why:
    """The sentence of a reason, and what to do."""
    if (source, reason) == ("sparkplug", "topic"):
        return _SPARKPLUG_TOPIC
    return _SAID.get(reason, _UNKNOWN)
