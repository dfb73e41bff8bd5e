"""Command, environment and sizes from a file, a mapping and single arguments: merged, none lost."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from airflow_fargate_batch.core.request import JsonFile
from airflow_fargate_batch.exceptions import InvalidRequest
from tests.core.making import body, make, problem, problems

FILE = {
    "command": ["from", "file"],
    "environment": [{"name": "A", "value": "file"}, {"name": "B", "value": "file"}],
    "resourceRequirements": [
        {"type": "VCPU", "value": "1"},
        {"type": "MEMORY", "value": "2048"},
    ],
}
LIMIT = 8192
EMPTY_COMMAND = len('{"command":[""],"environment":[]}')


def a_file(content: object, path: str = "conf/job.json") -> JsonFile:
    return JsonFile(path, content if isinstance(content, str) else json.dumps(content))


def overrides(**arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = body(**arguments).get("containerOverrides", {})
    return found


def environment(**arguments: Any) -> dict[str, str]:
    return {each["name"]: each["value"] for each in overrides(**arguments).get("environment", ())}


# --- Layers --------------------------------------------------------------------------------------


def test_a_file_alone_is_sent_whole() -> None:
    assert overrides(container_overrides_file=a_file(FILE)) == FILE


def test_an_argument_wins_for_what_it_names_and_nothing_else_is_lost() -> None:
    assert overrides(container_overrides_file=a_file(FILE), memory="4 GB") == FILE | {
        "resourceRequirements": [
            {"type": "VCPU", "value": "1"},
            {"type": "MEMORY", "value": "4096"},
        ]
    }
    assert overrides(container_overrides_file=a_file(FILE), command=["mine"]) == FILE | {
        "command": ["mine"]
    }


def test_the_environment_merges_by_variable() -> None:
    assert environment(
        container_overrides_file=a_file(FILE),
        container_overrides={"environment": {"B": "mapping", "C": "mapping"}},
        environment={"C": "argument", "D": "argument"},
    ) == {"A": "file", "B": "mapping", "C": "argument", "D": "argument"}


def test_an_empty_command_wins_too_and_leaves_it_to_the_job_definition() -> None:
    assert body(container_overrides={"command": ["a"]}, command=[]) == {}


def test_the_mapping_wins_over_the_file_and_an_argument_over_both() -> None:
    mapping = {"command": ["mapping"], "resourceRequirements": [{"type": "VCPU", "value": 2}]}
    layers = {"container_overrides_file": a_file(FILE), "container_overrides": mapping}
    assert overrides(**layers, memory=4096)["command"] == ["mapping"]
    assert tuple(make(**layers, memory=4096).size) == (2, 4096)
    assert tuple(make(**layers, vcpu="0.5").size) == (Decimal("0.5"), 2048)


def test_a_size_merged_of_two_layers_must_be_a_fargate_size() -> None:
    assert problem(container_overrides=FILE, vcpu=4).startswith(
        "container_overrides.resourceRequirements: 4 vCPU with 2048 MiB is not a Fargate size"
    )


def test_parameters_merge_key_by_key() -> None:
    assert body(
        parameters_file=a_file({"day": "file", "table": "file"}), parameters={"day": "argument"}
    )["parameters"] == {"day": "argument", "table": "file"}


@pytest.mark.parametrize("empty", [{}, "{}", {"environment": {}, "command": []}], ids=repr)
def test_empty_overrides_are_not_sent(empty: object) -> None:
    assert overrides(container_overrides=empty) == {}


# --- Files ---------------------------------------------------------------------------------------

file_arguments = pytest.mark.parametrize(
    "argument", ["parameters_file", "container_overrides_file"]
)


@file_arguments
@pytest.mark.parametrize(
    ("file", "said"),
    [
        pytest.param(
            JsonFile("a.json", error="no such file"), "a.json: no such file", id="missing"
        ),
        pytest.param(JsonFile("a.json"), "a.json: could not be read", id="unread"),
        pytest.param(
            JsonFile("a.json", '{"a": 1,\n  b: 2}'),
            "a.json, line 2, column 3: not valid JSON: Expecting property name enclosed in double "
            "quotes",
            id="malformed",
        ),
        pytest.param(
            JsonFile("a.json", ""),
            "a.json, line 1, column 1: not valid JSON: Expecting value",
            id="empty",
        ),
        pytest.param(
            JsonFile("a.json", "[]"), "a.json must contain a JSON object, not a list", id="a list"
        ),
        pytest.param(
            JsonFile("a.json", "null"), "a.json must contain a JSON object, not None", id="null"
        ),
        pytest.param(
            JsonFile("a.json", '"text"'), "a.json must contain a JSON object, not text", id="text"
        ),
        pytest.param(
            JsonFile("a.json", "[" * 100_000),
            "a.json, JSON that cannot be read (nested too deeply, or a number too long)",
            id="too deep",
        ),
        pytest.param(
            JsonFile("a.json", f'{{"a": {"9" * 5000}}}'),
            "a.json, JSON that cannot be read (nested too deeply, or a number too long)",
            id="too long a number",
        ),
        pytest.param("a.json", "must be a JsonFile, not text", id="not a JsonFile"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_place(
    argument: str, file: object, said: str
) -> None:
    assert problem(**{argument: file}) == f"{argument}: {said}"


def test_the_text_of_a_file_is_not_in_its_repr() -> None:
    assert "hunter2" not in repr(JsonFile("a.json", '{"PASSWORD": "hunter2"}'))


# --- Mappings ------------------------------------------------------------------------------------

mapping_arguments = pytest.mark.parametrize(
    "argument", ["parameters", "container_overrides", "environment", "tags", "extra_submit_args"]
)


@mapping_arguments
@pytest.mark.parametrize("given", ["{}", " {} ", {}], ids=repr)
def test_a_mapping_or_its_json_text_is_read(argument: str, given: object) -> None:
    assert body(**{argument: given}) == {}


@mapping_arguments
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("null", "must be a mapping, not None"),
        ("7", "must be a mapping, not an int"),
        (
            "None",
            "is the text 'None': check the template or script that sets it; no value was found",
        ),
        (" ", "is empty: leave it out, or check the template or script that sets it"),
        (
            "{'A': 1}",
            "line 1, column 2: not valid JSON: Expecting property name enclosed in double "
            "quotes: write strings in double quotes; the filter tojson (in a template) and jq (in "
            "a shell) do",
        ),
        ("{{ x }}", "'{{ x }}' is a template that was not rendered"),
        ({1: "a"}, "has a key that is not text: 1"),
        ({None: "a"}, "has a key that is not text: None"),
    ],
    ids=repr,
)
def test_what_is_no_mapping_is_a_problem(argument: str, given: object, said: str) -> None:
    assert problem(**{argument: given}) == f"{argument}: {said}"


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("vcpus", "vcpus is not applicable for Fargate: use `vcpu`, or "),
        ("memory", "memory is not applicable for Fargate: use `memory`, or "),
        ("instanceType", "instanceType is not applicable for Fargate: remove instanceType"),
        ("Command", "is not a member of the API: use command"),
        ("gpus", "is not a member of the API: use one of command, environment, resourceReq"),
    ],
)
def test_members_that_fargate_or_the_api_does_not_have(member: str, message: str) -> None:
    said = problem(container_overrides={member: 1})
    assert said.startswith(f"container_overrides.{member}: {message}")


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (
            [{"type": "GPU", "value": "1"}],
            "[0]: GPU is not applicable for Fargate: remove the entry",
        ),
        ([{"type": "DISK", "value": "1"}], "[0]: type must be VCPU or MEMORY, not 'DISK'"),
        ([{"value": "1"}], "[0]: type must be VCPU or MEMORY, not None"),
        ([{"type": "VCPU"}], "[0].value: is missing"),
        ([{"type": "VCPU", "value": "one"}], "[0].value: 'one' is not a number"),
        (
            [{"type": "VCPU", "value": 1}, {"type": "vcpu", "value": 1}],
            "[1]: VCPU is set twice: keep one of the two",
        ),
        (
            [{"type": "VCPU", "value": 1, "unit": "core"}],
            "[0].unit: is not a member of the API: use one of type, value",
        ),
        (["VCPU"], "[0]: must be a mapping, not text"),
        (7, ": must be a list, not an int"),
        ({"VCPU": 1}, ": must be a list, not a dict"),
    ],
    ids=repr,
)
def test_resource_requirements_are_vcpu_and_memory_each_once(entries: Any, message: str) -> None:
    said = problem(container_overrides={"resourceRequirements": entries})
    assert said == f"container_overrides.resourceRequirements{message}"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"parameters_file": a_file({"parameters": {"a": "b"}})}, id="file"),
        pytest.param(
            {"parameters_file": a_file({"jobName": "j", "parameters": {"a": "b"}})}, id="body"
        ),
        pytest.param({"parameters": {"parameters": {"a": "b"}}}, id="parameters"),
        pytest.param({"parameters": '{"parameters": {"a": "b"}}'}, id="JSON text"),
        pytest.param({"environment": {"environment": {"A": "b"}}}, id="environment"),
        pytest.param(
            {"container_overrides": {"environment": {"environment": {"A": "b"}}}}, id="overrides"
        ),
        pytest.param({"tags": {"tags": {}}}, id="tags"),
    ],
)
def test_a_mapping_that_is_wrapped_in_its_own_name_is_suspicious(arguments: Any) -> None:
    (argument,) = arguments
    member = argument.removesuffix("_file").replace("container_overrides", "environment")
    try:
        found = make(**arguments).warnings
    except InvalidRequest:  # braces are no characters of a tag
        assert argument == "tags"
        return
    (warning,) = found
    assert f"contains an entry named {member} with a mapping as its value" in warning
    assert f'remove the {{"{member}": …}} around them' in warning


def test_a_parameter_named_parameters_is_nothing_odd() -> None:
    assert make(parameters={"parameters": "a=b"}).warnings == ()


@pytest.mark.parametrize("name", ["containerOverrides", "container_overrides"])
def test_overrides_that_are_wrapped_in_their_own_name_say_so(name: str) -> None:
    said = problem(container_overrides_file=a_file({name: {"command": ["a"]}}))
    assert said == (
        f"container_overrides_file.{name}: is not a member of containerOverrides: remove the "
        f'{{"{name}": …}} around the overrides'
    )


# --- Command -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (["echo", "hello"], ["echo", "hello"]),
        (("echo", 1, 2.5, True), ["echo", "1", "2.5", "true"]),
        ('["echo", "Hello World"]', ["echo", "Hello World"]),
        ([{"a": [1]}], ['{"a": [1]}']),
        ([{"day": "日"}], ['{"day": "日"}']),
        ([date(2026, 11, 22)], ["2026-11-22"]),
        (["run.py", "in.json", " ", "{{ kept }}"], ["run.py", "in.json", " ", "{{ kept }}"]),
        (["日本語"], ["日本語"]),
    ],
    ids=repr,
)
def test_a_command_is_a_list_or_its_json_text(given: object, sent: list[str]) -> None:
    assert overrides(command=given) == {"command": sent}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a", ""], "command[1]: is empty, and AWS Batch refuses empty strings: remove the entry"),
        (["a", None], "command[1]: is None: remove the entry, or use an empty text"),
        ("echo hello", 'command: must be a list, not text: use a list, such as ["sh", '),
        (
            "['echo']",
            "command: line 1, column 2: not valid JSON: Expecting value: write strings in ",
        ),
        ("", "command: is empty"),
        ({"a": 1}, "command: must be a list, not a dict"),
        (b"echo", "command: must be a list, not a bytes"),
        (["a\0"], "command[0]: contains a character that cannot be passed to a process"),
        (["\ud800"], "command[0]: contains a character that cannot be passed to a process"),
        ([10**5000], "command[0]: is a number with thousands of digits"),
        ([{"a": {1, 2}}], "command[0]: is a dict that JSON cannot hold"),
        ([b"a"], "command[0]: must be text, not a bytes"),
    ],
    ids=lambda value: repr(value) if value != [10**5000] else "huge",
)
def test_what_is_no_command_is_a_problem(given: object, message: str) -> None:
    assert problem(command=given).startswith(message)


# --- Environment ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"A": "1", "B": ""},
        [{"name": "A", "value": "1"}, {"name": "B", "value": ""}],
        '{"A": "1", "B": ""}',
        '[{"name": "A", "value": 1}, {"name": "B", "value": ""}]',
        {"A": 1, "B": ""},
    ],
    ids=repr,
)
def test_an_environment_in_any_form(given: object) -> None:
    assert environment(environment=given) == {"A": "1", "B": ""}


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (1.5, "1.5"),
        (True, "true"),
        (False, "false"),
        (1e16, "1e+16"),
        (-0.0, "-0.0"),
        ([True, None, 1.5], "[true, null, 1.5]"),
        ({"a": [True]}, '{"a": [true]}'),
        (Decimal("1.0"), "1.0"),
        (date(2026, 11, 22), "2026-11-22"),
        ({"a": None}, '{"a": null}'),
        (["a"], '["a"]'),
        ("None", "None"),
        (" kept ", " kept "),
    ],
    ids=repr,
)
def test_what_native_rendering_made_of_a_text_is_text_again(value: object, sent: str) -> None:
    assert environment(environment={"A": value}) == {"A": sent}
    assert body(parameters={"a": value})["parameters"] == {"a": sent}


EVERY_JSON = '{"t": true, "f": false, "n": 1, "d": 1.50, "l": [true, {"f": false}], "s": "True"}'
SPELT = {"t": "true", "f": "false", "n": "1", "d": "1.5", "l": '[true, {"f": false}]', "s": "True"}


@pytest.mark.parametrize("given", [EVERY_JSON, json.loads(EVERY_JSON)], ids=["text", "Python"])
def test_json_values_keep_jsons_own_spelling_everywhere(given: object) -> None:
    assert environment(environment=given) == SPELT
    assert environment(container_overrides={"environment": given}) == SPELT
    assert body(parameters=given)["parameters"] == SPELT
    tags = body(tags={"t": True, "n": 1})["tags"]
    assert tags == {"t": "true", "n": "1"}
    file = a_file(EVERY_JSON)
    assert body(parameters_file=file)["parameters"] == SPELT
    whole = a_file(f'{{"environment": {EVERY_JSON}}}')
    assert environment(container_overrides_file=whole) == SPELT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": NaN}', "line 1, column 7: not valid JSON: JSON has no NaN"),
        (
            '{"NaN": "NaN",\n "a": [1, Infinity]}',
            "line 2, column 11: not valid JSON: JSON has no Infinity",
        ),
        ('{"a\\"NaN": -Infinity}', "line 1, column 12: not valid JSON: JSON has no -Infinity"),
        ('{"a": 1e999}', "JSON that cannot be read (a number too large)"),
    ],
)
@pytest.mark.parametrize(
    "argument", ["environment", "parameters", "tags", "container_overrides", "retry_strategy"]
)
def test_a_number_that_json_does_not_have_is_refused_by_every_reader(
    argument: str, text: str, said: str
) -> None:
    assert problem(**{argument: text}).startswith(f"{argument}: {said}")
    if argument in {"parameters", "container_overrides"}:
        file = problem(**{f"{argument}_file": JsonFile("a.json", text)})
        assert file == f"{argument}_file: a.json, {said}"


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), [float("nan")], {"a": [-float("inf")]}, Decimal("NaN")]
)
def test_a_number_that_json_does_not_have_is_refused_as_a_python_value(value: object) -> None:
    for argument in ("environment", "parameters", "tags"):
        assert problem(**{argument: {"a": value}})
    assert problem(command=[value])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"AWS_BATCH_X": "1"},
            "environment.AWS_BATCH_X: names that start with AWS_BATCH are reserved",
        ),
        ({"AWS_BATCH": "1"}, "environment.AWS_BATCH: names that start with AWS_BATCH are reserved"),
        ({"A": None}, "environment.A: is None: remove the entry, or use an empty text"),
        ({"A": b"1"}, "environment.A: must be text, not a bytes"),
        ({"A": "\0"}, "environment.A: contains a character that cannot be passed to a process"),
        (
            {"": "1"},
            "environment.: the name of a variable must not be empty and must not contain '='",
        ),
        (
            {"A=B": "1"},
            "environment.A: the name of a variable must not be empty and must not contain '='",
        ),
        ({"A\ud800": "1"}, "environment['A\\ud800']: contains a character that"),
        ([{"name": "A", "valeu": "1"}], "environment[0].valeu: is not a member of the API"),
        ([{"value": "1"}], "environment[0].name: is missing"),
        (["A=1"], "environment[0]: must be a mapping, not text"),
        ([{1: 2}], "environment[0][1]: is not a member of the API: use one of name, value"),
    ],
    ids=repr,
)
def test_what_is_no_environment_is_a_problem(given: object, message: str) -> None:
    assert str(problems(environment=given)[0]).startswith(message)


@pytest.mark.parametrize(
    "arguments",
    [
        {"environment": {"FARGATE_BATCH_INDEXES": "1,2"}},
        {"environment": [{"name": "FARGATE_BATCH_INDEXES", "value": ""}]},
        {"container_overrides": {"environment": {"FARGATE_BATCH_INDEXES": "1"}}},
        {"container_overrides_file": a_file({"environment": {"FARGATE_BATCH_INDEXES": "1"}})},
        {
            "extra_submit_args": {
                "ecsPropertiesOverride": {
                    "taskProperties": [
                        {"containers": [{"environment": {"FARGATE_BATCH_INDEXES": "1"}}]}
                    ]
                }
            }
        },
    ],
    ids=["environment", "list", "overrides", "file", "ECS"],
)
def test_the_variable_of_a_rerun_is_ours_to_set(arguments: dict[str, Any]) -> None:
    said = problem(**arguments)
    assert (
        "FARGATE_BATCH_INDEXES: is reserved: this package passes the indexes of failed children"
        in said
    )
    rerun = make(array_size=3).only([0, 2]).to_submit_job()
    assert rerun["containerOverrides"]["environment"] == [
        {"name": "FARGATE_BATCH_INDEXES", "value": "0,2"}
    ]


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_BATC", "aws_batch_x", "MY_AWS_BATCH"])
def test_other_names_are_not_reserved(name: str) -> None:
    assert environment(environment={name: "1"}) == {name: "1"}


def test_a_variable_given_twice_is_suspicious_and_the_last_one_counts() -> None:
    given = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    assert environment(environment=given) == {"A": "2"}
    assert make(environment=given).warnings == (
        "`environment.A` is set twice; the last value is used",
    )


def test_warnings_are_as_many_as_somebody_reads() -> None:
    twice = [{"name": "A", "value": "1"}] * 1000
    assert len(make(environment=twice).warnings) == 1
    many = {f"V{number}": "{{ x }}" for number in range(30)}
    assert make(environment=many).warnings[-1] == "and 10 more warnings"


def test_a_template_left_in_a_value_is_suspicious() -> None:
    assert make(environment={"A": "{{ x }}"}).warnings == (
        "`environment.A` still contains template delimiters",
    )


# --- How long ------------------------------------------------------------------------------------


def command_of(length: int) -> list[str]:
    """Return a command that makes overrides of *length* characters."""
    return ["x" * (length - EMPTY_COMMAND)]


def test_overrides_of_8192_characters_are_legal_and_more_are_not() -> None:
    assert make(command=command_of(LIMIT))
    assert problem(command=command_of(LIMIT + 1)) == (
        "container_overrides: command and environment have 8193 characters together, 8160 of them "
        "in command[0]; AWS Batch accepts a job with more than 8192, but then fails the job: "
        "store large values in a file on S3 and pass the address of the file"
    )


def test_characters_count_and_not_bytes() -> None:
    assert make(command=["あ" * (LIMIT - EMPTY_COMMAND)])


def test_near_the_limit_batch_may_add_its_own_so_there_is_a_warning() -> None:
    assert make(command=command_of(LIMIT - 1024)).warnings == ()
    (warning,) = make(command=command_of(LIMIT - 1023)).warnings
    assert "7169 characters together" in warning


def test_the_environment_counts_and_its_largest_variable_is_named() -> None:
    said = problem(environment={"SMALL": "x" * 3000, "LARGE": "x" * 6000})
    assert "6000 of them in environment.LARGE;" in said


def test_parameters_count_where_the_command_refers_to_them() -> None:
    command = ["Ref::big"] * 3
    assert make(command=["Ref::other"], parameters={"big": "x" * 9000})
    assert "in command[0]" in problem(command=command, parameters={"big": "x" * 3000})


def test_parameters_are_suspicious_where_a_command_that_is_not_known_may_refer_to_them() -> None:
    empty = len('{"command":[],"environment":[]}')
    room = LIMIT - 1024 - empty
    assert make(parameters={"p": "x" * room}).warnings == ()
    (warning,) = make(parameters={"p": "x" * room, "q": "x"}).warnings
    assert f"the parameters have {room + 1} characters together" in warning
    assert make(command=["run"], parameters={"p": "x" * (room + 1)}).warnings == ()


def test_the_containers_of_an_ecs_task_have_8192_characters_together() -> None:
    def task(length: int) -> dict[str, Any]:
        small = {"name": "small", "command": ["x" * 100]}
        large: dict[str, Any] = {"name": "large", "command": [""]}
        bare = sum(len(json.dumps(each, separators=(",", ":"))) for each in (small, large))
        large["command"] = ["あ" * (length - bare)]
        return {"ecsPropertiesOverride": {"taskProperties": [{"containers": [small, large]}]}}

    assert make(extra_submit_args=task(8192))
    said = problem(extra_submit_args=task(8193))
    assert said.startswith("ecs_properties_override: ")
    assert "8193 characters together, 8062 of them in 'large';" in said


@pytest.mark.parametrize("by", ["x", "あ"])
def test_a_request_of_30_kib_is_too_large(by: str) -> None:
    bare = len(json.dumps(make(parameters={"p": ""}).to_submit_job(), separators=(",", ":")))
    room, odd = divmod(30 * 1024 - bare, len(by.encode()))
    assert make(parameters={"p": by * (room - 1) + "x" * (len(by.encode()) + odd - 1)})
    said = problem(parameters={"p": by * room + "x" * odd})
    assert said.startswith("parameters: the whole request has 30720 bytes, ")
    assert said.endswith(
        " of them in parameters; AWS Batch accepts less than 30720: store large values in a file "
        "on S3 and pass the address of the file"
    )


def test_the_member_that_makes_a_request_too_large_is_named() -> None:
    resource = {"consumableResource": "x" * 40_000, "quantity": 1}
    listed = {"consumableResourceList": [resource]}
    extra = {"consumableResourcePropertiesOverride": listed}
    assert problem(extra_submit_args=extra).startswith(
        "consumable_resources: the whole request has "
    )
    assert problem(depends_on=["x" * 20_000], parameters={"p": "x" * 15_000}).startswith(
        "depends_on: "
    )
