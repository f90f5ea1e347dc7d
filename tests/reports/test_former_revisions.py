"""Files of a revision that an earlier version released: they show what it has, and miss nothing that it never had."""

import json
from io import BytesIO

import asyncpg
import httpx
import pytest
from openpyxl import load_workbook

from tests.kpis.event_builders import NewSession, Send, paid

LATER = ("viewers_at_start", "viewers_at_end", "peak_viewers", "comments", "clicks", "audience")
"""What the windows of a coupon have since a later version."""


@pytest.mark.parametrize("edition", ["internal", "client"])
async def test_windows_of_a_former_revision_are_shown(
    database_url: str, new_session: NewSession, send: Send, client: httpx.AsyncClient, edition: str
) -> None:
    """On the page and in the workbook, with what was sold in them."""
    session = await new_session()
    coupon = ("mark.set", 600, {"label": "coupon"})
    await send(
        "wechat:room", ("session.started", 0, {}), coupon, paid(700, "1", "b", ("knit", 1, "200.20")), ("session.ended", 3600, {})
    )
    assert 201 == (await client.post(f"/v1/sessions/{session}/finalize")).status_code
    connection = await asyncpg.connect(database_url)
    revision = json.loads(await connection.fetchval("SELECT document FROM revisions"))
    for report in revision["report"].values():
        for row in report["sections"]["effects"]["rows"]:
            for window in ("before", "during", "after"):
                for name in LATER:
                    del row[window][name]
    await connection.execute("UPDATE revisions SET document = $1", json.dumps(revision))
    # From then on the report is that of the revision, for everybody.
    await connection.execute("UPDATE sessions SET log_dropped_at = now()")
    await connection.close()
    params = {"lang": "ja", "edition": edition}
    page, file = [await client.get(f"/v1/sessions/{session}/report.{kind}", params=params) for kind in ("html", "xlsx")]
    assert [200, 200] == [page.status_code, file.status_code], page.text + file.text
    cells = "\n".join(str(cell.value) for row in load_workbook(BytesIO(file.content)).worksheets[0] for cell in row)
    for text in (page.text, cells):
        assert "クーポン" in text
        assert "1件・200.20元（20.02元/分）" in text
