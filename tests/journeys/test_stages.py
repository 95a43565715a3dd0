"""What a stage may say, through the real command: verbs, matrix, when, retry, timeout, resources, and how they fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from conftest import Ended, Project


def spec(project: Project, stages: str, params: str = "{}", data: str = "{}") -> None:
    project.write("specs/pipeline.yaml", f"kind: pipeline\nname: p\nparams: {params}\ndata: {data}\nstages:\n{stages}")


def statuses(ended: Ended) -> dict[str, str]:
    return {stage["stage"]: stage["status"] for stage in ended.json["stages"]}


def failure(ended: Ended, stage: str) -> str:
    return str(next(item["failure"] for item in ended.json["stages"] if item["stage"] == stage))


CODE = """
import json, os, sys, time
from pathlib import Path
import pandas as pd
import pyarrow as pa

def table(rows: int = 4) -> pd.DataFrame:
    return pd.DataFrame({"n": range(rows), "g": list("abcd" * rows)[:rows]})

def two():
    return {"n": [1]}, {"accuracy": 0.5}

def by_name():
    return {"score": {"accuracy": 0.5}, "rows": pd.DataFrame({"n": [1, 2]})}

def types(frame: pd.DataFrame, arrow: pa.Table, path: Path, plain):
    return {"frame": len(frame), "arrow": arrow.num_rows, "path": path.suffix, "plain": list(plain.columns)}

def total(parts: list[pd.DataFrame]):
    return {"rows": sum(len(part) for part in parts)}

def boom():
    raise KeyError("no such thing")

def where():
    return os.getcwd()

def flaky(counter):
    path = Path(counter)
    seen = int(path.read_text() or 0) if path.exists() else 0
    path.write_text(str(seen + 1))
    if seen < 2:
        os.kill(os.getpid(), 9)
    return {"seen": seen}

def hog():
    block = bytearray(600 << 20)
    return {"size": len(block)}

def spoil(data: Path):
    os.chmod(data, 0o644)
    data.write_text("spoiled")
    return {}
"""


def test_functions_get_what_their_annotations_ask_for(project: Project) -> None:
    project.write("steps.py", CODE)
    spec(
        project,
        """
  made: {call: "steps:table", with: {rows: 6}, out: table}
  seen: {call: "steps:types", in: {frame: made, arrow: made, path: made, plain: made}, out: {facts: {type: json, path: facts.json}}}
  pair: {call: "steps:two", out: {rows: table, score: metrics}}
  named: {call: "steps:by_name", out: {rows: table, score: metrics}}
""",
    )
    project.quick("run")
    assert (project.root / "facts.json").read_text() == '{"arrow":6,"frame":6,"path":".parquet","plain":["n","g"]}'
    shown = project.quick("show", "p/named.score", "--json").json
    assert shown["stage"]["metrics"] == {"accuracy": 0.5}


def test_sql_sh_and_split_work_together(project: Project) -> None:
    project.write("data/sales.csv", "region,amount\n" + "".join(f"r{n % 3},{n}\n" for n in range(30)))
    spec(
        project,
        """
  sums: {sql: "select region, sum(amount) as total from sales group by region order by region", in: {sales: sales}}
  page: {sh: "echo {params.title} > {out.page}; wc -c < {in.sums} >> {out.page}", in: {sums: sums}, with: {title: "a 'quoted' title"}, out: {page: {type: file, path: out/page.txt}}}
  parts: {split: sales, by: random, shares: {train: 0.7, test: 0.3}}
  rows: {sql: "select (select count(*) from train) as train, (select count(*) from test) as test", in: {train: parts.train, test: parts.test}, out: counts}
  csv: {sql: "select train + test as n from counts", in: {counts: rows}}
""",
        data="{sales: data/sales.csv}",
    )
    project.quick("run")
    assert (project.root / "out/page.txt").read_text().startswith("a 'quoted' title\n")
    (project.root / "out/page.txt").write_text("changed by hand")
    ended = project.quick("run", "--json")
    assert set(statuses(ended).values()) == {"reused"}
    assert (project.root / "out/page.txt").read_text().startswith("a 'quoted' title\n")
    assert any(item["name"].startswith("autosave/") for item in project.quick("ls", "--all", "--json").json["names"])


def test_a_matrix_multiplies_and_lists_collect(project: Project) -> None:
    project.write("steps.py", CODE)
    spec(
        project,
        """
  made: {matrix: {rows: [1, 2, 3]}, call: "steps:table", out: table}
  sum: {call: "steps:total", in: {parts: "made[*]"}, out: {total: {type: json, path: total.json}}}
  one: {sh: "cp {in.t} {out.c}", in: {t: "made[rows=2]"}, out: {c: file}}
""",
    )
    project.quick("run")
    assert (project.root / "total.json").read_text() == '{"rows":6}'
    project.edit("specs/pipeline.yaml", "[1, 2, 3]", "[1, 2, 5]")
    again = statuses(project.quick("run", "--json"))
    assert again == {
        "made[rows=1]": "reused",
        "made[rows=2]": "reused",
        "made[rows=5]": "ran",
        "sum": "ran",
        "one": "reused",
    }


def test_when_skips_and_what_needs_it_is_skipped(project: Project) -> None:
    project.write("steps.py", CODE)
    spec(
        project,
        """
  pair: {call: "steps:two", out: {rows: table, score: metrics}}
  extra: {sh: "echo x > {out.x}", when: "deep and pair.score.accuracy > 0.4", out: {x: file}}
  more: {sh: "cat {in.x} > {out.y}", in: {x: extra}, out: {y: file}}
""",
        params="{deep: false}",
    )
    assert statuses(project.quick("run", "--json")) == {"pair": "ran", "extra": "skipped", "more": "skipped"}
    assert statuses(project.quick("run", "-p", "deep=true", "--json")) == {
        "pair": "reused",
        "extra": "ran",
        "more": "ran",
    }
    project.edit("specs/pipeline.yaml", "pair.score.accuracy", "pair.score.acuracy")
    ended = project.quick("run", "-p", "deep=true", "--json", code=3)
    assert "has no 'acuracy'" in failure(ended, "extra")


def test_a_stage_that_is_killed_is_tried_again(project: Project) -> None:
    project.write("steps.py", CODE)
    counter = project.root / "counter"
    stage = f'  one: {{call: "steps:flaky", with: {{counter: "{counter}"}}, retry: {{max: MAX, when: [signal]}}, out: {{seen: json}}}}\n'
    spec(project, stage.replace("MAX", "1"))
    ended = project.quick("run", "--json", code=3)
    assert "killed by SIGKILL" in failure(ended, "one")
    counter.unlink()
    spec(project, stage.replace("MAX", "2"))
    ended = project.quick("run", "--json")
    assert ended.json["stages"][0]["attempts"] == 3


def test_timeouts_and_memory_caps_hold(project: Project) -> None:
    project.write("steps.py", CODE)
    spec(
        project,
        """
  slow: {sh: "sleep 60", timeout: 1s}
  fat: {call: "steps:hog", resources: {memory: 500MiB}, out: {size: json}}
""",
    )
    ended = project.quick("run", "--keep-going", "--json", code=3)
    assert "longer than its timeout of 1 s" in failure(ended, "slow")
    assert "out of memory" in failure(ended, "fat")
    project.edit("specs/pipeline.yaml", "500MiB", "2GiB")
    assert statuses(project.quick("run", "--keep-going", "--json", code=3))["fat"] == "ran"


def test_a_failure_stops_new_work_unless_asked(project: Project) -> None:
    project.write("steps.py", CODE)
    spec(
        project,
        """
  bad: {call: "steps:boom", out: {x: json}}
  after: {sh: "cat {in.x} > {out.y}", in: {x: bad}, out: {y: file}}
  slow: {sh: "sleep 1; echo x > {out.a}", out: {a: file}}
  other: {sh: "cat {in.a} > {out.b}", in: {a: slow}, out: {b: file}}
""",
    )
    ended = project.quick("run", "-j", "2", "--json", code=3)
    assert statuses(ended) == {"bad": "failed", "after": "blocked", "slow": "ran", "other": "cancelled"}
    assert failure(ended, "bad").startswith("KeyError: 'no such thing' (steps.py:")
    ended = project.quick("run", "--keep-going", "--json", code=3)
    assert statuses(ended) == {"bad": "failed", "after": "blocked", "slow": "reused", "other": "ran"}
    assert project.quick("ls", "--all", "--json").json["names"] == [], "an incomplete run publishes nothing"


def test_a_stage_must_not_change_its_input(project: Project) -> None:
    project.write("steps.py", CODE)
    project.write("data/big.csv", "a\n" + "1\n" * 10)
    spec(project, '  bad: {call: "steps:spoil", in: {data: big}, out: {x: json}}\n', data="{big: data/big.csv}")
    ended = project.quick("run", "--json", code=3)
    assert "changed its input big.csv" in failure(ended, "bad")
    assert (project.root / "data/big.csv").read_text().startswith("a\n1\n"), "the user's file is not touched"
    spec(
        project,
        "  good: {sh: 'cat {in.data} > {out.x}', in: {data: big}, out: {x: {type: file, path: x.csv}}}\n",
        data="{big: data/big.csv}",
    )
    project.quick("run")
    assert (project.root / "x.csv").read_text() == (project.root / "data/big.csv").read_text()
    assert project.quick("fsck", "--json").json["problems"] == []


def test_selected_stages_bring_what_they_need(project: Project) -> None:
    spec(
        project,
        """
  a: {sh: "echo a > {out.x}", out: {x: file}}
  b: {sh: "cat {in.x} > {out.y}", in: {x: a}, out: {y: file}}
  c: {sh: "echo c > {out.z}", out: {z: file}}
""",
    )
    assert statuses(project.quick("run", "b", "--json")) == {"a": "ran", "b": "ran"}
    assert statuses(project.quick("run", "specs/pipeline.yaml", "c", "--json")) == {"c": "ran"}
    assert "there is no stage 'nothing'" in project.quick("run", "nothing", code=2).err


def test_environment_variables_count_only_when_listed(project: Project, monkeypatch: object) -> None:
    project.write("mlops.yaml", "name: test\nenv: [REGION]\n")
    spec(project, "  a: {sh: 'echo \"$REGION\" > {out.x}', out: {x: file}}\n")
    first = Project(project.root, {"REGION": "eu", "OTHER": "1"})
    second = Project(project.root, {"REGION": "us", "OTHER": "1"})
    other = Project(project.root, {"REGION": "us", "OTHER": "2"})
    first.mlops("run")
    assert "environment variable REGION: eu -> us" in second.mlops("plan").out
    second.mlops("run")
    assert statuses(other.mlops("run", "--json")) == {"a": "reused"}


def test_missing_code_and_wrong_arguments_are_told_before_anything_runs(project: Project) -> None:
    project.write("steps.py", CODE)
    spec(
        project,
        """
  one: {call: "steps:tabel", out: table}
  two: {call: "steps:types", in: {frme: one}, out: {x: json}}
  three: {call: "nowhere:go", out: {x: json}}
""",
    )
    ended = project.quick("run", code=2)
    assert "has no function or class 'tabel'" in ended.err
    assert "takes no argument 'frme'" in ended.err
    assert "did you mean 'frame'?" in ended.err
    assert "needs the argument 'arrow'" in ended.err
    assert "specs/pipeline.yaml:" in ended.err


def test_keys_do_not_depend_on_names_places_or_resources(project: Project, tmp_path_factory: object) -> None:
    project.write("steps.py", CODE)
    spec(
        project,
        '  made: {call: "steps:table", out: table}\n  sum: {call: "steps:total", in: {parts: "made"}, out: {x: json}}\n',
    )
    project.edit("steps.py", "parts: list[pd.DataFrame]", "parts")
    project.edit("steps.py", "sum(len(part) for part in parts)", "len(parts)")
    project.quick("run")
    spec(
        project,
        '  sum: {in: {parts: table}, call: "steps:total", out: {x: json}, timeout: 5m, retry: {max: 1}}\n'
        '  table: {resources: {cpu: 2}, out: table, call: "steps:table"}\n',
    )
    assert set(statuses(project.quick("run", "--json")).values()) == {"reused"}


ODD = """
import os, sys, signal
import numpy as np

class Odd(Exception):
    def __str__(self):
        raise RuntimeError("no text")

def nan_metric():
    return {"accuracy": float("nan")}

def nan_json():
    return {"rows": [1, float("inf")]}

def numbers():
    return {"flag": np.bool_(True), "count": np.int64(3), "list": np.arange(3), "mean": np.float32(0.5)}

def base():
    raise KeyboardInterrupt("by the code")

def odd():
    raise Odd()

def surrogate():
    raise ValueError("bad \\udcff text")

def huge():
    raise ValueError("x" * 5_000_000)

def nothing():
    pass

def leave():
    os._exit(7)
"""
ODD_CASES = {
    "nan_metric": ("metrics", "holds NaN or an infinity"),
    "nan_json": ("json", "holds NaN or an infinity"),
    "base": ("json", "KeyboardInterrupt: by the code (odd.py:"),
    "odd": ("json", "Odd: (its message cannot be made: RuntimeError)"),
    "surrogate": ("json", "ValueError: bad \\udcff text"),
    "huge": ("json", "… (5,000,000 characters)"),
    "nothing": ("json", "the function returned nothing, the stage declares x"),
    "leave": ("json", "ended with 7 and no answer"),
}


def test_odd_functions_are_told_in_words(project: Project) -> None:
    project.write("odd.py", ODD)
    stages = "".join(f'  {name}: {{call: "odd:{name}", out: {{x: {kind}}}}}\n' for name, (kind, _) in ODD_CASES.items())
    spec(project, stages + '  numbers: {call: "odd:numbers", out: {x: {type: json, path: numbers.json}}}\n')
    ended = project.quick("run", "--keep-going", "--json", code=3)
    for name, (_, message) in ODD_CASES.items():
        assert message in failure(ended, name), name
    assert (project.root / "numbers.json").read_text() == '{"count":3,"flag":true,"list":[0,1,2],"mean":0.5}'


def test_a_file_named_like_another_module_is_told(project: Project) -> None:
    project.write("queue.py", "def go():\n    return {}\n")
    project.write("json.py", "raise SystemExit('mine')\n")
    spec(project, '  a: {call: "queue:go", out: {x: json}}\n')
    ended = project.mlops("run", "--json", code=3)
    assert "'queue' does not mean queue.py here" in failure(ended, "a")


def test_a_file_that_a_function_opens_by_itself_is_told(project: Project) -> None:
    project.write("words.txt", "a\n")
    project.write(
        "steps.py",
        "from pathlib import Path\ndef go():\n    return {'text': Path(__file__).with_name('words.txt').read_text()}\n",
    )
    spec(project, '  a: {call: "steps:go", out: {x: json}}\n')
    assert "note: a: it read words.txt, which is no input of it" in project.quick("run").out


def test_matrix_values_of_one_text_are_refused(project: Project) -> None:
    spec(project, "  a: {matrix: {y: [1, '1']}, sh: 'echo {params.y} > {out.x}', out: {x: file}}\n")
    assert "two instances would be called a[y=1]" in project.quick("plan", code=2).err


def test_a_closed_or_narrow_terminal_is_no_bug(project: Project) -> None:
    spec(project, "  a: {sh: 'echo x > {out.x}', out: {x: file}}\n")
    narrow = Project(project.root, {"PYTHONIOENCODING": "ascii"})
    narrow.mlops("run", "--force")
    assert json.loads(narrow.mlops("ls", "-a", "--json").out)["names"]
    command = f"{sys.executable} -m mlops_cli ls >&-"
    assert (
        subprocess.run(["bash", "-c", command], cwd=project.root, stderr=subprocess.PIPE, check=False).returncode == 0
    )


def test_common_options_may_stand_before_the_command(project: Project, tmp_path: Path) -> None:
    spec(project, "  a: {sh: 'true'}\n")
    assert Project(tmp_path).quick("-C", str(project.root), "--json", "plan").json["stages"][0]["stage"] == "a"


def test_one_name_is_a_model_or_data_but_not_both(demo: Project) -> None:
    demo.write("breast-cancer", "not a model")
    assert "the name 'breast-cancer' belongs to a model" in demo.quick("add", "breast-cancer", code=2).err
    assert demo.quick("models", "--json").json["models"][0]["name"] == "breast-cancer"
