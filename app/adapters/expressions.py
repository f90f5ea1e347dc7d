"""JMESPath with a bound: an expression of an operator against a body of a stranger ends soon, whatever both are.

In: an expression, a parsed body, the budget of the delivery. Out: the value. Never here: what the value is for.

The language has no loops, but nested projections multiply, `[@,@][]` doubles with each pipe, and comparing or serialising what
such lists share takes as long as if it were copied. So every node that is evaluated costs a step, the time is looked at with
each, and what is built, compared or joined has a size that is checked first.

Source: jmespath.org, specification; the interpreter is jmespath's own.
"""

import time
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature
from jmespath.visitor import Options, TreeInterpreter

MAX_STEPS = 200_000
"""Evaluated nodes per delivery: a thousand items with a rule of ten fields need about a fifth."""
MAX_SECONDS = 0.25
MAX_ITEMS = 100_000
"""Members of one list, and members at all depths of a value that is compared, serialised or returned."""
MAX_CHARACTERS = 2_000_000
"""Characters of a value that is compared, serialised or returned: twice what a delivery may have."""

# What the library's evaluator is known to raise on values that an expression did not expect.
_EVALUATION_ERRORS = (
    JMESPathError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


class EvaluationFailed(ValueError):
    """An expression does not fit the body, or is too costly; the text says which, and never quotes the body."""


class TooCostly(Exception):
    """A bound was reached."""


class Budget:
    """The steps and the time that the expressions of one delivery share."""

    __slots__ = ("_deadline", "_steps")

    def __init__(self, steps: int = MAX_STEPS, seconds: float = MAX_SECONDS) -> None:
        """Begin now."""
        self._steps = steps
        self._deadline = time.monotonic() + seconds

    def spend(self) -> None:
        """Pay for one step.

        Raises:
            TooCostly: nothing is left.
        """
        self._steps -= 1
        if self._steps < 0:
            raise TooCostly(f"takes more than {MAX_STEPS} steps")
        if time.monotonic() > self._deadline:
            raise TooCostly(f"takes longer than {MAX_SECONDS} s")


def compiles(expression: str) -> bool:
    """Return whether a text is a JMESPath expression."""
    try:
        jmespath.compile(expression)
    except (JMESPathError, ValueError, RecursionError):
        return False
    return True


def search(expression: str, root: object, budget: Budget) -> Any:
    """Return what an expression finds in a value.

    Raises:
        EvaluationFailed: it does not fit the value, or reaches a bound.
    """
    try:
        found = _Interpreter(budget).visit(jmespath.compile(expression).parsed, root)
        _weigh(found)
    except TooCostly as error:
        raise EvaluationFailed(f"{expression[:80]}: {error}") from None
    except _EVALUATION_ERRORS as error:
        raise EvaluationFailed(f"{expression[:80]}: {type(error).__name__}") from None
    return found


def _weigh(*values: object) -> None:
    """Refuse values that are too large at all depths together; what is shared counts each time.

    Raises:
        TooCostly: they have more members, or more characters, than the bounds.
    """
    members = characters = 0
    pending = list(values)
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            characters += len(value)
        elif isinstance(value, list | dict):
            members += len(value)
            pending += value.values() if isinstance(value, dict) else value
        if members > MAX_ITEMS or characters > MAX_CHARACTERS:
            raise TooCostly(f"makes a value of more than {MAX_ITEMS} members or {MAX_CHARACTERS} characters")


def _count(length: int) -> None:
    if length > MAX_ITEMS:
        raise TooCostly(f"makes a list of more than {MAX_ITEMS} items")


class _Functions(Functions):
    """The language's functions; those that read a whole value look at its size first."""

    @signature({"types": []})
    def _func_to_string(self, arg: Any) -> Any:
        _weigh(arg)
        return super()._func_to_string(arg)  # type: ignore[misc]  # the stubs lack it

    @signature({"types": ["array", "string"]}, {"types": []})
    def _func_contains(self, subject: Any, search: Any) -> Any:
        _weigh(subject, search)
        return super()._func_contains(subject, search)  # type: ignore[misc]  # the stubs lack it

    @signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, separator: str, array: list[str]) -> Any:
        if sum(map(len, array)) + len(separator) * len(array) > MAX_CHARACTERS:
            raise TooCostly(f"joins more than {MAX_CHARACTERS} characters")
        return super()._func_join(separator, array)  # type: ignore[misc]  # the stubs lack it


_OPTIONS = Options(custom_functions=_Functions())


class _Interpreter(TreeInterpreter):
    """The library's interpreter, at a price."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(_OPTIONS)
        self._budget = budget

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._budget.spend()
        return super().visit(node, *args, **kwargs)

    def visit_flatten(self, node: Any, value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        _count(sum(len(item) if isinstance(item, list) else 1 for item in base))
        merged: list[Any] = []
        for item in base:
            merged.extend(item) if isinstance(item, list) else merged.append(item)
        return merged

    def visit_comparator(self, node: Any, value: Any) -> Any:
        left, right = (self.visit(child, value) for child in node["children"])
        _weigh(left, right)
        evaluated: Any = {**node, "children": [{"type": "literal", "value": found} for found in (left, right)]}
        return super().visit_comparator(evaluated, value)
