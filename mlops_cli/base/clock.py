"""The clock. Tests and reproducible builds fix it with the environment variable MLOPS_NOW (an ISO 8601 time)."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from mlops_cli.base.errors import UserError


def now() -> datetime:
    """The present moment in UTC, to the millisecond; raises UserError when MLOPS_NOW is set to something else."""
    fixed = os.environ.get("MLOPS_NOW")
    moment = datetime.now(UTC) if not fixed else parse_time(fixed)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def timestamp() -> str:
    """The present moment as text, such as `2026-03-01T14:03:00.000Z`."""
    return now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """The moment that an ISO 8601 text names; a day alone means its start, no zone means UTC. Raises UserError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"'{text}' is not a time", "write 2026-03-01 or 2026-03-01T14:03:00Z") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
