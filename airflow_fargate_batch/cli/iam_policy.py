"""``fargate-batch iam-policy``: print the IAM policy that features need."""

import argparse
import os
from typing import Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import OK
from airflow_fargate_batch.cli._flags import Options, flag
from airflow_fargate_batch.core.job import DEFAULT_LOG_GROUP
from airflow_fargate_batch.core.permissions import FEATURES, Scope, policy, read_features


class IamPolicyOptions(Options, title="policy"):
    """Options of ``iam-policy``."""

    features = flag(
        str,
        metavar="NAME,NAME",
        help="features to allow, separated by commas; if not given, all features",
    )
    job_queue = flag(
        str,
        metavar="ARN,ARN",
        help="ARNs or names of the job queues to allow; if not given, all job queues",
    )
    job_definition = flag(
        str,
        metavar="ARN,ARN",
        help="ARNs or names of the job definitions to allow, with all revisions or with one "
        "(NAME:REVISION); if not given, all job definitions",
    )
    items_location = flag(
        str,
        metavar="S3-PREFIX",
        help="prefixes of lists of items, such as s3://bucket/lists; if not given, all buckets",
    )


EPILOG: Final = """\
features:
{features}

examples:
  allow a task to submit to one queue, wait, and terminate its jobs
    {prog} --features submit,find,wait,terminate --job-queue $queue_arn

  attach the policy to a role
    {prog} > policy.json
    aws iam put-role-policy --role-name airflow --policy-name batch --policy-document file://policy.json

A region and an account in the ARNs also limit the jobs and log streams of the policy.
exit codes: 0 done; 2 bad usage."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags, the list of features and the examples."""
    parser.usage = "%(prog)s [--features NAME,NAME] [--job-queue ARN] [--job-definition ARN]"
    width = max(len(feature.name) for feature in FEATURES) + 2
    rows = (f"  {each.name:{width}}{each.meaning.replace('`', '')}" for each in FEATURES)
    parser.epilog = EPILOG.format(prog=parser.prog, features="\n".join(rows))
    IamPolicyOptions.add_to(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the policy document to stdout."""
    options = IamPolicyOptions(arguments, os.environ)
    features = read_features(_listed(options.features))
    scope = Scope(
        job_queues=_listed(options.job_queue),
        job_definitions=_listed(options.job_definition),
        items_locations=_listed(options.items_location),
    )
    document = policy(features, scope)
    if any(action.startswith("logs:") for each in features for action in each.actions):
        _console.note(
            f"The policy allows the log group {DEFAULT_LOG_GROUP}. If a job definition's log "
            "configuration names another group, add that group."
        )
    uses_s3 = any(action.startswith("s3:") for each in features for action in each.actions)
    if uses_s3 and not scope.items_locations:
        _console.note(
            "The policy allows lists of items in every bucket. To limit it, use --items-location, "
            "or leave out the features write-items and read-items."
        )
    _console.data(_console.as_json(document))
    return OK


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(each.strip() for each in (text or "").split(",") if each.strip())
