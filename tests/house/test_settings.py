"""Every setting that is read is written down where people look: `.env.example` and the README."""

import re
from pathlib import Path

from django.conf import settings

from socialsite import env

ROOT = Path(settings.BASE_DIR)


def shown(value: str) -> str:
    """A default as people write it: paths relative to the folder, true and false in small letters."""
    return {"True": "true", "False": "false"}.get(value, value.replace(f"{ROOT}/", ""))


def test_the_example_shows_every_setting_with_its_default_and_meaning() -> None:
    text = (ROOT / ".env.example").read_text()
    written = {name: (meaning, default) for meaning, name, default in re.findall(r"# (.+)\n#(\w+)=(.*)", text)}
    read = {one.name: (one.meaning, shown(one.default)) for one in env.DOCUMENTED.values()}
    assert written == read


def test_the_readme_lists_every_setting() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in env.DOCUMENTED if f"| `{name}` |" not in readme] == []
