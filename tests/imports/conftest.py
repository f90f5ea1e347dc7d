"""Fixtures of the tests of imports: the check that every event passes the envelope."""

from tests.adapters.conftest import valid

__all__ = ["valid"]
