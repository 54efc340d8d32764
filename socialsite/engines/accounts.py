"""Servers started by root: PostgreSQL refuses root, so another account runs them and must reach its files."""

import grp
import os
import pwd
import shutil
import subprocess
from pathlib import Path

ACCOUNT = "courtyard"


class EngineError(RuntimeError):
    """An engine could not be started or stopped; the message is for people."""


def account_for_root() -> tuple[int, int]:
    """An account of its own where one can be made, otherwise nobody."""
    for name in (ACCOUNT, "nobody"):
        if name == ACCOUNT and not _exists(name) and shutil.which("useradd"):
            command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
            subprocess.run(command, check=False, capture_output=True)
        if _exists(name):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise EngineError("PostgreSQL does not run as root, and there is no other account: run as an ordinary user")


def _exists(account: str) -> bool:
    try:
        return bool(grp.getgrgid(pwd.getpwnam(account).pw_gid))
    except KeyError:
        return False


def let_others_pass(path: Path) -> None:
    """For root only: the server's account must be able to walk to its files (walk, not list: o+x)."""
    for folder in [path, *path.resolve().parents]:
        mode = folder.stat().st_mode
        if folder.is_dir() and not mode & 0o001:
            print(f"letting other accounts pass through {folder} (chmod o+x)", flush=True)
            folder.chmod(mode | 0o001)


def let_others_read(folder: Path) -> None:
    """For root only: programs installed under a strict umask become readable for the server's account."""
    for path in [folder, *folder.rglob("*")] if folder.stat().st_mode & 0o005 != 0o005 else []:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o005 if path.is_dir() or os.access(path, os.X_OK) else 0o004))
