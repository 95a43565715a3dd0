from __future__ import annotations

from pathlib import Path

from mlops_cli.spec.project import Project, Promotion, load_project

KEY = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def project(folder: Path, text: str) -> Project:
    (folder / "mlops.yaml").write_text(text, encoding="utf-8")
    return load_project(folder)


def test_a_project_file_with_nothing_but_a_name_asks_for_nothing(tmp_path: Path) -> None:
    read = project(tmp_path, "name: churn\n")
    assert (read.promotion, read.signers, read.verify, read.pickle) == ({}, {}, (), "refuse")
    assert read.promotion_of("production") is None


def test_what_a_project_asks_of_models(tmp_path: Path) -> None:
    read = project(
        tmp_path,
        f"""name: churn
promotion:
  production: {{gates: [churn-gate, fair], from: candidate, max_age: 30d, signed: true}}
  "*": {{gates: [churn-gate]}}
signers: {{alice: "{KEY}"}}
verify: [load, promote]
pickle: allow
""",
    )
    production = Promotion(("churn-gate", "fair"), "candidate", 30 * 86400.0, signed=True)
    assert read.promotion_of("production") == production
    assert read.promotion_of("staging") == Promotion(("churn-gate",))
    assert read.signers == {"alice": KEY}
    assert (read.verify, read.pickle) == (("promote", "load"), "allow")
