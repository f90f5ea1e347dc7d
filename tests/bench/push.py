"""Benchmark of webhooks: an encrypted, signed WeChat push, acknowledged after its commit.

In: the two servers. Out: the ratio to the route that reads and responds. Never here: the pull that follows; the
connection has no app_secret, so its jobs end at once.
"""

import itertools
import json
import random
from collections.abc import Iterator
from urllib.parse import urlencode

from app.adapters.wechat.crypto import encrypted_reply
from tests.bench.load import post
from tests.bench.servers import KEY, World

SECRETS = {
    "token": "livecommerce_token_01",
    "encoding_aes_key": "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aQ",
    "appid": "wx1234567890abcdef",
}


def connection(here: World) -> str:
    """Create a shop and return the path of its URL."""
    form = {"kind": "wechat_shop", "name": "bench", "brand": "bench", "secrets": SECRETS}
    return f"/v1/webhooks/{here.call('POST', '/v1/connections', form)['id']}"


def pushes(path: str, count: int) -> Iterator[bytes]:
    """Return requests with pushes of different orders."""
    chance = random.Random(7)
    for number in range(count):
        message = {
            "ToUserName": "gh_2defbb026678",
            "FromUserName": f"OPENID_{number}",
            "CreateTime": 1_788_000_000 + number,
            "MsgType": "event",
            "Event": "channels_ec_order_pay",
            "order_info": {"order_id": str(3_705_115_058_471_208_928 + number), "pay_time": 1_788_000_000 + number},
        }
        nonce = str(number)
        made = encrypted_reply(json.dumps(message).encode(), SECRETS, chance.randbytes(16), 1_788_000_000, nonce)
        query = {
            "signature": "0" * 40,
            "timestamp": "1788000000",
            "nonce": nonce,
            "openid": f"OPENID_{number}",
            "encrypt_type": "aes",
            "msg_signature": made["MsgSignature"],
        }
        body = json.dumps({"ToUserName": "gh_2defbb026678", "Encrypt": made["Encrypt"]}).encode()
        yield post(f"{path}?{urlencode(query)}", body, KEY)


def noop(path: str) -> Iterator[bytes]:
    """Return the same requests for the route that reads and responds."""
    sample = next(pushes(path, 1)).replace(path.encode(), b"/noop", 1)
    return itertools.repeat(sample)
