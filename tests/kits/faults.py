"""How often a test strikes: a few times in the suite, as often as is claimed with TAKTWISE_FAULTS=full."""

import os


def strikes(usual: int, full: int) -> int:
    return full if os.environ.get("TAKTWISE_FAULTS") == "full" else usual
