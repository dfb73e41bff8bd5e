"""Base of the API classes: a client that sends each request exactly once."""

from typing import Any, ClassVar, Final, Self

from botocore.config import Config

from airflow_fargate_batch.aws.errors import connecting

NO_HIDDEN_RETRIES: Final = Config(retries={"total_max_attempts": 1})
"""What a client for ``BatchApi`` is made with: SubmitJob has no client token, so where boto3 sends
a call again whose answer was lost, it makes a second job."""


class ServiceApi:
    """Some calls of an AWS service, each request sent once.

    :param client: a client of the service made with ``NO_HIDDEN_RETRIES``.
    """

    service: ClassVar[str]

    def __init__(self, client: Any) -> None:
        self.client = client

    @property
    def region(self) -> str:
        """The region that the calls go to."""
        return str(self.client.meta.region_name)

    @classmethod
    def connect(
        cls,
        *,
        region_name: str | None = None,
        profile_name: str | None = None,
        endpoint_url: str | None = None,
        **options: Any,
    ) -> Self:
        """Make a client by AWS's own rules for what is not given.

        :param options: what the class itself takes beside the client.
        """
        from botocore.session import Session  # boto3 would add its resources, and their time

        with connecting():
            client: Any = Session(profile=profile_name).create_client(
                cls.service,
                region_name=region_name,
                endpoint_url=endpoint_url,
                config=NO_HIDDEN_RETRIES,
            )
        return cls(client, **options)
