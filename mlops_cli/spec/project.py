"""The project: the folder with `mlops.yaml`, and what that file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from mlops_cli.base.errors import Place, UserError
from mlops_cli.spec import units
from mlops_cli.spec.checked import checked
from mlops_cli.spec.decoding import Decoding
from mlops_cli.spec.source import KeyPath, read_document

FILE = "mlops.yaml"
EVERY_ALIAS = "*"
Moment: TypeAlias = Literal["promote", "load"]
_MOMENTS: tuple[Moment, ...] = ("promote", "load")


@dataclass(frozen=True)
class Promotion:
    """What an alias asks of a version before it moves there."""

    gates: tuple[str, ...] = ()
    """Names of validations that must have passed on exactly this version."""
    source: str | None = None
    """The alias that the version must have already (`from`)."""
    max_age: float | None = None
    """Seconds after which evidence is too old."""
    signed: bool = False


@dataclass(frozen=True)
class Project:
    """What `mlops.yaml` says. `root` is its folder, and paths in specs are relative to it."""

    name: str
    root: Path
    place: Place
    env: tuple[str, ...] = ()
    """Environment variables whose values are part of every key."""
    durability: Literal["commit", "none"] = "commit"
    trust: tuple[str, ...] = ()
    """Qualified names of types that model files may contain besides the built-in list."""
    promotion: Mapping[str, Promotion] = field(default_factory=dict)
    """Alias -> what it asks for; EVERY_ALIAS stands for every alias that is neither named nor the `source` of another:
    the first step to an alias is free."""
    signers: Mapping[str, str] = field(default_factory=dict)
    """Name -> public key, as `ed25519:` and 32 bytes in base64: the signatures that count."""
    verify: tuple[Moment, ...] = ()
    """When a signature is demanded of every model."""
    pickle: Literal["refuse", "allow"] = "refuse"
    """Whether model files may be pickles, which run code when they are loaded."""

    def promotion_of(self, alias: str) -> Promotion | None:
        """What `alias` asks for; None: nothing, it moves freely."""
        named = self.promotion.get(alias)
        if named is not None or alias in {asked.source for asked in self.promotion.values()}:
            return named
        return self.promotion.get(EVERY_ALIAS)


class NoProject(UserError):
    """There is no project file in a folder or above it."""


def find_root(start: Path, spec: Path | None = None) -> Path:
    """The nearest folder at or above `start`, or else above the file `spec`, that holds `mlops.yaml`.

    Raises UserError where there is none.
    """
    for here in (start.resolve(), *([spec.resolve().parent] if spec else [])):
        for folder in (here, *here.parents):
            if (folder / FILE).is_file():
                return folder
    raise NoProject(f"no {FILE} in {start} or above it", "mlops init makes a project of a folder")


def load_project(root: Path, remember: Path | None = None) -> Project:
    """The project file of `root`; raises SpecError with all its faults. `remember`: see `spec.load.load_spec`."""
    return decode_project(checked(read_document(root / FILE, FILE), "project", remember), root)


def decode_project(decoding: Decoding, root: Path) -> Project:
    """The record of a project file; raises SpecError with all its faults."""
    promotion = {alias: _promotion(decoding, alias, path) for alias, _, path in decoding.items(("promotion",))}
    signers = {name: str(key) for name, key, _ in decoding.items(("signers",))}
    verify = _texts(decoding.get(("verify",)))
    if not decoding.mapping(("signers",)):
        _need_signers(decoding, promotion, verify)
    decoding.finish()
    data = decoding.mapping(())
    return Project(
        name=str(data["name"]),
        root=root,
        place=decoding.place(("name",)),
        env=_texts(data.get("env")),
        durability="none" if data.get("durability") == "none" else "commit",
        trust=_texts(data.get("trust")),
        promotion=promotion,
        signers=signers,
        verify=tuple(moment for moment in _MOMENTS if moment in verify),
        pickle="allow" if data.get("pickle") == "allow" else "refuse",
    )


def _promotion(decoding: Decoding, alias: str, path: KeyPath) -> Promotion:
    source = decoding.text((*path, "from"))
    if source == alias:
        decoding.fault(f"'{alias}' cannot come from itself", (*path, "from"), "name the alias that comes before it")
    gates = _texts(decoding.get((*path, "gates")))
    if not gates and "max_age" in decoding.mapping(path):
        message = "`max_age` says how old the evidence of `gates` may be, and there are none"
        decoding.fault(message, (*path, "max_age"), "add, for example, `gates: [churn-gate]`", of="key")
    return Promotion(
        gates=gates,
        source=source,
        max_age=decoding.quantity(units.duration, (*path, "max_age")),
        signed=decoding.get((*path, "signed")) is True,
    )


def _need_signers(decoding: Decoding, promotion: Mapping[str, Promotion], verify: tuple[str, ...]) -> None:
    """A signature that nobody could give would stop everything for good: that is a mistake."""
    wanted: list[KeyPath] = [("promotion", alias, "signed") for alias, asked in promotion.items() if asked.signed]
    for path in (*wanted, *([("verify",)] if verify else [])):
        hint = 'add `signers: {NAME: "ed25519:..."}`'
        decoding.fault("signatures are demanded, and nobody's signature counts", path, hint, of="key")


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
