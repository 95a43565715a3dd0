"""The fork server: one small process that has the heavy libraries loaded and forks a fresh child for each stage.

It talks JSON lines over its standard input and output. Losing the input (the parent died) ends it and all its children.
Only the standard library is imported here; what else is loaded is the caller's choice (`preload`).
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import selectors
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from typing import TypedDict

CRASHED = 70


class Request(TypedDict):
    """One task to start."""

    id: str
    entry: str
    job: str
    folder: str
    log: str
    memory: int | None
    environment: dict[str, str]


@dataclass
class Server:
    """The loop: requests in, reports out, children in between."""

    requests: int
    reports: int
    children: dict[int, tuple[str, float]] = field(default_factory=dict)
    _tail: bytes = b""

    def serve(self) -> None:
        """Run until the input closes."""
        wakeup, wake = os.pipe()
        os.set_blocking(wakeup, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        with selectors.DefaultSelector() as selector:
            selector.register(self.requests, selectors.EVENT_READ)
            selector.register(wakeup, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fd == wakeup:
                        with contextlib.suppress(BlockingIOError):
                            os.read(wakeup, 4096)
                        self._reap()
                    elif not self._read():
                        self._kill_all()
                        return

    def _read(self) -> bool:
        data = os.read(self.requests, 1 << 16)
        *lines, self._tail = (self._tail + data).split(b"\n")
        for line in lines:
            self._start(json.loads(line))
        return bool(data)

    def _start(self, request: Request) -> None:
        started = time.monotonic()
        pid = os.fork()
        if pid == 0:
            run_child(request, (self.requests, self.reports))
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        self.children[pid] = (request["id"], started)
        self._report({"id": request["id"], "pid": pid})

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self.children:
                name, started = self.children.pop(pid)
                _kill_group(pid)  # what the stage left running must not outlive it
                code = os.waitstatus_to_exitcode(status)
                peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
                self._report({"id": name, "status": code, "seconds": time.monotonic() - started, "peak": peak})

    def _report(self, report: dict[str, str | int | float]) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(self.reports, json.dumps(report).encode() + b"\n")

    def _kill_all(self) -> None:
        for pid in self.children:
            _kill_group(pid)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def run_child(request: Request, inherited: tuple[int, ...]) -> None:
    """Become the stage: own process group, own log, own limits; never returns."""
    code = CRASHED
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _redirect(request["log"])
        for descriptor in inherited:
            if descriptor > 2:
                os.close(descriptor)
        os.environ.update(request["environment"])
        if request["memory"]:
            _cap_memory(request["memory"])
        os.chdir(request["folder"])
        code = call_entry(request["entry"], request["job"])
    except BaseException:  # noqa: BLE001 - this process ends here: the traceback goes to the stage's log
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _redirect(log: str) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(null, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(null)
    os.close(out)


def _cap_memory(limit: int) -> None:
    # RLIMIT_DATA counts what a process really holds privately; the address space alone would count mapped files too.
    kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    resource.setrlimit(kind, (limit, limit))


def call_entry(entry: str, job: str) -> int:
    """Call `module:function` with the path of a job file; what it returns is the exit code."""
    module, _, name = entry.partition(":")
    code: int = getattr(importlib.import_module(module), name)(job)
    return code


def main() -> None:
    """Start serving: the reports go to the real standard output, prints of preloaded libraries to the log of errors."""
    reports = os.dup(1)
    requests = os.dup(0)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the parent decides what it means
    sys.path.append(sys.argv[1])
    for name in sys.argv[2:]:
        # A library that cannot be loaded here fails in the stage that needs it, with that stage's log.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    Server(requests, reports).serve()


if __name__ == "__main__":
    main()
