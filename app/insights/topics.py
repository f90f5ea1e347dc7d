"""Topics of comments: themes, products, body heights, and frequent words.

In: texts of comments with pseudonyms of their authors. Out: topics, counted in people. Never here: ids of people, I/O
except loading the dictionaries.

A person counts once per topic. Japanese is segmented by SudachiPy, Chinese by jieba, which are the extra `words`: without it
words of these languages are left out, but themes, products and heights are counted. The dictionaries take tens of
megabytes and are loaded with the first comment. Call this module outside the event loop.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from app.events.fields import MAX_COMMENT
from app.extras import is_installed
from app.storage.reports.insight_reads import CommentText

if TYPE_CHECKING:
    from rjieba import Jieba
    from sudachipy import Tokenizer

THEMES: Mapping[str, str] = {
    "price": r"多少钱|几钱|什么价|价格|怎么卖|いくら|値段|価格|how much|price",
    "discount": r"优惠|打折|折扣|便宜点|满减|割引|クーポン|セール|discount|coupon",
    "size": r"尺码|尺寸|什么码|多大码|偏大|偏小|[smlx]+码|サイズ|size",
    "colour": r"颜色|色号|有别的色|色違い|カラー|何色|colou?r",
    "stock": r"还有货|有货|没货|库存|补货|售罄|在庫|再入荷|売り切れ|in stock|restock",
    "shipping": r"发货|快递|物流|几天到|什么时候到|発送|配送|いつ届|送料|shipping|delivery",
    "service": r"客服(?:怎么)?(?:还)?(?:不回复?|没人|不理人)?|不回复|カスタマー|問い合わせ|返信|customer service",
    "model": r"模特|モデル(?:さん)?|model",
    "praise": r"好+看|漂亮|好美|かわいい|可愛い|素敵|きれい|綺麗|pretty|cute|lovely|beautiful",
}
"""Theme → pattern of the words for it."""

HEIGHT = re.compile(r"(?<![\d.,])(1[4-9]\d)\s*(?:cm|センチ|厘米|公分)?(?![\d.,]*(?:\d|元|块|円|%|rmb))")
"""A height in centimetres, with or without a unit (`160能穿吗`), but not a price."""
SHORTEST = 2
"""The fewest characters of a word."""

_THEMES = {theme: re.compile(pattern) for theme, pattern in THEMES.items()}
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_WORD = re.compile(r"[a-z][a-z'-]+")
_CHINESE = ("n", "v", "a", "z")
"""Tags of nouns, verbs, adjectives, states."""
_JAPANESE = {("名詞", "普通名詞"), ("名詞", "固有名詞"), ("形容詞", "一般"), ("形状詞", "一般")}
_STOP = frozenset(
    re.findall(
        r"\S+",
        """
        可以 还有 没有 现在 时候 知道 主播 直播 这个 那个 想要 看看 不是 就是 感觉 真的
        谢谢 起来 出来 需要 请问 看一下 一下 不会 应该
        こと もの ため これ それ とき ところ 今日 自分 感じ みたい
        the and you for this that with are can what how have not is it
        """,
    )
)
"""Words without a relation to products."""

_lock = Lock()


class Topic(NamedTuple):
    """A topic, and the number of people who mentioned it."""

    kind: str
    """theme, product, height or word."""
    term: str
    """The theme's slug, the product's code, the centimetres, or the word."""
    people: int


class Topics(NamedTuple):
    """The topics of a sample of comments."""

    topics: Sequence[Topic]
    comments: int
    people: int
    sampled: bool
    """True if there were more comments than were read."""
    words_left_out: bool = False
    """True if words of Japanese and Chinese could not be found, so that none is among the topics."""


def topics_of(comments: Sequence[CommentText], products: Mapping[str, Iterable[str]], limit: int, most: int) -> Topics:
    """Return the topics that most people mentioned, at most `most`.

    Args:
        comments: pseudonym and text.
        limit: how many of the comments to read.
        products: code → names and aliases.
        most: how many topics to return.
    """
    people: dict[tuple[str, str], set[str]] = defaultdict(set)
    segments = is_installed("words")
    read = comments[:limit]
    texts = [_normalized(text) for _, text in read]
    # Each comment is searched for each name, so names that occur in no comment are left out first.
    everything = "\n".join(texts)
    names = [(name, code) for name, code in _names(products) if name in everything]
    for (person, _), text in zip(read, texts, strict=True):
        for topic in _topics_in(text, names, segments=segments):
            people[topic].add(person)
    ordered = sorted(people.items(), key=lambda entry: (-len(entry[1]), entry[0]))
    return Topics(
        [Topic(kind, term, len(people)) for (kind, term), people in islice(ordered, most)],
        len(read),
        len({person for person, _ in read}),
        len(comments) > limit,
        not segments,
    )


def _normalized(text: str) -> str:
    # One character may become 18: the tokenizers take no text of any length, so what grows is cut where a comment is.
    return unicodedata.normalize("NFKC", text).casefold()[:MAX_COMMENT]


def _names(products: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    """Return (name, code), the longest name first: a long name may contain a short one."""
    found = {(_normalized(name), code) for code, names in products.items() for name in names if len(name) >= SHORTEST}
    return sorted(found, key=lambda entry: (-len(entry[0]), entry))


def _topics_in(text: str, names: Sequence[tuple[str, str]], *, segments: bool) -> Iterator[tuple[str, str]]:
    """Yield (kind, term) of one comment; the text of one topic is not counted again as a word."""
    for name, code in names:
        if name in text:
            yield "product", code
            text = text.replace(name, " ")
    for match in HEIGHT.finditer(text):
        yield "height", match[1]
    text = HEIGHT.sub(" ", text)
    for theme, pattern in _THEMES.items():
        if pattern.search(text):
            yield "theme", theme
            text = pattern.sub(" ", text)
    for word in _words(text, segments=segments):
        if len(word) >= SHORTEST and word not in _STOP:
            yield "word", word


def _words(text: str, *, segments: bool) -> Iterator[str]:
    """Yield nouns, verbs and adjectives. Kana mark Japanese, Han characters alone Chinese."""
    if not segments and (_KANA.search(text) or _HAN.search(text)):
        return
    if _KANA.search(text):
        with _lock:
            found = [(m.dictionary_form(), m.part_of_speech()[:2]) for m in _sudachi().tokenize(text)]
        yield from (word for word, tags in found if tuple(tags) in _JAPANESE)
    elif _HAN.search(text):
        yield from (word for word, tag in _jieba().tag(text) if tag.startswith(_CHINESE) and _HAN.search(word))
    else:
        yield from _WORD.findall(text)


@cache
def _sudachi() -> "Tokenizer":
    # Imported here: a deployment that stores no comments needs no dictionary.
    from sudachipy import Dictionary  # noqa: PLC0415

    return Dictionary(dict="small").tokenizer()


@cache
def _jieba() -> "Jieba":
    from rjieba import Jieba  # noqa: PLC0415

    return Jieba()
