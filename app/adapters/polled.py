"""Adapters of platforms that push nothing: their figures are asked for.

In: a delivery that no platform of this kind sends. Out: its refusal. Never here: the calls and the reading of their answers.
"""

from typing import NoReturn

from app.adapters.protocol import Context, Delivery, Options, Parsed, Refused, Secrets, Verified


def refuse_deliveries(delivery: Delivery, secrets: Secrets, options: Options, /) -> NoReturn:
    """Refuse a delivery: the platform pushes nothing.

    Raises:
        Refused: 405.
    """
    del delivery, secrets, options
    raise Refused(405, "this kind of connection is polled; it takes no deliveries")


def no_events(verified: Verified, context: Context, /) -> Parsed:
    """Return nothing: no delivery is ever verified."""
    del verified, context
    return Parsed()
