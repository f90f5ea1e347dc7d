"""Third-party imports of the room that may have nearly none."""

import sys

import grimp


def test_events_import_nothing_but_pydantic_and_msgspec() -> None:
    """A library that pyproject.toml does not list in the import contract would be found here all the same."""
    graph = grimp.build_graph("app", include_external_packages=True, cache_dir=None)
    rooms = {"app.events", *graph.find_descendants("app.events")}
    imported = {name.split(".")[0] for module in rooms for name in graph.find_modules_directly_imported_by(module)}
    assert {"app", "msgspec", "pydantic", "pydantic_core"} == imported - sys.stdlib_module_names
