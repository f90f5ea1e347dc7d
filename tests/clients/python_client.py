"""Create a session, send one event, send many, read the figures, page through the list: with openapi-python-client's client."""

import os

from tallylight_client import AuthenticatedClient
from tallylight_client.api.ingest import send_events
from tallylight_client.api.results import get_kpis
from tallylight_client.api.sessions import create_session, list_sessions
from tallylight_client.models import (
    IngestProblem,
    KpiDocument,
    LikeSent,
    LikeSentEvent,
    NewSession,
    Receipt,
    Session,
    SessionList,
)

client = AuthenticatedClient(base_url=os.environ["TALLYLIGHT_URL"], token=os.environ["TALLYLIGHT_KEY"])


def like(subject: str, number: int) -> LikeSentEvent:
    """Return an event of two likes."""
    return LikeSentEvent(
        specversion="1.0",
        id=f"{subject}-{number}",
        source="/clients/python",
        type_="live.like.sent",
        subject=subject,
        data=LikeSent(count=2),
    )


for number in (1, 2, 3):
    form = NewSession(title=f"Autumn knitwear {number}", brand="maison-k", host="kobayashi", currency="CNY")
    session = create_session.sync(client=client, body=form)
    assert isinstance(session, Session), session
    one = send_events.sync(client=client, body=like(str(session.id), 0))
    assert isinstance(one, Receipt), one
    many = send_events.sync(client=client, body=[like(str(session.id), 1), like(str(session.id), 2)])
    assert isinstance(many, Receipt), many
    assert (1, 2) == (one.accepted, many.accepted)
    document = get_kpis.sync(str(session.id), client=client)
    assert isinstance(document, KpiDocument), document
    assert 6 == document.kpis.likes.value

refused = send_events.sync(client=client, body=like("nothing", 0))
assert isinstance(refused, IngestProblem), refused
assert "/subject" == refused.rejected[0].errors[0].pointer

titles: list[str] = []
cursor: str | None = None
while True:
    page = list_sessions.sync(client=client, limit=2, cursor=cursor)
    assert isinstance(page, SessionList), page
    titles += [listed.title for listed in page.sessions]
    cursor = page.next_cursor
    if cursor is None:
        break
assert 3 == len(titles), titles
print("ok")
