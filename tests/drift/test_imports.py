"""Third-party imports of the package that may have very few."""

import sys

import grimp


def test_events_import_nothing_but_pydantic_and_msgspec() -> None:
    """This test also finds libraries that the import contract in pyproject.toml does not list."""
    graph = grimp.build_graph("app", include_external_packages=True, cache_dir=None)
    rooms = {"app.events", *graph.find_descendants("app.events")}
    imported = {name.split(".")[0] for module in rooms for name in graph.find_modules_directly_imported_by(module)}
    assert {"app", "msgspec", "pydantic", "pydantic_core"} == imported - sys.stdlib_module_names
