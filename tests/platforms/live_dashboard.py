"""The answers of WeChat's live dashboard."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.platforms.conftest import SHOP, Answer

Sample = Callable[[str], Answer]
APP = {name: SHOP[name] for name in ("appid", "app_secret")}
SECOND = "export/UzFfSECOND"


def blocks(
    sample: Sample, *, living: bool = True, viewers: int = 1520, began: datetime | None = None, seconds: int = 3600
) -> dict[str, Any]:
    """Return the blocks of a getlivedata answer; the default start is long ago."""
    found = {
        name: value for name, value in sample("pull_wechat_getlivedata")["response"].items() if name not in {"errcode", "errmsg"}
    }
    commerce = {**json.loads(found["live_ec_data_summary"]), "cumulative_audience_count": viewers}
    dashboard = json.loads(found["live_dashboard_data"]) | {"live_duration": seconds}
    if began is not None:
        dashboard["start_time"] = int(began.timestamp())
    return {
        **found,
        "live_dashboard_data": json.dumps(dashboard),
        "live_ec_data_summary": json.dumps(commerce),
        "live_comparison_index": json.dumps({"is_living": living}),
    }
