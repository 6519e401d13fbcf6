"""Notes as Flower's records, and back."""

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, MetricRecord, RecordDict

from models.federated.shared import Note


def record_of(note: Note) -> RecordDict:
    """A note to send."""
    arrays = {name: Array(np.ascontiguousarray(value)) for name, value in note.arrays.items()}
    numbers = {name: float(value) for name, value in note.numbers.items()}
    parts = (("what", ConfigRecord({"what": note.what})), ("arrays", ArrayRecord(arrays)))
    return RecordDict({**dict(parts), "numbers": MetricRecord(numbers)})


def note_of(record: RecordDict) -> Note:
    """The note that came."""
    arrays = {name: value.numpy() for name, value in record.array_records["arrays"].items()}
    numbers = {name: float(value) for name, value in record.metric_records["numbers"].items()}
    return Note(str(record.config_records["what"]["what"]), arrays, numbers)
