"""What a guest of a share link may read: the client edition of one session, and its figures as they come if the link shows them.

In: a route and its path. Out: nothing, or 404. Never here: what the client edition leaves out.

Every route is closed to guests unless it is named here.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.types import Scope

from app.catalogue.access import Principal
from app.problems import ProblemError

REPORT = frozenset(
    {
        "get_report", "download_report_xlsx", "download_report_html", "list_revisions", "get_revision", "download_revision_xlsx",
        "download_revision_html", "get_session_logo",
    }
)  # fmt: skip
"""Operations that give the client edition of the latest revision."""
LIVE = frozenset(
    {
        "get_session", "get_kpis", "get_product_results", "get_timeline", "list_showcases", "list_hosts", "list_marks",
        "list_sources", "get_funnel", "get_audience", "get_chart", "get_targets", "list_alerts", "stream_session", "list_effects",
    }
)  # fmt: skip
"""Operations that give figures as they come."""
OWN = frozenset({"get_me", "sign_out"})
"""Operations about the guest."""


def not_shared() -> ProblemError:
    """Return the 404 of what a share link does not show, whether it exists or not."""
    return ProblemError(404, "the share link does not show this")


def require_shared(scope: Scope, guest: Principal) -> None:
    """Refuse what the link does not show.

    Raises:
        ProblemError: 404, whether the object exists or not.
    """
    route = scope.get("route")
    # A hot route is none of FastAPI's, and has its operation's name.
    operation = getattr(route, "operation_id", None) or getattr(route, "name", None)
    if operation in OWN:
        return
    path: Mapping[str, Any] = scope.get("path_params", {})
    shown = operation in REPORT or (guest.shows_live and operation in LIVE)
    if not shown or _uuid(path.get("session")) != guest.session_id:
        raise not_shared()


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(text)
    except (ValueError, TypeError, AttributeError):
        return None
