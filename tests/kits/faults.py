"""How often a test strikes: a few times in the suite, as often as is claimed with TAKTWISE_FAULTS=full, and
so many times with TAKTWISE_FAULTS=2."""

import os


def strikes(usual: int, full: int) -> int:
    said = os.environ.get("TAKTWISE_FAULTS", "")
    return full if said == "full" else int(said) if said.isdecimal() and int(said) else usual
