"""The simple models that every model is held against, each made when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mlops_cli.checks.trial import Rival, Trial
from mlops_cli.measures.simple import Unfit, constant, linear

Simple: TypeAlias = Literal["constant", "linear"]
SIMPLE: tuple[Simple, ...] = ("constant", "linear")


@dataclass
class SimpleRivals:
    """What `constant` and `linear` say about the rows of a trial."""

    trial: Trial
    _made: dict[str, Rival] = field(default_factory=dict)

    def of(self, name: str) -> Rival:
        """One of them; a fault where it cannot be made."""
        if name not in self._made:
            self._made[name] = self._constant() if name == "constant" else self._linear()
        return self._made[name]

    def all(self) -> dict[str, Rival]:
        """All that can be made."""
        return {name: rival for name in SIMPLE if (rival := self.of(name)).predictions is not None}

    def _constant(self) -> Rival:
        known = self.trial.known
        target = known.target
        train = None if known.train is None or target not in known.train else known.train[target].to_numpy()
        return Rival(constant(self.trial.rows, train), "constant")

    def _linear(self) -> Rival:
        known = self.trial.known
        if known.train is None or known.target is None or not known.features:
            return Rival(None, "linear", "the data that the model was trained on are not known here")
        names = [name for name, _ in known.features]
        made = linear(known.train, self.trial.frame, known.target, names, self.trial.rows)
        return Rival(None, "linear", made.reason) if isinstance(made, Unfit) else Rival(made, "linear")
