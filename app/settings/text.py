"""Lists in settings.

In: a text. Out: its parts. Never here: what they mean.
"""


def names(text: str | None) -> list[str]:
    """Return the parts of a list that is separated by commas."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]
