"""Connection settings shared by operator, sensor and trigger, and clients made from settings."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self, TypedDict

from airflow_fargate_batch.exceptions import AccessDenied, CredentialsMissing

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import BatchApi
    from airflow_fargate_batch.aws.logs import LogsApi
    from airflow_fargate_batch.hooks import FargateBatchHook


class ConnectionArguments(TypedDict):
    """Arguments for a connection, of operator, sensor and trigger."""

    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: dict[str, Any] | None


class HasConnection(Protocol):
    """An operator, sensor or trigger with the arguments for a connection."""

    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """Settings of a connection to AWS; triggers with equal settings share a client and a poller.

    Attributes:
        botocore_config: As in every hook of the Amazon provider. Compared, but not part of the
            hash: a mapping has none.
    """

    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: dict[str, Any] | None = field(hash=False)

    @classmethod
    def of(cls, owner: HasConnection) -> Self:
        """Return the settings of an operator, sensor or trigger, once templates are rendered."""
        return cls(
            aws_conn_id=owner.aws_conn_id,
            region_name=owner.region_name,
            verify=owner.verify,
            botocore_config=owner.botocore_config,
        )

    def arguments(self) -> ConnectionArguments:
        """Return the settings as arguments of a trigger."""
        return {
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "verify": self.verify,
            "botocore_config": self.botocore_config,
        }

    def hook(self) -> "FargateBatchHook":
        """Make the hook; imported late, because parsing a DAG must not load boto3."""
        from airflow_fargate_batch.hooks import FargateBatchHook

        return FargateBatchHook(
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            config=self.botocore_config,
        )

    def connect(self) -> "BatchApi":
        """Read the connection and make a client: slow, and not for an event loop's thread.

        :raises AccessDenied: the connection's role may not be assumed.
        :raises CredentialsMissing: any other failure, temporary or permanent. The poller retries
            for ``polling.REFUSAL_PATIENCE`` (5 min) before failing the triggers.
        """
        try:
            with _without_collecting():
                return self.hook().api
        except (AccessDenied, CredentialsMissing):
            raise
        except Exception as error:  # whatever the connection store, or what is in it, may raise
            text = f"Could not make a client for connection {self.aws_conn_id!r}: {error}"
            raise CredentialsMissing(text, "Check the connection.") from error

    def connect_logs(self) -> "LogsApi":
        """Make a client of CloudWatch Logs, in the same way."""
        return self.hook().logs


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Switch garbage collection off for a while, then freeze the present objects.

    A full collection visits every object, and the event loop of the triggerer stands still
    meanwhile. The models of a botocore client are hundreds of thousands of objects, all kept until
    the process ends. ``gc.freeze`` takes the present objects out of all later collections. Frozen
    objects are never collected, even after becoming garbage, so a process freezes only once.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
        if was_enabled:
            gc.enable()
