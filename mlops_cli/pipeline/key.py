"""The key of a stage: what it executes, on what, with what; and nothing that cannot change its result."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from mlops_cli.base.clock import timestamp
from mlops_cli.base.errors import UserError
from mlops_cli.base.hashing import Oid, hash_bytes, hash_file
from mlops_cli.base.records import Json, canonical, plain
from mlops_cli.pipeline.closure import Closure, closure_of
from mlops_cli.pipeline.commands import Commands
from mlops_cli.pipeline.distributions import Installed, python_version
from mlops_cli.pipeline.graph import Node
from mlops_cli.pipeline.project import Project
from mlops_cli.pipeline.records import Components
from mlops_cli.spec.pipeline import Call, Fit, Sh, Validate
from mlops_cli.spec.validation import DataValidation, Validation
from mlops_cli.store.records import Artifact

# Verb -> (version of our own code for it: raise it when its results change, the libraries that it computes with).
VERB_FACTS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "call": (1, ()),
    "sh": (1, ()),
    "sql": (1, ("duckdb", "pyarrow")),
    "split": (1, ("numpy", "pyarrow")),
    "fit": (2, ("numpy", "sklearn", "skops")),
    "validate": (3, ("duckdb", "numpy", "pyarrow", "scipy", "sklearn")),
    "select": (1, ("numpy", "sklearn")),
    "register": (1, ("sklearn", "skops")),
}
TABLE_LIBRARIES = ("pandas", "pyarrow")  # what hands tables and models to a `call`
# Where a check stands says nothing about its result, and an expression is its text.
CLOCKED = frozenset({"age", "freshness"})
NOW = re.compile(r"\b(current_date|current_time|current_timestamp|localtime|now|today)", re.IGNORECASE)
"""What makes a rule in SQL depend on the clock; a column of such a name costs no more than a run an hour."""
NOT_PART = frozenset({"place", "file", "root"})


@dataclass
class Keyer:
    """Computes components for the stages of one project; closures are walked once per callable."""

    root: Path
    installed: Installed
    variables: tuple[str, ...] = ()
    """Environment variables that may change results, from `mlops.yaml`."""
    validations: Mapping[str, Validation] = field(default_factory=dict)
    """Spec path -> the validation that a `validate` stage applies."""
    queries: Mapping[str, str] = field(default_factory=dict)
    """What `sql:` says -> the text of the query."""
    _closures: dict[str, Closure] = field(default_factory=dict)

    def components(self, node: Node, inputs: Mapping[str, tuple[Artifact, ...]], seed: int | None) -> Components:
        """What the result of `node` depends on, given its inputs; raises UserError where its code cannot be found."""
        version, libraries = VERB_FACTS[node.stage.kind]
        reached = self.closure(node)
        packages = {*reached.packages, *libraries, *(TABLE_LIBRARIES if isinstance(node.stage.verb, Call) else ())}
        return Components(
            verb=f"{node.stage.kind}/{version}",
            options=self.options(node),
            arguments=node.arguments,
            inputs={name: tuple(_identity(item) for item in values) for name, values in sorted(inputs.items())},
            outputs={output.name: output.type for output in node.stage.outputs},
            code=reached.code,
            distributions=self.installed.versions_of(packages) if packages else {},
            environment={name: os.environ.get(name) for name in self.variables},
            python=python_version(),
            seed=seed,
        )

    def options(self, node: Node) -> dict[str, Json]:
        """The verb's own words; a validation spec counts by what it checks, a query by its text."""
        verb = node.stage.verb
        if isinstance(verb, Validate):
            validation = self.validations[verb.spec]
            said_of = {"checks": meaning_of(validation), **self._outside(validation)}
            return {**said_of, "environment": verb.environment} if verb.environment else said_of
        said = plain(verb)
        if not isinstance(said, dict):
            raise TypeError(f"a verb's record is a mapping, not {said!r}")
        if "query" in said:
            return {"query": self.queries[str(said["query"])]}
        return said

    def _outside(self, validation: Validation) -> dict[str, Json]:
        """What a gate depends on besides its inputs: the hour, where it says how old something may be, and the tables
        that its checks look in."""
        if not isinstance(validation, DataValidation):
            return {}
        timed = any(
            check.measure in CLOCKED or (check.sql is not None and NOW.search(check.sql)) for check in validation.checks
        )
        tables = sorted({check.table for check in validation.checks if check.table is not None})
        found: dict[str, Json] = {"hour": timestamp()[:13]} if timed else {}
        return {**found, "tables": {table: self._table(table) for table in tables}} if tables else found

    def _table(self, table: str) -> Json:
        """The names and identities of a table's files (a file, a folder, a pattern); None where there is none, which
        the gate will tell."""
        path = self.root / table
        files = [path] if path.is_file() else sorted(path.rglob("*") if path.is_dir() else self.root.glob(table))
        found = [file for file in files if file.is_file()]
        return [[file.name, hash_file(file, file.stat().st_size)] for file in found] or None

    def closure(self, node: Node) -> Closure:
        """The code that a stage reaches."""
        match node.stage.verb:
            case Call(target=target) | Fit(target_class=target):
                return self._closure(target)
            case Sh(command=command):
                return self.commands.closure(command)
            case _:
                return Closure({}, frozenset(), frozenset())

    @cached_property
    def project(self) -> Project:
        """The project's modules, read when first asked for."""
        return Project(self.root)

    @cached_property
    def commands(self) -> Commands:
        """The closures of the shell commands."""
        return Commands(self.root)

    def _closure(self, target: str) -> Closure:
        if target not in self._closures:
            self._closures[target] = closure_of(self.project, target)
        return self._closures[target]


def check_code(keyer: Keyer, node: Node) -> None:
    """Raise UserError with the stage's place where its callable is missing from the project or cannot be parsed."""
    try:
        keyer.closure(node)
    except UserError as error:
        if error.faults[0].place is None:
            error.faults = tuple(replace(fault, place=node.stage.place) for fault in error.faults)
        raise


def meaning_of(validation: Validation) -> Json:
    """What a validation asks for, whatever its file is called, its comments say and its lines are."""
    return _meaning(plain(validation))


def validation_id(validation: Validation) -> Oid:
    """The identity of what a validation asks for: a report tells by it which checks were made."""
    return hash_bytes(canonical(meaning_of(validation)))


def _identity(artifact: Artifact) -> str:
    # The ending decides how a file is read, so the same bytes under another ending are another input.
    return artifact.oid + Path(artifact.name).suffix


def _meaning(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _meaning(item) for name, item in value.items() if name not in NOT_PART}
    return [_meaning(item) for item in value] if isinstance(value, list) else value
