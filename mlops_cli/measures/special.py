"""The special functions of scipy, loaded with the first p-value: that takes longer than many a validation in all."""

from __future__ import annotations

import importlib
from functools import cache
from types import ModuleType


@cache
def special() -> ModuleType:
    """`scipy.special`."""
    return importlib.import_module("scipy.special")
