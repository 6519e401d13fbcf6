"""What every act on a case shares: its inputs, its result, and how it is written down."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from sqlalchemy import Connection

from auth.permissions import Actor
from auth.signatures import Proof
from data.store import cases as store
from domain.cases import Case, CaseState
from domain.clock import wall_us
from domain.errors import Conflict, InvalidInput
from domain.evidence import canonical, parsed
from services import audit
from services.situation import Site

LONGEST_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Changes:
    """Another choice (domain.recommendation.Choice), or the same work at another plant time, and why; of a
    set point another `value`."""

    choice: str = "at_time"
    start_us: int | None = None
    reason: str = ""
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What an act led to. `message` is one sentence for the person who acted."""

    case_id: str
    number: int
    state: str
    version: int
    message: str

    @classmethod
    def of(cls, case: Mapping[str, Any], message: str) -> Self:
        """From the case's row as it is now."""
        return cls(case["case_id"], case["number"], case["state"], case["version"], message)

    def to_json(self) -> str:
        """As kept in `acts.result`."""
        return canonical(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`."""
        return cls(**parsed(text, "result of an act"))


@dataclass(frozen=True, slots=True)
class Work:
    """One act in progress: its transaction, the person, the case's row as it is now, the site."""

    tx: Connection
    actor: Actor
    case: dict[str, Any]
    site: Site
    proof: Proof | None = None  # that the person has just shown the password; None: unsigned act

    @property
    def state(self) -> Case:
        """The row as the rules see it."""
        c = self.case
        return Case(
            c["case_id"], c["equipment_id"], c["cause"], CaseState(c["state"]), c["version"],
            bool(c["attention"]), c["decided_by"], c["reason"],
        )  # fmt: skip


def again(tx: Connection, actor: Actor, act_id: str, kind: str) -> Decided | None:
    """The result of the same act, done before; None when it is new. Others' ids are refused."""
    if not 8 <= len(act_id) <= 100:
        raise InvalidInput("an act has an id of 8 to 100 characters")
    first = store.begin_act(tx, act_id, actor.account_id, kind, wall_us())
    if first is None:
        return None
    if (first["account_id"], first["kind"]) != (actor.account_id, kind):
        raise InvalidInput("this id belongs to another act")
    return Decided.from_json(first["result"])


def save(work: Work, values: Mapping[str, Any]) -> Work:
    """Change the case's row, if nobody else has; Conflict otherwise."""
    if not store.change(work.tx, work.case["case_id"], work.case["version"], values):
        raise Conflict("the case has changed since you read it; look at it again")
    return replace(work, case={**work.case, **values})


def note(work: Work, action: str, detail: Mapping[str, Any]) -> None:
    """One audit entry about the case."""
    audit.append(
        work.tx,
        actor=work.actor.account_id,
        action=action,
        subject_kind="case",
        subject_id=work.case["case_id"],
        plant_us=work.site.now_us,
        detail=detail,
    )


def checked_text(text: str, *, optional: bool = False) -> str:
    """The text without blanks at its ends; InvalidInput when it is missing or too long."""
    words = text.replace("\0", "").strip()  # PostgreSQL keeps no NUL
    if not words and not optional:
        raise InvalidInput("please write a few words")
    if len(words) > LONGEST_TEXT:
        raise InvalidInput(f"at most {LONGEST_TEXT} characters, please")
    return words


def reason_of(text: str) -> str:
    """`checked_text` of a form's field `reason`."""
    try:
        return checked_text(text)
    except InvalidInput as error:
        raise InvalidInput(str(error), "reason") from error
