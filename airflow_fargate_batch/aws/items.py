"""The lists of arrays on S3: one request a call, errors separated by meaning."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from botocore.config import Config

from airflow_fargate_batch.aws.errors import translated
from airflow_fargate_batch.aws.logs import error_code
from airflow_fargate_batch.aws.service import NO_HIDDEN_RETRIES, ServiceApi
from airflow_fargate_batch.core.items import Address
from airflow_fargate_batch.exceptions import AccessDenied, AwsError

LONGEST: Final = timedelta(days=7)
"""Amazon S3 User Guide, "Sharing objects with presigned URLs": at most seven days."""
MOST_BYTES: Final = 256 * 1024 * 1024
"""Size of the largest list to read: every child of the array reads the whole list."""
S3_CONFIG: Final = NO_HIDDEN_RETRIES.merge(
    Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
    )
)
"""Config of every client for ``ItemsApi``. By default botocore presigns for the global endpoint,
which redirects to another host for new buckets, and in old regions with Signature Version 2, which
S3 refuses for buckets made since June 2020."""
_ADVICE: Final = {
    "NoSuchBucket": "Check the bucket in `items_location`, `payload_location` or `items`.",
    "NoSuchKey": "Check the key in `items`; or the object has been deleted.",
}


class Presigned(NamedTuple):
    """A presigned address.

    Attributes:
        expires_at: Moment after which S3 refuses the address.
        is_certain: Whether the moment is known; temporary credentials may expire earlier.
    """

    url: str
    expires_at: datetime
    is_certain: bool


class ItemsApi(ServiceApi):
    """GetObject and PutObject. Both may be repeated: a key has a hash of its list."""

    service = "s3"
    config = S3_CONFIG

    def write(self, address: Address, text: str) -> None:
        """Write a list.

        :raises AwsError: as in ``BatchApi``.
        """
        with _translated("PutObject", address):
            self.client.put_object(
                Bucket=address.bucket,
                Key=address.key,
                Body=text.encode(),
                ContentType="application/x-ndjson",
            )

    def read(self, address: Address, *, most: int = MOST_BYTES) -> bytes:
        """Read a list.

        :param most: size in bytes of the largest list to read.
        :raises AwsError: as in ``BatchApi``; also if the list is too large.
        """
        with _translated("GetObject", address):
            answer = self.client.get_object(Bucket=address.bucket, Key=address.key)
            if answer["ContentLength"] <= most:
                body: bytes = answer["Body"].read()
                return body
            answer["Body"].close()
        size = most // 1024**2
        raise AwsError(f"{address} has more than {size} MiB", "Split the list into several tasks.")

    def presigned(self, address: Address, *, now: datetime | None = None) -> Presigned:
        """Return an address that any HTTP client can read without credentials, until it expires.

        No call is made. The address lasts no longer than the credentials of this client.
        """
        now = now or datetime.now(UTC)
        with _translated("GetObject", address):
            url: str = self.client.generate_presigned_url(
                "get_object",
                Params={"Bucket": address.bucket, "Key": address.key},
                ExpiresIn=int(LONGEST.total_seconds()),
            )
        session_ends, is_certain = _end_of_credentials(self.client)
        return Presigned(url, min(now + LONGEST, session_ends or now + LONGEST), is_certain)

    def presigned_write(self, address: Address) -> str:
        """Return an address at which any HTTP client can write an object, until it expires.

        No call is made. The address lasts no longer than the credentials of this client.
        """
        with _translated("PutObject", address):
            url: str = self.client.generate_presigned_url(
                "put_object",
                Params={"Bucket": address.bucket, "Key": address.key},
                ExpiresIn=int(LONGEST.total_seconds()),
            )
        return url


def _end_of_credentials(client: Any) -> tuple[datetime | None, bool]:
    """Return when temporary credentials expire, if botocore knows, and whether that is certain.

    botocore keeps the moment in an attribute of refreshable credentials that is not public.
    """
    credentials = getattr(client._request_signer, "_credentials", None)  # noqa: SLF001 - no public way
    ends = getattr(credentials, "_expiry_time", None)
    if isinstance(ends, datetime):
        return ends, True
    return None, getattr(credentials, "token", None) is None


@contextmanager
def _translated(operation: str, address: Address) -> Iterator[None]:
    """Name the address and S3's own permission in errors."""
    try:
        with translated(operation):
            yield
    except AccessDenied as error:
        raise AccessDenied(f"{error.message}: {address}", f"s3:{operation}") from error
    except AwsError as error:
        code = error_code(error)
        if code not in _ADVICE:
            raise
        raise AwsError(f"{error.message}: {address}", _ADVICE[code]) from error
