"""Labels keep the notation of docs/reference/glossary.md: characters of their language, its punctuation, the same kind of sentence."""

import re

import pytest

from app.labels.catalogue import CATALOGUE, Language

CJK = "\u3041-\u30ff\u4e00-\u9fff"
GAP = re.compile(r"{\w+}")
COUNTS = re.compile(
    r"{(?:attempts|clicks|comments|count|days|entries|events|exits|failed|hours|jobs|lost|minutes|minutes_left|most|number|orders"
    r"|orders_without_buyer|peak|percent|position|products|seconds|stock|succeeded|units|units_recent|viewers)}"
)
TIGHT = ("insight.", "chart.", "effect.")
"""Running text and narrow cells of the report, which the results sheet prints without spaces."""


def _not_encoded(text: str, encoding: str) -> list[str]:
    return [sign for sign in text if "\u4e00" <= sign <= "\u9fff" and not sign.encode(encoding, "ignore")]


def _breaking(language: Language, pattern: str) -> dict[str, str]:
    # A gap counts as one Latin character.
    return {key: text for key, texts in CATALOGUE.items() if re.search(pattern, GAP.sub("X", text := texts[language]))}


def test_chinese_is_simplified_and_without_kana() -> None:
    """Every Chinese character is one of GB 2312, and no Japanese syllable is left."""
    texts = {key: texts["zh"] for key, texts in CATALOGUE.items()}
    assert {} == {key: text for key, text in texts.items() if _not_encoded(text, "gb2312") or re.search("[\u3041-\u30ff]", text)}
    assert {} == _breaking("zh", "你")


def test_japanese_has_no_characters_of_chinese() -> None:
    """Every Chinese character is one of JIS X 0208; only a word of a platform's own screen, in brackets, may have others."""
    texts = {key: re.sub("「[^」]*」", "", texts["ja"]) for key, texts in CATALOGUE.items()}
    assert {} == {key: text for key, text in texts.items() if _not_encoded(text, "shift_jis")}


@pytest.mark.parametrize("language", ["ja", "zh"])
def test_punctuation_is_of_full_width_and_latin_is_of_half_width(language: Language) -> None:
    """Beside a character of the language no half-width sign, nowhere a full-width Latin character, digit or percent sign; one wave dash."""
    assert {} == _breaking(language, rf"[{CJK}][,;:!?()]|[,;!?()][{CJK}]|[X{CJK}][,:;]( |$)")
    assert {} == _breaking(language, "[\uff05\uff5e\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]|\\.\\.\\.")


@pytest.mark.parametrize("language", ["ja", "zh"])
@pytest.mark.parametrize(("english", "translated"), [("?", "？"), (".", "。")])
def test_a_question_is_a_question_and_a_sentence_ends_like_one(language: Language, english: str, translated: str) -> None:
    """In each language the same labels ask, and the same ones end with a full stop."""
    found = {
        key: texts[language]
        for key, texts in CATALOGUE.items()
        if (english in texts["en"] if english == "?" else texts["en"].rstrip().endswith("."))
        != (translated in texts[language] if english == "?" else texts[language].endswith("。"))
    }
    assert {} == found


def test_counts_stand_apart_in_chinese_and_close_in_japanese() -> None:
    """`{count} 条` and `{count}件`: a space on no side in Japanese, on both in Chinese beside a character."""
    chinese = {key: texts["zh"] for key, texts in CATALOGUE.items() if not key.startswith(TIGHT)}
    beside = re.compile(rf"[\u4e00-\u9fff]{COUNTS.pattern}|{COUNTS.pattern}[\u4e00-\u9fff]")
    assert {} == {key: text for key, text in chinese.items() if beside.search(text)}
    counter = re.compile(rf"{COUNTS.pattern} (?:件|点|回|人|個|行|分|秒|日|時間|版|番目|か月)")
    assert {} == {key: texts["ja"] for key, texts in CATALOGUE.items() if counter.search(texts["ja"])}
