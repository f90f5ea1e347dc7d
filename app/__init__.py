"""Tallylight: exact figures of live commerce sessions."""

__version__ = "0.1.0"
