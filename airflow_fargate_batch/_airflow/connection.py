"""Connection settings that operator, sensor and trigger share, and the clients made of them."""

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_fargate_batch.exceptions import AccessDenied, CredentialsMissing

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import BatchApi
    from airflow_fargate_batch.aws.logs import LogsApi
    from airflow_fargate_batch.hooks import FargateBatchHook


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach AWS; triggers with an equal one share a client and a poller.

    Attributes:
        botocore_config: As JSON text, which can be compared and hashed.
    """

    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: str

    def connect(self) -> "BatchApi":
        """Read the connection and make a client: slow, and not for an event loop's thread.

        :raises AccessDenied: its role may not be assumed.
        :raises CredentialsMissing: any other failure, temporary or permanent. The poller keeps
            trying for ``conversation.PATIENCE`` (5 min) before it fails the triggers.
        """
        try:
            with _without_collecting():
                return self._hook().api
        except (AccessDenied, CredentialsMissing):
            raise
        except Exception as error:  # whatever the connection store, or what is in it, may raise
            text = f"Could not make a client for connection {self.aws_conn_id!r}: {error}"
            raise CredentialsMissing(text, "Check the connection.") from error

    def connect_logs(self) -> "LogsApi":
        """Make a client of CloudWatch Logs, in the same way."""
        return self._hook().logs

    def _hook(self) -> "FargateBatchHook":
        from airflow_fargate_batch.hooks import FargateBatchHook

        return FargateBatchHook(
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            config=json.loads(self.botocore_config),
        )


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Keep Python from looking for garbage meanwhile, and later in all that there is by now.

    A full collection holds up the event loop while it looks at every object, and a triggerer with
    a client's models has hundreds of thousands that never go. They are frozen once in a process:
    what is frozen is not freed even where it becomes garbage.
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
