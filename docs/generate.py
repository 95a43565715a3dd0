"""Writes docs/reference/: the keys of every spec from its JSON Schema, the commands from the program itself.

python docs/generate.py           write the pages
python docs/generate.py --check   write nothing; exit 1 when a page is not what would be written
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args, get_origin

import typer.main
from typer.core import TyperArgument, TyperGroup

from mlops_cli.cli.app import build
from mlops_cli.spec.metrics import METRICS

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "specs" / "schema"
TARGET = ROOT / "docs" / "reference"
NOTE = "<!-- Written by `make docs`; edit the schemas or the help of the commands instead. -->\n\n"
PAGES = {
    "pipeline": "pipeline.schema.json",
    "validation-of-data": "validation.data.schema.json",
    "validation-of-a-model": "validation.model.schema.json",
    "project-file": "project.schema.json",
}
VERBS = ("call", "sh", "sql", "split", "fit", "select", "validate", "register")
Schema: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Key:
    """One line of a reference table."""

    path: str
    types: str
    text: str
    default: str
    example: str


def load(path: Path) -> Schema:
    """A schema file with every reference to another part replaced by that part."""
    schema: Schema = resolve(json.loads(path.read_text("utf-8")), path)
    return schema


def resolve(node: Any, home: Path) -> Any:
    """`node` without references; keys that stand beside a reference win over those of its target."""
    if isinstance(node, list):
        return [resolve(item, home) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" not in node:
        return {key: resolve(value, home) for key, value in node.items()}
    file, _, pointer = node["$ref"].partition("#")
    target_home = (home.parent / file).resolve() if file else home
    target: Any = json.loads(target_home.read_text("utf-8"))
    for part in pointer.strip("/").split("/"):
        target = target[part] if part else target
    beside = {key: value for key, value in node.items() if key != "$ref"}
    return {**resolve(target, target_home), **resolve(beside, home)}


def keys(schema: Schema, prefix: str = "") -> Iterator[Key]:
    """Every key that `schema` allows, with those inside it; `NAME` stands for a name that the user chooses."""
    needed = schema.get("required", ())
    parts = {name: (part, name in needed) for name, part in schema.get("properties", {}).items()}
    free = schema.get("additionalProperties")
    if isinstance(free, dict) and free:
        parts["NAME"] = (free, False)
    if isinstance(each := schema.get("x-metrics"), dict):
        parts = {"METRIC": (each, False), **parts}
    seen: dict[str, str] = {}  # the keys of a part -> the sibling that showed them first
    for name, (part, required) in parts.items():
        path = f"{prefix}{name}"
        inner = [*keys(part, ".")]
        items = part.get("items")
        inner += [*keys(items, "[].")] if isinstance(items, dict) else []
        twin = seen.setdefault(str(inner), path) if inner else path
        same = "" if twin == path else f" Takes the same keys as `{twin.strip('.[]')}`."
        yield Key(path, types(part), text(part, required) + same, shown(part.get("default")), example(part))
        yield from (replace(key, path=path + key.path) for key in inner if twin == path)


def types(part: Schema) -> str:
    """What a value may be, in words."""
    if "const" in part:
        return f"`{part['const']}`"
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    found = part.get("type", "anything")
    words = [found] if isinstance(found, str) else list(found)
    named = {"object": "mapping", "array": "list", "string": "text", "boolean": "true or false", "null": "nothing"}
    return " or ".join(named.get(word, word) for word in words)


def text(part: Schema, required: bool) -> str:
    """The description, with the limits that the schema sets."""
    limits = {
        "minimum": "at least",
        "maximum": "at most",
        "exclusiveMinimum": "more than",
        "exclusiveMaximum": "less than",
    }
    said = [f"{words} {part[name]}" for name, words in limits.items() if name in part]
    more = f" ({', '.join(said)})" if said else ""
    return str(part.get("description", "")) + more + (" **Required.**" if required else "")


def shown(value: object) -> str:
    """A value as it would stand in YAML, for a table cell."""
    return "" if value is None else f"`{json.dumps(value, ensure_ascii=False)}`".replace("|", "\\|")


def example(part: Schema) -> str:
    """The first example of a key."""
    examples = part.get("examples") or [None]
    return shown(examples[0])


def table(found: Iterable[Key]) -> str:
    """A Markdown table of keys."""
    head = "| key | value | meaning | default | example |\n|---|---|---|---|---|\n"
    cells = ((f"`{key.path}`", key.types, key.text, key.default, key.example) for key in found)
    return head + "".join("| " + " | ".join(cell or " " for cell in row) + " |\n" for row in cells)


def spec_page(file: str) -> str:
    """The reference page of one kind of spec."""
    schema = load(SCHEMAS / file)
    page = f"{NOTE}# {schema['title']}\n\n{schema['description']}\n\n"
    page += (
        "`NAME` stands for a name of your choice. Keys that begin with `x-` are yours: they are kept and ignored.\n\n"
    )
    page += table(keys(schema))
    if file == "validation.model.schema.json":
        return page + metrics()
    return page + (stages() if file.startswith("pipeline.") else "")


def metrics() -> str:
    """The section on what may stand where a key's path says `METRIC`."""
    words = load(SCHEMAS / "defs.schema.json")["$defs"]["metrics"]["properties"]
    head = "\n## Metrics\n\nWhere a path says `METRIC`, one of these stands.\n\n"
    head += "| metric | of | better | meaning |\n|---|---|---|---|\n"
    better = {1: "more", -1: "less", 0: "neither"}
    lines = [
        f"| `{name}` | {', '.join(known.tasks)} | {better[known.better]} | {words[name]['description']} |\n"
        for name, known in METRICS.items()
    ]
    return head + "".join(lines)


def stages() -> str:
    """The sections on stages: the keys that many share, then each verb."""
    common = load(SCHEMAS / "stages" / "common.schema.json")
    page = f"\n## {common['title']}\n\nWhich of them a stage takes is said with its verb.\n\n{table(keys(common))}"
    for verb in VERBS:
        schema = load(SCHEMAS / "stages" / f"{verb}.schema.json")
        page += f"\n## {verb}: {schema['title'][0].lower()}{schema['title'][1:]}\n\n{schema['description']}\n\n"
        shared = ", ".join(f"`{name}`" for name in schema.get("x-common", ()))
        page += f"{table(keys(schema))}\nTakes besides: {shared}.\n"
        for sample in schema.get("examples", ()):
            page += f"\n```json\n{json.dumps(sample, ensure_ascii=False)}\n```\n"
    return page


def command_page() -> str:
    """The reference page of all commands, in the order of `mlops --help`."""
    group = typer.main.get_command(build())
    if not isinstance(group, TyperGroup):
        raise TypeError("the program has no commands")
    common = "Every command takes `--json`, `-C DIR`, `-v` and `--help`."
    page = f"{NOTE}# Commands\n\n{group.help}\n\n{common}\n\n{group.epilog}\n"
    for name, command in group.commands.items():
        own = [item for item in command.params if not {"--json", "-C", "-v", "--help"}.intersection(item.opts)]
        values = allowed(command.callback)
        usage = " ".join(["mlops", name, *(usage_word(item, values) for item in own)])
        page += f"\n## mlops {name}\n\n{command.help}\n\n    {usage}\n\n{command.epilog}\n"
        rows = [f"| {spelling(item)} | {getattr(item, 'help', '')} |\n" for item in own]
        page += "\n| | |\n|---|---|\n" + "".join(rows) if rows else ""
    return page


def allowed(callback: Any) -> dict[str, str]:
    """The parameters of a command that take one of a few words, with these words."""
    hints = {item.name: item.annotation for item in inspect.signature(callback).parameters.values()}
    bare = {name: get_args(hint)[0] if hasattr(hint, "__metadata__") else hint for name, hint in hints.items()}
    return {name: "|".join(map(str, get_args(hint))) for name, hint in bare.items() if get_origin(hint) is Literal}


def usage_word(item: Any, values: Mapping[str, str]) -> str:
    """How a parameter stands in the usage line."""
    name = item.metavar or values.get(item.name) or str(item.name).upper()
    if isinstance(item, TyperArgument):
        return str(name)
    return f"[{item.opts[0]}]" if item.is_flag else f"[{item.opts[0]} {name}]"


def spelling(item: Any) -> str:
    """How a parameter is written, for its line in the table."""
    words = [item.metavar or str(item.name).upper()] if isinstance(item, TyperArgument) else item.opts
    return ", ".join(f"`{word}`" for word in words)


def pages() -> dict[Path, str]:
    """Every page by its path."""
    found = {TARGET / f"{name}.md": spec_page(file) for name, file in PAGES.items()}
    return {**found, TARGET / "commands.md": command_page()}


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` name those that differ."""
    wanted = pages()
    if arguments == ["--check"]:
        there = {path: path.read_text("utf-8") if path.is_file() else None for path in {*wanted, *TARGET.glob("*.md")}}
        wrong = sorted(
            path.relative_to(ROOT).as_posix() for path, is_now in there.items() if wanted.get(path) != is_now
        )
        sys.stderr.writelines(f"{name} is out of date: run `make docs`\n" for name in wrong)
        return 1 if wrong else 0
    TARGET.mkdir(parents=True, exist_ok=True)
    for path in {*TARGET.glob("*.md")} - {*wanted}:
        path.unlink()
    for path, page in wanted.items():
        path.write_text(page, "utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
