"""The web process stays light: a fresh interpreter serves a page and opens a socket without loading a heavy machine."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

HEAVY = ("torch", "transformers", "sentence_transformers", "sklearn", "pandas")

PROGRAM = """
import json, resource, sys
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
settings.ALLOWED_HOSTS.append("testserver")
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
from django.test import Client
from asgiref.sync import async_to_sync
from channels.testing import WebsocketCommunicator
import socialsite.asgi

page = Client().get("/")
search = Client().get("/search?q=garden")

async def socket():
    headers = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
    talk = WebsocketCommunicator(socialsite.asgi.application, "/live/", headers=headers)
    connected, _ = await talk.connect()
    await talk.disconnect()
    return connected

connected = async_to_sync(socket)()
memory = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))
print(json.dumps({
    "page": page.status_code, "search": search.status_code, "socket": connected, "memory_mb": memory / 1024,
    "heavy": [name for name in sys.argv[2:] if name in sys.modules],
}))
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.processes
def test_pages_and_sockets_without_heavy_machines() -> None:
    from django.db import connection

    name = connection.settings_dict["NAME"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, name, *HEAVY],
        capture_output=True,
        text=True,
        timeout=120,
        env={**__import__("os").environ, "DJANGO_SETTINGS_MODULE": "socialsite.settings"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    assert answer["page"] == 200
    assert answer["search"] == 200
    assert answer["socket"] is True
    assert answer["heavy"] == []
