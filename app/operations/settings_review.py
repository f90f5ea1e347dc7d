"""Settings that deserve a look.

In: settings. Out: the codes of what deserves it. Never here: values of secrets; wrong settings, which are refused.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network

from app.extras import is_installed
from app.observability import tracing
from app.settings import Settings, names


def review(settings: Settings, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Yield a code for each setting that deserves a look, as `system.settings.<code>` words it."""
    public = not _is_loopback(settings.host)
    if public and settings.public_url is None:
        yield "public_url"
    if (
        settings.public_url is not None
        and settings.public_url.scheme != "https"
        and not _is_loopback(settings.public_url.host or "")
    ):
        yield "https"
    if settings.metrics == "open" and public:
        yield "metrics"
    if settings.bootstrap_admin_key is not None:
        yield "bootstrap_admin_key"
    if settings.secret_key_previous is not None:
        yield "secret_key_previous"
    if "*" in names(settings.cors_origins):
        yield "cors_origins"
    if any(ip_network(proxy, strict=False).prefixlen == 0 for proxy in names(settings.trusted_proxies)):
        yield "trusted_proxies"
    if settings.api_base_allow:
        yield "api_base_allow"
    if settings.secret_key is None and _is_readable_by_others(settings):
        yield "secret_key_file"
    yield from _tracing(environment)


def _tracing(environment: Mapping[str, str]) -> Iterator[str]:
    if tracing.wanted(environment) and not is_installed("tracing"):
        yield "tracing"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _is_readable_by_others(settings: Settings) -> bool:
    try:
        mode = (settings.data_dir / "secret.key").stat().st_mode
    except OSError:
        return False
    return bool(mode & (stat.S_IRWXG | stat.S_IRWXO))
