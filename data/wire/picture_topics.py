"""Pictures by MQTT: topic `taktwise/pictures/<site>/<area>/<line>/<unit>`, payload the picture's file."""

ROOT = "taktwise/pictures"
SUBSCRIPTION = f"{ROOT}/#"


def topic_of(equipment_id: str) -> str:
    """Where a camera at a machine publishes to."""
    return f"{ROOT}/{equipment_id}"


def unit_of(topic: str) -> str:
    """The machine that a topic names; "" for a topic of another shape."""
    rest = topic.removeprefix(f"{ROOT}/")
    parts = rest.split("/")
    return rest if topic != rest and len(parts) == 4 and all(parts) else ""
