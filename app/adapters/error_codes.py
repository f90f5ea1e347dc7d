"""What the error codes of the platforms' APIs mean, in our words.

In: a code. Out: a sentence; the number alone if the code is not in the tables. Never here: the platform's own message. The owner
of the host behind `api_base` chooses it, and it would go to logs, to `last_error` and to the answer of a test.

Source: developers.weixin.qq.com, "Global return codes"; open.weibo.com/wiki/Error_code.
"""

_MAX_CODE = 10**9
UNKNOWN = -2
"""Replaces a code that is no number, or too large for one."""

WECHAT = {
    -1: "the platform is busy",
    40001: "the access token or the app_secret is not valid",
    40002: "the type of grant is not valid",
    40013: "the appid is not valid",
    40014: "the access token is not valid",
    40125: "the app_secret is not valid",
    40164: "this server's address is not in the list of addresses that the platform's console permits",
    40243: "the app_secret is frozen",
    41001: "the access token is missing",
    41002: "the appid is missing",
    41004: "the app_secret is missing",
    42001: "the access token has expired",
    43002: "the platform expects another method",
    45009: "the quota of the day is used up",
    45011: "too many calls in a minute",
    47001: "the platform cannot read the request",
    48001: "the app has no permission for this call",
    50007: "the account is frozen",
    61023: "the refresh token is not valid",
    89503: "an administrator must confirm this server's address on the platform",
    89506: "an administrator has refused this server's address twice; wait an hour",
    89507: "an administrator has refused this server's address; wait an hour",
}
WEIBO = {
    10001: "the platform has a fault",
    10002: "the service is not available",
    10004: "this server's address is not permitted",
    10006: "the app key is missing",
    10009: "the platform is busy",
    10014: "the app has no permission for this call",
    10022: "the quota of this server's address is used up",
    10023: "the quota of the user is used up",
    10024: "the quota of the user for this call is used up",
    21314: "the access token has been used",
    21315: "the access token has expired",
    21316: "the access token has been revoked",
    21317: "the access token is refused",
    21319: "the user has withdrawn the permission",
    21327: "the access token has expired",
    21332: "the access token is not valid",
}


def code_of(value: object) -> int:
    """Return the code of an answer, a number or a text; 0 if there is none."""
    if isinstance(value, str) and len(value) <= len(str(_MAX_CODE)):
        text = value.strip()
        value = int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() and text.count("-") <= 1 else value
    if value is None:
        return 0
    return value if isinstance(value, int) and abs(value) < _MAX_CODE else UNKNOWN


def sentence(platform: str, code: int, words: str | None) -> str:
    """Return what a platform answered."""
    return f"{platform} answered {code}: {words}" if words else f"{platform} answered {code}"
