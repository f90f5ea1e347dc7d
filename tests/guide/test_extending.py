"""docs/howto/extending.md: the payload class of its example is a class as it stands, and counts what the page says."""

from typing import Any

from app.events import audience, contributions, fields, payload
from app.events.contributions import Claim, Contributions, Count
from tests.guide.examples import blocks


def test_the_class_of_the_page_registers_its_type_and_counts() -> None:
    """It needs the names of its neighbours alone."""
    (block,) = [one for one in blocks() if (one.page, one.language) == ("docs/howto/extending.md", "python")]
    known = dict(payload.DECLARED)
    names: dict[str, Any] = {**vars(fields), **vars(contributions), "Payload": payload.Payload, "person": audience.person}
    try:
        exec(compile(block.text, block.place, "exec"), names)  # noqa: S102 - the project's own page
        made = names["PollAnswered"]
        assert {"live.poll.answered"} == set(payload.DECLARED) - set(known)
    finally:
        payload.DECLARED.clear()
        payload.DECLARED.update(known)
    context = contributions.FoldContext("direct", "", "CNY", 2, {}, 180_000)
    answers = (Count("poll_answers", 1),)
    participant = Claim("poll_participant", audience.person("o-1"), (Count("poll_participants", 1),))
    assert Contributions(counts=answers, claims=(participant,)) == made(viewer="o-1", answer="yes").fold(context)
    assert Contributions(counts=answers) == made(answer="yes").fold(context)
    assert ("viewer",) == made.person_fields
