"""No file grows past what one can hold in one's head."""

import subprocess
from pathlib import Path

from django.conf import settings

LONGEST = 400
SOURCES = {".py", ".js", ".css", ".html", ".sh"}


def test_no_source_file_has_more_than_400_lines() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    paths = [Path(settings.BASE_DIR) / name for name in listed.stdout.splitlines()]
    sources = [path for path in paths if path.suffix in SOURCES and path.exists() and "vendor" not in path.parts]
    assert sources
    lines = {str(path.relative_to(settings.BASE_DIR)): path.read_text().count("\n") for path in sources}
    assert {name: count for name, count in lines.items() if count > LONGEST and "/migrations/" not in name} == {}
