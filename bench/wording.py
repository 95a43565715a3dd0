"""What docs/benchmarks.md says around its figures."""

from __future__ import annotations

HEAD = """\
<!-- Written by `make bench`. -->

# Benchmarks

Measured with `make bench`; a section that was not measured the last time stands as it was. Whole processes, wall time,
median of several rounds in which all contenders take turns; in brackets the least, the greatest, and how many rounds.
Where more than 30 seconds are needed for one table, there is one round. Compare within a table, not with other
machines: what counts is the ratio to `mlops`, where more than 1 means that `mlops` is faster. The memory is that of all
processes of a command together. How it is measured: [bench/README.md](../bench/README.md).
"""
TITLES = {
    "startup": "Start-up",
    "graph": "A graph of small stages",
    "files": "Many small files into the store",
    "blob": "One big file into the store",
    "rules": "Thirty rules on a table",
    "profile": "Profile, thirty rules and comparison with a baseline",
    "append": "Validating again after a few rows more",
    "csv": "CSV files of growing size",
    "alarms": "False alarms, and changes found",
    "gate": "The gate on a model's predictions",
    "registry": "Ten thousand versions of a model",
}
TABLE = "The table has 21 columns: numbers, times, booleans and texts, with nulls; made by `bench/tables.py`."
WHAT = {
    "rules": f"""\
{TABLE} Every contender makes the same thirty
checks of `bench/rules.py`, and before anything is timed all must find the same six broken in a table with faults.
The 10,000,000 rows are ten row groups.
""",
    "profile": f"""\
{TABLE} `mlops` does all of it in one command:
the full profile, the thirty rules, and the comparison of the nulls and the distribution of every column with the
profile of a baseline as large, which it made before. Of the peers, TFDV makes statistics and validates them against a
schema that it infers; Evidently sees only the eight numbers and four categories that it can take, its drift report in
both tables; the others only describe.
""",
    "append": """\
The profile of the data's earlier state is in the store; what is new is 1 % of rows, as a row group more in a file
written anew, or as a file more in a folder. Everything is judged again: the rules, and the comparison with the
baseline.
""",
    "alarms": """\
20 columns, a reference of 10,000 rows, new batches of the same distribution, or with the first three columns shifted
by 0.3 standard deviations. `mlops` with `drift: {max: 0.05}` and its default rate of false discoveries; the peers with
their own defaults. How often a batch raises any alarm, and how often the shift was found.
""",
    "gate": """\
A table of predictions: truth, score, label, and three columns of ten values each. `mlops validate` reads it and
judges six metrics (ROC AUC, accuracy, recall, F1, log loss, Brier score) against a bound each, overall and on the 30
slices: 186 verdicts on the safe ends of intervals (DeLong, Wilson, or a bootstrap of 1,000 replicates), corrected for
the number of slices. With a champion, two of the metrics are also compared on the same rows, overall and by slice.
The peers compute the same metrics, Evidently five of them, and judge nothing; only those that say how often they
resample make intervals. Those are asked about the smaller tables, TFMA about 10,000 rows at most, with resamples about
1,000: more would take it many minutes. Of `roc_auc_score` what counts is the call alone, the shortest of three in a
process, without the start of Python and without reading. All values must be those of scikit-learn: within 1e-9,
Evidently within 1e-4, TFMA (which reads areas off thresholds) within 0.001, with intervals (where the value is the
mean of its resamples) within 0.1.
What the start of our command takes is measured on two rows.
""",
    "registry": """\
A store with 10,000 versions of one model, each from a run of its own that changed six other outputs, judged and
registered, with a promotion at every hundredth. What is shown is the whole process beside an interpreter that does
nothing.
""",
    "csv": """\
The same profile, rules and comparison on CSV files of growing size, once each. The largest is about a tenth of a CSV
of 20 GB: compare the memory of the three before concluding anything about that one.
""",
}
