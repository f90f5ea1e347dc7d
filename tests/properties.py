"""How many examples a property test tries, and how they are chosen.

In: FUZZ_EXAMPLES, which `make fuzz` sets; TALLYLIGHT_FAULTS, which `make test-all` sets. Out: a decorator for property tests.
Never here: strategies, assertions.

`make test` tries the same examples every time, so that a failure belongs to the change that is tested: hundreds where they are
only computed, about a dozen where each needs the database. `make test-all` tries eight times as many. `make fuzz` tries new ones
each time and prints, for a failure, the `@reproduce_failure` line that repeats it.
"""

import os
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings

FUZZ_EXAMPLES = os.environ.get("FUZZ_EXAMPLES")
_TIMES = 8 if os.environ.get("TALLYLIGHT_FAULTS") == "full" else 1

Test = TypeVar("Test", bound=Callable[..., object])


def examples(count: int) -> Callable[[Test], Test]:
    """Try `count` fixed examples, under `make test-all` eight times as many; under `make fuzz` as many new ones as FUZZ_EXAMPLES says."""
    chosen = settings(
        max_examples=int(FUZZ_EXAMPLES) if FUZZ_EXAMPLES else count * _TIMES,
        derandomize=not FUZZ_EXAMPLES,
        phases=[Phase.generate, Phase.shrink] if FUZZ_EXAMPLES else [Phase.generate],
        print_blob=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )

    def decorated(test: Test) -> Test:
        return pytest.mark.property(chosen(test))  # type: ignore[no-any-return]  # the mark returns what it is given

    return decorated
