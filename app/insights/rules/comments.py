"""The most frequent topics of comments.

In: topics of the kept comments. Out: at most one finding. Never here: authors.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from app.insights.evidence import Evidence
from app.insights.finding import PICTURE, Finding, capped
from app.insights.message_format import MessageFormatter
from app.insights.topics import Topic
from app.labels.catalogue import label

SHOWN = 5
"""The most topics in one text."""
ENOUGH_PEOPLE = 20
"""The fewest people who commented."""
SPOKEN = 5
"""The fewest people who mentioned a topic."""
SHARE = Fraction(1, 50)


def comment_topics(evidence: Evidence) -> Iterable[Finding]:
    """Find the topics that most people mentioned; none if no text is stored."""
    found = evidence.topics
    if found is None or found.people < ENOUGH_PEOPLE:
        return
    topics = [one for one in found.topics if one.people >= SPOKEN and one.people >= SHARE * found.people][:SHOWN]
    if not topics:
        return
    yield Finding(
        "comment_topics",
        "live",
        "comment_topics",
        lambda say: {
            "topics": say.listed(_named(one, say) for one in topics),
            "comments": say.count(found.comments),
            "people": say.count(found.people),
        },
        {
            "topics": [_shown(one) for one in topics],
            "comments": found.comments,
            "people": found.people,
            "sampled": found.sampled,
            **({"words_left_out": True} if found.words_left_out else {}),
        },
        [f"/v1/events?session={evidence.session}&type=live.comment.posted&limit=200"],
        PICTURE * capped(topics[0].people, found.people),
    )


def _shown(topic: Topic) -> dict[str, Any]:
    return {"kind": topic.kind, "term": topic.term, "people": topic.people}


def _named(topic: Topic, say: MessageFormatter) -> str:
    names = {
        "theme": lambda: label(f"topic.{topic.term}", say.language),
        "product": lambda: say.product(topic.term),
        "height": lambda: f"{topic.term}cm",
        "word": lambda: topic.term,
    }
    return label("insight.topic", say.language).format(term=names[topic.kind](), people=say.count(topic.people))
