"""The register of adapters.

In: the kind of a connection. Out: its adapter. Never here: anything else.
"""

from app.adapters import (
    douyin_live,
    mapping,
    standard_webhooks,
    wechat_live,
    wechat_shop,
    wechat_spy,
    weibo_counts,
    weibo_fans,
    weibo_live,
)
from app.adapters.protocol import Adapter

_ALL: tuple[Adapter, ...] = (
    wechat_shop,
    wechat_live,
    wechat_spy,
    weibo_fans,
    weibo_live,
    weibo_counts,
    standard_webhooks,
    douyin_live,
    mapping,
)
ADAPTERS: dict[str, Adapter] = {adapter.KIND: adapter for adapter in _ALL}
"""Kind → adapter."""
