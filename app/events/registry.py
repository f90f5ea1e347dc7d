"""The registry of event types: all payload classes by type, in one order.

In: the modules of payload classes. Out: `PAYLOADS`. Never here: I/O.

Classes declare their type when their module is imported, so the order of `DECLARED` depends on which one is imported first. The
API document, the forms and the documentation list event types in the order of the registry.
"""

from app.events import audience, benchmarks, commerce, orders, session, settlement, traffic
from app.events.payload import DECLARED, Payload

_MODULES = (session, audience, traffic, commerce, orders, settlement, benchmarks)

PAYLOADS: dict[str, type[Payload]] = {
    name: payload for module in _MODULES for name, payload in DECLARED.items() if payload.__module__ == module.__name__
}
