"""Which language a text is written in; says nothing rather than something wrong."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# Scripts that one of our languages alone writes, or that a list of languages shares.
_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")
_HAN = regex.compile(r"\p{Han}")
_HANGUL = regex.compile(r"\p{Hangul}")
_LATIN = [
    "en",
    "de",
    "fr",
    "es",
    "pt",
    "it",
    "nl",
    "sv",
    "da",
    "nb",
    "fi",
    "pl",
    "cs",
    "sk",
    "hu",
    "ro",
    "hr",
    "sl",
] + ["tr", "vi", "id", "ms", "ca", "et", "lv", "lt", "sq"]
_SCRIPTS = (
    (regex.compile(r"\p{Latin}"), _LATIN),
    (regex.compile(r"\p{Cyrillic}"), ["ru", "uk", "bg", "sr", "be", "mk", "kk"]),
    (regex.compile(r"\p{Arabic}"), ["ar", "fa", "ur"]),
    (regex.compile(r"\p{Devanagari}"), ["hi", "mr", "ne"]),
    (regex.compile(r"\p{Greek}"), ["el"]),
    (regex.compile(r"\p{Hebrew}"), ["he"]),
    (regex.compile(r"\p{Thai}"), ["th"]),
    (regex.compile(r"\p{Bengali}"), ["bn"]),
    (regex.compile(r"\p{Tamil}"), ["ta"]),
)
_NOISE = regex.compile(r"https?://\S+|www\.\S+|[@＠][\w@.]+|[\w.+-]+@[\w-]+\.\w+|\b\S+\.(?:com|org|net|io|cn)\S*")
_WORD = regex.compile(r"[\p{L}\p{M}'’]+")
# What the site expects before it reads: without it "hello" is Breton. Measured on the demo town (docs/experiments.md).
PRIOR = {"en": 8.0, "ru": 3.0}
LEAST_SURE = 0.60  # posterior below which nothing is said
LEAST_LETTERS = 2


def language_of(text: str) -> str:
    """BCP 47 tag such as "en" or "zh"; "" when it cannot be told: no letters, too few, or a mix.

    The script decides where it can (Chinese, Japanese, Korean); within a script py3langid does (Lui and Baldwin 2012),
    among the languages of that script only. A Chinese character counts as much as a word.
    """
    text = _NOISE.sub(" ", text)
    kana, han, hangul = (len(script.findall(text)) for script in (_KANA, _HAN, _HANGUL))
    words = _WORD.findall(_HANGUL.sub(" ", _HAN.sub(" ", _KANA.sub(" ", text))))
    if han + kana + hangul >= max(len(words), 1):
        if hangul > han + kana:
            return "ko"
        return "ja" if kana * 8 >= han + kana else "zh"
    return _alphabetic(words)


def _alphabetic(words: list[str]) -> str:
    joined = " ".join(words)
    if len(joined.replace(" ", "")) < LEAST_LETTERS:
        return ""
    counts = [(len(script.findall(joined)), languages) for script, languages in _SCRIPTS]
    most, languages = max(counts, key=lambda count: count[0])
    if most == 0:
        return ""
    if len(languages) == 1:
        return languages[0]
    ranked = _identifier(tuple(languages)).rank(joined.lower())
    weights = {name: probability * PRIOR.get(name, 1.0) for name, probability in ranked}
    best = max(weights, key=lambda name: weights[name])
    return best if weights[best] / sum(weights.values()) >= LEAST_SURE else ""


@lru_cache(maxsize=8)
def _identifier(languages: tuple[str, ...]) -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # half a second: at the first text, not at the start

    found = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    found.set_languages([name for name in languages if name in found.labels] or None)
    return found
