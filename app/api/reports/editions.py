"""Which edition of a report a request gets.

In: the caller, `?edition=`. Out: the edition, or 403. Never here: what an edition leaves out.
"""

from typing import Annotated

from fastapi import Depends, Query

from app.api.access.authorization import Viewer, require_internal
from app.reports.editions import Edition


async def get_edition(
    principal: Viewer,
    edition: Annotated[
        Edition | None,
        Query(description="`client`: without drafts, contradictions and notes that are not shared; a viewer that is bound to a "
              "brand reads this edition alone; others read `internal` by default"),
    ] = None,
) -> Edition:  # fmt: skip
    """Return the edition of a request.

    Raises:
        ProblemError: 403 if a viewer that is bound to a brand asks for the internal edition.
    """
    if edition == "internal":
        await require_internal(principal)
    return "client" if principal.is_client else edition or "internal"


AskedEdition = Annotated[Edition, Depends(get_edition)]
