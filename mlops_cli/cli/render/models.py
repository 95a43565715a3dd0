"""Model versions, what becomes of their aliases, and signatures, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_cli.cli.render.history import SHORT, when
from mlops_cli.cli.screen import counted, paint, table
from mlops_cli.spec.metrics import chief

if TYPE_CHECKING:
    from mlops_cli.workflows.history import Models
    from mlops_cli.workflows.promote import Decision
    from mlops_cli.workflows.sign import NewKey, Signed


def models_text(found: Models) -> str:
    """`models`: one line a version."""
    rows = []
    for item in found.models:
        metrics = "  ".join(f"{name} {value:.4g}" for name, value in chief(item.metrics).items())
        rows.append(
            [
                f"{item.name}@v{item.version}",
                paint(", ".join(item.aliases), "good"),
                when(item.created),
                item.oid[:SHORT],
                metrics,
            ]
        )
    text = table(rows, head=("MODEL", "ALIASES", "MADE (UTC)", "ID", "METRICS")) or "no model is registered yet"
    left = [f"{counted(count, 'more version')} of {name}" for name, count in found.left_out.items()]
    return text + (f"\nand {', '.join(left)} (mlops models --all)" if left else "")


def decision_text(decision: Decision) -> str:
    """`promote`, `rollback`: what moved from where, or everything that stands in the way."""
    name, full = f"{decision.model}@v{decision.number}", f"{decision.model}@{decision.alias}"
    if decision.outcome == "nothing_to_do":
        return f"nothing to do: {full} is {name} already"
    if decision.outcome == "refused":
        text = f"{paint('refused', 'bad')}: {name} does not become {decision.alias}\n{_missing(decision)}"
        back = decision.action == "rollback"
        return text + ("\nto go back all the same, say why with --because TEXT" if back else "")
    was = f", before v{decision.before}" if decision.before is not None else ""
    lines = [f"{paint('moved', 'good')}: {full} is {name} now{was}"]
    if decision.evidence:
        lines.append("  evidence: " + ", ".join(_report(*item) for item in decision.evidence.items()))
    lines += [f"  gate {_report(gate, oid)} said no" for gate, oid in decision.against.items()]
    if decision.missing:
        lines += [f"  overridden because {decision.because}:", _missing(decision)]
    return "\n".join(lines)


def _report(gate: str, oid: str) -> str:
    return f"{gate} (report {oid[:SHORT]})"


def _missing(decision: Decision) -> str:
    lines = []
    for item in decision.missing:
        lines.append(f"  - {item.what}")
        if item.fix:
            lines.append(f"      {paint(item.fix, 'dim')}")
    return "\n".join(lines)


def key_text(made: NewKey) -> str:
    """`sign --new`: where the private half is, and what to write down of the public one."""
    return (
        f"{made.file} is the private key {made.key}: keep it out of git\n"
        "whoever shall believe it writes into mlops.yaml, with a name:\n\n"
        f'signers:\n  NAME: "{made.public}"'
    )


def signed_text(signed: Signed) -> str:
    """`sign`: what was signed by whom."""
    text = f"signed {signed.name}@v{signed.number} ({signed.version[:SHORT]}) as {signed.signer or signed.key}"
    if signed.signer is None:
        text += f'\nmlops.yaml does not know this key yet:\n\nsigners:\n  NAME: "{signed.public}"'
    return text
