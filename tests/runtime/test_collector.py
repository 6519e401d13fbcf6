"""The garbage collector of the web app."""

import gc

from runtime.collector import QUIET, quiet


def test_what_is_there_is_left_alone_for_as_long_as_people_are_answered():
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    with quiet():
        assert gc.get_freeze_count() > frozen
        assert gc.get_threshold() == (QUIET, *before[1:])
    assert gc.get_threshold() == before and gc.get_freeze_count() == 0
