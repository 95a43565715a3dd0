"""The documents tell the truth: links lead somewhere, commands and targets exist, reference pages are up to date."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.core import TyperGroup

from mlops_cli.cli.app import build
from mlops_cli.spec.metrics import METRICS

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("docs", "specs", "examples", "bench")
BUILT = {"docs/benchmarks.md"}  # written by `make bench`
PAGES = sorted([*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))])
PAGES = [page for page in PAGES if "venvs" not in page.parts and "results" not in page.parts]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
MAKE = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)
COMMAND = re.compile(r"(?:^\s*(?:\$ )?|`|&& )mlops ([a-z]+)", re.MULTILINE)


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def commands() -> dict[str, object]:
    group = typer.main.get_command(build())
    assert isinstance(group, TyperGroup)
    return dict(group.commands)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text("utf-8")) if "://" not in target]
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert [target for target in missing if name((page.parent / target).resolve()) not in BUILT] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_that_pages_name_exist(page: Path) -> None:
    assert set(COMMAND.findall(page.read_text("utf-8"))) - set(commands()) == set()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_make_targets_that_pages_name_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(MAKE.findall(page.read_text("utf-8"))) - targets == set()


def test_every_command_has_help_and_an_example() -> None:
    found = commands()
    assert [word for word, item in found.items() if not getattr(item, "help", None)] == []
    assert [
        word for word, item in found.items() if f"Example: mlops {word}" not in str(getattr(item, "epilog", ""))
    ] == []


def test_reference_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_paths_that_contributing_names_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    words = {word for word in re.findall(r"`([a-z_.]+/[\w./-]*)`", text) if "<" not in word}
    inside = {word for word in words if not (ROOT / word).exists() and not (ROOT / "mlops_cli" / word).exists()}
    assert inside == set()


def test_changelog_speaks_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert f"\n## {version} " in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_nothing_names_a_package_registry() -> None:
    hosts = ("pypi." + "org", "python" + "hosted")
    files = [ROOT / "Makefile", ROOT / ".ci" / "run", *(ROOT / "bench").glob("*.py"), *PAGES]
    assert [name(file) for file in files if any(host in file.read_text("utf-8") for host in hosts)] == []


def keys(schema: dict[str, Any]) -> set[str]:
    """Every key that a schema or a part of it names."""
    found = set(schema.get("properties", {}))
    parts = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    parts += [schema[word] for word in ("additionalProperties", "items") if isinstance(schema.get(word), dict)]
    return found.union(*map(keys, parts))


@pytest.mark.parametrize(
    ("spec", "schema"),
    [
        ("pipeline.yaml", "pipeline.schema.json"),
        *(("pipeline.yaml", f"stages/{path.name}") for path in sorted((ROOT / "specs/schema/stages").glob("*.json"))),
        ("validation.data.yaml", "validation.data.schema.json"),
        ("validation.model.yaml predictions.yaml", "validation.model.schema.json"),
        ("mlops.yaml", "project.schema.json"),
    ],
)
def test_annotated_specs_show_every_key(spec: str, schema: str) -> None:
    wanted = keys(json.loads((ROOT / "specs" / "schema" / schema).read_text("utf-8")))
    assert unnamed(wanted, *spec.split()) == set()


def test_annotated_specs_name_every_metric() -> None:
    assert unnamed(set(METRICS), "validation.model.yaml", "predictions.yaml") == set()


def unnamed(words: set[str], *specs: str) -> set[str]:
    """Those of `words` that stand in none of the annotated specs."""
    text = "\n".join((ROOT / "specs" / spec).read_text("utf-8") for spec in specs)
    return {word for word in words if not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)}
