"""A SubmitJob body combined with a job definition, as AWS Batch does before the job starts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core.definition import DefinedContainer, DefinitionKind, JobDefinition

REFERENCE: Final = re.compile(r"Ref::([A-Za-z0-9_-]+)")
"""AWS Batch User Guide, "Job definition parameters": ``Ref::name`` in the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A request combined with a definition.

    Attributes:
        containers: The definition's containers with the request's values.
        overrides: The request's values for each of *containers*, empty if it has none.
        unknown_containers: Names of overrides that match no container.
        kind: Kind of overrides in the request; ``None`` without overrides.
        parameters: The definition's defaults and the request's values.
        given_parameters: The request's values only.
        tags: Tags of the job and, if they are propagated, of the definition.
        propagates_tags: Whether the ECS task gets the tags.
    """

    containers: tuple[DefinedContainer, ...]
    overrides: tuple[DefinedContainer, ...]
    unknown_containers: tuple[str, ...] = ()
    kind: DefinitionKind | None = None
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    given_parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    tags: Mapping[str, str] = field(default_factory=dict)
    propagates_tags: bool = False

    @property
    def vcpu(self) -> Decimal | None:
        """Sum of all containers; ``None`` if one is not known."""
        values = [each.vcpu for each in self.containers if each.vcpu is not None]
        return sum(values, Decimal()) if len(values) == len(self.containers) > 0 else None

    @property
    def memory(self) -> int | None:
        """Sum of all containers in MiB; ``None`` if one is not known."""
        values = [each.memory for each in self.containers if each.memory is not None]
        return sum(values) if len(values) == len(self.containers) > 0 else None

    @property
    def references(self) -> Mapping[str, str]:
        """Names of the parameters that commands refer to, each with the first such word."""
        return {
            name: word
            for each in reversed(self.containers)
            for word in reversed(each.command)
            for name in REFERENCE.findall(word)
        }

    def expanded_command(self, container: DefinedContainer) -> tuple[str, ...]:
        """Return a container's command with ``Ref::name`` replaced."""
        return tuple(
            REFERENCE.sub(lambda found: self.parameters.get(found[1], found[0]), word)
            for word in container.command
        )


def merge_with_definition(definition: JobDefinition, body: Mapping[str, object]) -> Merged:
    """Combine a SubmitJob body with a definition; an empty body leaves the definition's values."""
    kind, listed = _overrides(body)
    overrides, unknown = _assign(listed, definition.containers)
    given = read.text_mapping(body.get("parameters"))
    told = body.get("propagateTags")
    propagates = told if isinstance(told, bool) else definition.propagates_tags
    tags = read.text_mapping(body.get("tags"))
    return Merged(
        containers=tuple(map(_merged, definition.containers, overrides)),
        overrides=tuple(overrides),
        unknown_containers=tuple(unknown),
        kind=kind,
        parameters={**definition.parameters, **given},
        given_parameters=given,
        tags={**definition.tags, **tags} if propagates else tags,
        propagates_tags=propagates,
    )


def _overrides(body: Mapping[str, object]) -> tuple[DefinitionKind | None, list[DefinedContainer]]:
    for member, kind in (
        ("ecsPropertiesOverride", DefinitionKind.ECS),
        ("eksPropertiesOverride", DefinitionKind.EKS),
        ("nodeOverrides", DefinitionKind.MULTI_NODE),
        ("containerOverrides", DefinitionKind.CONTAINER),
    ):
        if given := read.mapping(body.get(member)):
            if kind is DefinitionKind.CONTAINER:
                return kind, [DefinedContainer.from_api(given)]
            return kind, list(_of_tasks(given) if kind is DefinitionKind.ECS else ())
    return None, []


def _of_tasks(given: Mapping[str, object]) -> Iterator[DefinedContainer]:
    for task in read.mappings(given.get("taskProperties")):
        for container in read.mappings(task.get("containers")):
            yield DefinedContainer.from_api(container)


def _assign(
    listed: Sequence[DefinedContainer], containers: Sequence[DefinedContainer]
) -> tuple[list[DefinedContainer], list[str]]:
    """Return an override for each container, and the names that match no container.

    Overrides without a name are matched by position, because AWS's model does not require names.
    """
    assigned = [DefinedContainer() for _ in containers]
    places = {each.name: place for place, each in enumerate(containers) if each.name}
    unknown: list[str] = []
    for position, override in enumerate(listed):
        if override.name is None and position < len(assigned):
            assigned[position] = override
        elif override.name in places:
            assigned[places[override.name]] = override
        elif override.name is not None:
            unknown.append(override.name)
    return assigned, unknown


def _merged(container: DefinedContainer, override: DefinedContainer) -> DefinedContainer:
    return replace(
        container,
        vcpu=container.vcpu if override.vcpu is None else override.vcpu,
        memory=container.memory if override.memory is None else override.memory,
        command=override.command or container.command,
        environment={**container.environment, **override.environment},
    )
