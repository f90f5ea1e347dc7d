"""The fixtures of the ingest route's tests: two services on one database."""

from tests.pipeline.conftest import database_of_file, room, settings_of_file, stage

__all__ = ["database_of_file", "room", "settings_of_file", "stage"]
