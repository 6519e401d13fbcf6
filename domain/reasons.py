"""The tree of reasons for stops: two levels, so that an operator needs two taps.

A node is never removed: it is switched off, and what was said with it stays readable. Every change is a
new version of the node.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.errors import InvalidInput

OTHER = "other"
MOST_IN_A_GROUP = 12
_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")


@dataclass(frozen=True, slots=True)
class Reason:
    """One node. A group has no parent and is never a reason itself."""

    code: str
    name: str
    parent: str = ""
    position: int = 0
    active: bool = True

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.code):
            raise InvalidInput("a code is 2 to 40 small letters, digits and underscores")
        if not 1 <= len(self.name.strip()) <= 40 or not self.name.isprintable():
            raise InvalidInput("a reason has a name of 1 to 40 characters")


def _group(code: str, name: str, *leaves: tuple[str, str]) -> list[Reason]:
    return [Reason(code, name), *(Reason(c, n, code, k) for k, (c, n) in enumerate(leaves))]


DEFAULT: tuple[Reason, ...] = (
    *_group(
        "machine",
        "Machine",
        ("breakdown", "Breakdown"),
        ("repair", "Repair"),
        ("short_stop", "Short stop"),
        ("tool", "Tool change or wear"),
        ("sensor", "Sensor or safety stop"),
    ),
    *_group(
        "flow",
        "Before or behind",
        ("starved", "No material from before"),
        ("blocked", "Full behind"),
        ("no_supply", "Material not delivered"),
        ("transport", "Transport missing"),
    ),
    *_group(
        "process",
        "Process",
        ("adjusting", "Adjusting"),
        ("quality_check", "Quality check"),
        ("bad_material", "Bad material"),
        ("program", "Program or recipe"),
    ),
    *_group(
        "people",
        "People and plan",
        ("operator_hold", "Held by the operator"),
        ("nobody", "Nobody there"),
        ("waiting_instruction", "Waiting for instruction"),
        ("meeting", "Meeting or training"),
    ),
    *_group(
        "service",
        "Service",
        ("maintenance", "Maintenance"),
        ("cleaning", "Cleaning"),
        ("utilities", "Power, air or network"),
    ),
    *_group("rest", "Other", (OTHER, "Another reason")),
)
# What a MES calls it, in its own words.
MES_WORDS: Mapping[str, str] = {
    "breakdown": "breakdown",
    "failure": "breakdown",
    "repair": "repair",
    "short stop": "short_stop",
    "tool change": "tool",
    "no material": "starved",
    "downstream full": "blocked",
    "planned maintenance": "maintenance",
    "maintenance": "maintenance",
    "inspection": "maintenance",
    "other": OTHER,
}


@dataclass(frozen=True, slots=True)
class Tree:
    """All nodes as they are now, or were at a moment."""

    nodes: tuple[Reason, ...]

    @property
    def groups(self) -> tuple[Reason, ...]:
        """Active groups that hold an active reason, in order."""
        return tuple(n for n in self._ordered() if not n.parent and self.leaves(n.code))

    def leaves(self, group: str) -> tuple[Reason, ...]:
        """The active reasons of a group, in order."""
        return tuple(n for n in self._ordered() if n.parent == group)

    def _ordered(self) -> Sequence[Reason]:
        order = {node.code: k for k, node in enumerate(self.nodes)}
        return sorted((n for n in self.nodes if n.active), key=lambda n: (n.position, order[n.code]))

    def find(self, code: str) -> Reason | None:
        """A node by code, also one that is switched off."""
        return next((n for n in self.nodes if n.code == code), None)

    def name(self, code: str) -> str:
        """What people call it; the code itself where it is unknown."""
        node = self.find(code)
        return node.name if node else code.replace("_", " ")

    def check_leaf(self, code: str) -> Reason:
        """An active reason; InvalidInput for a group, for one that is switched off, or none."""
        node = self.find(code)
        if node is None or not node.parent or not node.active:
            raise InvalidInput("this is no reason that can be chosen now")
        return node

    def changed(self, node: Reason) -> "Tree":
        """The tree with one node new or changed; InvalidInput for what would not be a tree of two levels."""
        before = self.find(node.code)
        if node.parent:
            group = self.find(node.parent)
            if group is None or group.parent:
                raise InvalidInput("a reason belongs to a group")
            if any(n.parent == node.code for n in self.nodes):
                raise InvalidInput("a group with reasons in it cannot become a reason")
            others = [n for n in self.leaves(node.parent) if n.code != node.code]
            if node.active and len(others) >= MOST_IN_A_GROUP:
                raise InvalidInput(f"a group holds at most {MOST_IN_A_GROUP} reasons")
            if any(n.name.lower() == node.name.lower() for n in others):
                raise InvalidInput("this group has a reason of that name already")
        elif before is not None and before.parent:
            raise InvalidInput("a reason cannot become a group")
        if node.code == OTHER and not node.active:
            raise InvalidInput("'Another reason' stays: somebody always needs it")
        kept = tuple(node if n.code == node.code else n for n in self.nodes)
        return Tree(kept if before else (*kept, node))


def tree_of(nodes: Iterable[Reason]) -> Tree:
    """DEFAULT with the stored nodes in place of those of the same code."""
    stored = {n.code: n for n in nodes}
    known = {n.code for n in DEFAULT}
    return Tree(
        (*(stored.get(n.code, n) for n in DEFAULT), *(n for c, n in stored.items() if c not in known))
    )


def from_mes(words: str) -> str:
    """The code for a MES's words; OTHER for words that are not known, "" for none."""
    said = words.strip().lower().replace("_", " ")
    return MES_WORDS.get(said, OTHER) if said else ""
