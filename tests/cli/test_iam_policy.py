"""``fargate-batch iam-policy``: a policy document on stdout."""

import json

from airflow_fargate_batch.core.permissions import FEATURES, Scope, policy
from tests.cli.conftest import Run

QUEUE = "arn:aws:batch:eu-west-1:111122223333:job-queue/fast"


def test_without_flags_all_features_are_allowed(run: Run) -> None:
    outcome = run("iam-policy")
    assert outcome.code == 0
    assert json.loads(outcome.out) == policy(FEATURES, Scope())
    assert "log group /aws/batch/job" in outcome.err


def test_flags_narrow_the_policy(run: Run) -> None:
    outcome = run("iam-policy", "--features", "wait, terminate", "--job-queue", QUEUE)
    listed, jobs = json.loads(outcome.out)["Statement"]
    assert listed["Action"] == ["batch:DescribeJobs"]
    assert jobs["Resource"] == ["arn:aws:batch:eu-west-1:111122223333:job/*"]
    assert outcome.err == ""


def test_lists_of_items_may_lie_in_every_bucket_unless_a_flag_limits_them(run: Run) -> None:
    wide = run("iam-policy", "--features", "write-items")
    assert "in every bucket" in wide.err
    narrow = run("iam-policy", "--features", "write-items", "--items-location", "s3://lists/x")
    assert "arn:aws:s3:::lists/x/*" in narrow.out
    assert narrow.err == ""


def test_a_wrong_feature_is_bad_usage(run: Run) -> None:
    outcome = run("iam-policy", "--features", "wiat")
    assert (outcome.code, outcome.out) == (2, "")
    assert "did you mean wait?" in outcome.err


def test_help_lists_the_features(run: Run) -> None:
    shown = run("iam-policy", "--help").out
    assert all(f"  {feature.name} " in shown for feature in FEATURES)
