"""Runs stages on this machine through the fork server."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mlops_cli.base.errors import StageFailed
from mlops_cli.pipeline.executors.base import Finished, Task

SERVER = Path(__file__).with_name("forkserver.py")
PACKAGES = Path(__file__).parents[3]  # the folder that `mlops_cli` is in, whichever way it was installed
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass
class _Running:
    task: Task
    started: float
    pid: int | None = None
    killed: Literal["timeout", "cancelled"] | None = None


def create(entry: str, capacity: int, preload: Sequence[str]) -> LocalExecutor:
    """An executor that has not started anything yet."""
    return LocalExecutor(entry, capacity, preload)


@dataclass
class LocalExecutor:
    """`capacity` CPUs of this machine. `entry` (`module:function`) is what each child calls with its job file."""

    entry: str
    capacity: int
    preload: Sequence[str] = ()
    _running: dict[str, _Running] = field(default_factory=dict)
    _done: deque[Finished] = field(default_factory=deque)
    _server: subprocess.Popen[bytes] | None = None
    _tail: bytes = b""

    def submit(self, task: Task) -> None:
        """Start a task; the first one starts the server."""
        server = self._server = self._server or self._start_server()
        request = {
            "id": task.id,
            "entry": self.entry,
            "job": str(task.job),
            "folder": str(task.folder),
            "log": str(task.log),
            "memory": task.memory,
            "environment": dict(task.environment),
        }
        self._running[task.id] = _Running(task, time.monotonic())
        assert server.stdin is not None
        try:
            server.stdin.write(json.dumps(request).encode() + b"\n")
            server.stdin.flush()
        except BrokenPipeError:
            self._lose_server()

    def wait(self) -> Finished:
        """Block until a task ends or its time is up."""
        while not self._done:
            if self._server is None or self._server.stdout is None:
                raise StageFailed("the process that starts stages has ended", "run again: finished stages are reused")
            with selectors.DefaultSelector() as selector:
                selector.register(self._server.stdout, selectors.EVENT_READ)
                ready = selector.select(self._patience())
            if ready:
                self._read(self._server.stdout.fileno())
            self._expire()
        return self._done.popleft()

    def cancel(self) -> None:
        """Kill every running task."""
        for running in self._running.values():
            self._kill(running, "cancelled")

    def close(self) -> None:
        """End the server; its children end with it."""
        if self._server is not None:
            for stream in (self._server.stdin, self._server.stdout):
                if stream:
                    with suppress(BrokenPipeError):
                        stream.close()
            self._server.wait()
            self._server = None

    def _start_server(self) -> subprocess.Popen[bytes]:
        # Hash randomisation is off so that code which iterates over sets gives the same bytes twice. One thread: a
        # process that forks must have no others, and Arrow's allocator would start one to tidy up behind it.
        quiet = {"PYTHONHASHSEED": "0", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
        environment = {**os.environ, **quiet, **dict.fromkeys(ONE_THREAD, "1")}
        # -P: a file of the user's named like a standard module must not be taken for it.
        command = [sys.executable, "-P", str(SERVER), str(PACKAGES), *self.preload]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0)

    def _patience(self) -> float | None:
        ends = [run.started + run.task.timeout for run in self._running.values() if run.task.timeout and not run.killed]
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def _read(self, descriptor: int) -> None:
        data = os.read(descriptor, 1 << 16)
        if not data:
            self._lose_server()
            return
        *lines, self._tail = (self._tail + data).split(b"\n")
        for line in lines:
            report = json.loads(line)
            if "pid" in report:
                running = self._running[report["id"]]
                running.pid = report["pid"]
                if running.killed:
                    self._kill(running, running.killed)
            else:
                self._finish(report["id"], report["status"], report["seconds"], report["peak"])

    def _finish(self, name: str, status: int, seconds: float, peak: int) -> None:
        running = self._running.pop(name)
        natural: Literal["done", "signal", "error"] = "done" if status == 0 else "signal" if status < 0 else "error"
        self._done.append(Finished(name, status, seconds, peak, running.killed or natural))

    def _expire(self) -> None:
        now = time.monotonic()
        for running in self._running.values():
            if running.task.timeout and not running.killed and now >= running.started + running.task.timeout:
                self._kill(running, "timeout")

    def _kill(self, running: _Running, why: Literal["timeout", "cancelled"] | None) -> None:
        running.killed = why
        if running.pid is not None:  # else the report that brings the process id kills it
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)

    def _lose_server(self) -> None:
        for name, running in list(self._running.items()):
            self._kill(running, running.killed)  # nobody else would end the children of a server that is gone
            self._finish(name, -signal.SIGKILL, 0.0, 0)
        if self._server is not None:
            self._server.wait()
            self._server = None
