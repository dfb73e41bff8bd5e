"""*items* in a request: an array, its variables or an object on S3, and all mistakes."""

import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest

from airflow_fargate_batch.core.items import OWN_VARIABLES, Address
from airflow_fargate_batch.core.literals import problems_before_rendering
from airflow_fargate_batch.core.naming import Submission
from airflow_fargate_batch.core.request import ItemsText, JobRequest
from airflow_fargate_batch.exceptions import EmptyArray, InvalidRequest
from tests.core.making import WHERE, body, make, problem

LONG = [f"s3://bucket/data/{number:06d}.parquet" for number in range(40_000)]
SUBMISSION = Submission(token="0123456789abcdef")
SOURCE = Address("bucket", "list.jsonl")


def variables(**arguments: Any) -> dict[str, str]:
    return dict(make(**arguments).environment)


def test_a_short_list_travels_in_a_variable() -> None:
    said = body(items=["a b", 'c"d', {"n": 1}, [True], 2.5, date(2026, 2, 3), Decimal("7")])
    assert said["arrayProperties"] == {"size": 7}
    environment = {
        each["name"]: each["value"] for each in said["containerOverrides"]["environment"]
    }
    assert environment == {
        "FARGATE_BATCH_ITEMS": '"a b"\n"c\\"d"\n{"n": 1}\n[true]\n2.5\n"2026-02-03"\n7',
        "FARGATE_BATCH_ITEMS_PER_CHILD": "1",
    }


def test_one_item_makes_a_plain_job_with_the_same_variables() -> None:
    said = body(items=["only"])
    assert "arrayProperties" not in said
    assert variables(items=["only"])["FARGATE_BATCH_ITEMS"] == '"only"'


def test_no_items_are_nothing_to_submit() -> None:
    for nothing in cast("list[object]", [[], "[]", ItemsText("list.jsonl", "\n")]):
        with pytest.raises(EmptyArray):
            make(items=nothing)


def test_a_long_list_travels_as_an_address_and_any_number_makes_one_job() -> None:
    request = make(items=LONG, items_location="s3://lists/daily", submission=SUBMISSION)
    assert request.array_size == 10_000
    assert request.environment["FARGATE_BATCH_ITEMS_PER_CHILD"] == "4"
    assert "FARGATE_BATCH_ITEMS" not in request.environment
    address = request.items_address
    assert str(address) == request.environment["FARGATE_BATCH_ITEMS_URI"]
    assert str(address).startswith("s3://lists/daily/0123456789abcdef-")
    assert request.items_to_write is not None
    assert request.items_to_write.text.count("\n") == 40_000


def test_without_a_location_a_long_list_is_refused_with_its_size() -> None:
    said = problem(items=LONG)
    assert "40000 items" in said
    assert "items_location" in said
    characters = sum(len(item) + 2 for item in LONG)
    assert f"{characters} characters" in said


def test_a_list_is_short_enough_if_the_rest_leaves_room() -> None:
    listed = ["x" * 90] * 60
    assert "FARGATE_BATCH_ITEMS" in variables(items=listed)
    command = ["sh", "-c", "y" * 2000]
    assert "items_location" in problem(items=listed, command=command)
    there = variables(items=listed, command=command, items_location="s3://lists")
    assert "FARGATE_BATCH_ITEMS_URI" in there


def test_characters_of_several_bytes_count_as_bytes() -> None:
    """So the whole request stays below 30 KiB."""
    assert "FARGATE_BATCH_ITEMS_URI" in variables(items=["𝄞" * 3000], items_location="s3://lists")


@pytest.mark.parametrize(
    ("text", "lines", "is_used"),
    [
        ('"a"\n{"b": 1}\n', ('"a"', '{"b": 1}'), True),
        ('"a"\n{"b": 1}', ('"a"', '{"b": 1}'), True),
        ('"a"\r\n"b"\r\n', ('"a"', '"b"'), False),
        ('"a"\n\n"b"\n', ('"a"', '"b"'), False),
    ],
    ids=["plain", "no line end", "CRLF", "blank line"],
)
def test_an_object_on_s3_is_used_if_its_lines_can_be_counted(
    text: str, lines: tuple[str, ...], is_used: bool
) -> None:
    request = make(items=ItemsText(str(SOURCE), text, source=SOURCE))
    assert request.items is not None
    assert request.items.lines == lines
    assert (request.items.source == SOURCE) is is_used


def test_a_long_object_that_cannot_be_used_needs_a_location() -> None:
    text = "\r\n".join(f'"{item}"' for item in LONG)
    assert "items_location" in problem(items=ItemsText("list.jsonl", text, source=SOURCE))
    request = make(items=ItemsText("list.jsonl", text, source=SOURCE), items_location="s3://lists")
    assert request.items_to_write is not None


def test_a_long_object_is_not_written_again() -> None:
    text = "\n".join(f'"{item}"' for item in LONG)
    request = make(items=ItemsText("list.jsonl", text, source=SOURCE))
    assert request.items_address == SOURCE
    assert request.items_to_write is None


def test_lines_of_text_are_items_as_they_stand() -> None:
    text = ' a "b"\r\n\n007\n'
    request = make(items=ItemsText("list.txt", text, is_text=True))
    assert request.items is not None
    assert request.items.lines == ('" a \\"b\\""', '"007"')


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("not a list", "items: is text, but not JSON of a list"),
        ("{'a'}", "items: line 1, column 2: not valid JSON"),
        ('{"a": 1}', "items: must be a list, not a dict"),
        ({"a": 1}, "items: must be a list, not a dict"),
        ({"a"}, "items: is a set, whose order differs between two tries of the task: use sorted("),
        (7, "items: must be a list, not an int"),
        ("None", "items: is the text 'None'"),
        ("", "items: is empty"),
        (["a", None], "items[1]: is None: remove the entry"),
        ([float("nan")], "items[0]: is a float that JSON cannot hold"),
        ([object()], "items[0]: is an object that JSON cannot hold"),
        ([Decimal("Infinity")], "items[0]: is a Decimal that JSON cannot hold"),
        (["\ud800"], "items[0]: contains half a surrogate pair"),
        ("s3://bucket", "items: 's3://bucket' is not the address of an object"),
        ("s3://bucket/key", "items: s3://bucket/key was not read"),
        (ItemsText("l.jsonl", '"a"\nb\n'), "items: l.jsonl, line 2, column 1: not valid JSON"),
        (ItemsText("l.jsonl", "null"), "items: l.jsonl, line 1: is null"),
        (ItemsText("l.jsonl", error="cannot be read"), "items: l.jsonl: cannot be read"),
    ],
)
def test_mistakes(given: Any, said: str) -> None:
    assert problem(items=given).startswith(said)


def test_a_number_with_a_million_digits_is_refused_at_once() -> None:
    start = time.process_time()
    said = problem(items=[Decimal("1e999999")])
    assert said.startswith("items[0]: is a Decimal that JSON cannot hold")
    assert time.process_time() - start < 5


def test_an_odd_item_is_never_quoted() -> None:
    assert "s3cr3t" not in problem(items=["s3cr3t \ud800"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"items_per_child": 0}, "items_per_child: must be at least 1"),
        ({"items_per_child": "x"}, "items_per_child: 'x' is not a number"),
        ({"items_location": ["s3://lists"]}, "items_location: must be text, not a list"),
        ({"items_location": "lists/x"}, "items_location: 'lists/x' is not a prefix on S3"),
        ({"array_size": 2}, "array_size: is set together with `items`"),
    ],
)
def test_mistakes_beside_the_list(arguments: dict[str, Any], said: str) -> None:
    assert problem(items=["a", "b"], **arguments).startswith(said)


def test_too_few_items_for_each_child() -> None:
    said = problem(items=LONG, items_per_child=3, items_location="s3://lists")
    assert "need 13334 children; an array has at most 10000: use 4 or more" in said


def test_more_items_for_each_child_make_fewer_children() -> None:
    request = make(items=list("abcde"), items_per_child="2")
    assert request.array_size == 3
    assert make(items=list("abcde"), items_per_child=5).array_size is None


def test_endless_mistakes_are_cut() -> None:
    with pytest.raises(InvalidRequest) as caught:
        make(items=[None] * 100_000)
    assert len(caught.value.problems) == 20


def test_an_iterator_is_read_once() -> None:
    def once() -> Iterator[str]:
        yield from "ab"

    assert make(items=once()).array_size == 2


@pytest.mark.parametrize("name", sorted(OWN_VARIABLES))
def test_the_variables_are_reserved(name: str) -> None:
    assert "is reserved" in problem(environment={name: "x"})


def test_a_body_with_the_variables_is_accepted_again() -> None:
    whole = make(items=["a", "b"]).to_submit_job()
    assert JobRequest.from_submit_job(whole).to_submit_job() == whole


def test_arrays_over_the_same_list_depend_child_by_child() -> None:
    entry = {"jobId": "earlier", "type": "N_TO_N"}
    assert body(items=["a", "b"], depends_on=entry)["dependsOn"] == [entry]
    assert body(items=["a"], depends_on=entry)["dependsOn"] == [{"jobId": "earlier"}]


def test_a_dry_run_does_not_know_the_size_of_a_list_on_s3_and_says_so() -> None:
    request = JobRequest.from_arguments(**WHERE, dry_run=True, items=str(SOURCE))
    assert request.environment == {"FARGATE_BATCH_ITEMS_URI": str(SOURCE)}
    assert any("not read in a dry run" in note for note in request.notes)


def test_the_tags_name_the_list() -> None:
    said = make(items=["a", "b"], submission=SUBMISSION)
    assert said.items is not None
    tags = said.to_submit_job()["tags"]
    assert tags["airflow-fargate-batch:items"] == said.items.fingerprint


def test_the_list_is_not_shown_by_repr() -> None:
    assert "s3cr3t" not in repr(make(items=["s3cr3t"]))


class TestARerun:
    """A retry with *rerun_failed_only* submits the failed children with their items."""

    def test_its_children_get_their_items_and_count_from_0(self) -> None:
        left = make(items=list("abcde"), items_per_child=2, submission=SUBMISSION).only([0, 2])
        assert left.array_size == 2
        assert left.environment["FARGATE_BATCH_ITEMS"] == '"a"\n"b"\n"e"'
        assert left.environment["FARGATE_BATCH_INDEXES"] == "0,2"

    def test_a_single_child_is_a_plain_job(self) -> None:
        left = make(items=list("abc")).only([1])
        assert (left.array_size, left.environment["FARGATE_BATCH_ITEMS"]) == (None, '"b"')

    def test_a_long_list_gets_an_object_of_its_own(self) -> None:
        whole = make(items=LONG, items_location="s3://lists", submission=SUBMISSION)
        left = whole.only(range(0, 10_000, 2))
        assert left.items_address not in (None, whole.items_address)
        assert left.items_to_write is not None
        assert left.items_to_write.children == 5000

    def test_a_long_list_that_became_short_travels_in_a_variable(self) -> None:
        left = make(items=LONG, items_location="s3://lists").only([1, 9_999])
        assert left.items_address is None
        assert "FARGATE_BATCH_ITEMS_URI" not in left.environment

    def test_without_a_place_to_write_it_is_refused(self) -> None:
        text = "\n".join(f'"{item}"' for item in LONG)
        whole = make(items=ItemsText("list.jsonl", text, source=SOURCE))
        with pytest.raises(InvalidRequest, match="items_location"):
            whole.only(range(5000))

    def test_the_indexes_leave_room_for_a_list_that_just_fits(self) -> None:
        whole = make(items=["x"] * 780, items_location="s3://lists")
        assert whole.items_address is None
        left = whole.only(range(1, 780))
        assert left.environment["FARGATE_BATCH_INDEXES"].startswith("0x")


def test_a_presigned_address_is_left_out_if_there_is_no_room() -> None:
    request = make(items=LONG, items_location="s3://lists", command=["x" * 6000])
    assert request.with_items_url("https://" + "y" * 2000) is None
    longer = request.with_items_url("https://" + "y" * 20)
    assert longer is not None
    assert longer.environment["FARGATE_BATCH_ITEMS_URL"].startswith("https://")


def test_at_import_a_known_list_is_checked_and_an_unknown_list_is_not() -> None:
    known = {**WHERE, "items": LONG}
    assert [each.field for each in problems_before_rendering(known)] == ["items"]
    later = {**WHERE, "depends_on": {"jobId": "a", "type": "N_TO_N"}, "items": object()}
    assert problems_before_rendering(later) == []
    template = {**WHERE, "items": "{{ ti.xcom_pull('list') | tojson }}", "items_per_child": 2}
    assert problems_before_rendering(template) == []
    assert problems_before_rendering({**WHERE, "items": []}) == []


def test_a_file_with_many_bad_lines_reports_the_first() -> None:
    text = "null\n" * 50
    with pytest.raises(InvalidRequest) as raised:
        make(items=ItemsText("list.jsonl", text))
    assert len(raised.value.problems) == 20
