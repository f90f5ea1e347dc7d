"""The query of a session: which session, for whom, when, in which language.

In: a request. Out: a `SessionQuery` of the read side. Never here: figures.
"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends

from app.api.access.authorization import SessionId, Viewer
from app.api.conventions.language import AnswerLanguage
from app.kpis.reading.session_reader import SessionQuery


async def get_asked(session: SessionId, principal: Viewer, language: AnswerLanguage) -> SessionQuery:
    """Return the query of a session: its id, the caller's brand, the time and the language."""
    return SessionQuery(session, principal.brand_id, datetime.now(UTC), language, client=principal.is_client)


Question = Annotated[SessionQuery, Depends(get_asked)]
