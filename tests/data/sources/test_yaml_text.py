"""What stands in a file that a person wrote: read as it was meant, or refused with the line."""

import pytest
import yaml

from data.sources import yaml_text

WRONG = "this value is not what it looks like, or is said to be"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("true", True),
        ("False", False),
        ("trueish", "trueish"),
        ("falsework", "falsework"),
        ("ON", "ON"),
        ("no", "no"),
    ],
)
def test_only_the_whole_word_is_a_truth_value(text: str, meant: object) -> None:
    assert yaml_text.load(f"a: {text}") == {"a": meant}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\na: 2024-13-45", f"line 2, {WRONG}"),
        ("a: !!bool maybe", f"line 1, {WRONG}"),
        ("a: !!int 12b", f"line 1, {WRONG}"),
        ("a: !!timestamp noon", f"line 1, {WRONG}"),
        ("? [a]\n: 1", "line 1, found unhashable key"),
        ("? {a: 1}\n: 2", "line 1, found unhashable key"),
        ("a: 1\nb: 2\na: 3", "line 3, a stands there twice"),
        ("[" * 20_000, "it is nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(yaml.YAMLError) as caught:
        yaml_text.load(text)
    assert yaml_text.fault(caught.value) == told
