"""The envelope around every order document: writing it, and reading it strictly."""

import json
from typing import Any, NoReturn

from pydantic import ValidationError

from data.wire import b2mml
from domain.errors import InvalidInput, Malformed

MAX_BYTES = 65_536


def moment(us: int) -> str:
    """An ISO 8601 date-time; InvalidInput when the calendar does not reach that far."""
    try:
        return b2mml.moment_text(us)
    except OverflowError as error:
        raise InvalidInput(f"{us} is no time") from error


def dump(root: str, *, at_us: int, sender: str, receiver: str, bod_id: str, data: dict[str, Any]) -> str:
    """The whole document as compact JSON."""
    application = {
        "CreationDateTime": moment(at_us),
        "Sender": {"LogicalID": sender},
        "Receiver": {"LogicalID": receiver},
        "BODID": bod_id,
    }
    body = {"releaseID": b2mml.RELEASE, "ApplicationArea": application, "DataArea": data}
    return json.dumps({root: body}, ensure_ascii=False, separators=(",", ":"))


def load(body: str | bytes) -> tuple[str, b2mml.Body]:
    """The root's name and what stands under it. Raises Malformed, and nothing else."""
    document = _parse(body)
    if not isinstance(document, dict) or len(document) != 1:
        raise Malformed("wrong_root", "exactly one root is needed")
    root, content = next(iter(document.items()))
    if root not in b2mml.ROOTS:
        raise Malformed("wrong_root", repr(root[:80]))
    try:
        parsed = b2mml.Body.model_validate(content)
    except ValidationError as error:
        raise Malformed("wrong_content", _first(error)) from error
    if parsed.data_area.model_fields_set != set(b2mml.ROOTS[root]):
        raise Malformed("wrong_content", "the data area has another verb or noun than the root")
    return root, parsed


def _parse(body: str | bytes) -> Any:
    try:
        raw = body.encode("utf-8") if isinstance(body, str) else body
        if len(raw) > MAX_BYTES:
            raise Malformed("too_large", f"more than {MAX_BYTES} bytes")
        return json.loads(raw.decode("utf-8"), object_pairs_hook=_no_doubles, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed("no_json", str(error)[:200]) from error


def _first(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])[:120]}: {first['msg'][:120]}"


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
