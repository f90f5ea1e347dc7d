"""The cookie of a signed-in browser, and whether a request comes from our own page.

In: an ASGI scope. Out: a secret, a Set-Cookie header, a verdict. Never here: whom a secret names.
"""

from typing import Any

from pydantic import AnyHttpUrl

from app.api.access.addresses import Scope, TrustedProxies

_NAME = "tallylight"
_LONGEST = 4096
_MAX_AGE = 400 * 86_400
"""The longest time that browsers keep a cookie. The server ends a sign-in earlier, by its last use."""


def origin_of(url: AnyHttpUrl) -> str:
    """Return the origin of a URL, without the default port, as browsers send it."""
    default = {"http": 80, "https": 443}[url.scheme]
    port = "" if url.port in {None, default} else f":{url.port}"
    return f"{url.scheme}://{url.host}{port}"


class SignInCookie:
    """The cookie of one deployment.

    Over https its name begins with `__Host-`, or `__Secure-` below a base path: browsers then refuse to take it from another host
    or over http, so no one can plant one. Only the name that belongs to the request's scheme is read.
    """

    def __init__(self, proxies: TrustedProxies, public_url: AnyHttpUrl | None, root_path: str) -> None:
        """Use the public URL of the settings, else what the request says by the rules of the proxies."""
        self._proxies = proxies
        self._public_origin = None if public_url is None else origin_of(public_url).lower()
        self._path = root_path or "/"
        self._secure_name = f"__Secure-{_NAME}" if root_path else f"__Host-{_NAME}"

    def _is_https(self, scope: Scope, headers: dict[bytes, bytes]) -> bool:
        if self._public_origin is not None and self._public_origin.startswith("https:"):
            return True
        return self._proxies.is_https(scope, headers)

    def _name(self, scope: Scope, headers: dict[bytes, bytes]) -> str:
        return self._secure_name if self._is_https(scope, headers) else _NAME

    def secret_of(self, scope: Scope) -> str | None:
        """Return the secret of a request's cookie; None without one."""
        headers = dict(scope["headers"])
        sent = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")[:_LONGEST].decode("latin-1")
        if _NAME not in sent:
            return None
        wanted = self._name(scope, headers)
        for pair in sent.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == wanted:
                return value or None
        return None

    def header(self, scope: Scope, secret: str) -> str:
        """Return the Set-Cookie header of a secret; an empty one removes the cookie."""
        headers = dict(scope["headers"])
        secure = "; Secure" if self._is_https(scope, headers) else ""
        age = _MAX_AGE if secret else 0
        return f"{self._name(scope, headers)}={secret}; Max-Age={age}; Path={self._path}; HttpOnly; SameSite=Strict{secure}"

    def is_same_origin(self, scope: Scope) -> bool:
        """Return whether the browser says that one of our own pages sent the request."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if headers.get(b"sec-fetch-site") == b"same-origin":
            return True
        origin = headers.get(b"origin", b"").decode("latin-1").lower()
        return bool(origin) and origin in self._own_origins(scope, headers)

    def may_sign_in(self, scope: Scope) -> bool:
        """Return whether a sign-in may come from here: our own page, or a client that is no browser and names no origin."""
        headers: dict[bytes, Any] = dict(scope["headers"])
        return self.is_same_origin(scope) or not (b"origin" in headers or b"sec-fetch-site" in headers)

    def _own_origins(self, scope: Scope, headers: dict[bytes, bytes]) -> set[str]:
        # A foreign page cannot choose the Host header of a request to us, so an equal Origin is our own.
        scheme = "https" if self._is_https(scope, headers) else "http"
        own = {
            f"{scheme}://{headers.get(b'host', b'').decode('latin-1')}".lower(),
            self._proxies.base_url(scope, headers).lower(),
        }
        return own if self._public_origin is None else own | {self._public_origin}
