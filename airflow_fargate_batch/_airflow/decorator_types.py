"""Types of the TaskFlow decorators, for editors and type checkers; not loaded at run time.

The arguments are the operator's; ``tests/test_decorators.py`` compares them.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, ParamSpec, Protocol, TypeVar, overload

from airflow.sdk.bases.decorator import Task

Params = ParamSpec("Params")
Returned = TypeVar("Returned")
Command = TypeVar("Command", bound=Sequence[str] | Mapping[str, Any])


class FunctionDecorator(Protocol):
    """Type of ``@task.fargate_batch``."""

    @overload
    def __call__(self, python_callable: Callable[Params, Returned]) -> Task[Params, Returned]: ...
    @overload
    def __call__(
        self,
        *,
        multiple_outputs: bool | None = ...,
        payload_location: str | None = ...,
        python_command: str = ...,
        job_queue: str | None = ...,
        job_definition: str | None = ...,
        job_name: str | None = ...,
        job_name_prefix: str = ...,
        vcpu: float | str | None = ...,
        memory: float | str | None = ...,
        size_policy: str = ...,
        environment: Mapping[str, str] | Sequence[Mapping[str, str]] | str | None = ...,
        parameters: Mapping[str, str] | str | None = ...,
        parameters_file: str | None = ...,
        container_overrides: Mapping[str, Any] | str | None = ...,
        container_overrides_file: str | None = ...,
        container: str | None = ...,
        ecs_properties_override: Mapping[str, Any] | str | None = ...,
        out_of_memory: str | None = ...,
        max_memory: float | str | None = ...,
        fallback_job_queue: str | None = ...,
        share_identifier: str | None = ...,
        scheduling_priority: int | str | None = ...,
        depends_on: Any = ...,
        ignore_missing_dependencies: bool | str | None = ...,
        array_size: int | str | None = ...,
        items: Any = ...,
        items_per_child: int | str | None = ...,
        items_location: str | None = ...,
        retry_strategy: int | Mapping[str, Any] | str | None = ...,
        spot_retries: int | str | None = ...,
        job_timeout: float | timedelta | str | None = ...,
        tags: Mapping[str, str] | str | None = ...,
        propagate_tags: bool | str | None = ...,
        platform_version: str | None = ...,
        consumable_resources: Mapping[str, int] | Mapping[str, Any] | str | None = ...,
        extra_submit_args: Mapping[str, Any] | str | None = ...,
        deferrable: bool | None = ...,
        poll_interval: float | timedelta = ...,
        runnable_timeout: float | timedelta | None = ...,
        starting_timeout: float | timedelta | None = ...,
        wait_timeout: float | timedelta | None = ...,
        terminate_on_kill: bool = ...,
        preflight: bool = ...,
        skip_on_exit_code: int | Collection[int] | None = ...,
        fail_on_exit_code: int | Collection[int] | None = ...,
        awslogs_enabled: bool = ...,
        awslogs_fetch_interval: float | timedelta = ...,
        awslogs_index: int | str | None = ...,
        dry_run: bool | str | int = ...,
        aws_conn_id: str | None = ...,
        region_name: str | None = ...,
        verify: bool | str | None = ...,
        botocore_config: dict[str, Any] | None = ...,
        **kwargs: Any,
    ) -> Callable[[Callable[Params, Returned]], Task[Params, Returned]]: ...


class CommandDecorator(Protocol):
    """Type of ``@task.fargate_batch_cmd``."""

    @overload
    def __call__(self, python_callable: Callable[Params, Command]) -> Task[Params, Command]: ...
    @overload
    def __call__(
        self,
        *,
        job_queue: str | None = ...,
        job_definition: str | None = ...,
        job_name: str | None = ...,
        job_name_prefix: str = ...,
        vcpu: float | str | None = ...,
        memory: float | str | None = ...,
        size_policy: str = ...,
        environment: Mapping[str, str] | Sequence[Mapping[str, str]] | str | None = ...,
        parameters: Mapping[str, str] | str | None = ...,
        parameters_file: str | None = ...,
        container_overrides: Mapping[str, Any] | str | None = ...,
        container_overrides_file: str | None = ...,
        container: str | None = ...,
        ecs_properties_override: Mapping[str, Any] | str | None = ...,
        out_of_memory: str | None = ...,
        max_memory: float | str | None = ...,
        fallback_job_queue: str | None = ...,
        share_identifier: str | None = ...,
        scheduling_priority: int | str | None = ...,
        depends_on: Any = ...,
        ignore_missing_dependencies: bool | str | None = ...,
        array_size: int | str | None = ...,
        items: Any = ...,
        items_per_child: int | str | None = ...,
        items_location: str | None = ...,
        retry_strategy: int | Mapping[str, Any] | str | None = ...,
        spot_retries: int | str | None = ...,
        job_timeout: float | timedelta | str | None = ...,
        tags: Mapping[str, str] | str | None = ...,
        propagate_tags: bool | str | None = ...,
        platform_version: str | None = ...,
        consumable_resources: Mapping[str, int] | Mapping[str, Any] | str | None = ...,
        extra_submit_args: Mapping[str, Any] | str | None = ...,
        wait_for_completion: bool | None = ...,
        deferrable: bool | None = ...,
        poll_interval: float | timedelta = ...,
        runnable_timeout: float | timedelta | None = ...,
        starting_timeout: float | timedelta | None = ...,
        wait_timeout: float | timedelta | None = ...,
        terminate_on_kill: bool = ...,
        rerun_failed_only: bool = ...,
        preflight: bool = ...,
        skip_on_exit_code: int | Collection[int] | None = ...,
        fail_on_exit_code: int | Collection[int] | None = ...,
        awslogs_enabled: bool = ...,
        awslogs_fetch_interval: float | timedelta = ...,
        awslogs_index: int | str | None = ...,
        result_from_log: bool = ...,
        finish_in_triggerer: bool = ...,
        dry_run: bool | str | int = ...,
        aws_conn_id: str | None = ...,
        region_name: str | None = ...,
        verify: bool | str | None = ...,
        botocore_config: dict[str, Any] | None = ...,
        **kwargs: Any,
    ) -> Callable[[Callable[Params, Command]], Task[Params, Command]]: ...
