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

def memory():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS")) / 1024

async def socket():
    headers = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
    talk = WebsocketCommunicator(socialsite.asgi.application, "/live/", headers=headers)
    connected, _ = await talk.connect()
    await talk.disconnect()
    return connected

page = Client().get("/")
connected = async_to_sync(socket)()
before = memory()
search = Client().get("/search?q=garden")
from ml.embedding.encoder import get_encoder
encoded = get_encoder().encode(["a garden", "花园"] * 20).shape
print(json.dumps({
    "page": page.status_code, "search": search.status_code, "socket": connected, "encoded": list(encoded),
    "memory": before, "memory_with_encoder": memory(), "heavy": [name for name in sys.argv[2:] if name in sys.modules],
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
    assert answer["encoded"][0] == 40
    assert answer["heavy"] == []
    assert answer["memory"] < 200, answer
    assert answer["memory_with_encoder"] < 450, answer
