"""What a part can look like: the labels of an inspection, and the words for them."""

LABELS = {
    "good": "Good",
    "crack": "Crack",
    "dent": "Dent",
    "colour": "Off colour",
    "surface": "Damaged surface",
    "assembly": "Wrongly assembled",
    "other": "Something else",
}
GOOD, OTHER, UNKNOWN = "good", "other", "unknown"


def label_words(label: str) -> str:
    """Words for a label; one of another model is shown as it is written."""
    if label == UNKNOWN:
        return "Unknown kind"
    return LABELS.get(label, label.replace("_", " ").replace("-", " ").capitalize())
