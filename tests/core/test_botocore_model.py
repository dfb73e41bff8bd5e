"""AWS's own model, as the installed botocore has it, agrees with our rules."""

import re
from decimal import Decimal
from typing import Any

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator

from airflow_fargate_batch.core.fargate import SIZES, Size
from airflow_fargate_batch.core.naming import Submission
from airflow_fargate_batch.core.submit_members import (
    ARGUMENT_OF,
    MEMBERS,
    NOT_ON_FARGATE,
    OF_SERVICE_JOBS,
)
from tests.core.making import make

MODEL = get_session().get_service_model("batch")
SUBMIT_JOB: Any = MODEL.shape_for("SubmitJobRequest")
REQUIREMENT: Any = MODEL.shape_for("ResourceRequirement")
TEXT: str = REQUIREMENT.members["value"].documentation

ENTRY = re.compile(r"<dt>value = (.*?)</dt>.*?<code>(VCPU|MEMORY)</code> = (.*?)</p>", re.DOTALL)
NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def sizes_in(text: str, named: str) -> set[Size]:
    """Read one of the two tables: the one that names, for each value, what *named* may be."""
    found = set()
    for values, kind, others in ENTRY.findall(text):
        for value in NUMBER.findall(values):
            for other in NUMBER.findall(others):
                vcpu, memory = (other, value) if kind == "VCPU" else (value, other)
                if kind == named:
                    found.add(Size(Decimal(vcpu), int(memory)))
    return found


@pytest.mark.parametrize("named", ["VCPU", "MEMORY"])
def test_every_size_that_aws_documents_is_ours(named: str) -> None:
    """Ours may have more: an older botocore lacks what AWS has added since."""
    documented = sizes_in(TEXT, named)
    assert len(documented) >= 50, "the text is no longer written as it was: read it again"
    assert documented <= SIZES, f"AWS has added {sorted(documented - SIZES)}"


def test_a_size_that_aws_adds_would_be_noticed() -> None:
    more = "<dt>value = 64</dt> <dd> <p> <code>MEMORY</code> = 499712, or 999424 </p> </dd>"
    assert sizes_in(TEXT + more, "MEMORY") - SIZES == {
        Size(Decimal(64), 499712),
        Size(Decimal(64), 999424),
    }


def reachable(shape: Any) -> dict[str, set[str]]:
    """Return the members of every structure that a request can hold, but for other platforms'."""
    if shape.type_name == "list":
        return reachable(shape.member)
    if shape.type_name != "structure":
        return {}
    found = {shape.name: set(shape.members)}
    for name, member in shape.members.items():
        if name not in NOT_ON_FARGATE:
            found |= reachable(member)
    return found


def test_every_member_of_a_request_is_ours_and_ours_are_aws_s() -> None:
    """A member that AWS adds or drops is noticed here: what is not in the table is refused."""
    assert reachable(SUBMIT_JOB) == {name: set(members) for name, members in MEMBERS.items()}


def test_every_member_of_submit_job_has_a_place() -> None:
    placed = {*ARGUMENT_OF, *NOT_ON_FARGATE}
    assert placed - {"schedulingPriority"} == set(SUBMIT_JOB.members)


def test_every_member_that_service_jobs_alone_have_is_known_as_such() -> None:
    """An older botocore has fewer of them, or none."""
    members: set[str] = set()
    if "SubmitServiceJobRequest" in MODEL.shape_names:
        request: Any = MODEL.shape_for("SubmitServiceJobRequest")
        members = set(request.members)
    assert members - set(SUBMIT_JOB.members) - {"schedulingPriority"} <= OF_SERVICE_JOBS
    assert OF_SERVICE_JOBS.isdisjoint(SUBMIT_JOB.members)


ECS = {
    "taskProperties": [
        {
            "containers": [
                {
                    "name": "app",
                    "command": ["run", 1],
                    "environment": {"A": 1},
                    "resourceRequirements": [{"type": "VCPU", "value": 1}],
                }
            ]
        }
    ]
}
CONSUMABLE = {"consumableResourceList": [{"consumableResource": "licence", "quantity": "2"}]}


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({}, id="the least"),
        pytest.param({"vcpu": 0.25, "memory": Decimal(512)}, id="size"),
        pytest.param({"vcpu": 3, "memory": 1, "size_policy": "round_up"}, id="rounded up"),
        pytest.param({"command": (1, True, "x"), "environment": {"A": 1}}, id="overrides"),
        pytest.param({"parameters": {"a": 1}, "tags": {"b": 2.5}}, id="numbers as texts"),
        pytest.param({"share_identifier": 7, "scheduling_priority": "0"}, id="fair share"),
        pytest.param(
            {
                "array_size": "10",
                "depends_on": [{"type": "SEQUENTIAL"}, {"jobId": ["a", "b"], "type": "N_TO_N"}],
            },
            id="array",
        ),
        pytest.param({"array_size": 1, "depends_on": "a,b"}, id="array of one"),
        pytest.param({"spot_retries": "2"}, id="Spot"),
        pytest.param(
            {
                "retry_strategy": {
                    "attempts": 2,
                    "evaluateOnExit": [{"onExitCode": 137, "action": "exit"}],
                }
            },
            id="retries",
        ),
        pytest.param({"job_timeout": 60.0, "propagate_tags": "true"}, id="timeout"),
        pytest.param({"extra_submit_args": {"ecsPropertiesOverride": ECS}}, id="ECS"),
        pytest.param(
            {"extra_submit_args": {"consumableResourcePropertiesOverride": CONSUMABLE}},
            id="consumable resources",
        ),
        pytest.param(
            {
                "submission": Submission.of_task(
                    dag_id="d", run_id="r", task_id="t", map_index=0, generation=0
                )
            },
            id="submission",
        ),
    ],
)
def test_botocore_accepts_every_body(arguments: dict[str, Any]) -> None:
    said = make(**arguments).to_submit_job()
    report = ParamValidator().validate(said, SUBMIT_JOB)
    assert not report.has_errors(), report.generate_report()
