"""Topic patterns with named levels: `acme/{site}/{area}/+/{unit}/{metric*}`."""

import re
from dataclasses import dataclass

_LEVEL = re.compile(r"\{([a-z][a-z0-9_]{0,31})(\*?)\}")
_LITERAL = re.compile(r"[^+#{}/\x00]{1,128}")
MAX_LEVELS = 32
MAX_FILTER_BYTES = 65_535


@dataclass(frozen=True, slots=True)
class Pattern:
    """`names`: the named levels. `filter`: what to subscribe to; the last may take all that follows."""

    text: str
    names: tuple[str, ...]
    filter: str
    _match: re.Pattern[str]

    def match(self, topic: str) -> dict[str, str] | None:
        """The named levels of a topic that fits."""
        found = self._match.fullmatch(topic)
        return found.groupdict() if found else None


def parse(text: str) -> Pattern:
    """Raises ValueError with a sentence that says what is wrong."""
    levels = text.split("/")
    if len(levels) > MAX_LEVELS:
        raise ValueError(f"more than {MAX_LEVELS} levels")
    names: list[str] = []
    expressions: list[str] = []
    filters: list[str] = []
    for position, level in enumerate(levels):
        named = _LEVEL.fullmatch(level)
        if named is None:
            expressions.append(_plain(level))
            filters.append(level)
            continue
        name, rest = named.groups()
        if name in names:
            raise ValueError(f"the level {{{name}}} stands there twice")
        if rest and position != len(levels) - 1:
            raise ValueError(f"{{{name}*}} takes all that follows: it can only stand at the end")
        names.append(name)
        expressions.append(f"(?P<{name}>[^/]+(?:/[^/]+)*)" if rest else f"(?P<{name}>[^/]+)")
        filters.append("#" if rest else "+")
    return Pattern(text, tuple(names), "/".join(filters), re.compile("/".join(expressions)))


def is_filter(text: str) -> bool:
    """True for an MQTT topic filter (MQTT 5, 4.7): `+` a level, `#` at the end for all that follow."""
    *before, last = text.split("/")
    whole = all(level in ("+", "#") or not re.search(r"[+#\x00]", level) for level in (*before, last))
    return bool(text) and whole and "#" not in before and len(text.encode()) <= MAX_FILTER_BYTES


def _plain(level: str) -> str:
    if level == "+":
        return "[^/]+"
    if not _LITERAL.fullmatch(level):
        raise ValueError(
            f"{level!r} is no level: a word, + or {{name}}; {{name*}} at the end for all the rest"
        )
    return re.escape(level)


def fill(template: str, levels: dict[str, str]) -> str:
    """`{site}/{unit}` with the named levels put in. Names in `template` are those of the pattern."""
    return re.sub(r"\{([a-z0-9_]+)\}", lambda found: levels[found[1]], template)


def names_in(template: str) -> tuple[str, ...]:
    """The named levels that a template wants. Raises ValueError for braces of another kind."""
    if re.sub(r"\{[a-z][a-z0-9_]{0,31}\}", "", template).count("{"):
        raise ValueError(f"{template!r}: braces hold the name of a level")
    return tuple(re.findall(r"\{([a-z][a-z0-9_]*)\}", template))
