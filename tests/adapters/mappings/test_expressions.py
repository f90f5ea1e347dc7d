"""Bounded JMESPath: the same answers as the library's, or a refusal within the bounds."""

from typing import Any

import jmespath
import pytest
from hypothesis import given, strategies as st

from app.adapters.mappings.expressions import MAX_ITEMS, MAX_STEPS, Budget, EvaluationFailed, compiles, search
from tests.properties import examples

BODY: dict[str, Any] = {
    "a": list(range(3000)),
    "s": "x" * 900_000,
    "items": [{"n": number, "t": ["p", "q"], "price": "10.50"} for number in range(5000)],
}
SMALL: dict[str, Any] = {
    "a": [3, 1, 2],
    "items": [{"n": 1, "t": ["p"]}, {"n": 2, "t": None}],
    "s": "x",
    "o": {"k": [[1], [2, [3]]]},
}
EXPRESSIONS = (
    "a", "a[0]", "a[-1]", "a[1:]", "items[*].n", "items[?n > `1`].t", "items[].t[]", "o.k[]", "o.k[][]", "o.*", "sort(a)", "length(items)",
    "join('-', [s, s])", "to_string(o)", "contains(a, `3`)", "max_by(items, &n).n", "map(&n, items)", "[a, s]", "{x: a[0], y: o}", "a == a",
    "items[0] == items[1]", "s && a", "!s", "nothing || s", "merge(o, {z: s})", "keys(o)", "not_null(nothing, s)", "@", '`{"a": 1}`.a',
)  # fmt: skip

COSTLY = {
    "doubling by flattening": "|".join(["[@,@][]"] * 25),
    "sharing, then serialising": "|".join(["[@,@]"] * 40) + "|to_string(@)",
    "sharing, then comparing": "|".join(["[@,@]"] * 40) + "|@ == [`1`]",
    "sharing, then searching": "|".join(["[@,@]"] * 40) + "|contains(@, `1`)",
    "sharing, then returning": "|".join(["[@,@]"] * 40),
    "joining one long text many times": "join('', [" + ",".join(["s"] * 200) + "])",
    "returning one long text many times": "[" + ",".join(["s"] * 200) + "]",
    "flattening a wide list of long lists": "[" + ",".join(["a"] * 200) + "][] | [" + ",".join(["@"] * 200) + "][]",
    "projecting a product": "items[*].[" + ",".join(["t[*]", "[n, t]"] * 30) + "] | [*].[*].[*]",
    "sorting a list many times": "[" + ",".join(["sort(a)[0]"] * 60) + "]",
    "copying a list many times": "[" + ",".join(["a[::-1][0]"] * 300) + "]",
    "searching a long text many times": "[" + ",".join(["contains(s, 'xy')"] * 40) + "]",
    "reading a long text as a number many times": "[" + ",".join(["to_number(s)"] * 40) + "]",
    "filtering every item by everything": "[" + ",".join(["items[?contains(to_string(@), '9')]"] * 20) + "]",
}


@pytest.mark.parametrize("name", COSTLY)
def test_a_costly_expression_is_refused(name: str) -> None:
    """However little text it takes: within the steps of a delivery, and one list more at most."""
    budget = Budget()
    with pytest.raises(EvaluationFailed, match=r"more than|RecursionError"):
        search(COSTLY[name], BODY, budget)
    assert MAX_STEPS - budget.left <= MAX_STEPS + MAX_ITEMS


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_ordinary_expression_finds_what_the_library_finds(expression: str) -> None:
    """The bound changes no answer."""
    assert jmespath.search(expression, SMALL) == search(expression, SMALL, Budget())


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(("", "a", "1")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("a", "items", "n", "t", "o", "k", "s")), inner, max_size=3)
    ),
    max_leaves=12,
)


@examples(100)
@given(expression=st.sampled_from(EXPRESSIONS), body=_JSON)
def test_any_body_gives_what_the_library_gives(expression: str, body: Any) -> None:
    """Where the library raises, the answer is `EvaluationFailed` and nothing else."""
    try:
        expected = jmespath.search(expression, body)
    except Exception:  # noqa: BLE001 - the library raises many kinds
        with pytest.raises(EvaluationFailed):
            search(expression, body, Budget())
    else:
        assert expected == search(expression, body, Budget())


def test_the_expressions_of_a_delivery_share_one_budget() -> None:
    """Many cheap expressions cost as much as one that is costly."""
    budget = Budget(steps=10_000)
    body = {"a": [1] * 200}
    for _ in range(40):
        search("a[*]", body, budget)
    with pytest.raises(EvaluationFailed, match="steps"):
        search("[" + ",".join(["a[*]"] * 20) + "]", body, budget)


def test_an_error_quotes_no_body() -> None:
    """What failed is named by the expression and the kind of error."""
    with pytest.raises(EvaluationFailed) as error:
        search("sum(a)", {"a": ["o9hHn5-secret"]}, Budget())
    assert "sum(a): JMESPathTypeError" == str(error.value)


@pytest.mark.parametrize(
    ("expression", "right"), [("a.b", True), ("a..b", False), ("[" * 900, False), ("a[?", False), ("a[?b]", True)]
)
def test_an_expression_is_checked_when_it_is_saved(expression: str, right: bool) -> None:
    """What does not compile is never evaluated."""
    assert right is compiles(expression)
