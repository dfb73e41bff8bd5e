"""The help of ``submit``: flags of the short help, examples and exit codes."""

from typing import Final

COMMON: Final = (
    "--job-queue",
    "--job-definition",
    "--vcpu",
    "--memory",
    "--command",
    "--environment",
    "--depends-on",
    "--array-size",
    "--wait",
    "--region",
    "--dry-run",
    "--help-all",
)
"""Flags explained by ``--help``; the help only names the rest."""

EXAMPLES: Final = """\
examples:
  submit a job with 1 vCPU and 2 GB, and keep the job id
    job=$({prog} --job-queue Q --job-definition D --vcpu 1 --memory 2048)

  run another command with other variables after that job has succeeded
    {prog} --job-queue Q --job-definition D --depends-on $job \\
      --command '["python", "report.py"]' --environment '{{"STAGE": "dev"}}'
"""

EXIT_CODES: Final = """\
Job ids and JSON go to stdout, messages to stderr.
exit codes: 0 done; 1 AWS refused, or with --wait the job failed or took too long; 2 bad usage or an
invalid request; 130 interrupted (a submitted job keeps running)."""

SHORT_EPILOG: Final = f"{EXAMPLES}\n{EXIT_CODES}"

EPILOG: Final = f"""\
{EXAMPLES}
  submit an array of ten jobs to a fair-share queue; AWS_BATCH_JOB_ARRAY_INDEX numbers the jobs
    {{prog}} --job-queue Q --job-definition D --share-identifier A1 --array-size 10

  write the request now, submit later with the AWS CLI
    {{prog}} --job-definition D --dry-run > job.json
    aws batch submit-job --cli-input-json file://job.json

  check and submit a request that was written for the AWS CLI, with a longer timeout
    {{prog}} --from-json job.json --job-timeout 7200

  submit one job a day, from a script that may run again or retry
    key="report $(date +%F)"
    for try in 1 2 3; do job=$({{prog}} --job-definition D --idempotency-key "$key") && break; done
    fargate-batch wait "$job"

  submit a job for each line of a file and wait for all jobs; run again to submit missing jobs
    {{prog}} --job-queue Q --job-definition D --from-file jobs.jsonl --wait

{{json}}
{EXIT_CODES}"""
