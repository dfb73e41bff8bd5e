"""Single calls, before and after."""

import pytest

pytest.importorskip("libcst", reason="the extra [migrate] is not installed")
from airflow_fargate_batch.core.batch_operator import OTHERS
from airflow_fargate_batch.migrating.dag_file import (
    Migrated,
    NotPython,
    migrate,
)

IMPORTS = """\
from airflow.providers.amazon.aws.operators.batch import BatchOperator
from airflow.providers.amazon.aws.sensors.batch import BatchSensor
"""
NEW = "FargateBatchSubmitOperator"


def rewritten(code: str) -> Migrated:
    return migrate((IMPORTS + code + "\n").encode())


def last_lines(code: str, count: int = 1) -> str:
    return "\n".join(rewritten(code).new.splitlines()[-count:])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "wait_for_completion=True"),
        ("deferrable=True", "deferrable=True"),
        ("deferrable=False", "deferrable=False, wait_for_completion=True"),
        ("deferrable=d", "deferrable=d, wait_for_completion=True"),
        ("wait_for_completion=False", "wait_for_completion=False"),
        (
            "wait_for_completion=False, deferrable=True",
            "wait_for_completion=True, deferrable=True",
        ),
        ("**pars", '**{"wait_for_completion": True, **pars}'),
        ("**a or b", '**{"wait_for_completion": True, **(a or b)}'),
        ("**pars, deferrable=True", "**pars, deferrable=True"),
    ],
)
def test_the_wait_that_batch_operator_makes_by_default_is_written_out(
    before: str, after: str
) -> None:
    assert last_lines(f"BatchOperator({before})") == f"{NEW}({after})"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("array_properties={'size': n}", "array_size=n"),
        ("array_properties=shape", 'array_size=shape["size"]'),
        ("array_properties=a or b", 'array_size=(a or b)["size"]'),
        ("submit_job_timeout=60", "job_timeout=60"),
        ("scheduling_priority_override=0", "scheduling_priority=0"),
        ("overrides=x", "container_overrides=x"),
        ("container_overrides={'command': c}", "command=c"),
        ("container_overrides={'memory': 512, 'vcpus': 1}", "memory=512, vcpu=1"),
        (
            "overrides={'command': c, **rest}",
            "container_overrides={'command': c, **rest}",
        ),
        (
            "overrides={'command': c, 'resourceRequirements': sizes}",
            "command=c, container_overrides={'resourceRequirements': sizes}",
        ),
        (
            "overrides={'resourceRequirements': [{'type': kind, 'value': '1'}]}",
            "container_overrides={'resourceRequirements': [{'type': kind, 'value': '1'}]}",
        ),
        (
            "overrides={'vcpus': 1, 'resourceRequirements': [{'type': 'VCPU', 'value': '1'}]}",
            "container_overrides={'vcpus': 1, 'resourceRequirements': "
            "[{'type': 'VCPU', 'value': '1'}]}",
        ),
        ("overrides={}, retries=2", "retries=2"),
        ("overrides=None, waiters=None, node_overrides=None, pool='p'", "pool='p'"),
    ],
)
def test_arguments_are_renamed_and_overrides_taken_apart(before: str, after: str) -> None:
    done = last_lines(f"BatchOperator({before}, deferrable=True)")
    assert done == f"{NEW}({after}, deferrable=True)"


@pytest.mark.parametrize("name", [name for name, other in OTHERS.items() if not other.argument])
def test_an_argument_without_a_counterpart_leaves_a_comment(name: str) -> None:
    other = OTHERS[name]
    note, call = last_lines(f"BatchOperator({name}=7, deferrable=True)", 2).splitlines()
    assert note.startswith("# ")
    if other.on_fargate:
        assert call == f"{NEW}(deferrable=True)"
    else:
        assert call == f"BatchOperator({name}=7, deferrable=True)"
    whole = rewritten(f"BatchOperator({name}=7)").notes[0].text
    assert other.advice in whole
    assert name in whole


def test_a_call_that_stays_keeps_its_import_and_adds_none() -> None:
    done = rewritten("BatchOperator.partial(a=1).expand(array_properties=[{'size': 2}])")
    assert done.calls == 0
    assert "airflow_fargate_batch" not in done.new
    assert last_lines("BatchOperator.partial(a=1).expand(array_properties=[b])") == (
        "BatchOperator.partial(a=1).expand(array_properties=[b])"
    )


def test_positional_arguments_stay() -> None:
    assert "positional arguments" in rewritten("BatchOperator(1)").notes[0].text


def test_what_expand_kwargs_holds_is_not_seen() -> None:
    done = rewritten("BatchOperator.partial(a=1).expand_kwargs(rows)")
    assert done.notes[0].text.startswith("the arguments in expand_kwargs are not rewritten")
    assert done.new.endswith(f"{NEW}.partial(a=1, wait_for_completion=True).expand_kwargs(rows)\n")


def test_names_of_older_releases_are_renamed_in_expand() -> None:
    done = last_lines("BatchOperator.partial().expand(submit_job_timeout=[60], overrides=x)")
    assert done.endswith(".expand(job_timeout=[60], container_overrides=x)")


def test_mapped_sensors_are_rewritten() -> None:
    done = last_lines("BatchSensor.partial(task_id='w', max_retries=3).expand(job_id=jobs.output)")
    assert done == "FargateBatchJobSensor.partial(task_id='w').expand(job_ids=jobs.output)"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("pars = {'overrides': x}\nBatchOperator(**pars)", "pars = {'container_overrides': x}"),
        ("pars: dict = {'overrides': x}\nBatchOperator(**pars)", "pars: dict = {'container_ove"),
        ("BatchOperator(**{'overrides': x, 'retries': 1})", "**{'container_overrides': x, 'ret"),
        (
            "pars = {'overrides': {'vcpus': 1, 'command': c}, 'pool': 'p'}\nBatchOperator(**pars)",
            "pars = {'vcpu': 1, 'command': c, 'pool': 'p'}",
        ),
        (
            'pars = {\n    "array_properties": {"size": n},\n    "max_retries": 9,  # long\n}\n'
            "BatchOperator.partial(**pars)",
            "# long\n# fargate-batch migrate: max_retries=9 is left out: use `wait_timeout`\n"
            'pars = {\n    "array_size": n,\n}',
        ),
        (
            "def make(a):\n    if a:\n        return {'overrides': x}\n"
            "    pars = {'overrides': y}\n    print(pars['pool'])\n    return pars\n"
            "BatchOperator(**make(1))",
            "        return {'container_overrides': x}\n    pars = {'container_overrides': y}\n",
        ),
        (
            "def make():\n    pars = {'overrides': x}\n    return pars, BatchOperator(**pars)",
            "    pars = {'container_overrides': x}\n",
        ),
    ],
)
def test_dicts_that_only_batch_operator_takes_are_rewritten(before: str, after: str) -> None:
    done = rewritten(before)
    assert after in done.new
    assert not [note for note in done.notes if "are not rewritten" in note.text]


@pytest.mark.parametrize(
    ("pars", "after"),
    [
        ("'pool': 'p'", "**pars, wait_for_completion=True"),
        ("'deferrable': d", '**{"wait_for_completion": True, **pars}'),
        ("'wait_for_completion': w", "**pars"),
    ],
)
def test_the_wait_is_written_beside_a_dict_that_does_not_say_it(pars: str, after: str) -> None:
    assert last_lines(f"pars = {{{pars}}}\nBatchOperator(**pars)") == f"{NEW}({after})"


@pytest.mark.parametrize(
    "code",
    [
        "pars = load()\nBatchOperator(**pars)",
        "pars = {'overrides': x}\npars['overrides'] = y\nBatchOperator(**pars)",
        "pars = {'overrides': x}\npars['pool'] = y\nBatchOperator(**pars)",
        "pars = {'overrides': x}\nprint(pars['overrides'])\nBatchOperator(**pars)",
        "pars = {'overrides': x}\npars.update(y)\nBatchOperator(**pars)",
        "pars = {'overrides': x}\npars |= y\nBatchOperator(**pars)",
        "pars = {'overrides': x}\nOther(**pars)\nBatchOperator(**pars)",
        "pars = {'overrides': x}\nfor pars in rows:\n    BatchOperator(**pars)",
        "pars = {'overrides': x, **more}\nBatchOperator(**pars)",
        "pars = {'overrides': x, 'node_overrides': y}\nBatchOperator(**pars)",
        "pars = [{'overrides': x}]\nBatchOperator(**pars[0])",
        "def make(pars):\n    return pars\nBatchOperator(**make({'overrides': x}))",
        "def make():\n    return make()\nBatchOperator(**make())\nx = {'overrides': x}",
        "def make():\n    pass\nBatchOperator(**make())\nx = {'overrides': x}",
        "@cached\ndef make():\n    return {'overrides': x}\nBatchOperator(**make())",
        "def make():\n    return {'overrides': x}\nmap(make, y)\nBatchOperator(**make())",
        "from ours import pars\nBatchOperator(**pars)\nx = {'overrides': x}",
        "BatchOperator(**{'overrides': x} | y)",
        "BatchOperator(**{'overrides': x}, node_overrides={})\nBatchOperator(**{'overrides': y})",
        "BatchOperator(**{'overrides': x})\n"
        "BatchOperator.partial(a=1).expand(array_properties=[{'size': 2}])",
    ],
)
def test_a_dict_that_may_have_other_uses_is_left_with_a_comment(code: str) -> None:
    done = rewritten(code)
    assert "container_overrides" not in done.new
    assert any("are not rewritten: look for" in note.text for note in done.notes)


def test_an_import_keeps_its_place_and_its_comments() -> None:
    source = IMPORTS.replace("\nfrom", "  # noqa: E501\n\n# ours\nfrom")
    done = migrate(f"import os\n\n# theirs\n{source}import re\nBatchOperator()".encode())
    assert done.new.startswith(
        "import os\n\n# theirs\n"
        "from airflow_fargate_batch.operators import FargateBatchSubmitOperator  # noqa: E501\n\n"
        "# ours\nfrom airflow.providers.amazon.aws.sensors.batch import BatchSensor\nimport re\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from {old} import (  # a\n    BatchOperator as B,  # b\n)\nB()", "from {new} import (  "
         "# a\n    FargateBatchSubmitOperator,  # b\n)\n"),
        ("def f():\n    from {old} import BatchOperator\n    return BatchOperator()",
         "def f():\n    from {new} import FargateBatchSubmitOperator\n"),
        ("from {old} import BatchOperator\nfrom {old} import AwsBatchOperator\n"
         "BatchOperator()\nAwsBatchOperator()", "from {new} import FargateBatchSubmitOperator\nF"),
        ("from {old} import BatchOperator, BatchCreateComputeEnvironmentOperator as C\n"
         "BatchOperator()\nC()", "from {old} import BatchCreateComputeEnvironmentOperator as C\n"
         "from {new} import FargateBatchSubmitOperator\n"),
        ("import airflow\nfrom {old} import BatchOperator\nBatchOperator()",
         "import airflow\nfrom {new} import FargateBatchSubmitOperator\nF"),
        ("from {old} import BatchOperator\nBatchOperator()\nisinstance(x, BatchOperator)",
         "from {old} import BatchOperator\nfrom {new} import FargateBatchSubmitOperator\n"),
    ],
    ids=["parentheses", "in a function", "two names", "another class", "airflow", "still used"],
)  # fmt: skip
def test_imports_are_replaced_where_they_stand(before: str, after: str) -> None:
    names = {
        "old": "airflow.providers.amazon.aws.operators.batch",
        "new": "airflow_fargate_batch.operators",
    }
    assert migrate(before.format(**names).encode()).new.startswith(after.format(**names))


def test_an_import_without_a_use_is_left() -> None:
    done = migrate(IMPORTS.encode())
    assert (done.new, done.mentions) == (IMPORTS, True)


def test_a_wait_among_the_dicts_of_the_file_is_left_to_a_person() -> None:
    done = rewritten("d = {'wait_for_completion': False}\nBatchOperator(default_args=d)")
    assert done.new.endswith(f"{NEW}(default_args=d)\n")
    assert "give wait_for_completion=True if no default_args have it" in done.notes[0].text


@pytest.mark.parametrize(
    "code",
    [
        "default_args = {{{}}}\nBatchOperator(default_args=default_args)",
        "DEFAULT_ARGS = {{{}}}",
        "DAG('d', default_args={{{}}})",
    ],
)
def test_default_args_that_the_operator_refuses_are_noted(code: str) -> None:
    done = rewritten(code.format("'owner': 'me', 'overrides': x, 'job_queue': 'q', 'waiters': y"))
    [note] = done.notes
    assert note.text.endswith(f" has overrides, which is refused: {OTHERS['overrides'].advice}")
    assert migrate(b"default_args = {'overrides': x}\n").notes == []


def test_a_templated_wait_is_noted() -> None:
    done = rewritten("BatchOperator(wait_for_completion='{{ params.wait }}')")
    assert "wait_for_completion is not templated" in done.notes[0].text


def test_attributes_that_only_batch_operator_has_are_noted() -> None:
    done = rewritten("a = BatchOperator(x=1)\na.overrides = {}\na.doc_md = ''\nb.overrides = {}")
    assert [(note.line, note.text[:33]) for note in done.notes] == [
        (4, "the task has no attribute overrid")
    ]


def test_a_class_that_is_passed_on_is_noted_and_keeps_its_import() -> None:
    done = rewritten("make = partial(BatchOperator, job_queue='q')")
    assert "is used without a call" in done.notes[0].text
    assert "import BatchOperator" in done.new
    assert done.calls == 0


def test_other_classes_of_the_same_name_are_left() -> None:
    source = b"from ours import BatchOperator\n\nBatchOperator(overrides={})\n"
    done = migrate(source)
    assert (done.data, done.mentions) == (source, False)


def test_a_star_import_is_left() -> None:
    source = b"from airflow.providers.amazon.aws.operators.batch import *\nx = BatchOperator()\n"
    assert migrate(source).data == source


def test_a_comment_on_the_last_argument_stays_there() -> None:
    done = last_lines("BatchOperator(\n    a=1,\n    b=2,  # last\n)", 5)
    assert done == f"{NEW}(\n    a=1,\n    b=2,  # last\n    wait_for_completion=True,\n)"


def test_comments_of_removed_code_move_above_the_statement() -> None:
    done = last_lines("if x:\n    y = BatchOperator(\n        max_retries=5,  # an hour\n    )", 5)
    assert done.startswith("    # an hour\n    # fargate-batch migrate: max_retries=5 is left out")
    assert done.endswith(f"    y = {NEW}(\n        wait_for_completion=True,\n    )")


def test_what_remains_of_overrides_keeps_its_layout() -> None:
    rest = '        "foo": 1,  # one\n'
    for end in ("", ",", ",  # two"):
        before = f'BatchOperator(\n    overrides={{\n{rest}        "command": c{end}\n    }},\n)'
        after = f"    command=c,\n    container_overrides={{\n{rest}    }},\n    wait_for_"
        assert after.replace("1,", f"1{end[:1]}") in rewritten(before).new


def test_long_values_are_cut_in_notes() -> None:
    assert rewritten(f"BatchOperator(waiters={'x' * 50})").notes[0].text.startswith("waiters=… is")


@pytest.mark.parametrize("source", [b"print 'x'\n", b"\xff\xfe", b"# coding: none\nx = 1\n", b"\0"])
def test_what_is_not_python_is_an_error_with_a_reason(source: bytes) -> None:
    with pytest.raises(NotPython) as error:
        migrate(source)
    assert str(error.value)
