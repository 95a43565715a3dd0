"""Taking data into the store: many small files, and one big one."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from measure import Broken, Contender, Step, Timing, compare
from peers import Peer

PER_FOLDER = 1000
BLOCK = 1 << 20


def small_files(work: Path, us: Peer, dvc: Peer, files: int, size: int, rounds: int) -> list[Timing]:
    """`files` files of `size` random bytes: first `add`, then again unchanged."""
    source = work / "source"
    for number in range(files):
        path = source / f"{number // PER_FOLDER:03d}" / f"{number:06d}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(secrets.token_bytes(size))
    case = f"{files:,} files of {size} B"

    def copy(folder: Path) -> None:
        shutil.copytree(source, folder / "data")

    # Renamed, not deleted: deleting thousands of files slows down the next ones to be made on ext4.
    trash = work / "trash"
    trash.mkdir()
    contenders = _ours(work, us, case, copy, ("commit", "none"), trash) + _dvc(
        work, dvc, case, copy, ("copy", "hardlink"), trash
    )
    return compare("files", contenders, rounds)


def big_file(work: Path, us: Peer, dvc: Peer, megabytes: int, rounds: int) -> list[Timing]:
    """One file of random bytes: first `add`, then again unchanged."""
    source = work / "source.bin"
    work.mkdir(parents=True, exist_ok=True)
    with open(source, "wb") as file:
        for _ in range(megabytes):
            file.write(secrets.token_bytes(BLOCK))

    def copy(folder: Path) -> None:
        shutil.copyfile(source, folder / "data")

    case = f"one file of {megabytes} MiB"
    contenders = _ours(work, us, case, copy, ("commit", "none"), None) + _dvc(work, dvc, case, copy, ("copy",), None)
    return compare("blob", contenders, rounds)


Copy = Callable[[Path], None]


def _ours(
    work: Path, us: Peer, case: str, copy: Copy, durabilities: tuple[str, ...], trash: Path | None
) -> list[Contender]:
    line = [str(us.program), "add", "data"]

    def make(durability: str) -> Copy:
        def prepare(folder: Path) -> None:
            (folder / "mlops.yaml").write_text(f"name: bench\ndurability: {durability}\n")

        return prepare

    names = {durability: "mlops" if durability == "commit" else "mlops, durability none" for durability in durabilities}
    return [_contender(work, name, case, line, copy, make(key), _holds(".mlops"), trash) for key, name in names.items()]


def _dvc(work: Path, dvc: Peer, case: str, copy: Copy, links: tuple[str, ...], trash: Path | None) -> list[Contender]:
    if dvc.program is None:
        return []

    def make(link: str) -> Copy:
        def prepare(folder: Path) -> None:
            settings = ("core.analytics", "false"), ("core.check_update", "false"), ("cache.type", link)
            for words in (["init", "-q", "--no-scm"], *(["config", *pair] for pair in settings)):
                subprocess.run([str(dvc.program), *words], cwd=folder, check=True, capture_output=True)

        return prepare

    line = [str(dvc.program), "add", "-q", "data"]
    return [
        _contender(work, f"dvc, {link}", case, line, copy, make(link), _holds(".dvc/cache"), trash) for link in links
    ]


def _contender(
    work: Path, name: str, case: str, line: list[str], copy: Copy, make: Copy, check: Copy, trash: Path | None
) -> Contender:
    plain = "".join(letter for letter in name if letter.isalnum())

    def fresh(number: int) -> Path:
        folder = work / f"{plain}-{number}"
        folder.mkdir(parents=True)
        copy(folder)
        make(folder)
        # A file as young as the look at it cannot be told from one changed since: give everybody old files.
        time.sleep(1.1)
        return folder

    def done(folder: Path) -> None:
        folder.rename(trash / folder.name) if trash else shutil.rmtree(folder)

    def wait(_folder: Path) -> None:
        time.sleep(1.1)

    steps = [Step(f"add {case}", line, check=check), Step(f"add {case} again, unchanged", line, wait, check)]
    environment = {
        "DVC_NO_ANALYTICS": "1",
        "XDG_CACHE_HOME": str(work / "cache"),
        "DVC_SITE_CACHE_DIR": str(work / f"site-{plain}"),
    }
    return Contender(name, fresh, steps, environment, done)


def _holds(store: str) -> Copy:
    """A store must hold at least the bytes of the data, which are random; links count."""

    def check(folder: Path) -> None:
        data, kept = bytes_under(folder / "data"), bytes_under(folder / store)
        if kept < data:
            raise Broken(f"{store} holds {kept} bytes of {data}")

    return check


def bytes_under(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(os.lstat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(path) for name in names)
