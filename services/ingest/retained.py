"""Messages that a broker had kept, and gave again because we subscribed.

Without a time and a sequence nothing tells such a message from a new one: the receipt would stand for its
time, and each connection would store it anew. Rule: a value that is the newest of its metric already is not
new; any other has come while nobody was there, and is stored with the time of its receipt.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from data.sources.messages import Findings, Sample
from data.store import tables as t
from domain.telemetry import SourceKey
from services.ingest.devices import DeviceBook

_CHUNK = 500


def leave_out_known(tx: Connection, book: DeviceBook, found: Findings) -> None:
    """Take the values that are known out of the samples in `found.retained`, and count them as repeated."""
    if not found.retained:
        return
    newest = _newest(tx, book, [found.samples[position] for position in found.retained])
    for position, sample in enumerate(found.samples):
        if position in found.retained:
            new = [one for one in sample.values if newest.get((sample.device, one[0])) != one[2]]
            found.repeated += len(sample.values) - len(new)
            found.at_least_once -= not new
            found.samples[position] = sample._replace(values=new)
        newest.update({(sample.device, name): value for name, _, value in sample.values})


def _newest(
    tx: Connection, book: DeviceBook, samples: Iterable[Sample]
) -> dict[tuple[SourceKey, str], object]:
    """What is stored as the newest value of each metric that the samples speak of."""
    names: dict[int, tuple[SourceKey, str]] = {}
    for sample in samples:
        device = book.known(sample.device)
        for name, _, _ in sample.values if device is not None else ():
            if device is not None and (metric := device.metrics.get(name)) is not None:
                names[metric.metric_id] = sample.device, name
    found: dict[tuple[SourceKey, str], object] = {}
    wanted, column = sorted(names), t.latest.c
    for start in range(0, len(wanted), _CHUNK):
        part = column.metric_id.in_(wanted[start : start + _CHUNK])
        for row in tx.execute(select(column.metric_id, column.value).where(part)):
            found[names[row.metric_id]] = row.value
    return found
