"""The registry of event types: complete, and in an order that no import changes."""

import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

from app import events
from app.events import payload
from app.events.envelope import EVENT_MODELS
from app.events.registry import PAYLOADS


@pytest.mark.parametrize("first", ["audience", "orders", "settlement", "traffic"])
def test_the_order_of_event_types_does_not_depend_on_what_is_imported_first(first: str) -> None:
    """The API document is made from it: it is the same whichever module of events a program imports first."""
    code = f"import app.events.{first}; from app.events.envelope import EVENT_MODELS; print(*EVENT_MODELS)"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert list(EVENT_MODELS) == list(PAYLOADS) == printed.split()


def test_no_module_declares_a_type_that_the_registry_lacks() -> None:
    """A module of payload classes that the registry does not name fails here."""
    for module in pkgutil.iter_modules(events.__path__):
        import_module(f"app.events.{module.name}")
    declared = {name for name, found in payload.DECLARED.items() if found.__module__.startswith("app.events.")}
    assert declared == set(PAYLOADS)
