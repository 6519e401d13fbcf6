"""What a text that somebody is typing may be about: the fields of our screens, and nothing else."""

KINDS = frozenset(
    {
        "ai-resume", "ai-stop", "answer", "ask", "assign", "baseline", "changes", "comment", "distrust",
        "emergency", "handover", "model", "model-back", "outcome", "policy-change", "policy-why", "raise",
        "ratify", "reject", "retrain", "snooze", "undo", "why",
    }
)  # fmt: skip
LONGEST_SUBJECT = 200


def known(subject: str) -> bool:
    """Is it `kind` or `kind:what it is about`, of a kind that our screens have?"""
    kind, colon, about = subject.partition(":")
    return (
        len(subject) <= LONGEST_SUBJECT
        and kind in KINDS
        and subject.isprintable()
        and bool(about.strip()) == bool(colon)
    )
