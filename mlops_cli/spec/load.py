"""Reading a spec: from a file to a typed record, or to all the faults that the file has."""

from __future__ import annotations

from pathlib import Path

from mlops_cli.base.errors import SpecError
from mlops_cli.spec.checked import checked
from mlops_cli.spec.decode_data import decode_data
from mlops_cli.spec.decode_model import decode_model
from mlops_cli.spec.decode_pipeline import decode_pipeline
from mlops_cli.spec.decoding import Decoding, in_order
from mlops_cli.spec.pipeline import Pipeline
from mlops_cli.spec.places import suggestion
from mlops_cli.spec.source import Document, parse_document, read_document
from mlops_cli.spec.structure import Broken, schema_name
from mlops_cli.spec.validation import DataValidation, ModelValidation, Validation


def load_spec(path: Path, root: Path, remember: Path | None = None) -> Pipeline | Validation:
    """The spec in the file `path` of the project `root`; raises SpecError with all faults of the file.

    `remember` is a cache folder where documents that fit their schemas are marked, so that reading an unchanged
    spec never imports jsonschema.
    """
    document = read_document(path, shown_path(path, root))
    return decode(document, root, remember)


def load_pipeline(path: Path, root: Path, remember: Path | None = None) -> Pipeline:
    """The pipeline in the file `path`; raises SpecError, also where the spec is of another kind."""
    document = read_document(path, shown_path(path, root))
    spec = decode(document, root, remember)
    if not isinstance(spec, Pipeline):
        hint = f"judge it with: mlops validate {document.file}"
        raise SpecError("this is a validation, not a pipeline", hint, document.place(("kind",)))
    return spec


def load_validation(path: Path, root: Path, remember: Path | None = None) -> Validation:
    """The validation in the file `path`; raises SpecError, also where the spec is of another kind."""
    document = read_document(path, shown_path(path, root))
    name = schema_name(document)
    if name == "pipeline":
        hint = f"run it with: mlops run {document.file}"
        raise SpecError("this is a pipeline, not a validation", hint, document.place(("kind",)))
    spec = decode(document, root, remember)
    if isinstance(spec, Pipeline):
        raise TypeError("a document of kind validation has become a pipeline")
    return spec


def parse_validation(text: str, shown: str) -> Validation:
    """The validation that `text` says, whose structure another process has checked. Raises SpecError."""
    document = parse_document(text, shown)
    name = schema_name(document)
    if isinstance(name, Broken) or name == "pipeline":
        raise SpecError("this is not a validation")
    decoding = Decoding(document, frozenset(), list(document.faults))
    spec = decode_model(decoding) if name == "validation.model" else decode_data(decoding)
    decoding.finish()
    return spec


def decode(document: Document, root: Path, remember: Path | None) -> Pipeline | Validation:
    """The record that a document says; raises SpecError with all its faults."""
    name = schema_name(document)
    if isinstance(name, Broken):
        raise SpecError.of(in_order([*document.faults, name.fault]))
    decoding = checked(document, name, remember)
    spec: Pipeline | DataValidation | ModelValidation
    if name == "pipeline":
        spec = decode_pipeline(decoding, lambda file: _gate(file, root, remember))
    elif name == "validation.model":
        spec = decode_model(decoding)
    else:
        spec = decode_data(decoding)
    decoding.finish()
    return spec


def _gate(file: str, root: Path, remember: Path | None) -> Validation:
    path = root / file
    if not path.exists():
        near = suggestion(file, (shown_path(other, root) for other in _specs(path.parent)), "specs there")
        raise SpecError(f"{file} does not exist", near)
    document = read_document(path, shown_path(path, root))
    if schema_name(document) == "pipeline":
        raise SpecError(f"{file} is a pipeline, not a validation")
    spec = decode(document, root, remember)
    if isinstance(spec, Pipeline):
        raise TypeError("a document of kind validation has become a pipeline")
    return spec


def _specs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.y*ml")) if folder.is_dir() else []


def shown_path(path: Path, root: Path) -> str:
    """How messages call a file: from the project root where it lies inside, else as it is given."""
    full, base = path.absolute(), root.absolute()
    if not full.is_relative_to(base):
        full, base = full.resolve(), base.resolve()  # the root is known by its real path, the file maybe by a link
    return full.relative_to(base).as_posix() if full.is_relative_to(base) else path.as_posix()
