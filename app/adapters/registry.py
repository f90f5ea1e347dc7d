"""The register of adapters.

In: the kind of a connection. Out: its adapter. Never here: anything else.
"""

from app.adapters import douyin_live, standard_webhooks
from app.adapters.mappings import mapping
from app.adapters.protocol import Adapter
from app.adapters.wechat import live as wechat_live, shop as wechat_shop, spy as wechat_spy
from app.adapters.weibo import counts as weibo_counts, fans as weibo_fans, live as weibo_live

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
