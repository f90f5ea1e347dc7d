"""Languages as cases of a test.

In: nothing. Out: a decorator. Never here: labels.
"""

import pytest

from app.labels.catalogue import LANGUAGES

FIRST = LANGUAGES[0]

first_language_else_long = pytest.mark.parametrize(
    "language", [FIRST, *(pytest.param(other, marks=pytest.mark.long) for other in LANGUAGES if other != FIRST)]
)
"""One case in `make test`; the other languages, of which nothing but the words differs, in `make test-all`."""
