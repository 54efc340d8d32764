"""Typed readers of the environment: each setting is read once, described, and refused when it is nonsense."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from dotenv import load_dotenv

T = TypeVar("T")
load_dotenv(Path(__file__).resolve().parent.parent / ".env")  # what the environment itself says wins


@dataclass(frozen=True)
class Setting:
    """One documented setting; a test compares these with the table in the README."""

    name: str
    default: str
    meaning: str


DOCUMENTED: dict[str, Setting] = {}


def _read(name: str, default: T, meaning: str, parse: Callable[[str], T]) -> T:
    DOCUMENTED[name] = Setting(name, str(default), meaning)
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    try:
        return parse(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={raw!r} is not usable: {error}. It means: {meaning}") from error


def text(name: str, default: str, meaning: str) -> str:
    return _read(name, default, meaning, str)


def flag(name: str, default: bool, meaning: str) -> bool:
    def parse(raw: str) -> bool:
        words = {
            "1": True,
            "true": True,
            "yes": True,
            "on": True,
            "0": False,
            "false": False,
            "no": False,
            "off": False,
        }
        if raw.lower() not in words:
            raise ValueError("write true or false")
        return words[raw.lower()]

    return _read(name, default, meaning, parse)


def integer(name: str, default: int, meaning: str, *, least: int = 0, most: int = 2**31) -> int:
    def parse(raw: str) -> int:
        value = int(raw)
        if not least <= value <= most:
            raise ValueError(f"it must lie between {least} and {most}")
        return value

    return _read(name, default, meaning, parse)


def number(name: str, default: float, meaning: str, *, least: float = 0.0, most: float = 1e9) -> float:
    def parse(raw: str) -> float:
        value = float(raw)
        if not least <= value <= most:
            raise ValueError(f"it must lie between {least} and {most}")
        return value

    return _read(name, default, meaning, parse)


def choice(name: str, default: str, options: Sequence[str], meaning: str) -> str:
    def parse(raw: str) -> str:
        if raw not in options:
            raise ValueError(f"choose one of {', '.join(options)}")
        return raw

    return _read(name, default, meaning, parse)


def words(name: str, default: Sequence[str], meaning: str) -> list[str]:
    """A comma-separated list."""
    joined = _read(name, ",".join(default), meaning, str)
    return [word.strip() for word in joined.split(",") if word.strip()]


def path(name: str, default: Path, meaning: str) -> Path:
    return _read(name, default, meaning, lambda raw: Path(raw).expanduser().resolve())


def url(name: str, default: str, schemes: Sequence[str], meaning: str) -> str:
    def parse(raw: str) -> str:
        if urlsplit(raw).scheme not in schemes:
            raise ValueError(f"it must start with {' or '.join(s + '://' for s in schemes)}")
        return raw

    return _read(name, default, meaning, parse)
