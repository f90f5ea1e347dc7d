"""JMESPath with a bound: an expression of an operator against a body of a stranger ends soon, whatever both are.

In: an expression, a parsed body, the budget of the delivery. Out: the value. Never here: what the value is for.

The language has no loops, but nested projections multiply, `[@,@][]` doubles with each pipe, and comparing or serialising what
such lists share takes as long as if it were copied. So every node that is evaluated costs a step, and so do a few members of what
is compared, copied or handed to a function; the size of what is built is checked first. Steps do not depend on the machine: what
one process accepts, all do.

Source: jmespath.org, specification; the interpreter is jmespath's own.
"""

from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.visitor import TreeInterpreter

MAX_STEPS = 100_000
"""Steps per delivery: a thousand items with a rule of ten fields need about 40,000."""
MAX_ITEMS = 50_000
"""Members of one list, and members at all depths of a value that is compared, serialised or returned."""
MAX_CHARACTERS = 2_000_000
"""Characters of a value that is compared, serialised or returned: twice what a delivery may have."""
_MEMBERS_PER_STEP = 8
_CHARACTERS_PER_STEP = 256

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
    """The steps that the expressions of one delivery share."""

    __slots__ = ("left",)

    def __init__(self, steps: int = MAX_STEPS) -> None:
        """Begin with all steps."""
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Pay.

        Raises:
            TooCostly: not enough is left.
        """
        self.left -= steps
        if self.left < 0:
            raise TooCostly(f"takes more than {MAX_STEPS} steps")


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
        _weigh(budget, found)
    except TooCostly as error:
        raise EvaluationFailed(f"{expression[:80]}: {error}") from None
    except _EVALUATION_ERRORS as error:
        raise EvaluationFailed(f"{expression[:80]}: {type(error).__name__}") from None
    return found


def _weigh(budget: Budget, *values: object) -> None:
    """Pay for values that are read at all depths together; what is shared counts each time.

    Raises:
        TooCostly: they have more members, or more characters, than the bounds or the budget.
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
    budget.spend(members // _MEMBERS_PER_STEP + characters // _CHARACTERS_PER_STEP)


_WHOLE = frozenset(("contains", "to_string"))
"""The functions that read their arguments at all depths."""


class _Interpreter(TreeInterpreter):
    """The library's interpreter, which takes steps from the budget for each node."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self._budget = budget

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._budget.spend()
        return super().visit(node, *args, **kwargs)

    def visit_flatten(self, node: Any, value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        length = sum(len(item) if isinstance(item, list) else 1 for item in base)
        if length > MAX_ITEMS:
            raise TooCostly(f"makes a list of more than {MAX_ITEMS} items")
        self._budget.spend((length + len(base)) // _MEMBERS_PER_STEP)
        merged: list[Any] = []
        for item in base:
            merged.extend(item) if isinstance(item, list) else merged.append(item)
        return merged

    def visit_slice(self, node: Any, value: Any) -> Any:
        if isinstance(value, list):
            self._budget.spend(len(value) // _MEMBERS_PER_STEP)
        return super().visit_slice(node, value)

    def visit_comparator(self, node: Any, value: Any) -> Any:
        left, right = (self.visit(child, value) for child in node["children"])
        _weigh(self._budget, left, right)
        return super().visit_comparator(_with(node, left, right), value)

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        found = [self.visit(child, value) for child in node["children"]]
        if node["value"] in _WHOLE:
            _weigh(self._budget, *found)
        lists = sum(len(one) for one in found if isinstance(one, list | dict))
        texts = sum(len(one) for one in found if isinstance(one, str))
        if node["value"] == "join" and len(found) == 2 and isinstance(found[1], list):
            texts = sum(len(one) for one in found[1] if isinstance(one, str)) + texts * len(found[1])
            if texts > MAX_CHARACTERS:
                raise TooCostly(f"joins more than {MAX_CHARACTERS} characters")
        # The library checks the type of each member, in Python.
        self._budget.spend(lists + texts // _CHARACTERS_PER_STEP)
        return super().visit_function_expression(_with(node, *found), value)


def _with(node: Any, *values: object) -> Any:
    """Return a node whose children are known already."""
    return {**node, "children": [{"type": "literal", "value": value, "children": []} for value in values]}
