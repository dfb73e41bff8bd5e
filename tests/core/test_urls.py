"""Console links open the right page, in every partition."""

from collections.abc import Callable

import pytest

from airflow_fargate_batch.core import urls

ARN = "arn:aws:batch:eu-west-1:123456789012"


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        pytest.param("ap-northeast-1", "console.aws.amazon.com", id="aws"),
        pytest.param("us-east-1", "console.aws.amazon.com", id="aws, US"),
        pytest.param("cn-north-1", "console.amazonaws.cn", id="aws-cn"),
        pytest.param("us-gov-west-1", "console.amazonaws-us-gov.com", id="aws-us-gov"),
        pytest.param("eusc-de-east-1", "console.amazonaws-eusc.eu", id="aws-eusc"),
    ],
)
def test_the_region_decides_on_the_console(region: str, domain: str) -> None:
    assert urls.job_url("1-2", region=region) == (
        f"https://{domain}/batch/home?region={region}#jobs/detail/1-2"
    )


@pytest.mark.parametrize(
    ("make", "of", "fragment"),
    [
        pytest.param(urls.job_url, "1-2:3", "jobs/detail/1-2:3", id="array child"),
        pytest.param(
            urls.job_definition_url,
            f"{ARN}:job-definition/d:7",
            f"job-definition/detail/{ARN}:job-definition/d:7",
            id="definition, ARN",
        ),
        pytest.param(urls.job_definition_url, "d:7", "job-definition", id="definition, name"),
        pytest.param(
            urls.job_queue_url,
            f"{ARN}:job-queue/q",
            f"queues/detail/{ARN}:job-queue/q",
            id="queue, ARN",
        ),
        pytest.param(urls.job_queue_url, "q", "queues", id="queue, name"),
        pytest.param(urls.job_url, "a b#c", "jobs/detail/a%20b%23c", id="escaped"),
    ],
)
def test_batch_pages(make: Callable[..., str], of: str, fragment: str) -> None:
    link = make(of, region="eu-west-1")
    assert link == f"https://console.aws.amazon.com/batch/home?region=eu-west-1#{fragment}"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        pytest.param("/aws/batch/job", "$252Faws$252Fbatch$252Fjob", id="slashes"),
        pytest.param("d/default/0a1b", "d$252Fdefault$252F0a1b", id="a job's stream"),
        pytest.param("[$LATEST]", "$255B$2524LATEST$255D", id="brackets and dollar"),
        pytest.param("a b", "a$2520b", id="space"),
        pytest.param("é", "$25C3$25A9", id="not ASCII"),
        pytest.param("a-b_c.d", "a-b_c.d", id="plain"),
    ],
)
def test_log_links_are_escaped_as_the_cloudwatch_console_does(text: str, escaped: str) -> None:
    link = urls.log_stream_url(text, log_group=text, region="us-east-1")
    assert link == (
        "https://console.aws.amazon.com/cloudwatch/home?region=us-east-1"
        f"#logsV2:log-groups/log-group/{escaped}/log-events/{escaped}"
    )


@pytest.mark.parametrize(
    ("job_arn", "name", "found"),
    [
        (f"{ARN}:job/1-2", "q", f"{ARN}:job-queue/q"),
        (f"{ARN}:job/1-2", f"{ARN}:job-queue/other", f"{ARN}:job-queue/other"),
        ("", "q", "q"),
        ("1-2", "q", "q"),
    ],
    ids=["a name", "an ARN", "no ARN of a job", "what is none"],
)
def test_the_arn_of_a_job_tells_that_of_its_queue(job_arn: str, name: str, found: str) -> None:
    assert urls.sibling_arn(job_arn, "job-queue", name) == found


@pytest.mark.parametrize(
    ("url", "queue"),
    [
        (urls.job_queue_url(f"{ARN}:job-queue/reports", region="eu-west-1"), "reports"),
        (urls.job_queue_url("reports", region="eu-west-1"), None),
        (urls.job_url("1-2", region="eu-west-1"), None),
    ],
)
def test_the_address_of_a_queue_names_the_queue(url: str, queue: str | None) -> None:
    assert urls.job_queue_of_url(url) == queue
