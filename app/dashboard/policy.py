"""Headers that every page of the dashboard has.

In: nothing. Out: the content security policy and its companions. Never here: routes.

The policy allows no other hosts, no inline scripts and no `eval`. Trusted Types block assignments of strings to HTML sinks. The
only exception is the empty string, which Vega uses to clear its container.
"""

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types default"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
}
