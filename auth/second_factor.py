"""Codes from a phone (TOTP, RFC 6238: 6 digits, 30 s), as logic over values."""

import pyotp

STEP_S = 30
DRIFT_STEPS = 1
ISSUER = "Taktwise"


def new_secret() -> str:
    """A random secret of 160 bits, in base 32."""
    return pyotp.random_base32()


def enrolment(secret: str, username: str) -> str:
    """The otpauth:// address that an authenticator app reads."""
    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=username, issuer_name=ISSUER)


def matching_step(secret: str, code: str, now_us: int, last_step: int) -> int | None:
    """The time step that a code belongs to; None when it is wrong, or was used before.

    One step of drift either way is allowed. A step at or before `last_step` never counts again.
    """
    digits = "".join(code.split())
    if not (digits.isascii() and digits.isdigit() and len(digits) == 6):
        return None
    totp, now = pyotp.TOTP(secret, interval=STEP_S), now_us // 1_000_000 // STEP_S
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        if step > last_step and pyotp.utils.strings_equal(totp.at(step * STEP_S), digits):
            return step
    return None
