"""The JSON Schema of a kind of spec or of a stage verb, in one file for an editor."""

from __future__ import annotations

import json

from mlops_cli.spec.schema import bundle


def schema(kind: str) -> str:
    """The schema as JSON text; raises UserError for an unknown `kind`."""
    return json.dumps(bundle(kind), indent=2, ensure_ascii=False) + "\n"
