"""The language of an answer: `?lang=`, else the best of Accept-Language, else Japanese.

In: a query parameter and a header. Out: one of the catalogue's languages. Never here: texts.
"""

from functools import lru_cache
from typing import Annotated

from fastapi import Depends, Header, Query, Request

from app.labels.catalogue import DEFAULT_LANGUAGE, LANGUAGES, Language
from app.problems import invalid

_LONGEST = 500


@lru_cache(maxsize=256)
def preferred(accept_language: str) -> Language:
    """Return the known language with the highest weight (RFC 9110, section 12.5.4); Japanese if none is known.

    >>> preferred("fr, zh-CN;q=0.9, en;q=0.8")
    'zh'
    """
    best, best_weight = DEFAULT_LANGUAGE, 0.0
    for part in accept_language.split(","):
        tag, _, parameter = part.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        try:
            weight = float(parameter.partition("=")[2]) if parameter.strip() else 1.0
        except ValueError:
            continue
        for language in LANGUAGES:
            if language == primary and weight > best_weight:
                best, best_weight = language, weight
    return best


async def get_language(
    lang: Annotated[Language | None, Query(description="language of labels and messages; wins over Accept-Language")] = None,
    accept_language: Annotated[str | None, Header(description="used if `lang` is absent; Japanese by default")] = None,
) -> Language:
    """Return the language to answer in."""
    if lang is not None:
        return lang
    return preferred(accept_language[:_LONGEST]) if accept_language else DEFAULT_LANGUAGE


AnswerLanguage = Annotated[Language, Depends(get_language)]


def language_of(request: Request) -> Language:
    """Return the language of a hot route, which reads its request itself.

    Raises:
        ProblemError: 422 at `/lang` for an unknown language.
    """
    if request.scope["query_string"]:
        lang = request.query_params.get("lang")
        if lang is not None:
            for known in LANGUAGES:
                if lang == known:
                    return known
            raise invalid("/lang", f"must be one of {', '.join(LANGUAGES)}", "literal_error", expected=", ".join(LANGUAGES))
    accept_language = request.headers.get("accept-language")
    return preferred(accept_language[:_LONGEST]) if accept_language else DEFAULT_LANGUAGE
