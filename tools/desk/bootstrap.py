"""Makes .venv from the hashed lock, for the `desk` script: `bootstrap.py ROOT SOURCES`. Standard library only."""

import fcntl
import shutil
import subprocess
import sys
import time
from pathlib import Path


def fail(message: str) -> None:
    """End with one line."""
    sys.exit(f"desk: {message}")


def run(what: str, command: list[str], remedy: str) -> None:
    """Run one step, showing what it prints, and how long it took."""
    print(f"• {what} …", file=sys.stderr, flush=True)
    began = time.monotonic()
    if subprocess.run(command, stdout=sys.stderr).returncode:
        fail(f"{what} failed: {remedy}")
    print(f"  {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)


def make(root: Path, venv: Path) -> None:
    """Make the virtual environment, or bring it to the lock. pip reads the user's own configuration."""
    lock, stamp, python = root / "requirements" / "desk.lock", venv / ".desk.lock", venv / "bin" / "python"
    stamp.unlink(missing_ok=True)
    usable = python.exists() and subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0
    if not usable:
        try:
            import ensurepip  # noqa: F401  (Debian splits it off, and venv fails without it in many lines)
            import venv as _  # noqa: F401
        except ImportError:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            fail(f"this Python has no venv module: install it (on Debian and Ubuntu: apt install python{version}-venv)")
        run(
            "making the virtual environment",
            [sys.executable, "-m", "venv", "--clear", str(venv)],
            f"is {venv} writable?",
        )
    wanted = lock.read_bytes()
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    quiet = [] if sys.stderr.isatty() else ["--quiet"]
    remedy = "check the network and the configuration of pip, then run it again"
    run("installing the packages of the lock", [*command, *quiet, "-r", str(lock)], remedy)
    stamp.write_bytes(wanted)


def main() -> None:
    """One process at a time makes it; the others wait and find it made."""
    root, sources = Path(sys.argv[1]), sys.argv[2]
    venv = root / ".venv"
    with (root / ".venv.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("• waiting for another ./desk that makes the virtual environment …", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = venv / ".desk.lock"
        if not (stamp.exists() and stamp.read_bytes() == (root / "requirements" / "desk.lock").read_bytes()):
            if shutil.disk_usage(root).free < 2 * 1024**3:
                fail(f"less than 2 GiB are free on the disk of {root}: free some space")
            make(root, venv)
        for site in venv.glob("lib/python3*/site-packages"):
            (site / "deskstream.pth").write_text(sources + "\n")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        fail(f"{error}: is the disk full, or the folder not yours?")
