"""What became of the orders that decisions sent, and how much people had to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receiver:
    """Orders to one queue. Times in us of wall time: `out` from the decision to the queue (median),
    `half` and `most` from the decision to the first answer (median, 95th percentile), `longest` of them;
    None where nothing was sent or answered."""

    queue: str
    orders: int
    accepted: int
    refused: int
    taken_back: int
    waiting: int
    out_us: int | None
    half_us: int | None
    most_us: int | None
    longest_us: int | None


@dataclass(frozen=True, slots=True)
class Hand:
    """One kind of act of people at the cases that sent orders."""

    action: str
    times: int
    cases: int


@dataclass(frozen=True, slots=True)
class OddStock:
    """A stock record that contradicts itself; `words` says how."""

    part_id: str
    name: str
    module: str
    words: str


@dataclass(frozen=True, slots=True)
class Sent:
    """`whole` are all receivers together. `cases` sent the orders; `acts` is the median of what people did at
    one, None without any. `reasons` are the receivers' words for a refusal, the most frequent first.
    `parts` of the ERP were looked at for `odd`; `cut`: older orders than the newest `MOST` are left out."""

    whole: Receiver
    receivers: tuple[Receiver, ...]
    cases: int
    acts: float | None
    hands: tuple[Hand, ...]
    reasons: tuple[tuple[str, int], ...]
    parts: int
    odd: tuple[OddStock, ...]
    cut: bool
