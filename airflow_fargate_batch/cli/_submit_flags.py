"""Options of ``submit``. Names, variables and defaults up to ``--dry-run`` are a contract."""

from airflow_fargate_batch.cli._flags import Options, flag, not_empty, switch, yes_no
from airflow_fargate_batch.cli._prices import PricesOptions
from airflow_fargate_batch.cli._shared_options import SecretOptions, WaitingOptions
from airflow_fargate_batch.core.naming import DEFAULT_PREFIX


class WhatOptions(Options, title="what to run"):
    """The job and its name."""

    job_queue = flag(
        str,
        metavar="QUEUE",
        argument="job_queue",
        variable="AWS_BATCH_JOB_QUEUE",
        default="awa-batch-dev-fargate-high-priority",
        help="job queue, by name or ARN",
    )
    job_definition = flag(
        str,
        metavar="DEFINITION",
        argument="job_definition",
        variable="AWS_BATCH_JOB_DEFINITION",
        default="awa-batch-dev-fargate-sample",
        help="job definition: a name for its newest active revision, NAME:REVISION, or an ARN",
    )
    job_name_prefix = flag(
        str,
        metavar="PREFIX",
        argument="job_name_prefix",
        variable="AWS_BATCH_JOB_NAME_PREFIX",
        default=DEFAULT_PREFIX,
        help="prefix of the job name; a unique token is appended",
    )
    job_name = flag(
        str,
        metavar="NAME",
        argument="job_name",
        help="exact job name, instead of prefix and token",
    )


class FileOptions(Options, title="many jobs at once"):
    """Many requests in a file."""

    from_file = flag(
        str,
        metavar="FILE",
        help="submit one job for each line of a file: a JSON object with job_name, vcpu, command "
        "and so on. Flags are the defaults for members missing from a line. If you run the command "
        "again, it submits only requests that are missing or failed; with another "
        "--idempotency-key it submits all of them",
    )


class BodyOptions(Options, title="a request in a file"):
    """A request in a file."""

    from_json = flag(
        str,
        metavar="FILE",
        help="submit the request in a JSON file (the form of 'aws batch submit-job "
        "--cli-input-json'); - reads stdin. Flags override the file, key by key; environment "
        "variables and defaults do not",
    )


class SizeOptions(Options, title="size"):
    """vCPU and memory."""

    vcpu = flag(
        str,
        metavar="N",
        argument="vcpu",
        help="vCPU: 0.25, 0.5, 1, 2, 4, 8, 16 or 32; if not given, the job definition decides",
    )
    memory = flag(
        str,
        metavar="MIB",
        argument="memory",
        help='memory in MiB, or as "4 GB"; if not given, the job definition decides; '
        "'fargate-batch sizes' lists the valid pairs",
    )
    size_policy = flag(
        str,
        metavar="POLICY",
        argument="size_policy",
        default="strict",
        help="strict refuses any size that Fargate does not have; round_up uses the smallest "
        "Fargate size with at least that vCPU and memory",
    )
    platform_version = flag(
        str,
        metavar="VERSION",
        argument="platform_version",
        default="LATEST",
        help="Fargate platform version to check the size against; never sent to AWS, because only "
        "a job definition can set the version",
    )


class ContainerOptions(Options, title="container"):
    """Overrides and parameters of the job definition."""

    command = flag(
        str,
        metavar="JSON",
        argument="command",
        help='command to run, as a JSON list: \'["echo", "hello"]\'',
        example='["echo", "hello"]',
    )
    environment = flag(
        str,
        metavar="JSON",
        argument="environment",
        help='environment variables, as a JSON object: \'{"STAGE": "dev"}\'',
        example='{"STAGE": "dev"}',
    )
    parameters = flag(
        str,
        metavar="JSON",
        argument="parameters",
        help="job parameters, as a JSON object; they replace Ref::NAME in the definition's command",
        example='{"day": "2026-01-31"}',
    )
    parameters_file = flag(
        str,
        metavar="FILE",
        argument="parameters_file",
        help="JSON file of job parameters; --parameters overrides the file, key by key",
    )
    container_overrides_file = flag(
        str,
        metavar="FILE",
        argument="container_overrides_file",
        help="JSON file of containerOverrides; flags override the file, key by key, and the other "
        "keys are sent unchanged",
    )
    container = flag(
        str,
        metavar="NAME",
        argument="container",
        help="container that --vcpu, --memory, --command, --environment and "
        "--container-overrides-file are for, if the job definition has ecsProperties; if not "
        "given, the only one in --ecs-properties-override",
    )
    ecs_properties_override = flag(
        str,
        metavar="JSON",
        argument="ecs_properties_override",
        help="the API's ecsPropertiesOverride, as a JSON object, for several containers; other "
        "flags override it, key by key",
        example='{"taskProperties": [{"containers": [{"name": "main"}]}]}',
    )


class SchedulingOptions(Options, title="scheduling"):
    """Share, dependencies, array, retries and timeout."""

    share_identifier = flag(
        str,
        metavar="NAME",
        argument="share_identifier",
        variable="AWS_BATCH_SHARE_IDENTIFIER",
        help="share identifier; required by fair-share queues, refused by other queues",
    )
    scheduling_priority = flag(
        str,
        metavar="N",
        argument="scheduling_priority",
        variable="AWS_BATCH_SCHEDULING_PRIORITY",
        help="priority within the share, 0 to 9999; if not given, the priority is 0 with a share "
        "identifier and not sent otherwise",
    )
    depends_on = flag(
        str,
        metavar="ID,ID",
        argument="depends_on",
        help="ids of the jobs to wait for, at most 20; or AWS's shorthand, jobId=ID,type=N_TO_N",
    )
    array_size = flag(
        str,
        metavar="N",
        argument="array_size",
        help="submit an array of N jobs, 2 to 10000",
    )
    retry_attempts = flag(
        str,
        metavar="N",
        argument="retry_strategy",
        help="maximum number of attempts, 1 to 10",
    )
    spot_retries = flag(
        str,
        metavar="N",
        argument="spot_retries",
        help="retry the job up to N times (0 to 9) if Fargate Spot reclaims the task; do not retry "
        "other failures",
    )
    retry_strategy = flag(
        str,
        metavar="JSON",
        argument="retry_strategy",
        help="the API's retryStrategy, as a JSON object with attempts and evaluateOnExit",
        example='{"attempts": 3}',
    )
    job_timeout = flag(
        str,
        metavar="SECONDS",
        argument="job_timeout",
        help="AWS Batch terminates an attempt that runs longer than this; at least 60",
    )


class ItemsOptions(Options, title="a list as an array"):
    """A list whose items the children of an array share."""

    items_file = flag(
        str,
        metavar="FILE",
        argument="items",
        help="submit one array job for the lines of a file, - reads stdin: JSON Lines if the first "
        "line starts with {, [ or a double quote, else each line is text. The children find their "
        "items through FARGATE_BATCH_ITEMS or FARGATE_BATCH_ITEMS_URI; one line submits a plain "
        "job",
    )
    items_per_child = flag(
        str,
        metavar="N",
        argument="items_per_child",
        help="items for each child; if not given, as few as needed for 10000 children",
    )
    items_location = flag(
        str,
        metavar="S3-PREFIX",
        argument="items_location",
        help="prefix such as s3://bucket/lists to write a list below that is too long for an "
        "environment variable",
    )


class AgainOptions(Options, title="calling again"):
    """Submits that may be repeated."""

    idempotency_key = flag(
        not_empty,
        metavar="KEY",
        help="any text that identifies this job. If an earlier call with this key (same "
        "queue, same name or prefix) made a job that is running or has succeeded, its id is "
        "returned and no new job is submitted. The search takes up to 30 seconds",
    )


class SubmitWaitOptions(WaitingOptions, title="waiting"):
    """The wait after the submit."""

    wait = switch(
        help="wait until the job ends; the exit code is 0 only if it succeeded",
    )


class TagOptions(Options, title="tags"):
    """Tags."""

    tags = flag(
        str,
        metavar="JSON",
        argument="tags",
        help="tags of the job, as a JSON object",
        example='{"team": "data"}',
    )
    propagate_tags = yes_no(
        argument="propagate_tags",
        help="copy the tags to the ECS task; if not given, the job definition decides",
    )


class OtherOptions(Options, title="other members of SubmitJob"):
    """Consumable resources, and members of SubmitJob without a flag."""

    consumable_resources = flag(
        str,
        metavar="JSON",
        argument="consumable_resources",
        help="consumable resources that the job needs, as a JSON object from name to quantity",
        example='{"licence": 2}',
    )
    extra_submit_args = flag(
        str,
        metavar="JSON",
        argument="extra_submit_args",
        help="other members of SubmitJob, as a JSON object with the API's names",
    )


class DryRunOptions(SecretOptions, title="output"):
    """Dry run."""

    dry_run = switch(
        help="submit nothing; write the request as JSON for 'aws batch submit-job "
        "--cli-input-json'; needs no credentials. Secrets are struck out on a terminal; to write "
        "a request with secrets to a file or a pipe, add --show-secrets",
    )
    show_secrets = switch(
        help="with --dry-run, write the request with its secrets",
    )


class OutputOptions(DryRunOptions, title="output"):
    """Form of the answer."""

    output = flag(
        str,
        metavar="FORMAT",
        choices=("text", "json"),
        default="text",
        help="text writes only the job id; json writes an object with the members listed below",
    )


class RequestOptions(
    WhatOptions,
    BodyOptions,
    SizeOptions,
    ContainerOptions,
    SchedulingOptions,
    ItemsOptions,
    TagOptions,
    OtherOptions,
):
    """Options that make a request."""


class SubmitFlags(
    RequestOptions,
    FileOptions,
    AgainOptions,
    SubmitWaitOptions,
    PricesOptions,
    DryRunOptions,
):
    """Options of ``submit`` but the form of its answer, in the order of the help."""


class SubmitOptions(SubmitFlags, OutputOptions):
    """Options of ``submit``."""
