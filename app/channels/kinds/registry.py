"""The kinds of channels by name.

In: nothing. Out: `KINDS`. Never here: formats.
"""

from collections.abc import Mapping
from typing import Literal, cast

from app.channels.kinds import dingtalk, feishu, line, slack, webhook, wecom
from app.channels.kinds.protocol import Kind

KindName = Literal["webhook", "wecom", "feishu", "dingtalk", "slack", "line"]
KINDS: Mapping[str, Kind] = {module.KIND: cast("Kind", module) for module in (webhook, wecom, feishu, dingtalk, slack, line)}
