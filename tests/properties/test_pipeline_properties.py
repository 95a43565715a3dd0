"""What holds for every graph and every key."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mlops_cli.base.errors import Place
from mlops_cli.base.records import canonical, decode
from mlops_cli.pipeline.explain import differences, nearest
from mlops_cli.pipeline.graph import compile_graph, family
from mlops_cli.pipeline.records import Components
from mlops_cli.spec.pipeline import Output, Pipeline, Ref, Sh, Source, Stage

HERE = Place("specs/pipeline.yaml", 1, 1)


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    """Stages in any order of writing; each needs some of those with a smaller number, and perhaps the source."""
    count = draw(st.integers(1, 12))
    stages = {}
    for number in draw(st.permutations(range(count))):
        needs = draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True)) if number else []
        inputs = {f"i{need}": Ref(f"s{need}", "o", "one", HERE) for need in needs}
        if draw(st.booleans()):
            inputs["raw"] = Ref("source", None, "one", HERE)
        stages[f"s{number}"] = Stage(f"s{number}", Sh("true"), HERE, inputs, outputs=(Output("o", "file"),))
    return Pipeline("p", "specs/pipeline.yaml", {}, {"source": Source("source", "s.csv", HERE)}, stages)


@given(pipelines())
def test_every_node_comes_after_what_it_needs(pipeline: Pipeline) -> None:
    graph = compile_graph(pipeline, {})
    seen: set[str] = set()
    for name, node in graph.nodes.items():
        assert set(node.needs) <= seen
        seen.add(name)
    assert seen == set(pipeline.stages)


values = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
components = st.builds(
    Components,
    verb=st.sampled_from(["sh/1", "call/1"]),
    options=st.dictionaries(st.text(max_size=3), values, max_size=3),
    arguments=st.dictionaries(st.text(max_size=3), values, max_size=3),
    inputs=st.dictionaries(st.text(max_size=3), st.tuples(st.text("ab", max_size=3)), max_size=3),
    outputs=st.dictionaries(st.text(max_size=3), st.sampled_from(["table", "file"]), max_size=2),
    code=st.dictionaries(st.text(max_size=3), st.text("ab", max_size=3), max_size=3),
    distributions=st.dictionaries(st.text(max_size=3), st.text("12.", max_size=3), max_size=3),
    environment=st.dictionaries(st.text(max_size=3), st.none() | st.text(max_size=3), max_size=2),
    python=st.sampled_from(["3.11", "3.12"]),
    seed=st.integers(0, 3),
)


@given(components, components)
def test_two_keys_differ_if_and_only_if_a_difference_is_told(one: Components, other: Components) -> None:
    assert (one.key == other.key) == (not list(differences(one, other)))


@given(components)
def test_components_survive_being_written(one: Components) -> None:
    again = decode(canonical(one), Components)
    assert again.key == one.key
    assert nearest(one, [], None) is None  # type: ignore[arg-type]


@given(components, st.text(min_size=1, max_size=3), values, values)
def test_a_changed_argument_changes_the_key(one: Components, name: str, old: object, new: object) -> None:
    before = replace(one, arguments={**one.arguments, name: old})
    after = replace(one, arguments={**one.arguments, name: new})
    same = old == new and type(old) is type(new)
    assert (before.key == after.key) == same or (isinstance(old, float) and isinstance(new, float) and old == new == 0)


@given(st.text("abc", min_size=1), st.text("xyz=1,.", min_size=1), st.text("out", min_size=1))
def test_a_family_hides_the_instance(stage: str, index: str, output: str) -> None:
    assert family(f"{stage}[{index}].{output}") == f"{stage}[*].{output}"
    assert family(stage) == stage
