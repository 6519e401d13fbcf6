"""Values that are stored sealed: with a key that lies outside the database (Fernet: AES-128, HMAC-SHA-256).

A sealed value is bound to what it belongs to: one that was copied into another row does not open. Several
keys may be given; the first one seals, all of them open, so that a key can be changed.
"""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from domain.errors import SettingsError

MARK = "sealed:"
NO_KEY = "the key of the stored codes is missing; an administrator puts it back (TAKTWISE_SECRET_KEY)"
WRONG_KEY = (
    "the stored code does not open with the key of this desk; an administrator puts the right one back"
)


def new_key() -> str:
    """A random key, as text."""
    return Fernet.generate_key().decode()


class Seal:
    """Seals and opens. SettingsError for keys that are none."""

    def __init__(self, keys: Sequence[str]) -> None:
        try:
            self._keys = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise SettingsError("TAKTWISE_SECRET_KEY holds no key: 32 bytes in URL-safe base 64") from error

    def seal(self, value: str, about: str) -> str:
        """What is stored of a value that belongs to `about` (the id of its row)."""
        return MARK + self._keys.encrypt(f"{about}\n{value}".encode()).decode()

    def open(self, stored: str, about: str) -> str:
        """The value. SettingsError when it is not sealed, not by this key, or belongs to another row."""
        if not stored.startswith(MARK):
            raise SettingsError("a stored code is not sealed; run python -m runtime migrate")
        try:
            opened = self._keys.decrypt(stored.removeprefix(MARK).encode()).decode()
        except InvalidToken as error:
            raise SettingsError(WRONG_KEY) from error
        whose, _, value = opened.partition("\n")
        if whose != about:
            raise SettingsError(WRONG_KEY)
        return value
