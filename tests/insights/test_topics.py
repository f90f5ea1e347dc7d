"""What comments are about, without a database."""

import pytest
from hypothesis import given, strategies as st

from app.events.fields import MAX_COMMENT
from app.insights.topics import THEMES, topics_of
from app.labels.catalogue import CATALOGUE
from app.storage.reports.insight_reads import CommentText

PRODUCTS = {"knit-01": ["ニット", "针织衫", "K1"], "knit-02": ["ニットワンピ"], "x": ["x"]}


def said(*texts: str) -> dict[tuple[str, str], int]:
    """Return topic → people, each text being another person's."""
    found = topics_of([CommentText(str(n), text) for n, text in enumerate(texts)], PRODUCTS, 1000, 100)
    return {(one.kind, one.term): one.people for one in found.topics}


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("多少钱", {("theme", "price")}),
        ("いくらですか", {("theme", "price")}),
        ("160能穿吗", {("height", "160")}),
        ("160cmのモデルさん素敵", {("height", "160"), ("theme", "model"), ("theme", "praise")}),
        ("１６０センチでも着れますか", {("height", "160")}),
        ("160元太贵", set()),
        ("1600", set()),
        ("ニットの色違いありますか", {("product", "knit-01"), ("theme", "colour")}),
        ("针织衫还有货吗", {("product", "knit-01"), ("theme", "stock")}),
        ("ニットワンピほしい", {("product", "knit-02")}),
        ("k1 please", {("product", "knit-01"), ("word", "please")}),
        ("x", set()),
        ("客服怎么不回", {("theme", "service")}),
        ("什么时候发货", {("theme", "shipping")}),
        ("面料怎么样", {("word", "面料")}),
        ("生地は何ですか", {("word", "生地")}),
        ("", set()),
        ("👍👍", set()),
    ],
)
def test_a_comment_is_about(text: str, topics: set[tuple[str, str]]) -> None:
    """Products by name and alias, heights, themes in two languages, and what is left as words."""
    found = {topic for topic in said(text) if topic[0] != "word" or topic in topics}
    assert topics == found


def test_a_person_counts_once() -> None:
    """A person who repeats a topic counts once, also with other words."""
    comments = [CommentText("a", "多少钱"), CommentText("a", "价格？"), CommentText("a", "多少钱"), CommentText("b", "いくら")]
    found = topics_of(comments, {}, 1000, 10)
    assert [("theme", "price", 2)] == list(found.topics)
    assert (4, 2, False, False) == found[1:]


def test_no_more_than_the_limit_is_read() -> None:
    """A sample says that it is one."""
    found = topics_of([CommentText(str(n), "多少钱") for n in range(9)], {}, 5, 10)
    assert (5, 5, True, False) == found[1:]
    assert 5 == found.topics[0].people


@pytest.mark.parametrize("grows", ["\ufdfa", "\u3316", "\ufb03", "\u1fb7", "\u0390"])
@pytest.mark.parametrize("first", ["か", "汉", "a"])
def test_a_character_that_normalization_multiplies_costs_no_other_comment(first: str, grows: str) -> None:
    """However long a text becomes, it is read as far as a comment may be, and all others are counted."""
    long = CommentText("a", first + grows * (MAX_COMMENT - 1))
    found = topics_of([long, CommentText("b", "多少钱")], {"X": [grows * 100]}, 1000, 50)
    assert ("theme", "price", 1) in found.topics


texts = st.sampled_from(["多少钱", "ニットかわいい", "160能穿吗", "面料怎么样", "サイズ感", "hello there"])


@given(st.lists(st.tuples(st.sampled_from("abc"), texts), max_size=12), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(comments: list[tuple[str, str]], random: object) -> None:
    """Topics are sets of people."""
    once = [CommentText(*one) for one in dict.fromkeys(comments)]
    many = [CommentText(*one) for one in comments] * 2
    random.shuffle(many)  # type: ignore[attr-defined]
    assert topics_of(once, PRODUCTS, 1000, 50).topics == topics_of(many, PRODUCTS, 1000, 50).topics


def test_every_theme_has_a_name() -> None:
    """In all three languages."""
    assert {f"topic.{theme}" for theme in THEMES} <= CATALOGUE.keys()
