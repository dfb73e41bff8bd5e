"""Base of the API classes: a client without hidden retries."""

from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final, Self

from botocore.config import Config
from botocore.loaders import Loader, create_loader

from airflow_fargate_batch.aws.botocore_hooks import hide_bodies
from airflow_fargate_batch.aws.errors import connecting

NO_HIDDEN_RETRIES: Final = Config(retries={"total_max_attempts": 1})
"""Config of every client for ``BatchApi``. SubmitJob has no client token, so if boto3 retried a
call after a lost answer, the retry would make a second job."""


class ServiceApi:
    """Calls of an AWS service, each request sent once.

    :param client: a client of the service made with ``NO_HIDDEN_RETRIES``.
    """

    service: ClassVar[str]
    config: ClassVar[Config] = NO_HIDDEN_RETRIES

    def __init__(self, client: Any) -> None:
        self.client = client
        hide_bodies()

    @property
    def region(self) -> str:
        """The client's region."""
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
        """Make a client; AWS's own rules apply to arguments not given.

        :param options: the class's own arguments beside the client.
        """
        from botocore.session import Session  # boto3 would add its resources, and their time

        with connecting():
            session = Session(profile=profile_name)
            loader = _loader(session.get_config_variable("data_path"))
            session.register_component("data_loader", loader)
            client: Any = session.create_client(
                cls.service,
                region_name=region_name,
                endpoint_url=endpoint_url,
                config=cls.config,
            )
        return cls(client, **options)


class _Loader(Loader):
    """Loads botocore's descriptions of services.

    botocore's own loader first looks into the folder of each of 400 services, which takes a third
    of the time in which a client is made.
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's
        folders = [Path(each) for each in self.search_paths]
        return [each.name for folder in folders if folder.is_dir() for each in folder.iterdir()]


@cache
def _loader(data_path: str | None) -> Loader:
    """Make the loader, once for all clients.

    :param data_path: folders of descriptions beside botocore's, as in ``AWS_DATA_PATH``.
    """
    return _Loader(create_loader(data_path).search_paths, include_default_search_paths=False)
