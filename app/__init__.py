"""Tallylight: the numbers of live commerce, counted while the show runs."""

__version__ = "0.1.0"
