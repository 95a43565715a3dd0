"""Which files of the project a shell command depends on, and the code behind the Python that it starts.

Every word that may name something of the project counts; what cannot be followed gets a note. Places such as `{out.x}`
are no files: what a stage is given and what it makes stand elsewhere in its key.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.hashing import hash_bytes, hash_file
from mlops_cli.pipeline.closure import Closure, closure_of_script, closure_of_text
from mlops_cli.pipeline.project import ROOTS, SKIPPED, Project

MOST_FILES = 10_000  # of one folder or glob
MOST_BYTES = 1 << 20  # of a shell script
MOST_SCRIPTS = 200  # shell scripts that call each other
PLACE = re.compile(r"\{(?:in|out|params)\.[A-Za-z_][\w-]*\}[\w./-]*")
HEREDOC = re.compile(r"([^\n]*)<<-?\s*(['\"]?)(\w+)\2[^\n]*\n(.*?)\n\s*\3\s*(?:\n|$)", re.DOTALL)
INNER = re.compile(r"[\s'\"`$(){};|&<>=:,]+")
HERE = re.compile(r"^(?:\$PWD|\$\{PWD\}|\$\(pwd\))/")
VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?/|/\$\{?([A-Za-z_]\w*)")
PYTHON = re.compile(r"^(?:.*/)?(?:python|pypy)[\d.]*$")
IMPORT = re.compile(r"\b(?:import|from)\s+([A-Za-z_][\w.]*)")
GLOB = re.compile(r"[*?]|\[[^\]]+\]")
BRACES = re.compile(r"\{[^{}\s]*(?:,|\.\.)[^{}\s]*\}")
SHELL = re.compile(r"^(?:.*/)?(?:ba|da|z|k)?sh$")
SHELL_FILE = re.compile(rb"^#!.*\b(?:sh|bash|dash|ksh|zsh)\b")
SHELL_ENDINGS = (".sh", ".bash", ".zsh", ".ksh")
SOURCED = ((".",), ("source",), ("sh",), ("bash",), ("dash",), ("zsh",), ("ksh",))
STARTERS = frozenset({"run", "exec", "env", "time", "nohup", "launch"})
SEPARATORS = frozenset({"!", "then", "do", "else"})
WRITES = frozenset({">", ">>", ">|", "&>", "&>>", ">&"})
# Words behind these name what is made, entered or removed, and nothing that is read.
NOT_READ = frozenset({"cd", "pushd", "mkdir", "rmdir", "rm", "touch", "tee"})
BUILDERS = {"make": ("Makefile", "makefile", "GNUmakefile"), "just": ("justfile", "Justfile", ".justfile")}
NOTHING = Closure({}, frozenset(), frozenset())


@dataclass(frozen=True)
class Word:
    """A word of a command and what stands before it."""

    text: str
    before: tuple[str, ...]
    """The words since the last separator."""
    is_written: bool = False
    """It is where output goes."""
    is_quoted: bool = False
    """It stood inside a longer text, which need not be a command."""


@dataclass
class Commands:
    """The closures of shell commands of one project; commands, files and folders are read once."""

    root: Path
    _closures: dict[str, Closure] = field(default_factory=dict)
    _digests: dict[Path, str] = field(default_factory=dict)
    _scripts: dict[tuple[Path, str], Closure] = field(default_factory=dict)
    _found: dict[tuple[Path, str], Path | None] = field(default_factory=dict)
    _projects: dict[str, Project] = field(default_factory=dict)

    def closure(self, command: str) -> Closure:
        """What a command reaches. Raises StageFailed where a Python script that it runs is no valid Python."""
        if command not in self._closures:
            walk = _Walk(self)
            walk.take_text(command)
            self._closures[command] = walk.result()
        return self._closures[command]

    def digest(self, path: Path) -> str:
        """The digest of a file's bytes."""
        if path not in self._digests:
            self._digests[path] = hash_file(path, path.stat().st_size)
        return self._digests[path]

    def script(self, path: Path, name: str, more: tuple[str, ...]) -> Closure:
        """What a Python file reaches; a script finds modules beside itself first."""
        key = (path, name)
        if key not in self._scripts:
            own = self.inside(path.parent) if name == "__main__" else ""
            self._scripts[key] = closure_of_script(self.project((own or "", *more)), path, name)
        return self._scripts[key]

    def project(self, more: tuple[str, ...] = ()) -> Project:
        """The project's modules as seen with these folders on the path."""
        roots = tuple(dict.fromkeys([*more, *ROOTS]))
        return self._projects.setdefault("\0".join(roots), Project(self.root, roots))

    def find(self, folder: Path, text: str) -> Path | None:
        """What a word names as seen from a folder, when it is inside the project."""
        key = (folder, text)
        if key not in self._found:
            self._found[key] = self._look(folder / text)
        return self._found[key]

    def _look(self, path: Path) -> Path | None:
        try:
            inside = self.inside(path) if path.exists() else None
        except OSError:
            return None  # a word too long for a file name is no file
        is_plain = ".." not in path.parts and path.is_relative_to(self.root)
        return None if inside is None else path if is_plain else self.root / inside

    def inside(self, path: Path) -> str | None:
        """The path below the project's root; None for others."""
        try:
            return path.resolve().relative_to(self.real).as_posix()
        except (OSError, ValueError):
            return None

    @cached_property
    def real(self) -> Path:
        """The project's folder without links."""
        return self.root.resolve()


class _Walk:
    """What one command and the scripts that it runs name."""

    def __init__(self, commands: Commands) -> None:
        self.commands = commands
        self.code: dict[str, str] = {}
        self.files: set[str] = set()
        self.packages: set[str] = set()
        self.notes: dict[str, None] = {}
        self._seen: set[Path] = set()
        self._folders: list[Path] = [commands.root]
        self._paths: list[str] = []

    def result(self) -> Closure:
        return Closure(
            dict(sorted(self.code.items())), frozenset(self.files), frozenset(self.packages), tuple(self.notes)
        )

    def take_text(self, text: str, folder: Path | None = None) -> None:
        """Follow a command or the text of a shell script."""
        before = list(self._folders)
        if folder:
            self._folders.append(folder)
        text = PLACE.sub("{}", text).replace("{{", "{").replace("}}", "}").replace("\\\n", " ")
        for match in HEREDOC.finditer(text):
            if any(PYTHON.match(word) for word in match.group(1).split()):
                self._take_python(match.group(4))
        words = list(_words(text))
        for word in words:
            if word.before[-1:] in (("cd",), ("pushd",)):
                self._folders.extend(found for found in self._find(word.text) if found.is_dir())
        for word in words:
            self._take_word(word, text)
        self._folders = before

    def _take_word(self, word: Word, text: str) -> None:
        if word.is_written or any(item in NOT_READ for item in word.before[:1]):
            return
        name = word.text.rpartition("/")[2]
        if not word.before and name in BUILDERS:
            self._take_builder(name)
        if word.before[-1:] == ("-c",) and any(PYTHON.match(item) for item in word.before):
            self._take_python(word.text)
            return
        is_module = word.before[-1:] == ("-m",) or (word.text.startswith("-m") and word.text != "-m")
        if is_module and self._take_main(word.text.removeprefix("-m")) and any(map(PYTHON.match, word.before)):
            return
        if word.text.startswith("PYTHONPATH="):
            self._paths.extend(filter(None, map(self.commands.inside, self._path_entries(word.text))))
            return
        self._take_name(word.text, word)
        for part in dict.fromkeys(INNER.split(word.text)):
            if part and part != word.text:
                self._take_name(part, word)
        for unknown in VARIABLE.findall(word.text):
            self._note_variable(next(filter(None, unknown)), word.text, text)

    def _path_entries(self, text: str) -> Iterator[Path]:
        for entry in text.partition("=")[2].split(":"):
            yield self.commands.root / (entry.replace("$PWD", ".") or ".")

    def _note_variable(self, name: str, word: str, text: str) -> None:
        if name != "PWD" and not re.search(rf"\b{name}=|\bfor {name}\b|\bread\b.*\b{name}\b", text):
            shown = " ".join(word.split())[:60]
            self.notes[f"what `{shown}` names is not known before it runs: no file behind ${name} counts"] = None

    def _take_builder(self, name: str) -> None:
        for folder in self._folders:
            for path in (folder / file for file in BUILDERS[name]):
                if path.is_file():
                    self._take_bytes(path)
        self.notes[f"`{name}` is followed no further than its own file"] = None

    def _take_name(self, text: str, word: Word) -> None:
        text = HERE.sub("", text)
        if text in ("", ".", "..") and (not word.before or not text):
            return  # `.` as a command reads the file that follows
        pattern = BRACES.sub("*", text)
        if GLOB.search(pattern) and ("/" in pattern or (word.text == text and not word.is_quoted)):
            self._take_glob(pattern)
        for option in dict.fromkeys((text, text.lstrip("-"), text.lstrip("@"))):
            for path in self._find(option):
                if path.is_file():
                    self._take_file(path, word)
                elif self._is_folder_name(option, word):
                    self._take_folder(path)

    def _is_folder_name(self, text: str, word: Word) -> bool:
        # Inside of a longer text, only what looks like a path is taken for a folder.
        whole = text == HERE.sub("", word.text) or word.text.endswith(f"={text}")
        return bool(word.before or "=" in word.text) and (whole or "/" in text or " " in word.text)

    def _find(self, text: str) -> list[Path]:
        text = HERE.sub("", text)
        if not text or "\0" in text or text in ("/", "~"):
            return []
        places = (self.commands.find(folder, text) for folder in dict.fromkeys(self._folders))
        return [path for path in places if path]

    def _take_file(self, path: Path, word: Word) -> None:
        if path.suffix == ".py":
            runner = next((item for item in reversed(word.before) if not item.startswith("-")), "")
            if PYTHON.match(runner) or runner in STARTERS:
                self._take_script(path)
                return  # it is run: comments do not count
            self._take_code_of(path)
        self._take_bytes(path)
        if path not in self._seen and len(self._seen) < MOST_SCRIPTS and self._is_shell(path, word):
            self._seen.add(path)
            self.take_text(path.read_text("utf-8", "replace"), path.parent)

    def _is_shell(self, path: Path, word: Word) -> bool:
        with path.open("rb") as file:
            start = file.read(8192)
        if b"\0" in start or path.suffix == ".py" or path.stat().st_size > MOST_BYTES:
            return False
        started = word.before[-1:] or ((".",) if "=" not in word.text else ())
        return path.suffix in SHELL_ENDINGS or started[:1] in SOURCED or bool(SHELL_FILE.match(start))

    def _take_bytes(self, path: Path) -> None:
        name = self.commands.inside(path)
        if name is not None:
            shown = path.relative_to(self.commands.root).as_posix() if path.is_relative_to(self.commands.root) else name
            self.code[shown] = self.commands.digest(path)
            self.files.add(shown)

    def _take_script(self, path: Path, name: str = "__main__") -> None:
        self._join(self.commands.script(path, name, tuple(self._paths)))

    def _take_main(self, name: str) -> bool:
        project = self.commands.project(tuple(self._paths))
        found = project.find(name) if name else None
        if found is None:
            return False
        package = found.name == "__init__.py" or found.is_dir()
        main = (found if found.is_dir() else found.parent) / "__main__.py" if package else found
        if main.is_file():
            self._take_script(main, f"{name}.__main__" if package else name)
        return main.is_file()

    def _take_python(self, text: str) -> None:
        project = self.commands.project(tuple(self._paths))
        try:
            self._join(closure_of_text(project, text.strip()))
        except (SyntaxError, ValueError):
            # The shell fills something in: what it imports can still be read.
            lines = "\n".join(f"import {name}\n{name.split('.')[0]}.__dict__" for name in IMPORT.findall(text))
            self._join(closure_of_text(project, lines))
            self.notes["the text behind `python -c` cannot be read: only what it imports counts"] = None

    def _take_folder(self, folder: Path) -> None:
        files = list(_files_below(folder, MOST_FILES + 1))
        self._take_many(folder, files)
        for path in (file for file in files[:MOST_SCRIPTS] if file.suffix == ".py"):
            self._take_code_of(path)

    def _take_code_of(self, path: Path) -> None:
        try:
            self._take_script(path)
        except StageFailed as error:
            self.notes[f"what it imports does not count: {error}"] = None  # its bytes do

    def _take_glob(self, pattern: str) -> None:
        for folder in dict.fromkeys(self._folders):
            try:
                found = [] if pattern.startswith("/") else sorted(folder.glob(pattern))
            except (ValueError, IndexError, NotImplementedError):
                continue  # no pattern that names files
            found = [path for path in found if not set(path.parts) & SKIPPED and self.commands.inside(path)]
            if not found:
                continue
            listed = " ".join(path.name for path in found)
            self.code[f"{pattern} (names)"] = hash_bytes(listed.encode("utf-8", "surrogateescape"))
            files = [path for path in found if path.is_file()]
            self._take_many(folder / pattern, files[: MOST_FILES + 1])
            for path in (item for item in found if item.is_dir()):
                self._take_folder(path)

    def _take_many(self, what: Path, files: list[Path]) -> None:
        for path in files[:MOST_FILES]:
            self._take_bytes(path)
        if len(files) > MOST_FILES:
            self.notes[
                f"{what.relative_to(self.commands.root)} has more than {MOST_FILES} files: the rest does not count"
            ] = None

    def _join(self, other: Closure) -> None:
        self.code.update(other.code)
        self.files |= other.files
        self.packages |= other.packages
        self.notes.update(dict.fromkeys(other.notes))


def _files_below(folder: Path, most: int) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(names):
            if most <= 0:
                return
            path = Path(place, name)
            if path.is_file():
                most -= 1
                yield path


def _words(text: str, *, quoted: bool = False) -> Iterator[Word]:
    """Each word without its quotes; the parts of a quoted text that is a command itself follow it."""
    before: list[str] = []
    written = False
    for item in _split(text):
        if item in SEPARATORS or set(item) <= set(";&|()\n"):
            before = []
        elif item in WRITES:
            written = True
            continue
        elif set(item) <= set("<>&"):
            pass
        else:
            yield Word(item, tuple(before), written, quoted)
            if re.search(r"\s", item) and not (before[-1:] == ["-c"] and any(map(PYTHON.match, before))):
                runs = "$(" in item or "`" in item or any(map(SHELL.match, before))
                yield from _words(INNER_COMMAND.sub(r" \1 ", item), quoted=not runs)
            # An assignment in front is no command: `A=1 python x.py`.
            if before or not re.match(r"^\w+=", item):
                before.append(item)
        written = False


INNER_COMMAND = re.compile(r"\$?([()`])")


def _split(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|()<>\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        return INNER.split(text)  # unbalanced quotes: the shell will say so when it runs
