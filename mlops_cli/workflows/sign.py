"""`mlops sign`: somebody stands for a version with a key, and everybody with the public half can check it.

The envelope is an object. The line of the journal that moves our alias `churn@signed.<key>` to the version leads to it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.errors import StoreError, UserError
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import Json
from mlops_cli.models.signing import fault_of, key_id, new_key, sign, statement
from mlops_cli.pipeline.records import RunRecord
from mlops_cli.store.journal import Conflict, Line, Move
from mlops_cli.store.records import Version
from mlops_cli.store.refs import resolve
from mlops_cli.workflows.naming import number_of
from mlops_cli.workflows.workspace import Workspace

SIGNED = "@signed."
BUILD, BUILDER = "urn:mlops:pipeline:1", "urn:mlops:run"
"""What SLSA asks for: which rules the predicate follows, and what carried out the build."""
ATTEMPTS = 20  # others that may sign at the same moment before we give up
HOW = "mlops sign {name} --key FILE"


@dataclass(frozen=True)
class Signature:
    """A signature over one version that was found good, or what is wrong with it."""

    key: str
    signer: str | None
    """The name that mlops.yaml gives the key; None: it has no such key."""
    time: str
    who: str
    envelope: Oid | None
    fault: str | None = None
    """None: it is good."""


@dataclass(frozen=True)
class Signed:
    """What was signed."""

    name: str
    number: int
    version: Oid
    key: str
    signer: str | None
    public: str
    envelope: Oid


@dataclass(frozen=True)
class NewKey:
    """A key that was made."""

    file: str
    key: str
    public: str


def signed_name(model: str, key: str) -> str:
    """The alias that the signatures with a key move."""
    return f"{model}{SIGNED}{key}"


def make_key(path: Path) -> NewKey:
    """Write a new private key to a file that must not exist, for its owner alone. Raises UserError."""
    private, public = new_key()
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UserError(f"{path} is there already", "a key is never overwritten: choose another file") from None
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(private)
            stream.flush()
            os.fsync(file)
    except BaseException as error:
        path.unlink(missing_ok=True)  # half a key is none, and would be in the way of the next one
        if isinstance(error, OSError):
            raise UserError(f"cannot write {path}: {error.strerror}") from None
        raise
    return NewKey(str(path), key_id(public), public)


def sign_version(workspace: Workspace, reference: str, key: Path) -> Signed:
    """Sign the version that a REF names with a private key; raises UserError where one of the two is none."""
    found = resolve(workspace.store, workspace.journal, reference)
    if found.version is None or found.version_number is None:
        raise UserError(f"'{reference}' is no version of a model", "give a name such as churn@v3")
    name = f"{found.name}@v{found.version_number}"
    if found.version.kind != "model":
        raise UserError(f"{name} is data", "models are signed, and with them the identities of their data")
    try:
        private = key.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read the key {key}: {error.strerror}", "mlops sign --new FILE makes one") from None
    envelope, public = sign(private, statement(name, found.oid, provenance(workspace, found.version)))
    with workspace.store.begin() as transaction:
        oid = transaction.add_bytes(envelope)
        transaction.commit()
    workspace.store.flush()
    _record(workspace, signed_name(found.name, key_id(public)), found.oid, oid, f"sign {name} with {key_id(public)}")
    signer = _signers(workspace).get(key_id(public), (None, ""))[0]
    return Signed(found.name, found.version_number, found.oid, key_id(public), signer, public, oid)


def signatures_of(workspace: Workspace, version: Oid) -> list[Signature]:
    """The signatures over a version, one a key, checked. Raises StoreError where the version is lost."""
    name = workspace.store.read_record(version, "version", Version).name
    signers = _signers(workspace)
    start = signed_name(name, "")
    found: list[Signature] = []
    for alias in sorted(name for name in workspace.journal.names() if name.startswith(start)):
        key = alias.removeprefix(start)
        lines = workspace.journal.moves_to(alias, version)
        each = [_checked(workspace, line, key, signers.get(key), version) for line in lines]
        # A good one counts, whatever was written behind it; else the newest tells what is wrong.
        found += [item for item in each if item.fault is None][:1] or each[:1]
    return found


def _checked(workspace: Workspace, line: Line, key: str, known: tuple[str, str] | None, version: Oid) -> Signature:
    if line.about is None:
        return Signature(key, None, line.time, line.who, None, "the journal names no envelope")
    if known is None:
        return Signature(key, None, line.time, line.who, line.about, f"no signer of mlops.yaml has the key {key}")
    fault = _fault(workspace, line.about, known[1], version)
    return Signature(key, known[0], line.time, line.who, line.about, fault)


def verify_signature(workspace: Workspace, version: Oid) -> Signature | None:
    """A good signature over a version by one of the project's signers; None: there is none."""
    return next((item for item in signatures_of(workspace, version) if item.fault is None), None)


def unsigned(workspace: Workspace, version: Oid) -> str | None:
    """Why a version does not count as signed, in a sentence; None: it is signed."""
    found = signatures_of(workspace, version)
    if any(item.fault is None for item in found):
        return None
    if not workspace.project.signers:
        return "mlops.yaml knows no signers, so that no signature counts"
    if not found:
        return f"none of the signers of mlops.yaml ({', '.join(sorted(workspace.project.signers))}) has signed it"
    return "; ".join(f"the signature of {item.signer or item.key} does not count: {item.fault}" for item in found)


def demand_signature(workspace: Workspace, version: Oid) -> None:
    """Raise StoreError where the project verifies models at `load` and this one has no good signature.

    To be called where a REF of a model is resolved in order to be loaded; data are not signed.
    """
    if "load" not in workspace.project.verify:
        return
    record = workspace.store.read_record(version, "version", Version)
    trouble = unsigned(workspace, version) if record.kind == "model" else None
    if trouble is not None:
        name = f"{record.name}@v{number}" if (number := number_of(workspace, record.name, version)) else version[:12]
        raise StoreError(f"{name} is not loaded: {trouble}", HOW.format(name=name))


def provenance(workspace: Workspace, version: Version) -> Json:
    """SLSA provenance v1 of a version: how it was built, and from which materials, all by identity."""
    run = workspace.store.read_record(version.run, "run", RunRecord) if version.run is not None else None
    materials: list[Json] = [_material("content", version.artifact.oid)]
    if run is not None:
        materials += [_material("code", run.code), _material("environment", run.environment)]
        materials += [_material(f"data {name}", item.oid) for name, item in sorted(run.inputs.items())]
        if run.git is not None:
            materials.append({"name": "git", "digest": {"gitCommit": run.git.commit}})
    materials += [_material("report", oid) for oid in version.evidence]
    parameters: dict[str, Json] = dict(run.parameters) if run is not None else {}
    outer: dict[str, Json] = {"model": version.name, "stage": version.stage, "parameters": parameters}
    if run is not None:
        outer |= {"pipeline": run.pipeline, "spec": run.spec, "seed": run.seed}
    meta: dict[str, Json] = {"invocationId": run.id, "startedOn": run.started} if run is not None else {}
    return {
        "buildDefinition": {"buildType": BUILD, "externalParameters": outer, "resolvedDependencies": materials},
        "runDetails": {"builder": {"id": BUILDER}, "metadata": meta},
    }


def _material(name: str, oid: Oid) -> Json:
    return {"name": name, "digest": {"blake3": oid}}


def _signers(workspace: Workspace) -> Mapping[str, tuple[str, str]]:
    """Key -> the signer's name and public key."""
    return {key_id(public): (name, public) for name, public in workspace.project.signers.items()}


def _fault(workspace: Workspace, envelope: Oid, public: str, version: Oid) -> str | None:
    try:
        data = workspace.store.read(envelope)
    except StoreError as error:
        return str(error)
    return fault_of(data, public, version)


def _record(workspace: Workspace, alias: str, version: Oid, envelope: Oid, why: str) -> None:
    for _ in range(ATTEMPTS):
        try:
            workspace.journal.append([Move(alias, workspace.journal.names().get(alias), version)], why, about=envelope)
            return
        except Conflict:
            continue  # the same key has signed at this moment: both signatures stand in the journal
    raise Conflict("could not record the signature: too many others did at the same time", "sign again")
