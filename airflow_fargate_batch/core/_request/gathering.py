"""The overrides of a request, gathered from files, mappings, single arguments and a body."""

from typing import Final, NamedTuple

from airflow_fargate_batch.core._request import containers as _containers
from airflow_fargate_batch.core._request import fields as _fields
from airflow_fargate_batch.core._request import overrides as _overrides
from airflow_fargate_batch.core._request import size as _size
from airflow_fargate_batch.core._request import task_size as _task_size
from airflow_fargate_batch.core._request.body import Beneath
from airflow_fargate_batch.core._request.containers import EcsTask, Layer
from airflow_fargate_batch.core._request.overrides import Overrides
from airflow_fargate_batch.core._request.size import Settled
from airflow_fargate_batch.core._request.values import Findings, plain_text
from airflow_fargate_batch.core.arguments import Arguments

NOTHING: Final = Beneath()


class Gathered(NamedTuple):
    """Overrides of a request.

    Attributes:
        own: Overrides of the container that the single arguments are for.
        size: Size of that container.
        ecs: All containers of an ECS task; ``None`` if the request names none.
    """

    own: Overrides
    size: Settled
    ecs: EcsTask | None = None


def gather(given: Arguments, extra: Layer, beneath: Beneath, findings: Findings) -> Gathered:
    """Merge all layers, and settle the sizes.

    :param extra: containers in *extra_submit_args*.
    :param beneath: layers of a body.
    """
    plain = _plain(given, beneath.overrides, findings)
    policy = "strict" if given.size_policy is None else given.size_policy
    container, own_layer = given.container, given.ecs_properties_override
    if container is None and own_layer is None and not extra and not beneath.containers:
        return Gathered(plain, _size.settle(plain, policy, findings))  # nearly always
    name = None if container is None else plain_text(container, "container", findings)
    read = _containers.read(own_layer, _containers.ARGUMENT, findings)
    layer = _containers.merge([beneath.containers, extra, read], findings)
    target = _containers.target_of(name, layer, plain, findings, beneath=beneath.overrides)
    if target is None:
        size = _size.settle(plain, policy, findings)
        sizes = _task_size.settle(layer, None, policy, findings) if layer else {}
        return Gathered(plain, size, _containers.ecs_task_of(layer, sizes, None))
    layer = _containers.merge([layer, {target: plain}], findings)
    sizes = _task_size.settle(layer, target, policy, findings)
    ecs = _containers.ecs_task_of(layer, sizes, target)
    return Gathered(layer[target], sizes.get(target, Settled()), ecs)


def _plain(given: Arguments, beneath: Overrides, findings: Findings) -> Overrides:
    """Merge the overrides that name no container."""
    single = _overrides.from_arguments(
        vcpu=given.vcpu,
        memory=given.memory,
        command=given.command,
        environment=given.environment,
        findings=findings,
    )
    has_layers = beneath is not NOTHING.overrides or (
        given.container_overrides is not None or given.container_overrides_file is not None
    )
    if not has_layers:
        return single
    file = "container_overrides_file"
    layers = (
        (file, _fields.json_file(given.container_overrides_file, file, findings)),
        ("container_overrides", given.container_overrides),
    )
    overrides = Overrides()
    overrides.update(beneath)
    for where, layer in layers:
        if layer is not None:
            overrides.update(_overrides.from_mapping(layer, where, findings))
    overrides.update(single)
    return overrides
