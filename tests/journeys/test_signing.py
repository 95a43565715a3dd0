"""Signatures over one identity: made, checked, and refused when anything about them is not right."""

from __future__ import annotations

import base64
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Project

from mlops_cli.base.errors import StoreError, UserError
from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.models.signing import encoded, fault_of, key_id, new_key, sign, statement
from mlops_cli.store.journal import Move
from mlops_cli.workflows.sign import demand_signature, signatures_of, signed_name, verify_signature
from mlops_cli.workflows.workspace import Workspace, open_workspace

A, B = hash_bytes(b"a"), hash_bytes(b"b")


@pytest.fixture
def iris(tmp_path: Path) -> Project:
    Project(tmp_path).mlops("init", "iris", "--example", "iris-minimal")
    made = Project(tmp_path / "iris")
    made.quick("run")
    made.quick("run", "-p", "depth=2")
    return made


def opened(project: Project) -> Workspace:
    return open_workspace(project.root)


def believe(project: Project, *publics: str, more: str = "") -> None:
    signers = "".join(f'  signer{number}: "{public}"\n' for number, public in enumerate(publics))
    project.write("mlops.yaml", f"name: iris\n{more}signers:\n{signers}")


def test_a_key_is_made_for_its_owner_alone(project: Project) -> None:
    made = project.quick("sign", "--new", "release.pem", "--json").json
    path = project.root / "release.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and b"PRIVATE KEY" in path.read_bytes()
    assert made["public"].startswith("ed25519:") and made["key"] == key_id(made["public"])
    before = path.read_bytes()
    assert "is there already" in project.quick("sign", "--new", "release.pem", code=2).err
    assert path.read_bytes() == before
    shown = project.quick("sign", "--new", "other.pem").out
    assert 'signers:\n  NAME: "ed25519:' in shown and "keep it out of git" in shown
    assert "sign what" in project.quick("sign", code=2).err
    assert "signs nothing" in project.quick("sign", "x", "--new", "third.pem", code=2).err


def test_a_signature_is_made_checked_and_asked_for(iris: Project) -> None:
    public = iris.quick("sign", "--new", "key.pem", "--json").json["public"]
    believe(iris, public, more="promotion: {production: {gates: [iris-gate], signed: true}}\nverify: [load]\n")
    refused = iris.quick("promote", "iris@v2", "production", code=1).out
    assert "none of the signers of mlops.yaml (signer0) has signed it" in refused
    assert "mlops sign iris@v2 --key FILE" in refused
    assert "nothing unsigned is loaded, not to try it either" in refused and "cannot be loaded" not in refused
    workspace = opened(iris)
    first, second = workspace.journal.versions("iris")
    with pytest.raises(StoreError, match="iris@v2 is not loaded"):
        demand_signature(workspace, second)
    assert "as signer0" in iris.quick("sign", "iris@v2", "--key", "key.pem").out
    workspace = opened(iris)
    found = verify_signature(workspace, second)
    assert found is not None and (found.signer, found.fault) == ("signer0", None)
    demand_signature(workspace, second)
    demand_signature(workspace, workspace.journal.names()["flowers"])
    assert verify_signature(workspace, first) is None and found.envelope is not None
    envelope = json.loads(workspace.store.read(found.envelope))
    said = json.loads(base64.b64decode(envelope["payload"]))
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "https://slsa.dev/provenance/v1"
    assert said["subject"] == [{"name": "iris@v2", "digest": {"blake3": second}}]
    materials = {item["name"] for item in said["predicate"]["buildDefinition"]["resolvedDependencies"]}
    assert materials >= {"content", "code", "environment", "data flowers"}
    assert said["predicate"]["buildDefinition"]["externalParameters"]["parameters"]["depth"] == 2
    iris.quick("promote", "iris@v2", "production")
    for words in (["models"], ["ls"], ["log", "iris"]):
        assert "signed." not in iris.quick(*words).out
    believe(iris, public, more="verify: [promote]\n")
    assert "it is not signed" in iris.quick("promote", "iris@v1", "staging", code=1).out


def planted(workspace: Workspace, public: str, version: Oid, envelope: bytes) -> str | None:
    """What is said of an envelope that somebody has put there by hand."""
    with workspace.store.begin() as transaction:
        about = transaction.add_bytes(envelope)
        transaction.commit()
    name = signed_name("iris", key_id(public))
    workspace.journal.append([Move(name, workspace.journal.names().get(name), version)], "planted", about=about)
    assert verify_signature(workspace, version) is None
    (found,) = signatures_of(workspace, version)
    return found.fault


def test_what_is_not_right_is_refused_and_said(iris: Project) -> None:
    private, public = new_key()
    other, _ = new_key()
    believe(iris, public, more="verify: [promote]\n")
    workspace = opened(iris)
    first, second = workspace.journal.versions("iris")
    good, _ = sign(private, statement("iris@v1", first, {}))
    assert "it signs another version: iris@v1" in str(planted(workspace, public, second, good))
    wrong, _ = sign(other, statement("iris@v2", second, {}))
    assert "another key has signed it" in str(planted(workspace, public, second, wrong))
    envelope = json.loads(good)
    payload = base64.b64decode(envelope["payload"]).replace(first.encode(), second.encode())
    envelope["payload"] = base64.b64encode(payload).decode()
    assert "the text was changed" in str(planted(workspace, public, second, json.dumps(envelope).encode()))
    assert planted(workspace, public, second, b"junk") == "it is no signed envelope"
    refused = iris.quick("promote", "iris@v2", "production", code=1).out
    assert "the signature of signer0 does not count: it is no signed envelope" in refused
    iris.write("key.pem", private.decode())
    iris.quick("sign", "iris@v2", "--key", "key.pem")
    assert verify_signature(opened(iris), second) is not None
    name = signed_name("iris", key_id(public))
    with workspace.store.begin() as transaction:
        about = transaction.add_bytes(b"junk again")
        transaction.commit()
    workspace.journal.append([Move(name, second, second)], "spite", about=about)
    assert verify_signature(opened(iris), second) is not None, "a bad one behind a good one takes nothing away"


def test_a_key_that_nobody_believes_signs_in_vain(iris: Project) -> None:
    iris.quick("sign", "--new", "key.pem")
    _, public = new_key()
    believe(iris, public, more="verify: [promote]\n")
    assert "mlops.yaml does not know this key yet" in iris.quick("sign", "iris@v1", "--key", "key.pem").out
    refused = iris.quick("promote", "iris@v1", "production", code=1).out
    assert "no signer of mlops.yaml has the key" in refused


@pytest.mark.parametrize(
    ("key", "message"),
    [("no-such.pem", "cannot read the key"), ("mlops.yaml", "no private key in PEM form")],
)
def test_what_is_no_key(iris: Project, key: str, message: str) -> None:
    assert message in iris.quick("sign", "iris@v1", "--key", key, code=2).err


def test_without_the_library_it_is_said_how_to_get_it(project: Project) -> None:
    script = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from mlops_cli.cli.boundary import run\n"
        "sys.exit(run(['sign', '--new', 'key.pem']))"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=project.root, capture_output=True, text=True)
    assert ended.returncode == 2 and "pip install 'mlops-cli[sign]'" in ended.stderr
    assert not (project.root / "key.pem").exists()


def test_only_versions_of_models_are_signed(iris: Project) -> None:
    iris.quick("sign", "--new", "key.pem")
    assert "flowers@v1 is data" in iris.quick("sign", "flowers", "--key", "key.pem", code=2).err


def test_a_key_with_a_passphrase_or_of_another_kind() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    closed = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    with pytest.raises(UserError, match="has a passphrase"):
        sign(closed, b"{}")
    other = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(UserError, match="not of the kind Ed25519"):
        sign(other, b"{}")
    with pytest.raises(UserError, match="is no public key"):
        key_id("ed25519:abc")


def test_the_bytes_that_are_signed_are_those_of_the_standard() -> None:
    # The example of the DSSE specification, protocol.md, "Test vectors".
    assert encoded("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_an_envelope_with_another_payload_type_or_statement() -> None:
    private, public = new_key()
    envelope, _ = sign(private, b'{"_type":"x"}')
    assert fault_of(envelope, public, A) == "it signs no statement"
    good, _ = sign(private, statement("m@v1", A, {}))
    assert fault_of(good, public, A) is None
    assert "another version: m@v1" in str(fault_of(good, public, B))
    changed = json.loads(good)
    changed["payloadType"] = "text/plain"
    assert "does not fit" in str(fault_of(json.dumps(changed).encode(), public, A))


def test_one_does_not_go_back_to_what_is_not_signed(iris: Project) -> None:
    iris.quick("promote", "iris@v1", "production")
    iris.quick("promote", "iris@v2", "production")
    public = iris.quick("sign", "--new", "key.pem", "--json").json["public"]
    believe(iris, public, more="promotion: {production: {signed: true}}\n")
    refused = iris.quick("rollback", "iris", "production", code=1).out
    assert "it is not signed: none of the signers" in refused and "mlops sign iris@v1 --key FILE" in refused
    iris.quick("sign", "iris@v1", "--key", "key.pem")
    iris.quick("rollback", "iris", "production")


def test_a_model_to_compare_with_is_loaded_too(iris: Project) -> None:
    public = iris.quick("sign", "--new", "key.pem", "--json").json["public"]
    believe(iris, public, more="verify: [load]\n")
    iris.quick("sign", "iris@v2", "--key", "key.pem")
    refused = iris.quick("validate", "specs/gate.yaml", "--model", "iris@v2", code=4).err
    assert "iris@v1 is not loaded" in refused
    assert "iris@v1 is not loaded" in iris.quick("run", "-p", "depth=2", "--force", code=3).err
    iris.quick("sign", "iris@v1", "--key", "key.pem")
    assert "against iris@v1 (iris@candidate before)" in iris.quick("validate", "specs/gate.yaml").out


def test_half_a_key_does_not_stay(project: Project) -> None:
    script = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from mlops_cli.cli.boundary import run\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
        "sys.exit(run(['sign', '--new', 'key.pem']))"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=project.root, capture_output=True, text=True)
    assert ended.returncode == 2 and "cannot write" in ended.stderr and "key.pem" in ended.stderr
    assert not (project.root / "key.pem").exists()
