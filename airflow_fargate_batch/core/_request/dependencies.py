"""Reader for dependencies of a job, in all supported forms.

Source: AWS Batch API Reference, ``SubmitJob.dependsOn``, and AWS Batch User Guide, "Job
dependencies".
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from airflow_fargate_batch.core import json_text, limits
from airflow_fargate_batch.core._request import array as _array
from airflow_fargate_batch.core._request.array import Array
from airflow_fargate_batch.core._request.values import (
    Findings,
    is_template,
    known_keys,
    parse_boolean,
    plain_text,
    shown,
)
from airflow_fargate_batch.core.nesting import unless_too_deep
from airflow_fargate_batch.core.submit_members import MEMBERS

N_TO_N: Final = "N_TO_N"
SEQUENTIAL: Final = "SEQUENTIAL"

DRY_RUN_PREFIX: Final = "dry-run:"
"""Prefix of the placeholder for a job id in a dry run; later dry runs may depend on it."""

_JOB_ID: Final = re.compile(r"[^\s<>{}\[\]'\",=]+")
"""Lenient: AWS gives UUIDs and ``uuid:index``, but publishes no pattern. ``=`` belongs to the AWS
CLI's shorthand."""
MORE_THAN_A_JOB_MAY_HAVE: Final = (
    "submit the earlier jobs as one array job, which counts once; or let the earlier tasks wait "
    "for their jobs and order the tasks with >>; or add a job in between for every 20 jobs"
)
_TWO_MEANINGS: Final = (
    f"{SEQUENTIAL} with a jobId has two possible meanings in an array job: wait for that job, or "
    "run the children one after another"
)
_TWO_ENTRIES: Final = (
    'write {"jobId": …} to wait for the job; add {"type": "SEQUENTIAL"} to run the children one '
    "after another"
)
_SPELLINGS: Final = "separate job ids with commas, or several jobId=ID,type=N_TO_N with spaces"


class Dependency(NamedTuple):
    """One entry of ``dependsOn``."""

    job_id: str | None
    type: str | None = None

    def to_api(self) -> dict[str, str]:
        """Write the entry for the API, without empty members."""
        said = {"jobId": self.job_id, "type": self.type}
        return {member: text for member, text in said.items() if text is not None}


def read(
    value: object, ignore_missing: object, array: Array, findings: Findings, *, dry_run: bool
) -> tuple[Dependency, ...]:
    """Read dependencies, each once and in order, from an id, ids in one text, or nested lists.

    An array of one is submitted as a plain job, with dependencies on whole jobs.

    :param ignore_missing: whether to ignore tasks without a job id; one id must be left.
    :param dry_run: whether placeholders of dry runs are allowed.
    """
    ignores = ignore_missing is not None and parse_boolean(
        ignore_missing, "ignore_missing_dependencies", findings
    )
    if value is None:
        return ()
    reader = _Reader(array, ignore_missing=bool(ignores), dry_run=dry_run, findings=findings)
    found = reader.read_all(value, "depends_on")
    if reader.missing and not any(each.job_id for each in found):
        findings.problem(
            "depends_on",
            "no job id is left: every upstream task was skipped or pushed no job id",
            "remove `depends_on` if the job may run without dependencies",
        )
    if array.is_single:
        found = [Dependency(each.job_id) for each in found if each.type != SEQUENTIAL]
    found = list(dict.fromkeys(found))
    if len(found) > limits.DEPENDENCIES:
        findings.problem(
            "depends_on",
            f"has {len(found)} dependencies; a job may have at most {limits.DEPENDENCIES}",
            MORE_THAN_A_JOB_MAY_HAVE,
            involves=("array_size", "items"),
        )
    return tuple(found)


def read_job_ids(value: object, where: str, *, dry_run: bool, findings: Findings) -> list[str]:
    """Read job ids, each once and in order, from the same forms."""
    reader = _Reader(_array.NONE, ignore_missing=False, dry_run=dry_run, findings=findings)
    found = [each.job_id for each in reader.read_all(value, where)]
    return [job_id for job_id in dict.fromkeys(found) if job_id is not None]


class _Reader:
    """Reader for all forms of dependencies.

    :param ignore_missing: whether to ignore, and count, tasks without a job id.
    """

    def __init__(
        self, array: Array, *, ignore_missing: bool, dry_run: bool, findings: Findings
    ) -> None:
        self.missing = 0
        self._ignore_missing = ignore_missing
        self._array = array
        self._dry_run = dry_run
        self._findings = findings

    def read_all(self, value: object, where: str) -> list[Dependency]:
        found = unless_too_deep(None, lambda: list(self._read(value, where, None)))
        if found is None:
            self._findings.problem(where, "is nested too deeply")
        return found or []

    def _read(self, value: object, where: str, kind: str | None) -> Iterator[Dependency]:
        if self._is_missing(value):
            self.missing += 1
            self._findings.notes.append(f"`{where}` is ignored: no job id")
        elif isinstance(value, Mapping):
            yield from self._entry(value, where)
        elif isinstance(value, str):
            yield from self._text(value, where, kind)
        elif isinstance(value, Iterable) and not isinstance(value, bytes):
            for index, item in enumerate(value):
                yield from self._read(item, f"{where}[{index}]", kind)
        elif value is None:
            self._findings.problem(
                where,
                "is None: the upstream task was skipped or pushed no job id",
                "check that task, or set `ignore_missing_dependencies` to ignore such tasks",
                involves=("ignore_missing_dependencies",),
            )
        else:
            self._findings.problem(where, f"{shown(value)} is not a job id")

    def _is_missing(self, value: object) -> bool:
        """Return whether a value means a task without a job id: ``None`` or ``'None'``."""
        if not self._ignore_missing:
            return False
        return value is None or (isinstance(value, str) and value.strip() in {"", "None"})

    def _text(self, text: str, where: str, kind: str | None) -> Iterator[Dependency]:
        if text.lstrip().startswith(("[", "{")) and "{{" not in text:
            parsed = _parse(text)
            if parsed is not None:
                yield from self._read(parsed, where, kind)
                return
        if "=" in text and not is_template(text):
            yield from self._shorthand(text, where)
            return
        for job_id in text.split(","):
            if self._is_missing(job_id):
                yield from self._read(job_id, where, kind)
            elif self._is_usable(job_id, where):
                yield Dependency(job_id.strip(), kind)

    def _shorthand(self, text: str, where: str) -> Iterator[Dependency]:
        """Read the AWS CLI's shorthand: ``jobId=a,type=N_TO_N jobId=b``."""
        for word in text.split():
            pairs = [part.partition("=") for part in word.split(",")]
            entry = {member: said for member, _, said in pairs}
            is_whole = len(entry) == len(pairs) and all(said for _, _, said in pairs)
            if (
                is_whole
                and entry.keys() <= set(MEMBERS["JobDependency"])
                and "=" not in entry.get("jobId", "")
            ):
                yield from self._entry(entry, where)
            else:
                self._findings.problem(
                    where,
                    f"{shown(word)} is neither a job id nor the AWS CLI's shorthand",
                    _SPELLINGS,
                )

    def _entry(self, entry: Mapping[str, Any], where: str) -> Iterator[Dependency]:
        known_keys(entry, MEMBERS["JobDependency"], where, self._findings)
        kind = entry.get("type")
        if kind is not None and kind not in (N_TO_N, SEQUENTIAL):
            self._findings.problem(
                f"{where}.type", f"must be {N_TO_N} or {SEQUENTIAL}, not {shown(kind)}"
            )
            return
        if kind == SEQUENTIAL and entry.get("jobId") is not None:
            if self._array.is_wanted and not self._array.is_single:
                self._findings.problem(where, _TWO_MEANINGS, _TWO_ENTRIES, ("array_size", "items"))
                return
            self._findings.warnings.append(
                f"`{where}`: {SEQUENTIAL} with a jobId counts as a plain dependency on that job"
            )
            kind = None
        if kind is not None and not self._array.is_wanted:
            self._findings.problem(
                f"{where}.type",
                f"{kind} is for array jobs",
                "set `array_size`, or remove the type",
                involves=("array_size", "items"),
            )
        if kind == SEQUENTIAL:
            yield Dependency(None, SEQUENTIAL)
        elif "jobId" in entry:
            yield from self._read(entry["jobId"], f"{where}.jobId", kind)
        else:
            self._findings.problem(where, "has no jobId", "add the id of the earlier job")

    def _is_usable(self, job_id: str, where: str) -> bool:
        text = plain_text(job_id, where, self._findings)
        if text is None:
            return False
        if not _JOB_ID.fullmatch(text):
            self._findings.problem(
                where,
                f"{shown(text)} is not a job id",
                "pass only the id of the earlier job; in a DAG, the .output of its task",
            )
            return False
        if text.startswith(DRY_RUN_PREFIX) and not self._dry_run:
            self._findings.problem(
                where,
                f"{shown(text)} comes from a dry run; no such job exists",
                "submit the earlier job without dry_run, or this job with dry_run",
                involves=("dry_run",),
            )
            return False
        return True


def _parse(text: str) -> object:
    """Parse JSON text of a list, or Python text rendered by Jinja."""
    try:
        return json_text.parse(text)
    except json_text.NotJson:
        pass
    try:
        return unless_too_deep(None, ast.literal_eval, text)
    except (ValueError, SyntaxError, TypeError, MemoryError):
        return None
