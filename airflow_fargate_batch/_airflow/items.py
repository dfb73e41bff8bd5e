"""The items of a task: read from XCom or S3, shown shortened, and named after a failure."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch.core import json_text
from airflow_fargate_batch.core.items import Address, Items
from airflow_fargate_batch.core.listing import first_few
from airflow_fargate_batch.core.request import ItemsText, read_items
from airflow_fargate_batch.exceptions import AwsError

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.items import ItemsApi
    from airflow_fargate_batch.core.job import Job

ON_S3: Final = "s3://"
SHOWN: Final = 10
"""Number of items among the rendered fields; Airflow cuts these at 4096 characters anyway."""
NO_LIST: Final = ItemsText(
    "the value", error="is None: the upstream task was skipped or pushed no list"
)


def listed(value: Any) -> Any:
    """Return lazy values of a mapped task as a list; read once, since each read asks the database.

    Text, mappings and sets stay as they are: the core reports them.
    """
    if isinstance(value, str | bytes | Mapping | set | frozenset) or not isinstance(
        value, Iterable
    ):
        return value
    return list(value)


def preview(value: Any) -> Any:
    """Return the first items of a list, or of JSON text of a list, and the number of the rest."""
    if isinstance(value, str):
        try:
            parsed = json_text.read(value)
        except ValueError:
            return value
        return preview(parsed) if isinstance(parsed, list) else value
    return first_few(value, SHOWN, noun="items") if isinstance(value, list) else value


def on_s3(value: Any) -> Address | None:
    """Return the address if a list is given as ``s3://bucket/key``."""
    if not isinstance(value, str) or not value.strip().startswith(ON_S3):
        return None
    address = Address.parse(value.strip())
    return address if address and address.key else None


def read_from_s3(address: Address, lists: "ItemsApi") -> ItemsText:
    """Read a list on S3.

    :raises AwsError: the object cannot be read.
    """
    try:
        text = lists.read(address).decode()
    except UnicodeDecodeError as error:
        return ItemsText(str(address), error=f"is not UTF-8 text, from byte {error.start} on")
    return ItemsText(str(address), text=text, source=address)


def of_job(
    job: "Job", given: Mapping[str, Any], *, lists: "Callable[[], ItemsApi]", log: Any
) -> Items | None:
    """Return the list that the children of a failed job share; ``None`` if it is not known.

    A process that resumes a task reads the list again. If a retry has adopted a job of an earlier
    try, the list may have changed since; the fingerprint in the job's tag tells.

    :param given: the rendered arguments of the request.
    """
    value = given["items"]
    try:
        if address := on_s3(value):
            value = read_from_s3(address, lists())
    except AwsError as error:
        log.warning("Could not read the items of the failed children: %s", error)
        return None
    items = read_items(value, given["items_per_child"])
    if items is not None and items.is_list_of(job.tags):
        return items
    log.warning("The items of the failed children are not known: the list has changed meanwhile")
    return None
