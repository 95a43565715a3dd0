"""Which version of which installed distribution a module comes from, and the whole environment as a record."""

from __future__ import annotations

import platform
import site
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlops_cli.base.files import read_if_there, write_atomic
from mlops_cli.base.records import BadRecord, canonical, decode


@dataclass(frozen=True)
class Environment:
    """What code runs in; the record that a run names."""

    python: str
    implementation: str
    platform: str
    distributions: Mapping[str, str]
    """Distribution -> version."""
    format: int = 1


@dataclass(frozen=True)
class _Scan:
    """What was installed when the folders of `stamp` last changed."""

    stamp: str
    owners: Mapping[str, tuple[str, ...]]
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Installed:
    """The distributions of this interpreter; scanning them takes a while, so the answer is kept in `cache`."""

    cache: Path

    def versions_of(self, modules: Iterable[str]) -> dict[str, str]:
        """Distribution -> version for top-level module names; a module that no distribution owns is `unknown`."""
        found: dict[str, str] = {}
        for module in modules:
            owners = self._scan.owners.get(module)
            if not owners:
                found[module] = "unknown"
            for owner in owners or ():
                found[owner] = self._scan.versions[owner]
        return dict(sorted(found.items()))

    def environment(self) -> Environment:
        """The record of interpreter, platform and everything installed."""
        return Environment(
            platform.python_version(),
            platform.python_implementation(),
            f"{sys.platform}-{platform.machine()}",
            self._scan.versions,
        )

    @cached_property
    def _scan(self) -> _Scan:
        stamp = _stamp()
        kept = read_if_there(self.cache)
        if kept is not None:
            try:
                scan = decode(kept, _Scan)
                if scan.stamp == stamp:
                    return scan
            except BadRecord:
                pass  # a cache from another format: it is made anew below
        scan = _scan_now(stamp)
        write_atomic(self.cache, canonical(scan))
        return scan


def _stamp() -> str:
    # Installing, removing or upgrading a distribution renames a folder inside its site folder, which moves its mtime.
    folders = dict.fromkeys(path for path in [*sys.path, *site.getsitepackages()] if path and Path(path).is_dir())
    return "|".join(
        [sys.version, *(f"{path}:{Path(path).stat().st_mtime_ns}" for path in folders if "-packages" in path)]
    )


def _scan_now(stamp: str) -> _Scan:
    from importlib import metadata  # half of its cost is e-mail parsing, which a kept answer does not need

    versions = {item.metadata["Name"]: item.version for item in metadata.distributions() if item.metadata["Name"]}
    owners = {
        module: tuple(sorted(set(names) & set(versions))) for module, names in metadata.packages_distributions().items()
    }
    return _Scan(stamp, owners, dict(sorted(versions.items())))


def python_version() -> str:
    """The part of the interpreter's version that may change results, such as `3.11`."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
