"""A list shared out over the children of an array: slices, variables, and failed items.

The list travels as JSON Lines: one item a line, each line JSON (RFC 8259). A line break inside an
item is escaped by JSON, so a child finds its slice by counting lines. A short list travels in the
variable ``FARGATE_BATCH_ITEMS``, a longer list as an object on S3 whose address is in
``FARGATE_BATCH_ITEMS_URI``.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Final, NamedTuple

from airflow_fargate_batch.core import json_text, limits
from airflow_fargate_batch.core.listing import in_a_sentence
from airflow_fargate_batch.core.naming import INDEXES_VARIABLE, ITEMS_TAG

ITEMS_VARIABLE: Final = "FARGATE_BATCH_ITEMS"
"""Variable with a whole list as JSON Lines."""
URI_VARIABLE: Final = "FARGATE_BATCH_ITEMS_URI"
"""Variable with the address ``s3://bucket/key`` of a list; set if the list is not in a variable."""
URL_VARIABLE: Final = "FARGATE_BATCH_ITEMS_URL"
"""Variable with a presigned ``https`` address of the same object, which expires."""
PER_CHILD_VARIABLE: Final = "FARGATE_BATCH_ITEMS_PER_CHILD"
"""Variable with the number of items for each child; the last child may have fewer."""
OWN_VARIABLES: Final = frozenset({ITEMS_VARIABLE, URI_VARIABLE, URL_VARIABLE, PER_CHILD_VARIABLE})

RESERVED_VARIABLES: Final[Mapping[str, str]] = {
    INDEXES_VARIABLE: "the indexes of failed children to a retry",
    **dict.fromkeys(OWN_VARIABLES, "the items of an array to its children"),
}
"""Variables that users cannot set, with the use of each."""

INDEXES_LENGTH: Final = 2000
"""Characters of a rerun's indexes above which they are written as bits; only messages read them."""

FAILED_ITEMS: Final = 1000
"""Number of failed items in a summary."""
FAILED_ITEMS_LENGTH: Final = 64 * 1024
"""Characters of the failed items in a summary, as JSON: XCom is stored in Airflow's database."""
SHOWN: Final = 80
"""Characters of an item in a report."""

_ADDRESS: Final = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<key>.*))?")
"""Amazon S3 User Guide, "Bucket naming rules": 3 to 63 lowercase letters, digits, dots, hyphens."""
_DIGEST_DIGITS: Final = 16
_BREAKS: Final = re.compile("[\x85\u2028\u2029]")
"""Characters at which some programs end a line, and which JSON leaves unescaped."""


class Address(NamedTuple):
    """The address of an object on S3, or of a prefix."""

    bucket: str
    key: str = ""

    @classmethod
    def parse(cls, text: str) -> "Address | None":
        """Read ``s3://bucket/key``; ``None`` if the text is no such address."""
        found = _ADDRESS.fullmatch(text)
        return cls(found["bucket"], found["key"] or "") if found else None

    def below(self, name: str) -> "Address":
        """Return the address of an object below this prefix."""
        prefix = self.key.rstrip("/")
        return Address(self.bucket, f"{prefix}/{name}" if prefix else name)

    def __str__(self) -> str:
        """Write ``s3://bucket/key``."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list, and the slices that the children of an array get.

    Attributes:
        lines: The items, each as JSON without a line break.
        per_child: Number of items for each child; the last child may have fewer.
        location: Prefix to write the list below, if the list is too long for a variable.
        source: Object that holds exactly these lines, if the list was read from S3.
        of_list: Fingerprint of the list that the lines were chosen from. Empty for a whole list.
    """

    lines: tuple[str, ...] = field(repr=False)
    per_child: int = 1
    location: Address | None = None
    source: Address | None = None
    of_list: str = ""

    @property
    def children(self) -> int:
        """Number of children that share the list."""
        return -(-len(self.lines) // self.per_child)

    @property
    def text(self) -> str:
        """The list as JSON Lines, with a final line break."""
        return "".join(f"{line}\n" for line in self.lines)

    @property
    def fingerprint(self) -> str:
        """Hash of the whole list and its slices, for a tag: equal if equal indexes mean the same.

        A retry compares the fingerprints before it submits only the failed children.
        """
        return self.of_list or f"{self._digest}-{self.per_child}"

    def is_list_of(self, tags: Mapping[str, str]) -> bool:
        """Report whether a job's tag names this list; a job without the tag may have it."""
        return tags.get(ITEMS_TAG, self.fingerprint) == self.fingerprint

    @property
    def _digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:_DIGEST_DIGITS]

    def object_address(self, token: str | None) -> Address | None:
        """Return where the list lies or is to be written on S3; ``None`` without a place.

        The key has the submission's token and a hash of the list, so a retry writes the same
        object, and never changes the object that the children of an earlier job read.
        """
        if self.location is None:
            return self.source
        name = "-".join(part for part in (token, self._digest) if part)
        return self.location.below(f"{name}.jsonl")

    def variables(self) -> dict[str, str]:
        """Return the variables of a list that travels in the environment."""
        return {PER_CHILD_VARIABLE: str(self.per_child), ITEMS_VARIABLE: "\n".join(self.lines)}

    def variables_at(self, address: Address) -> dict[str, str]:
        """Return the variables of a list that travels as an address."""
        return {PER_CHILD_VARIABLE: str(self.per_child), URI_VARIABLE: str(address)}

    def of_child(self, index: int) -> tuple[str, ...]:
        """Return the lines of a child's slice."""
        return self.lines[index * self.per_child : (index + 1) * self.per_child]

    def only(self, indexes: Iterable[int]) -> "Items":
        """Return the slices of some children, as a list of its own with slices of equal length.

        Only the slice of the last child may be shorter, and in order of the indexes it stays last.
        """
        chosen = map(self.of_child, sorted(indexes))
        lines = tuple(chain.from_iterable(chosen))
        return replace(self, lines=lines, source=None, of_list=self.fingerprint)

    def failed(
        self, indexes: Iterable[int], hidden: Callable[[Any], Any] = lambda value: value
    ) -> list[Any]:
        """Return the items of failed children, at most 1000 and at most 64 KiB of JSON.

        :param hidden: strikes the secrets out of an item.
        """
        found: list[Any] = []
        room = FAILED_ITEMS_LENGTH
        for line in chain.from_iterable(map(self.of_child, indexes)):
            room -= len(line)
            if len(found) == FAILED_ITEMS or room < 0:
                break
            found.append(hidden(json.loads(line)))
        return found

    def named(self, index: int, hidden: Callable[[Any], Any] = lambda value: value) -> str:
        """Name a child's items in a report: the first, shortened, and the number of the rest."""
        lines = self.of_child(index)
        if not lines:
            return ""
        first = json.dumps(hidden(json.loads(lines[0])), ensure_ascii=False)
        shown = first if len(first) <= SHOWN else f"{first[:SHOWN]}…"
        said = in_a_sentence([shown], 1, count=len(lines))
        return f"item {said}" if len(lines) == 1 else f"items {said}"


def line_of(item: object) -> str:
    """Write an item as a line of JSON without any character that ends a line.

    :raises TypeError: JSON has no such type.
    :raises ValueError: JSON has no such value (NaN), the item is nested too deeply, or the text
        cannot be encoded as UTF-8.
    """
    line = json_text.write(item)
    if line.isascii():
        return line
    line.encode()
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text that are not blank, with their numbers, counted from 1."""
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip(" \t\r")
        if stripped:
            yield number, stripped


def fewest_per_child(count: int) -> int:
    """Return the smallest number of items per child with which one array holds a list."""
    return max(1, -(-count // limits.ARRAY_SIZE[-1]))


def indexes_text(indexes: Sequence[int]) -> str:
    """Write the original indexes of a rerun's children, separated by commas.

    If that is longer than ``INDEXES_LENGTH``, the indexes become one hexadecimal number, whose
    bit *n* stands for index *n*: 2,500 digits for any part of 10,000 indexes.
    """
    text = ",".join(map(str, indexes))
    return (
        text if len(text) <= INDEXES_LENGTH else f"{sum(1 << index for index in set(indexes)):#x}"
    )


def indexes_of_text(text: str) -> tuple[int, ...]:
    """Read the text of ``indexes_text``; empty if the text has another form."""
    if _LIST.fullmatch(text):
        return tuple(map(int, text.split(",")))
    if not _BITS.fullmatch(text):
        return ()
    bits = int(text, 16)
    return tuple(index for index in range(bits.bit_length()) if bits >> index & 1)


_LIST: Final = re.compile(r"[0-9]{1,9}(?:,[0-9]{1,9})*")
_BITS: Final = re.compile(rf"0x[0-9a-f]{{1,{limits.ARRAY_SIZE[-1] // 4}}}")
