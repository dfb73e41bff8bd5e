"""Lists on S3: written, read, presigned, and AWS's refusals in words that help."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.aws.items import LONGEST, ItemsApi
from airflow_fargate_batch.core.items import Address
from airflow_fargate_batch.exceptions import AccessDenied, AnswerLost, AwsError, Throttled
from airflow_fargate_batch.local import LocalBatch

LIST = Address("lists", "a b/+ü.jsonl")
TEXT = '"a\u2028b\\n𝄞"\n{"c": 1}\n'
NOW = datetime(2026, 2, 3, tzinfo=UTC)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch(check_credentials=True) as local:
        for name, value in local.environ.items():
            monkeypatch.setenv(name, value)
        place = {"LocationConstraint": local.region}
        local.client("s3").create_bucket(Bucket="lists", CreateBucketConfiguration=place)
        yield local


@pytest.fixture
def api(aws: LocalBatch) -> ItemsApi:
    return ItemsApi.connect(region_name=aws.region)


def test_a_list_is_read_as_it_was_written(api: ItemsApi) -> None:
    api.write(LIST, TEXT)
    assert api.read(LIST).decode() == TEXT


def test_a_presigned_address_is_read_without_credentials(api: ItemsApi) -> None:
    api.write(LIST, TEXT)
    presigned = api.presigned(LIST, now=NOW)
    with urllib.request.urlopen(presigned.url) as answer:  # noqa: S310 - http, of LocalBatch
        assert answer.read().decode() == TEXT
    assert (presigned.expires_at, presigned.is_certain) == (NOW + LONGEST, True)
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{presigned.url}0")  # noqa: S310 - http, of LocalBatch


@pytest.mark.parametrize(
    ("region", "host"),
    [("us-east-1", "s3.us-east-1.amazonaws.com"), ("eu-west-1", "s3.eu-west-1.amazonaws.com")],
)
def test_a_presigned_address_is_of_the_region(
    region: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The global endpoint redirects for new buckets, and the signature holds for one host only."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    url = ItemsApi.connect(region_name=region).presigned(LIST).url
    assert url.startswith(f"https://lists.{host}/")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url


def test_an_address_signed_with_temporary_credentials_may_expire_earlier(
    aws: LocalBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "temporary")
    api = ItemsApi.connect(region_name=aws.region)
    assert api.presigned(LIST, now=NOW) == (api.presigned(LIST).url, NOW + LONGEST, False)


def test_an_address_expires_with_the_role_that_signed_it(
    aws: LocalBatch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    role = aws.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")["Role"]
    config = tmp_path / "config"
    config.write_text(
        f"[profile role]\nrole_arn = {role['Arn']}\ncredential_source = Environment\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    api = ItemsApi.connect(region_name=aws.region, profile_name="role")
    now = datetime.now(UTC)
    presigned = api.presigned(LIST, now=now)
    assert presigned.is_certain
    assert timedelta(minutes=50) < presigned.expires_at - now < timedelta(minutes=70)


def test_a_missing_bucket_or_key_is_told_with_its_argument(api: ItemsApi) -> None:
    with pytest.raises(AwsError, match=r"s3://nowhere/x\nCheck the bucket in `items_location`"):
        api.write(Address("nowhere", "x"), TEXT)
    with pytest.raises(AwsError, match=r"s3://lists/x\nCheck the key in `items`"):
        api.read(Address("lists", "x"))


def test_a_missing_permission_is_told_with_s3s_action(aws: LocalBatch, api: ItemsApi) -> None:
    aws.faults.add("denied", operation="s3:*")
    with pytest.raises(AccessDenied, match=r"Grant the IAM action s3:PutObject to the caller"):
        api.write(LIST, TEXT)
    with pytest.raises(AccessDenied, match=r"s3:GetObject"):
        api.read(LIST)


@pytest.mark.parametrize(
    ("fault", "error"),
    [("cut_after", AnswerLost), ("error_before", AnswerLost), ("throttle", Throttled)],
)
def test_other_faults_are_told_apart(
    aws: LocalBatch, api: ItemsApi, fault: Any, error: type[AwsError]
) -> None:
    aws.faults.add(fault, operation="s3:*")
    with pytest.raises(error):
        api.write(LIST, TEXT)


def test_a_list_that_is_too_large_is_not_read(api: ItemsApi) -> None:
    api.write(LIST, TEXT)
    with pytest.raises(AwsError, match="Split the list"):
        api.read(LIST, most=3)


def test_the_longest_life_is_the_longest_of_s3() -> None:
    assert timedelta(seconds=604_800) == LONGEST
