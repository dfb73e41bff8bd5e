"""Secrets of a job's containers, as shown by DescribeJobs."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core.secret_texts import may_hold_secrets
from airflow_fargate_batch.core.secrets import IsSecret, texts_of_secrets


def secrets_of_job(
    members: Mapping[str, object],
    containers: Iterable[Mapping[str, object]],
    variables: Iterable[tuple[str, str]],
    is_secret: IsSecret,
) -> tuple[str, ...]:
    """Return the texts to strike out of the job's log.

    :param variables: environments of the containers.
    """
    found: dict[str, None] = {}
    for name, value in (*variables, *read.mapping(members.get("parameters")).items()):
        if isinstance(value, str) and (is_secret(name) or may_hold_secrets(value)):
            found |= dict.fromkeys(_of_variable(name, value, is_secret))
    for container in containers:
        if words := read.texts(container.get("command")):
            found |= dict.fromkeys(_of_command(tuple(words), is_secret))
    return tuple(found)


@lru_cache(maxsize=1024)
def _of_variable(name: str, value: str, is_secret: IsSecret) -> tuple[str, ...]:
    """Return the secrets of a variable; cached, because polls repeat the same variables."""
    return texts_of_secrets({name: value}, is_secret)


@lru_cache(maxsize=1024)
def _of_command(words: tuple[str, ...], is_secret: IsSecret) -> tuple[str, ...]:
    return texts_of_secrets(words, is_secret)
