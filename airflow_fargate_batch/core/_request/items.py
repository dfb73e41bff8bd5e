"""Reader for *items*: a list, JSON text, or an object on S3 that an entry point has read.

Also decides how the children get the list: in a variable if it fits, otherwise as an object on S3.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from airflow_fargate_batch.core import json_text, limits
from airflow_fargate_batch.core._request import array as _array
from airflow_fargate_batch.core._request import lengths as _lengths
from airflow_fargate_batch.core._request.array import Array
from airflow_fargate_batch.core._request.values import (
    WRITE_JSON,
    Findings,
    is_rendered,
    parse_integer,
    parse_json,
    plain_text,
    shown,
    shown_type,
)
from airflow_fargate_batch.core.items import (
    OWN_VARIABLES,
    URI_VARIABLE,
    URL_VARIABLE,
    Address,
    Items,
    fewest_per_child,
    line_of,
    lines_of,
)
from airflow_fargate_batch.core.naming import Submission

if TYPE_CHECKING:
    from airflow_fargate_batch.core.arguments import Arguments

ON_S3: Final = "s3://"
EMPTY: Final = "is an empty list: there is nothing to submit"
"""Message about a list without items: Airflow then skips the task."""
_PROBLEMS: Final = 20
"""Number of odd items to report: a list may have a million."""
_MOST_DIGITS: Final = 4300
"""Digits of the longest integer that Python writes; to make one of ``1e999999`` takes 25 s."""
_FORMS: Final = "pass a list, the .output of a task, JSON text of a list, or s3://bucket/key"
_PREFIX: Final = "such as s3://bucket/prefix"
_OF_UNKNOWN_SIZE: Final = Array(is_wanted=True)
_INVOLVED: Final = (
    "items_location",
    "items_per_child",
    "command",
    "environment",
    "container_overrides",
    "container_overrides_file",
    "parameters",
    "parameters_file",
)


@dataclass(frozen=True, slots=True)
class ItemsText:
    """A list as text, read by an entry point from a file or from S3.

    Attributes:
        name: Name of the source, for messages.
        text: Content; ``None`` if it could not be read.
        error: Reason of a failed read.
        is_text: Whether each line is an item as it stands; otherwise each line is JSON.
        source: Address of the object; ``None`` for a file.
    """

    name: str
    text: str | None = field(default=None, repr=False)
    error: str | None = None
    is_text: bool = False
    source: Address | None = None


class Shared(NamedTuple):
    """Parts of a request that follow from *items*.

    Attributes:
        array: The array that the list makes, or *array_size*.
        items: The list; ``None`` if *items* was not given, or is not known yet.
        variables: Variables of a list on S3 that is not known yet: a dry run does not read S3.
    """

    array: Array
    items: Items | None = None
    variables: Mapping[str, str] = MappingProxyType({})


def read(given: "Arguments", findings: Findings, *, dry_run: bool) -> Shared:
    """Read *array_size*, or the list and its distribution over the children.

    :param dry_run: whether a list on S3 may stay unread.
    """
    array = _array.read(given.array_size, findings)
    if given.items is None:
        return Shared(array)
    if given.array_size is not None:
        findings.problem(
            "array_size",
            "is set together with `items`, which set the size",
            "remove `array_size`",
            involves=("items",),
        )
    location = _location(given.items_location, findings)
    per_child = _per_child(given.items_per_child, findings)
    if isinstance(given.items, str) and given.items.strip().startswith(ON_S3):
        return _unread(given.items.strip(), findings, dry_run=dry_run)
    before = len(findings.problems)
    lines, source = _lines(given.items, findings)
    if len(findings.problems) > before:
        return Shared(_OF_UNKNOWN_SIZE)
    if not lines:
        findings.problem("items", EMPTY)
        return Shared(_OF_UNKNOWN_SIZE)
    per_child = _checked(per_child, len(lines), findings)
    items = Items(lines=lines, per_child=per_child, location=location, source=source)
    findings.notes.append(_note(items))
    return Shared(Array(is_wanted=True, children=items.children), items)


def _per_child(given: object, findings: Findings) -> int | None:
    per_child = None if given is None else parse_integer(given, "items_per_child", findings)
    if per_child is not None and per_child < 1:
        findings.problem("items_per_child", f"must be at least 1, not {per_child}", "use 1")
        return None
    return per_child


def _checked(per: int | None, count: int, findings: Findings) -> int:
    """Return the number of items per child; report more children than an array may have."""
    fewest = fewest_per_child(count)
    if per is None:
        return fewest
    if per < fewest:
        most = limits.ARRAY_SIZE[-1]
        findings.problem(
            "items_per_child",
            f"{_counted(count)} with {per} for each child need {-(-count // per)} children; an "
            f"array has at most {most}",
            f"use {fewest} or more, or leave `items_per_child` out",
            involves=("items",),
        )
    return max(per, fewest)


def _note(items: Items) -> str:
    count, children = len(items.lines), items.children
    if children == 1:
        return f"items: {count}, in one plain job"
    each = f", {items.per_child} for each child" if items.per_child > 1 else ""
    return f"items: {count} in {children} children{each}"


def _counted(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"


def _location(given: object, findings: Findings) -> Address | None:
    if given is None:
        return None
    text = plain_text(given, "items_location", findings)
    if text is None:
        return None
    address = Address.parse(text)
    if address is None:
        findings.problem(
            "items_location", f"{shown(text)} is not a prefix on S3", f"use an address {_PREFIX}"
        )
    return address


def _unread(text: str, findings: Findings, *, dry_run: bool) -> Shared:
    """Read the address of a list on S3 that nobody has read yet."""
    address = Address.parse(text)
    if address is None or not address.key:
        findings.problem(
            "items", f"{shown(text)} is not the address of an object", "use s3://bucket/key"
        )
        return Shared(_OF_UNKNOWN_SIZE)
    if not dry_run:
        findings.problem("items", f"{address} was not read", "pass the items, or their ItemsText")
    findings.notes.append(
        f"items: {address} is not read in a dry run, so the number of children is not known: the "
        "request is shown without arrayProperties"
    )
    return Shared(_OF_UNKNOWN_SIZE, variables={URI_VARIABLE: str(address)})


def _lines(given: object, findings: Findings) -> tuple[tuple[str, ...], Address | None]:
    """Return the items as lines of JSON, and the object on S3 that holds exactly these lines."""
    if isinstance(given, ItemsText):
        return _of_text(given, findings)
    if isinstance(given, str):
        given = _parsed(given, findings)
        if given is None:
            return (), None
    if isinstance(given, set | frozenset):
        findings.problem(
            "items",
            "is a set, whose order differs between two tries of the task",
            "use sorted(…)",
        )
    elif isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        findings.problem("items", f"must be a list, not {shown_type(given)}", _FORMS)
    else:
        return tuple(_each(given, findings)), None
    return (), None


def _parsed(text: str, findings: Findings) -> object:
    """Parse the JSON text of a list; ``None`` after a problem."""
    stripped = text.strip()
    if not stripped.startswith(("[", "{")):
        if is_rendered(text, "items", findings):
            findings.problem("items", "is text, but not JSON of a list", _FORMS)
        return None
    before = len(findings.problems)
    value = parse_json(text, "items", findings)
    return None if len(findings.problems) > before else value


def _each(given: Iterable[object], findings: Findings) -> Iterator[str]:
    """Yield the items as lines; after some problems the rest of the list is not read."""
    odd = 0
    for index, item in enumerate(given):
        try:
            if item is None:
                raise TypeError  # noqa: TRY301 - one handler words all odd items
            yield line_of(_plain(item))
        except (TypeError, ValueError) as error:
            findings.problem(f"items[{index}]", *_odd(item, error))
            odd += 1
            if odd == _PROBLEMS:
                return


def _plain(item: object) -> object:
    """Return dates as ISO 8601 and decimals as numbers, like in an environment."""
    if isinstance(item, datetime | date):
        return item.isoformat()
    if isinstance(item, Decimal):
        if not item.is_finite() or item.adjusted() >= _MOST_DIGITS:
            raise ValueError
        return int(item) if item == item.to_integral_value() else float(item)
    return item


def _odd(item: object, error: Exception) -> tuple[str, str | None]:
    """Return the mistake of an item, and advice; the item may be a secret."""
    if item is None:
        return "is None", "remove the entry"
    if isinstance(error, UnicodeEncodeError):
        return "contains half a surrogate pair, which is no character", "remove the entry"
    return f"is {shown_type(item)} that JSON cannot hold", "pass text, numbers, lists or mappings"


def _of_text(given: ItemsText, findings: Findings) -> tuple[tuple[str, ...], Address | None]:
    """Read the lines of a file or object."""
    if given.text is None:
        findings.problem("items", f"{given.name}: {given.error or 'could not be read'}")
        return (), None
    if given.is_text:
        whole = (line.removesuffix("\r") for line in given.text.split("\n"))
        return tuple(line_of(line) for line in whole if line), None
    lines: list[str] = []
    before = len(findings.problems)
    for number, line in lines_of(given.text):
        try:
            if json_text.parse(line) is None:
                findings.problem("items", f"{given.name}, line {number}: is null", "remove it")
        except json_text.NotJson as error:
            place = "" if error.column is None else f", column {error.column}"
            findings.problem(
                "items", f"{given.name}, line {number}{place}: {error.reason}", WRITE_JSON
            )
        if len(findings.problems) - before == _PROBLEMS:
            break
        lines.append(line)
    is_exact = given.text.removesuffix("\n") == "\n".join(lines)
    return tuple(lines), given.source if is_exact else None


class HasContainer(Protocol):
    """The part of a request that decides how much room a list has."""

    @property
    def command(self) -> Sequence[str]:
        """Command and arguments."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables by name."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """Values of ``Ref::name`` in the command."""

    @property
    def submission(self) -> Submission | None:
        """Identity of the request."""


def deliver(items: Items, request: HasContainer, findings: Findings) -> dict[str, str]:
    """Return the environment of a request with the list, or with the list's address on S3."""
    others = {name: text for name, text in request.environment.items() if name not in OWN_VARIABLES}
    inline = {**others, **items.variables()}
    size = sum(map(len, items.lines))
    is_small = size < limits.CONTAINER_OVERRIDES_LENGTH
    if is_small and _lengths.leave_room(request.command, inline, request.parameters):
        return inline
    address = items.object_address(request.submission.token if request.submission else None)
    if address is not None:
        return {**others, **items.variables_at(address)}
    findings.problem(
        "items",
        f"{_counted(len(items.lines))} with {size} characters do not fit into the container's "
        f"environment, which has room for {limits.CONTAINER_OVERRIDES_LENGTH} characters "
        "together with the command",
        f"set `items_location` to a prefix on S3, {_PREFIX}",
        involves=_INVOLVED,
    )
    return others


def with_url(request: HasContainer, url: str) -> dict[str, str] | None:
    """Return the environment with a presigned address; ``None`` if there is no room for it."""
    longer = {**request.environment, URL_VARIABLE: url}
    return longer if _lengths.leave_room(request.command, longer, request.parameters) else None
