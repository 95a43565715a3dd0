"""What a person sees while stages run: one live line a stage on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlops_cli.cli.screen import Screen, duration
from mlops_cli.pipeline.execute import Event, Watcher

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

PATIENCE, PAUSE = 0.7, 0.1  # seconds before work counts as long, and between two lines about it
WORDS = {
    "start": "run",
    "retry": "retry",
    "ran": "done",
    "failed": "failed",
    "gate_failed": "no",
    "blocked": "blocked",
    "skipped": "skipped",
    "cancelled": "cancelled",
}


@contextmanager
def watcher(screen: Screen, *, verbose: bool) -> Iterator[Watcher]:
    """A watcher of events that suits the screen; the live view is gone when the run has ended."""
    if screen.live:
        view = _LiveView()
        try:
            yield view.watch
        finally:
            view.close()
    else:
        yield lambda event: _plain(screen, event, verbose)


def _plain(screen: Screen, event: Event, verbose: bool) -> None:
    if event.state == "reused" and not verbose:
        return
    word = WORDS.get(event.state, event.state)
    took = f" in {duration(event.seconds)}" if event.state in ("ran", "failed", "gate_failed") and event.seconds else ""
    detail = f": {event.detail}" if event.state in ("start", "retry", "failed", "blocked", "skipped", "reused") else ""
    screen.note(f"[{event.done}/{event.total}] {word:<7} {event.stage}{took}{detail}")


@dataclass
class _LiveView:
    """Draws the running stages below the finished ones; rich is loaded when the first stage starts."""

    started: dict[str, float] = field(default_factory=dict)
    done: int = 0
    total: int = 0
    live: Live | None = None

    def watch(self, event: Event) -> None:
        self.done, self.total = event.done, event.total
        if event.state in ("start", "retry"):
            self.started[event.stage] = time.monotonic()
            self._open()
        else:
            self.started.pop(event.stage, None)
            if self.live and event.state != "reused":
                mark = {"ran": "[green]✓[/]", "failed": "[red]✗[/]", "gate_failed": "[red]✗[/]"}.get(
                    event.state, "[dim]-[/]"
                )
                took = f" [dim]{duration(event.seconds)}[/]" if event.seconds else ""
                self.live.console.print(f"{mark} {_safe(event.stage)}{took}")

    def _open(self) -> None:
        if self.live is None:
            from rich.console import Console
            from rich.live import Live

            self.live = Live(
                console=Console(stderr=True), get_renderable=self._draw, refresh_per_second=8, transient=True
            )
            self.live.start()

    def _draw(self) -> Table:
        from rich.progress_bar import ProgressBar
        from rich.spinner import Spinner
        from rich.table import Table

        grid = Table.grid(padding=(0, 1))
        for stage, since in list(self.started.items()):
            grid.add_row(Spinner("dots"), _safe(stage), f"[dim]{duration(time.monotonic() - since)}[/]")
        grid.add_row(
            "", ProgressBar(total=max(self.total, 1), completed=self.done, width=30), f"{self.done}/{self.total}"
        )
        return grid

    def close(self) -> None:
        if self.live:
            self.live.stop()


def _safe(stage: str) -> str:
    return stage.replace("[", "\\[")


@contextmanager
def measuring(screen: Screen) -> Iterator[Callable[[int, int], None] | None]:
    """A counter of pieces of work, in one line that is gone at the end; None where no person watches."""
    if not screen.live:
        yield None
        return
    shown = began = time.monotonic()

    def count(done: int, known: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - began > PATIENCE and now - shown > PAUSE:
            shown = now
            sys.stderr.write(f"\r\x1b[Kmeasured {done:,} of {known:,} pieces")
            sys.stderr.flush()

    try:
        yield count
    finally:
        if shown != began:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
