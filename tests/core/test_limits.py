"""The patterns of the documented limits, at their boundaries, and what AWS's own model says."""

import re

import pytest

from airflow_fargate_batch.core import limits


@pytest.mark.parametrize(
    ("pattern", "legal", "illegal"),
    [
        (limits.JOB_NAME, "a", ""),
        (limits.JOB_NAME, "a" * 128, "a" * 129),
        (limits.JOB_NAME, "0_-", "_0"),
        (limits.JOB_NAME, "a-", "-a"),
        (limits.JOB_NAME, "a", "a\n"),
        (limits.JOB_NAME, "a", "ä"),
        (limits.SHARE_IDENTIFIER, "a" * 255, "a" * 256),
        (limits.SHARE_IDENTIFIER, "a" * 254 + "*", "a" * 255 + "*"),
        (limits.SHARE_IDENTIFIER, "*", "**"),
        (limits.SHARE_IDENTIFIER, "A-1_b", "A.1"),
        (limits.SHARE_IDENTIFIER, "A1*", "A*1"),
        (limits.SHARE_IDENTIFIER, "A1", "A1\n"),
        (limits.EXIT_CODE_PATTERN, "137", "-1"),
        (limits.EXIT_CODE_PATTERN, "1*", "*1"),
        (limits.REASON_PATTERN, "Cannot: a.b\tc*", "a*b"),
        (limits.REASON_PATTERN, "Timeout", "Time-out"),
        (limits.TAG_CHARACTERS, "", "a\n"),
        (limits.TAG_CHARACTERS, "a+b-c=d.e_f:g/h@i j", "a,b"),
        (limits.TAG_CHARACTERS, "日本 1", "a\tb"),
        (limits.TAG_CHARACTERS, "全角\u3000空白", "\ud800"),
    ],
)
def test_patterns(pattern: re.Pattern[str], legal: str, illegal: str) -> None:
    assert pattern.match(legal)
    assert not pattern.match(illegal)


@pytest.mark.parametrize(
    ("legal", "first", "last"),
    [
        (limits.SCHEDULING_PRIORITY, 0, 9999),
        (limits.ARRAY_SIZE, 2, 10_000),
        (limits.ATTEMPTS, 1, 10),
    ],
)
def test_ranges_end_where_documented(legal: range, first: int, last: int) -> None:
    assert (legal[0], legal[-1]) == (first, last)


def test_the_limits_that_aws_models_are_ours() -> None:
    session = pytest.importorskip("botocore.session")
    model = session.get_session().get_service_model("batch")
    tags = model.shape_for("TagrisTagsMap")
    assert tags.metadata["max"] == limits.TAGS
    assert tags.key.metadata["max"] == limits.TAG_KEY_LENGTH
    assert tags.value.metadata["max"] == limits.TAG_VALUE_LENGTH
