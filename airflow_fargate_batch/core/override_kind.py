"""Overrides for the wrong kind of job definition.

AWS takes ``containerOverrides`` for definitions with ``containerProperties`` only, and
``ecsPropertiesOverride`` for definitions with ``ecsProperties`` only.
"""

from airflow_fargate_batch.core.definition import DefinitionKind, JobDefinition
from airflow_fargate_batch.core.fargate import either_of
from airflow_fargate_batch.core.request import JobRequest


def has_overrides(request: JobRequest) -> bool:
    """Return whether the request overrides anything of its job definition's containers."""
    return not {"containerOverrides", "ecsPropertiesOverride"}.isdisjoint(request.to_submit_job())


def advice_of_kind(request: JobRequest, definition: JobDefinition) -> str | None:
    """Return what to do about overrides of the wrong kind; ``None`` if the kind is right."""
    body = request.to_submit_job()
    if definition.kind is DefinitionKind.ECS and "containerOverrides" in body:
        names = [container.name for container in definition.containers if container.name]
        if not names:
            return (
                f"Job definition {definition} has ecsProperties, and its container has no name: "
                "put the overrides into `ecs_properties_override`."
            )
        of = "container" if len(names) == 1 else "containers"
        return (
            f"Job definition {definition} has ecsProperties, with the {of} {', '.join(names)}: "
            f"give `container`, {either_of(map(repr, names))}."
        )
    if definition.kind is DefinitionKind.CONTAINER and "ecsPropertiesOverride" in body:
        return (
            f"Job definition {definition} has containerProperties: leave out `container` and "
            "`ecs_properties_override`, and give `vcpu`, `memory`, `command`, `environment` or "
            "`container_overrides`."
        )
    return None
