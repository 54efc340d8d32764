"""Typed text in, safe HTML, mentions, hashtags and search words out. Pure: it knows no table and no request."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from html import escape
from urllib.parse import quote

import nh3
import regex
from linkify_it import LinkifyIt

MENTION = re.compile(r"(?<![\w@/])@([a-z0-9_]{2,30})(?![\w@])", re.IGNORECASE | re.ASCII)
# A hashtag needs at least one letter; digits and underscores may join in. `#` in a URL or `C#` is none.
HASHTAG = regex.compile(r"(?<![\w/&#])[#＃]([\w·]{1,60})(?!\w)")
_HAS_LETTER = regex.compile(r"\p{L}")
_CONTROL = regex.compile(r"[\p{Cc}--[\n\t]]", regex.V1)
# Invisible marks that reorder, hide or pad text. The joiners U+200C/U+200D stay: emoji and several scripts need them.
_INVISIBLE = regex.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\u00ad\ufff9-\ufffb]")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*){2,}")
_VISIBLE = regex.compile(r"[^\s\p{C}\p{M}\u115f\u1160\u3164\uffa0\u2800]")
_WORD = regex.compile(r"[\p{L}\p{N}_][\p{L}\p{N}\p{M}_'’]*")
_CJK = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]+")
_MARKS = regex.compile(r"\p{M}{5,}")
_linkify = LinkifyIt().set({"fuzzy_email": False})


def clean(text: str) -> str:
    """The text as it is stored: NFC, no control or invisible reordering characters, at most one blank line in a row."""
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    text = _INVISIBLE.sub("", _CONTROL.sub("", text))
    text = _MARKS.sub(lambda run: run.group()[:4], text)  # towers of combining marks
    return _BLANK_LINES.sub("\n\n", text).strip()


def is_blank(text: str) -> bool:
    """Whether nothing of it can be seen."""
    return _VISIBLE.search(text) is None


def length(text: str) -> int:
    """Characters as people count them: extended grapheme clusters (Unicode annex 29)."""
    return len(regex.findall(r"\X", text))


def mentions(text: str) -> list[str]:
    """Handles in the order of first mention, in small letters, without repeats."""
    return list(dict.fromkeys(found.lower() for found in MENTION.findall(_without_links(text))))


def hashtags(text: str) -> list[str]:
    """Hashtags as typed, in the order of first use, without repeats (whatever the case)."""
    found: dict[str, str] = {}
    for tag in HASHTAG.findall(_without_links(text)):
        if _HAS_LETTER.search(tag):
            found.setdefault(topic_name(tag), tag)
    return list(found.values())


def topic_name(tag: str) -> str:
    """The one name under which a hashtag is stored: NFKC, casefolded, without control characters (no NUL)."""
    return _CONTROL.sub("", unicodedata.normalize("NFKC", tag)).casefold().strip("#＃")[:60]


def _without_links(text: str) -> str:
    for link in reversed(_linkify.match(text) or []):
        text = text[: link.index] + " " * (link.last_index - link.index) + text[link.last_index :]
    return text


def render(text: str, known_people: Iterable[str] = ()) -> str:
    """Safe HTML of a post: paragraphs, line breaks, links, hashtags, and mentions of `known_people` (handles)."""
    people = set(known_people)
    pieces: list[str] = []
    at = 0
    for link in _linkify.match(text) or []:
        if link.schema not in ("", "http:", "https:"):
            continue
        pieces.append(_render_words(text[at : link.index], people))
        pieces.append(_anchor(link.url, _shorten(link.text)))
        at = link.last_index
    pieces.append(_render_words(text[at:], people))
    paragraphs = re.split(r"\n{2,}", "".join(pieces))
    html = "".join(f"<p>{paragraph.replace(chr(10), '<br>')}</p>" for paragraph in paragraphs if paragraph)
    return nh3.clean(
        html,
        tags={"p", "br", "a"},
        attributes={"a": {"href", "class", "dir"}},
        url_schemes={"http", "https"},
        link_rel="nofollow noopener ugc",
    )


def _anchor(url: str, shown: str, css: str = "link") -> str:
    return f'<a class="{css}" href="{escape(url, quote=True)}">{escape(shown)}</a>'


def _shorten(link: str, most: int = 48) -> str:
    link = re.sub(r"^https?://(www\.)?", "", link)
    return link if len(link) <= most else link[: most - 1] + "…"


def _render_words(text: str, people: set[str]) -> str:
    def replace(pattern: re.Pattern[str], make: Callable[[str, str], str], source: list[tuple[bool, str]]) -> list:
        answer: list[tuple[bool, str]] = []
        for done, piece in source:
            if done:
                answer.append((done, piece))
                continue
            at = 0
            for found in pattern.finditer(piece):
                made = make(found.group(0), found.group(1))
                if made:
                    answer += [(False, piece[at : found.start()]), (True, made)]
                    at = found.end()
            answer.append((False, piece[at:]))
        return answer

    def mention(shown: str, name: str) -> str:
        return _anchor(f"/@{name.lower()}", shown, "mention") if name.lower() in people else ""

    def hashtag(shown: str, tag: str) -> str:
        return _anchor(f"/topics/{quote(topic_name(tag))}", shown, "hashtag") if _HAS_LETTER.search(tag) else ""

    pieces = replace(MENTION, mention, [(False, text)])
    pieces = replace(HASHTAG, hashtag, pieces)
    return "".join(piece if done else escape(piece) for done, piece in pieces)


def search_terms(text: str, most: int = 600) -> list[str]:
    """Words for the keyword index: casefolded words, and overlapping pairs of Chinese or Japanese characters.

    PostgreSQL's own parsers do not cut Chinese; pairs (as in Lucene's CJKAnalyzer) find every word of two or more.
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    terms: list[str] = []
    for run in _CJK.findall(text):
        terms += [run[i : i + 2] for i in range(len(run) - 1)] or [run]
        terms.append(run[-1])
    terms += [word[:100] for word in _WORD.findall(_CJK.sub(" ", text))]
    return list(dict.fromkeys(terms))[:most]


def search_query(text: str) -> str:
    """A `tsquery` that wants every term of `text`, words also as beginnings; empty where nothing can be sought."""
    text = unicodedata.normalize("NFKC", text).casefold()
    parts: list[str] = []
    for run in _CJK.findall(text):
        parts += [_quoted(run[i : i + 2]) for i in range(len(run) - 1)] or [_quoted(run) + ":*"]
    words = _WORD.findall(_CJK.sub(" ", text))
    parts += [_quoted(word[:100]) + ":*" for word in words]
    return " & ".join(list(dict.fromkeys(parts))[:20])


def _quoted(term: str) -> str:
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"
