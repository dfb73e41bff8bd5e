"""Job definitions with ``ecsProperties``: every rule holds container by container."""

import json
from typing import Any

import pytest

from airflow_fargate_batch.core.literals import problems_before_rendering
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import InvalidRequest
from tests.core.making import body, make, problem, problems


def ecs(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"taskProperties": [{"containers": list(containers)}]}


def sized(vcpu: object = None, memory: object = None, **more: Any) -> dict[str, Any]:
    given = {"VCPU": vcpu, "MEMORY": memory}
    listed = [{"type": kind, "value": value} for kind, value in given.items() if value is not None]
    return {**more, "resourceRequirements": listed}


def sent(**arguments: Any) -> list[dict[str, Any]]:
    """Return the overrides of the containers; nothing goes to ``containerOverrides``."""
    written = body(**arguments)
    assert "containerOverrides" not in written
    [task] = written["ecsPropertiesOverride"]["taskProperties"]
    containers: list[dict[str, Any]] = task["containers"]
    return containers


def test_the_single_arguments_go_to_the_named_container() -> None:
    assert sent(container="main", vcpu=1, memory="4 GB", command=["run"], environment={"A": 1}) == [
        {
            "name": "main",
            "command": ["run"],
            "environment": [{"name": "A", "value": "1"}],
            "resourceRequirements": [
                {"type": "VCPU", "value": "1"},
                {"type": "MEMORY", "value": "4096"},
            ],
        }
    ]


def test_container_overrides_go_there_too() -> None:
    assert sent(container="main", container_overrides={"command": ["run"]}) == [
        {"name": "main", "command": ["run"]}
    ]


@pytest.mark.parametrize("form", [dict, json.dumps], ids=["mapping", "JSON text"])
def test_layers_merge_key_by_key_and_the_single_arguments_win(form: Any) -> None:
    beneath = ecs(
        {"name": "side", "command": ["watch"]},
        {
            "name": "main",
            "command": ["run"],
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            **sized(1, 2048),
        },
    )
    assert sent(
        ecs_properties_override=form(beneath),
        container="main",
        environment={"B": "3"},
    ) == [
        {"name": "side", "command": ["watch"]},
        {
            "name": "main",
            "command": ["run"],
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}],
            "resourceRequirements": [
                {"type": "VCPU", "value": "1"},
                {"type": "MEMORY", "value": "2048"},
            ],
        },
    ]


def test_the_only_container_of_an_override_needs_not_be_named_again() -> None:
    override = ecs({"name": "main", "command": ["run"]})
    assert sent(ecs_properties_override=override, environment={"A": "1"}) == [
        {"name": "main", "command": ["run"], "environment": [{"name": "A", "value": "1"}]}
    ]
    nameless = ecs({"command": ["run"]})
    assert sent(ecs_properties_override=nameless, environment={"A": "1"}) == [
        {"command": ["run"], "environment": [{"name": "A", "value": "1"}]}
    ]


def test_of_several_containers_one_must_be_named() -> None:
    override = ecs({"name": "main"}, {"name": "side"})
    assert problem(ecs_properties_override=override, command=["run"]) == (
        "container: is missing: `ecs_properties_override` has overrides for several containers, "
        "and the single arguments (`vcpu`, `memory`, `command`, `environment`, "
        "`container_overrides`) are for one: set `container` to 'main' or 'side'"
    )


def test_what_extra_submit_args_set_lies_beneath() -> None:
    """Before there was an argument, it was the only way."""
    extra = {"ecsPropertiesOverride": ecs({"name": "main", "command": ["old"]})}
    override = ecs({"name": "main", "command": ["new"]}, {"name": "side", "command": ["watch"]})
    assert sent(extra_submit_args=extra, ecs_properties_override=override) == [
        {"name": "main", "command": ["new"]},
        {"name": "side", "command": ["watch"]},
    ]


def test_a_container_alone_is_named_so_that_aws_can_refuse_the_wrong_kind() -> None:
    assert sent(container="main") == [{"name": "main"}]


def test_a_rerun_tells_its_indexes_to_the_named_container() -> None:
    override = ecs({"name": "side", "command": ["watch"]})
    request = make(container="main", ecs_properties_override=override, array_size=3).only([0, 2])
    written: Any = request.to_submit_job()
    assert written["ecsPropertiesOverride"] == ecs(
        {"name": "side", "command": ["watch"]},
        {"name": "main", "environment": [{"name": "FARGATE_BATCH_INDEXES", "value": "0,2"}]},
    )
    with pytest.raises(InvalidRequest, match="8192"):
        make(container="main", array_size=10_000).only(range(5000))


def test_a_body_is_read_back_and_arguments_win_over_it() -> None:
    override = ecs({"name": "main", "command": ["run"], **sized("1", "2048")})
    whole = {
        "jobName": "j",
        "jobQueue": "q",
        "jobDefinition": "d",
        "ecsPropertiesOverride": override,
    }
    assert JobRequest.from_submit_job(whole).to_submit_job() == whole
    larger: Any = JobRequest.from_submit_job(whole, memory=4096).to_submit_job()
    [task] = larger["ecsPropertiesOverride"]["taskProperties"]
    assert task["containers"] == [{"name": "main", "command": ["run"], **sized("1", "4096")}]


# --- Sizes ---------------------------------------------------------------------------------------

ALONE = "; if the task has more containers, name all of them in `ecs_properties_override`"


@pytest.mark.parametrize(
    "arguments",
    [
        {"container": "main", "vcpu": 1, "memory": 4000},
        {"ecs_properties_override": ecs(sized(1, 4000, name="main"))},
        {"ecs_properties_override": ecs(sized(1, name="main")), "memory": 4000},
        {"extra_submit_args": {"ecsPropertiesOverride": ecs(sized(1, 4000))}},
    ],
    ids=["single arguments", "override", "both", "extra_submit_args"],
)
def test_a_container_alone_has_a_size_of_fargate(arguments: dict[str, Any]) -> None:
    assert problem(**arguments).endswith(
        "1 vCPU with 4000 MiB is not a Fargate size; 1 vCPU takes 2048 to 8192 MiB in steps of "
        f"1024: use 3072 or 4096{ALONE}"
    )
    assert problems_before_rendering(arguments)  # so the import of the DAG fails


def test_several_containers_have_a_size_of_fargate_together() -> None:
    fits = ecs(sized("0.75", 3584, name="main"), sized("0.25", 512, name="side"))
    assert sent(ecs_properties_override=fits)
    lacks = ecs(sized("0.75", 3500, name="main"), sized("0.25", 512, name="side"))
    assert problem(ecs_properties_override=lacks) == (
        "ecs_properties_override: the containers together: 1 vCPU with 4012 MiB is not a Fargate "
        "size; 1 vCPU takes 2048 to 8192 MiB in steps of 1024: use 3072 or 4096"
    )


def test_a_container_whose_size_is_not_known_leaves_the_sum_open() -> None:
    named = ecs({"name": "side"})
    assert sent(container="main", vcpu="0.75", memory=4000, ecs_properties_override=named)


def test_what_no_task_can_hold_is_refused_even_so() -> None:
    override = ecs(sized(None, 200_000, name="a"), sized(None, 60_000, name="b"), {"name": "c"})
    assert "260000 MiB is more than the largest Fargate size" in problem(
        ecs_properties_override=override
    )


def test_rounding_up_enlarges_the_named_container() -> None:
    override = ecs(sized("0.25", 512, name="side"))
    rounded = {"ecs_properties_override": override, "size_policy": "round_up", "vcpu": "0.75"}
    request = make(container="main", memory=3000, **rounded)
    assert [(str(each.size.vcpu), each.size.memory) for each in request.containers] == [
        ("0.25", 512),
        ("0.75", 3584),
    ]
    assert request.notes == (
        "The containers together: 1 vCPU with 3512 MiB was rounded up to 1 vCPU with 4096 MiB, the "
        "next Fargate size",
    )


def test_rounding_up_needs_a_container_to_enlarge() -> None:
    override = ecs(sized("0.75", 3000, name="main"), sized("0.25", 512, name="side"))
    said = problem(ecs_properties_override=override, size_policy="round_up")
    assert said.startswith("size_policy: round_up does not know which container to enlarge")


def test_rounding_up_changes_only_what_the_container_asks_for() -> None:
    request = make(container="main", memory=3000, size_policy="round_up")
    assert tuple(request.size) == (None, 3072)
    request = make(container="main", vcpu=3, size_policy="round_up")
    assert tuple(request.size) == (4, None)


def test_an_unknown_policy_is_one_problem() -> None:
    assert problem(container="main", vcpu=1, memory=2048, size_policy="up") == (
        "size_policy: must be strict or round_up, not 'up'"
    )


# --- The other rules -----------------------------------------------------------------------------

PLACE = "ecs_properties_override.taskProperties[0].containers[0]"


@pytest.mark.parametrize(
    ("containers", "message"),
    [
        ([{"name": "a", "command": [""]}], f"{PLACE}.command[0]: is empty"),
        (
            [{"name": "a", "environment": {"AWS_BATCH_X": "1"}}],
            f"{PLACE}.environment.AWS_BATCH_X: names that start with AWS_BATCH are reserved",
        ),
        ([{"name": "a", "vcpus": 1}], f"{PLACE}.vcpus: vcpus is not applicable for Fargate"),
        ([{"name": "a", "image": "x"}], f"{PLACE}.image: is not a member of the API"),
        (
            [sized(1, name="a") | {"resourceRequirements": [{"type": "GPU", "value": "1"}]}],
            f"{PLACE}.resourceRequirements[0]: GPU is not applicable",
        ),
        (
            [{"name": "a"}, {"name": "a"}],
            "ecs_properties_override.taskProperties[0].containers[1].name: 'a' is listed twice",
        ),
        (
            [sized(1, "1000.5", name="a")],
            f"{PLACE}.resourceRequirements: 1000.5 is not a whole number of MiB",
        ),
    ],
    ids=["command", "environment", "vcpus", "image", "GPU", "twice", "half a MiB"],
)
def test_a_rule_is_broken_in_a_container(containers: list[Any], message: str) -> None:
    assert str(problems(ecs_properties_override=ecs(*containers))[0]).startswith(message)


def test_a_container_without_a_name_merges_with_no_other() -> None:
    said = problem(container="main", vcpu=1, ecs_properties_override=ecs({"command": ["run"]}))
    assert said == (
        "ecs_properties_override: a container without a name cannot be combined with overrides of "
        "other containers: name every container"
    )


def test_parameters_count_in_the_length_of_all_containers() -> None:
    arguments = {"container": "main", "command": ["Ref::big"] * 3}
    assert make(**arguments, parameters={"big": "x" * 2000})
    said = problem(**arguments, parameters={"big": "x" * 3000})
    assert said.startswith("ecs_properties_override: the overrides of the containers have 90")
    assert (
        make(**arguments, parameters={"big": "x" * 2600})
        .warnings[0]
        .endswith("AWS Batch adds variables of its own")
    )


def test_a_template_for_the_container_hides_no_other_mistake() -> None:
    given = {"container": "{{ params.c }}", "vcpu": 1, "memory": 4000}
    assert problems_before_rendering(given) == []  # further containers may be named
    [found] = problems_before_rendering(given | {"job_timeout": 5})
    assert found.field == "job_timeout"


@pytest.mark.parametrize(
    "given",
    [
        {"licence": 2, "seat": "1"},
        '{"licence": 2, "seat": 1}',
        {
            "consumableResourceList": [
                {"consumableResource": "licence", "quantity": 2},
                {"consumableResource": "seat", "quantity": 1},
            ]
        },
    ],
    ids=["mapping", "JSON text", "the API's"],
)
def test_consumable_resources_are_named_with_a_quantity(given: object) -> None:
    assert body(consumable_resources=given) == {
        "consumableResourcePropertiesOverride": {
            "consumableResourceList": [
                {"consumableResource": "licence", "quantity": 2},
                {"consumableResource": "seat", "quantity": 1},
            ]
        }
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"licence": 0}, "consumable_resources.licence: 0 is less than 1: use 1 or more"),
        ({"licence": "x"}, "consumable_resources.licence: 'x' is not a number"),
        (dict.fromkeys("abcdef", 1), "consumable_resources: has 6 entries; AWS accepts at most 5"),
        ({" ": 1}, "consumable_resources: is empty"),
        ([1], "consumable_resources: must be a mapping, not a list"),
    ],
    ids=str,
)
def test_what_is_no_consumable_resource_is_a_problem(given: object, message: str) -> None:
    assert problem(consumable_resources=given).startswith(message)


def test_a_body_keeps_its_consumable_resources_beneath_the_argument() -> None:
    written = body(consumable_resources={"licence": 2, "seat": 1})
    whole = {**written, "jobName": "j", "jobQueue": "q", "jobDefinition": "d"}
    assert JobRequest.from_submit_job(whole).to_submit_job() == whole
    more = JobRequest.from_submit_job(whole, consumable_resources={"seat": 3})
    assert more.consumable_resources == {"licence": 2, "seat": 3}


@pytest.mark.parametrize("name", ["\ud800", "a\0b", ""])
def test_a_consumable_resource_with_an_impossible_name_is_a_problem(name: str) -> None:
    with pytest.raises(InvalidRequest, match="consumable_resources"):
        JobRequest.from_arguments(job_queue="q", job_definition="d", consumable_resources={name: 1})
