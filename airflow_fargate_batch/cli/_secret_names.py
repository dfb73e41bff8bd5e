"""The flag ``--secret-names``, shared by the commands that strike out secrets."""

from collections.abc import Callable
from typing import Final

from airflow_fargate_batch.cli._flags import Flag, Given
from airflow_fargate_batch.core.secret_names import is_secret_name, with_further_names

SECRET_NAMES: Final = Flag(
    name="--secret-names",
    metavar="NAME,NAME",
    variable="FARGATE_BATCH_SECRET_NAMES",
    help="further names of secrets, such as iban for IBAN and CUSTOMER_IBAN; names with words like "
    "password, token or api key, and values like a URL's password, are always secret",
)


def secret_names(given: Given) -> Callable[[str], bool]:
    """Return a predicate for names of secrets, which includes ``--secret-names``."""
    names = given["secret_names"] if given.has_flag("secret_names") else None
    return is_secret_name if names is None else with_further_names(names.split(","))
