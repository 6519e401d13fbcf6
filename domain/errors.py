"""Every error that Taktwise raises on purpose. Catch by branch: the branch says what to do.

TaktwiseError
├── Retryable              the same call may succeed later
│   ├── Unavailable        a broker, a database or a queue does not answer
│   └── Conflict           somebody else changed the record first; read it again
├── Permanent              the same call will always fail
│   ├── Malformed          a message or a row that cannot be read; goes to quarantine
│   └── Tampered           a hash does not match (model file, audit chain)
└── UserFixable            a person can put it right; the text is shown to that person
    ├── SettingsError      a wrong setting, a missing file or model (exit code 2)
    ├── NotSignedIn        no session, or a session that ended
    ├── Forbidden          the actor may not do this, or not here
    ├── NotFound           no such record, or none that the actor may see
    ├── InvalidInput       a value outside its limits
    └── NotNow             the record's state does not allow it (expired, stale, decided)
"""


class TaktwiseError(Exception):
    """Root of the tree. `str(error)` is one plain sentence."""


class Retryable(TaktwiseError):
    """The same call may succeed later."""


class Unavailable(Retryable):
    """A broker, a database or a queue does not answer."""


class Conflict(Retryable):
    """Somebody else changed the record first."""


class Permanent(TaktwiseError):
    """The same call will always fail."""


class Malformed(Permanent):
    """A message or row that cannot be read. `reason` is a short stable word for counting."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Tampered(Permanent):
    """A hash does not match what was recorded."""


class UserFixable(TaktwiseError):
    """A person can put it right; the text is shown to that person."""


class SettingsError(UserFixable):
    """A wrong setting, a missing file or a missing model. Ends the process with exit code 2."""


class NotSignedIn(UserFixable):
    """No session, or a session that ended."""


class Forbidden(UserFixable):
    """The actor may not do this, or not here."""


class NotFound(UserFixable):
    """No such record, or none that the actor may see."""


class InvalidInput(UserFixable):
    """A value outside its limits. `field` names the one of a form that it is about, where there is one."""

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


class NotNow(UserFixable):
    """The record's state does not allow it: expired, stale, already decided."""
