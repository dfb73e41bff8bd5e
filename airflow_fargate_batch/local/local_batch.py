"""`LocalBatch`: assembly of the parts, and the public methods."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import TracebackType
from typing import Any, Final, Self

from airflow_fargate_batch.local import views
from airflow_fargate_batch.local.account import (
    READY_DEFINITION,
    READY_FAIR_SHARE_QUEUE,
    READY_QUEUE,
    REGION,
)
from airflow_fargate_batch.local.application import METADATA_PATH, Application, Call
from airflow_fargate_batch.local.clock import Clock
from airflow_fargate_batch.local.configuration import (
    CONSUMABLE,
    ENVIRONMENT,
    POLICY,
    QUEUE,
    Configuration,
    execution_role,
)
from airflow_fargate_batch.local.control import answer_control
from airflow_fargate_batch.local.engine import Engine
from airflow_fargate_batch.local.faults import Faults
from airflow_fargate_batch.local.runner import Runner
from airflow_fargate_batch.local.script import Pace, Script
from airflow_fargate_batch.local.server import Server
from airflow_fargate_batch.local.signature import ANY, Keys, random_credentials
from airflow_fargate_batch.local.stock import Stock

_SESSION_LOCK: Final = threading.Lock()
"""boto3 sessions are not thread-safe; boto3 clients are."""


@cache
def _session() -> Any:
    """Make the boto3 session of this process, so that AWS's models are read only once."""
    import boto3
    import botocore.session

    nobodys = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    return boto3.session.Session(
        region_name=REGION,
        botocore_session=nobodys,
    )


class LocalBatch:
    """AWS Batch on Fargate, on 127.0.0.1: no Docker, no account, no network.

    LocalBatch imitates AWS Batch, with AWS's messages if they are known. A request accepted by
    LocalBatch may still be refused by AWS, and undocumented behaviour is a guess.

    Each LocalBatch starts empty, and all data is lost at the end: jobs, and the data of other
    services (CloudWatch Logs, S3, ...). Several may run in a process at the same time.

    Args:
        port: Port to listen on. 0 means any free port.
        speed: Factor that divides every duration in a job's life, timeouts included. The factor
            does not change the duration and timeout of commands with `run_commands`.
        pace: Seconds that jobs stay in each state.
        manual_clock: Let time stand still until `advance` is called.
        run_commands: Run each job's command as a process on this machine, with your permissions. If
            false, nothing is executed: jobs succeed by the clock, or end as set by `script`.
        commands_at_once: Maximum number of running commands; further jobs wait in STARTING.
        check_credentials: Refuse requests that are not signed with the credentials in `environ`,
            which are new for each LocalBatch. ``None`` means to check if commands are run, so that
            no other user of this machine can run commands as you. If false, all credentials work.
        seed: Seed that makes job ids and faults the same in every run.
        empty: Start without the ready-made queues and job definition.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        speed: float = 1.0,
        pace: Pace | None = None,
        manual_clock: bool = False,
        run_commands: bool = False,
        commands_at_once: int = 8,
        check_credentials: bool | None = None,
        seed: int | None = None,
        empty: bool = False,
    ) -> None:
        clock = Clock(manual=manual_clock)
        self.region = REGION
        self.faults = Faults(clock=clock, seed=seed)
        self._clock = clock
        self._configuration = Configuration()
        self._engine = Engine(
            clock=clock,
            pace=pace or Pace(),
            speed=speed,
            seed=seed,
            stock=Stock(self._configuration.resources[CONSUMABLE]),
        )
        checked = run_commands if check_credentials is None else check_credentials
        self._credentials = random_credentials() if checked else ANY
        self._furnished: set[str] | None = None if empty else set()
        self._application = Application(
            engine=self._engine,
            configuration=self._configuration,
            faults=self.faults,
            control=lambda request: answer_control(self, request),
            metadata=lambda path: self._runner.metadata(self.url + path),
            prepare=self._furnish,
            keys=Keys(self._credentials) if checked else None,
        )
        self._runner = Runner(
            engine=self._engine,
            services=self._application.others,
            run_commands=run_commands,
            at_once=commands_at_once,
            metadata_url=lambda: f"{self.url}{METADATA_PATH}",
        )
        self._server = Server(port=port, answer=self._application)

    def start(self) -> None:
        """Start to listen; ``with`` does this."""
        self._application.others.open()
        self._runner.start()
        self._server.start()

    def stop(self) -> None:
        """Stop listening, and kill running commands; ``with`` does this."""
        self._server.stop()
        self._runner.close()
        self._application.others.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    # ── reaching it ──────────────────────────────────────────────────────────────────────────

    @property
    def url(self) -> str:
        """URL of the endpoint, ``http://127.0.0.1:port``."""
        return self._server.url

    @property
    def environ(self) -> dict[str, str]:
        """Environment variables that point AWS clients at LocalBatch, with credentials."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self._credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": self._credentials.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    def client(self, service: str, **options: Any) -> Any:
        """Make a boto3 client for LocalBatch; *options* are passed to ``boto3.client``."""
        defaults = {
            "endpoint_url": self.url,
            "aws_access_key_id": self._credentials.access_key,
            "aws_secret_access_key": self._credentials.secret_key,
        }
        with _SESSION_LOCK:
            return _session().client(service, **{**defaults, **options})

    # ── looking ──────────────────────────────────────────────────────────────────────────────

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """All jobs in the form of DescribeJobs, oldest first, without array children.

        Faults do not change this list.
        """
        with self._engine.lock:
            now = self._engine.settle()
            return [views.detail(job, now) for job in self._engine.submitted]

    @property
    def requests(self) -> Sequence[Call]:
        """The last 50,000 received calls, oldest first."""
        return tuple(self._application.calls)

    # ── telling it ───────────────────────────────────────────────────────────────────────────

    def advance(self, seconds: float) -> None:
        """Move the clock ahead, and update the jobs."""
        with self._engine.lock:
            self._engine.settle()
            self._clock.advance(seconds)
            self._engine.settle()

    def script(self, name: str = "*", **behaviour: Any) -> None:
        """Set the behaviour of the jobs named *name*; *behaviour* are attributes of `Script`.

        The newest matching script applies, to future attempts only.
        """
        with self._engine.lock:
            self._engine.settle()
            self._engine.scripts.append(Script(name=name, **behaviour))

    def alter(self, resource: str, **members: Any) -> None:
        """Change a queue, compute environment, policy or definition as AWS would show it.

        Nothing is checked, so that states which AWS alone brings about can be shown:
        ``alter("compute-environment/nightly", status="INVALID", statusReason="CLIENT_ERROR - …")``.

        :param resource: end of the ARN: ``job-queue/NAME``, ``compute-environment/NAME``,
            ``scheduling-policy/NAME`` or ``job-definition/NAME:REVISION``; or the whole ARN.
        :param members: members of the Describe operation's answer; ``None`` removes one.
        :raises KeyError: there is no such resource.
        """
        with self._engine.lock:
            self._furnish(self.region)
            self._configuration.alter(self.region, resource, members)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Refuse all connections inside the ``with`` block; jobs keep running."""
        self._server.stop()
        try:
            yield
        finally:
            self._server.start()

    def create_queue(self, name: str, *, fair_share: bool = False) -> str:
        """Create a Fargate queue, optionally with a fair-share policy, and return the ARN.

        If a queue with that name exists, its ARN is returned.
        """
        with self._engine.lock:
            self._furnish(self.region)
            for queue in self._configuration.describe(QUEUE, self.region, [name]):
                if ("schedulingPolicyArn" in queue) == fair_share:
                    return str(queue[QUEUE.arn])
            return self._create_queue(self.region, name, fair_share=fair_share)

    def register_job_definition(
        self,
        name: str,
        *,
        command: Sequence[str] = (),
        vcpu: str = "0.25",
        memory: int = 512,
    ) -> str:
        """Register a simple Fargate definition and return the ARN; for others, use boto3."""
        with self._engine.lock:
            self._furnish(self.region)
            return self._register(self.region, name, command=command, vcpu=vcpu, memory=memory)

    # ── furniture ────────────────────────────────────────────────────────────────────────────

    def _furnish(self, region: str) -> None:
        """Create the ready-made queues and definition at the first use of a region."""
        if self._furnished is None or region in self._furnished:
            return
        with self._engine.lock:
            if region not in self._furnished:
                self._furnished.add(region)
                self._create_queue(region, READY_QUEUE, fair_share=False)
                self._create_queue(region, READY_FAIR_SHARE_QUEUE, fair_share=True)
                self._register(
                    region,
                    READY_DEFINITION,
                    command=["echo", "Hello World"],
                    vcpu="0.25",
                    memory=512,
                )

    def _create_queue(self, region: str, name: str, *, fair_share: bool) -> str:
        create = self._configuration.create
        environment = create(
            ENVIRONMENT,
            region,
            {
                "computeEnvironmentName": f"{name}-environment",
                "type": "MANAGED",
                "computeResources": {
                    "type": "FARGATE",
                    "maxvCpus": 256,
                    "subnets": ["subnet-local"],
                    "securityGroupIds": ["sg-local"],
                },
            },
        )
        order = [{"order": 1, "computeEnvironment": environment[ENVIRONMENT.arn]}]
        body: dict[str, Any] = {
            "jobQueueName": name,
            "priority": 1,
            "computeEnvironmentOrder": order,
        }
        if fair_share:
            policy = create(POLICY, region, {"name": f"{name}-policy", "fairsharePolicy": {}})
            body["schedulingPolicyArn"] = policy[POLICY.arn]
        queue_arn: str = create(QUEUE, region, body)[QUEUE.arn]
        return queue_arn

    def _register(
        self, region: str, name: str, *, command: Sequence[str], vcpu: str, memory: int
    ) -> str:
        registered = self._configuration.register(
            region,
            {
                "jobDefinitionName": name,
                "type": "container",
                "platformCapabilities": ["FARGATE"],
                "containerProperties": {
                    "image": "public.ecr.aws/docker/library/python:3.11",
                    "command": list(command),
                    "executionRoleArn": execution_role(),
                    "resourceRequirements": [
                        {"type": "VCPU", "value": vcpu},
                        {"type": "MEMORY", "value": str(memory)},
                    ],
                    "networkConfiguration": {"assignPublicIp": "ENABLED"},
                    "fargatePlatformConfiguration": {"platformVersion": "LATEST"},
                },
            },
        )
        definition_arn: str = registered["jobDefinitionArn"]
        return definition_arn
