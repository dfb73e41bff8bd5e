"""Overrides of the containers of an ECS task, for job definitions with ``ecsProperties``.

A layer holds overrides by container. Layers merge by container and then key by key, like
``containerOverrides``. The plain arguments (*vcpu*, *command* …) are a layer for one container.

Source: AWS Batch API Reference, ``EcsPropertiesOverride`` and the data types it uses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from airflow_fargate_batch.core._request import overrides as _overrides
from airflow_fargate_batch.core._request.overrides import Overrides
from airflow_fargate_batch.core._request.size import Settled
from airflow_fargate_batch.core._request.values import (
    Findings,
    known_keys,
    parse_list,
    parse_mapping,
    plain_text,
    shown,
)
from airflow_fargate_batch.core.submit_members import MEMBERS

MEMBER: Final = "ecsPropertiesOverride"
ARGUMENT: Final = "ecs_properties_override"
ContainerKey = str | int
"""Name of a container; its position if the container has no name (the API requires none)."""
Layer = dict[ContainerKey, Overrides]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerOverrides:
    """Overrides of one container of an ECS task.

    Attributes:
        name: ``None`` addresses the container by its position.
    """

    name: str | None = None
    size: Settled = field(default_factory=Settled)
    command: tuple[str, ...] = field(default=(), repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def to_api(self) -> dict[str, Any]:
        """Write the overrides for the API, without empty members."""
        named = {} if self.name is None else {"name": self.name}
        return named | _overrides.to_api(
            vcpu=self.size.vcpu,
            memory=self.size.memory,
            command=self.command,
            environment=self.environment,
        )


class EcsTask(NamedTuple):
    """Overrides of an ECS task.

    Attributes:
        containers: All containers that the request names.
        position: Position of the container that the request's own size, command and environment
            are for; ``None`` means no container.
    """

    containers: tuple[ContainerOverrides, ...]
    position: int | None = None

    @property
    def own(self) -> ContainerOverrides | None:
        """The container for the request's own size, command and environment."""
        return None if self.position is None else self.containers[self.position]

    def with_own(self, overrides: ContainerOverrides) -> "EcsTask":
        """Return the task with other overrides for its own container, which keeps its name."""
        if self.own is None:
            return self
        containers = list(self.containers)
        containers[self.position or 0] = replace(overrides, name=self.own.name)
        return self._replace(containers=tuple(containers))

    def to_api(self) -> dict[str, Any]:
        """Write ``ecsPropertiesOverride``."""
        written = [container.to_api() for container in self.containers]
        return {"taskProperties": [{"containers": written}]}


def read(value: object, where: str, findings: Findings) -> Layer:
    """Read the API's ``ecsPropertiesOverride``, a mapping or JSON text."""
    if value is None:
        return {}
    given = parse_mapping(value, where, findings)
    known_keys(given, MEMBERS["EcsPropertiesOverride"], where, findings)
    place = f"{where}.taskProperties"
    tasks = parse_list(given.get("taskProperties"), place, findings)
    if len(tasks) > 1:
        findings.problem(place, f"has {len(tasks)} elements; AWS Batch accepts one")
    layer: Layer = {}
    for index, task in enumerate(tasks[:1]):
        members = parse_mapping(task, f"{place}[{index}]", findings)
        known_keys(members, MEMBERS["TaskPropertiesOverride"], f"{place}[{index}]", findings)
        containers = f"{place}[{index}].containers"
        for number, container in enumerate(
            parse_list(members.get("containers"), containers, findings)
        ):
            _read_container(container, number, f"{containers}[{number}]", layer, findings)
    return layer


def _read_container(
    value: object, number: int, where: str, layer: Layer, findings: Findings
) -> None:
    given = dict(parse_mapping(value, where, findings))
    name = given.pop("name", None)
    key: ContainerKey = number
    if name is not None:
        key = plain_text(name, f"{where}.name", findings) or number
    if key in layer:
        findings.problem(f"{where}.name", f"{shown(key)} is listed twice", "keep one of the two")
    layer[key] = _overrides.from_mapping(given, where, findings)


def merge(layers: Sequence[Layer], findings: Findings) -> Layer:
    """Lay layers over one another, the first beneath.

    A container without a name has a position in its own layer only, so it merges with no layer of
    other containers.
    """
    merged: Layer = {}
    for layer in layers:
        for key, overrides in layer.items():
            merged.setdefault(key, Overrides()).update(overrides)
    if any(isinstance(key, int) for key in merged) and len(merged) > max(map(len, layers)):
        findings.problem(
            ARGUMENT,
            "a container without a name cannot be combined with overrides of other containers",
            "name every container",
        )
    return merged


def target_of(
    container: str | None, layer: Layer, plain: Overrides, findings: Findings, *, beneath: Overrides
) -> ContainerKey | None:
    """Return the container for the plain arguments; ``None`` means no ECS task.

    :param container: name given by the user; by default the only container of the layer.
    :param beneath: ``containerOverrides`` of a body, which names a container for them nowhere.
    """
    if container is not None or not layer:
        return container
    if beneath != Overrides():
        findings.warnings.append(
            f"{MEMBER} is set together with container overrides: AWS documents {MEMBER} for job "
            "definitions with ecsProperties, and container overrides for all other job definitions"
        )
        return None
    if len(layer) == 1:
        return next(iter(layer))
    if plain != Overrides():
        findings.problem(
            "container",
            f"is missing: `{ARGUMENT}` has overrides for several containers, and the single "
            "arguments (`vcpu`, `memory`, `command`, `environment`, `container_overrides`) are for "
            "one",
            f"set `container` to {' or '.join(map(shown, layer))}",
            involves=(ARGUMENT, "extra_submit_args"),
        )
    return None


def ecs_task_of(
    layer: Layer, sizes: Mapping[ContainerKey, Settled], target: ContainerKey | None
) -> "EcsTask | None":
    """Return the containers of a layer, each with its size; ``None`` without containers."""
    if not layer:
        return None
    containers = tuple(
        ContainerOverrides(
            name=key if isinstance(key, str) else None,
            size=sizes.get(key, Settled()),
            command=overrides.command or (),
            environment=overrides.environment,
        )
        for key, overrides in layer.items()
    )
    return EcsTask(containers, None if target is None else list(layer).index(target))
