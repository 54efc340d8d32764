"""How a night ended, kept as a code and facts, and worded in the language of whoever reads it. Knows no table.

`TrainingRun.message` holds {"code": …, "facts": …} as JSON. Older rows hold a sentence: where it is one of those below,
in any language of the site, it is read back into its code and facts; anything else is shown as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _, override

from ml.training import gate

DIED: Final = "died"
STOPPED: Final = "stopped"
FAILED: Final = "failed"
DECIDED: Final = "decided"
TOO_LITTLE: Final = "too_little"
PLAIN: Final = "plain"  # a sentence as it was said
Told = tuple[str, dict[str, Any]]

# As functions, so that each is asked for in the language that is active then.
_SENTENCES: Final[dict[str, Callable[[], str]]] = {
    DIED: lambda: _("It ended without a word, as a process that was killed does. The serving model was left alone."),
    STOPPED: lambda: _("It was stopped. The next one within twelve hours goes on from there."),
    FAILED: lambda: _("It failed; the serving model was left alone. %(error)s"),
    TOO_LITTLE: lambda: _("%(why)s The serving model was left alone."),
}
_REASONS: Final[dict[str, Callable[[], str]]] = {
    "nobody": lambda: _("Nobody who allows it was shown anything yet."),
    "no_vectors": lambda: _("No post has a vector of the serving encoder."),
    "requests": lambda: _too_few("requests"),
    "positives": lambda: _too_few("positives"),
}


def _too_few(check: str) -> str:
    """The gate's sentence with its figures left open."""
    return gate.sentence({"name": check, "holds": False, "figures": {"found": "%(found)s", "wanted": "%(wanted)s"}})


def as_json(code: str, **facts: Any) -> str:
    """What the column holds of how a night ended."""
    return json.dumps({"code": code, "facts": facts}, ensure_ascii=False)


def words(message: str) -> str:
    """What the column holds, in the language that is active."""
    code, facts = _read(message)
    if code == DECIDED:
        return grounds(facts)
    if code == PLAIN:
        return str(facts["text"])
    if code == TOO_LITTLE:
        facts = {"why": because(facts["reasons"])}
    return _SENTENCES[code]() % facts


def grounds(decision: dict[str, Any]) -> str:
    """The gate's decision, as a card keeps it: what speaks against the version, or else what speaks for it."""
    checks = [check for check in decision.get("checks", []) if decision.get("promote") or not check["holds"]]
    return " ".join(gate.sentence(check) for check in checks)


def reason(code: str, **facts: Any) -> dict[str, Any]:
    """One reason why there is too little to learn from."""
    return {"code": code, "facts": facts}


def because(reasons: Iterable[Mapping[str, Any]]) -> str:
    """Reasons in words, in the language that is active."""
    return " ".join(
        str(one["text"]) if one["code"] == PLAIN else _REASONS[one["code"]]() % one.get("facts", {}) for one in reasons
    )


def _read(message: str) -> Told:
    try:
        read = json.loads(message)
        code, facts = read["code"], read["facts"]
    except (ValueError, TypeError, KeyError):
        return recognised(message)
    known = code in (DECIDED, PLAIN) or code in _SENTENCES
    return (code, facts) if known else (PLAIN, {"text": message})


# --- Sentences of older rows, back into codes ------------------------------------------------------------------------


def recognised(message: str) -> Told:
    """The code and facts of a sentence that a night says, in any language of the site."""
    for language, _name in settings.LANGUAGES:
        for code, pattern in _patterns(language, "sentences"):
            if found := pattern.fullmatch(message):
                facts = dict(found.groupdict())
                return code, {"reasons": list(_reasons(facts["why"], language))} if code == TOO_LITTLE else facts
    return PLAIN, {"text": message}


def _reasons(why: str, language: str) -> Iterator[dict[str, Any]]:
    """The reasons in a text, in their order; all of it as one plain reason where any part is unknown."""
    found, rest = [], why.strip()
    while rest:
        matches = ((code, pattern.match(rest)) for code, pattern in _patterns(language, "reasons"))
        code, match = next(((code, match) for code, match in matches if match), (PLAIN, None))
        if match is None:
            yield {"code": PLAIN, "text": why}
            return
        facts = {name: int(value) if value.isdigit() else value for name, value in match.groupdict().items()}
        found.append(reason(code, **facts))
        rest = rest[match.end() :].strip()
    yield from found


@lru_cache
def _patterns(language: str, of: str) -> list[tuple[str, re.Pattern[str]]]:
    """Each sentence of a language as a pattern whose groups are its facts; the less it leaves open, the earlier."""
    with override(language):
        texts = {code: text() for code, text in (_SENTENCES if of == "sentences" else _REASONS).items()}
    number = of == "reasons"
    patterns = [(code, _pattern(text, r"\d+" if number else ".+")) for code, text in texts.items()]
    return sorted(patterns, key=lambda one: one[1].groups)


def _pattern(text: str, fact: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)s", text)
    escaped = [f"(?P<{part}>{fact})" if place % 2 else re.escape(part) for place, part in enumerate(parts)]
    return re.compile("".join(escaped), re.DOTALL)
