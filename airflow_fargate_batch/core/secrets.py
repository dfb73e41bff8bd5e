"""Secrets in a request or a job: found by name and by shape, struck out, and put back.

A secret is what stands under a secret's name (``secret_names``) or looks like one
(``secret_texts``). At its own place every secret is struck out. In running text, such as a log,
only those are that `is_distinct` accepts.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from airflow_fargate_batch.core import call_text, json_text
from airflow_fargate_batch.core.nesting import unless_too_deep
from airflow_fargate_batch.core.secret_names import is_secret_name
from airflow_fargate_batch.core.secret_texts import (
    STRUCK_OUT,
    is_flag_of_a_secret,
    is_reference,
    secrets_in,
    shows_nothing,
    speaks_of_secrets,
    without_secrets,
)

SHORTEST: Final = 5
"""Characters of the shortest text that is struck out of logs, as in Airflow 3's
``[logging] min_length_masked_secret``."""
SHORTEST_NUMBER: Final = 6
"""The same for digits alone: ports and years have fewer."""
COMMON: Final = frozenset(
    """
    access admin administrator airflow always amazon anonymous arm64 basic batch bearer binary
    chunked client cluster config container cookie credential credentials critical custom database
    debug default delta demo development disable disabled docker elastic enable enabled error
    example external false fargate fatal global guest hidden https ignore image info internal java
    json latest linux local localhost login manager master memory minio mongo mongodb mysql never
    nobody normal notice optional oracle parquet passphrase passwd password postgres postgresql
    prefer primary private prod production public python query rabbitmq reader redis refresh
    release remote required root sandbox secret secrets server service session simple snowflake
    stage staging standard static status strict string success super system table target test
    testing token trace true undefined unknown update user username value verify version warning
    worker writer x86_64
    """.split()  # noqa: SIM905 - a list of a hundred quoted words is no easier to read
)
"""Words that programs write all the time, among them the passwords of images and examples. A log
without them would be unreadable, and they protect nothing."""
_COMMON_SHAPE: Final = re.compile(
    r"[a-z]{2,3}(?:-[a-z]+){1,3}-\d[a-z]?"  # an AWS region or availability zone
    r"|\d{4}-\d{2}-\d{2}(?:[T ][\d:.]+Z?)?|\d+(?:\.\d+){1,3}"  # a date, a version, an address
)
_LINE_END: Final = re.compile(r"\r\n|\r|\n|\\n")

IsSecret = Callable[[str], bool]
"""Tells by a name whether its value is a secret."""


def is_distinct(text: str) -> bool:
    """Tell whether a secret can be struck out of running text: it is neither short nor common."""
    text = text.strip()
    if len(text) < (SHORTEST_NUMBER if text.isdecimal() else SHORTEST) or text.lower() in COMMON:
        return False
    return len(set(text)) > 1 and not _COMMON_SHAPE.fullmatch(text)


def without(secrets: Iterable[str], text: str) -> str:
    """Strike some secrets out of a text, the longest first: one may be a part of another."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, STRUCK_OUT)
    return text


def redacted(
    body: Mapping[str, Any],
    is_secret: IsSecret = is_secret_name,
    masked: Callable[[str], str] = str,
) -> dict[str, Any]:
    """Copy a SubmitJob body with its secrets struck out.

    An environment entry is known by its shape, ``{"name", "value"}``, wherever it stands.

    :param masked: what else strikes secrets out of a text, wherever it stands.
    """
    copy: dict[str, Any] = _Walk(is_secret, masked).copy(body)
    return copy


def places_of_secrets(body: Mapping[str, Any], is_secret: IsSecret = is_secret_name) -> list[str]:
    """Return where ``redacted`` strikes something out: ``parameters.token``."""
    walk = _Walk(is_secret, str)
    walk.copy(body)
    return list(walk.found)


def texts_of_secrets(value: Any, is_secret: IsSecret = is_secret_name) -> tuple[str, ...]:
    """Return what must be struck out of running text, of a body, an argument or a part of one.

    Of each secret: the text itself, its lines, the values in its JSON, what looks secret in it, and
    all of that as JSON writes it.
    """
    parsed = _parsed(value) if isinstance(value, str) else None
    found = unless_too_deep([], _texts, value if parsed is None else parsed, is_secret)
    pieces = (piece for text in found for piece in _pieces(text, is_secret))
    distinct = dict.fromkeys(piece for piece in pieces if is_distinct(piece))
    return tuple(dict.fromkeys(form for piece in distinct for form in _forms(piece)))


def _forms(text: str) -> Iterator[str]:
    yield text
    yield json.dumps(text)[1:-1]


def hidden(value: Any, is_secret: IsSecret, masked: Callable[[str], str]) -> tuple[Any, Any]:
    """Copy a rendered argument with its secrets struck out; return the copy and the original.

    A JSON text comes back parsed if it holds a secret, so that the names in it count. A text
    that is no JSON is struck out as a whole if it speaks of a secret: its parts are not known.
    """
    return unless_too_deep((STRUCK_OUT, value), _hidden, value, is_secret, masked)


def _hidden(value: Any, is_secret: IsSecret, masked: Callable[[str], str]) -> tuple[Any, Any]:
    walk = _Walk(is_secret, masked)
    if isinstance(value, str):
        parsed = _parsed(value)
        if parsed is None:
            speaks = speaks_of_secrets(value, is_secret)
            return (STRUCK_OUT if speaks else walk.copy(value)), value
        copy = walk.copy(parsed)
        return (value, value) if copy == parsed else (copy, parsed)
    return walk.copy(value), value


def value_without_secrets(value: Any, is_secret: IsSecret = is_secret_name) -> Any:
    """Copy a value with its secrets struck out, by the package's own words for names."""
    return hidden(value, is_secret, str)[0]


def restored(shown: Any, original: Any) -> Any:
    """Undo ``hidden``: put back what was struck out, and keep whatever else was changed since."""
    if isinstance(shown, Mapping) and isinstance(original, Mapping):
        return {key: restored(item, original.get(key, item)) for key, item in shown.items()}
    if isinstance(shown, list) and isinstance(original, list | tuple):
        return [
            *(restored(item, before) for item, before in zip(shown, original, strict=False)),
            *shown[len(original) :],
        ]
    return original if isinstance(shown, str) and STRUCK_OUT in shown else shown


@dataclass(slots=True)
class _Walk:
    """Copies a value without its secrets, and notes what it struck out, by place."""

    is_secret: IsSecret
    masked: Callable[[str], str]
    found: dict[str, list[str]] = field(default_factory=dict)

    def copy(self, value: Any, place: str = "") -> Any:
        if isinstance(value, str):
            return self._text(value, place)
        if isinstance(value, Mapping):
            return self._mapping(value, place)
        return self._list(value, place) if isinstance(value, list | tuple) else value

    def _mapping(self, value: Mapping[Any, Any], place: str) -> dict[Any, Any]:
        name = value.get("name")
        if isinstance(name, str) and "value" in value:  # an environment variable
            known_as = f"{place.rpartition('[')[0]}[{name}]"
            is_named = self.is_secret(name)
            return {
                key: self._member(item, known_as, is_named and key == "value")
                for key, item in value.items()
            }
        return {
            key: self._member(item, f"{place}.{key}".removeprefix("."), self.is_secret(str(key)))
            for key, item in value.items()
        }

    def _member(self, value: Any, place: str, is_secret: bool) -> Any:
        return self._struck(value, place) if is_secret else self.copy(value, place)

    def _list(self, value: Sequence[Any], place: str) -> list[Any]:
        copies = []
        is_secret = False
        for index, item in enumerate(value):
            is_word = isinstance(item, str)
            is_secret = is_secret and is_word and not (item.startswith("-") or is_reference(item))
            copies.append(self._member(item, f"{place}[{index}]", is_secret))
            is_secret = is_word and is_flag_of_a_secret(item, self.is_secret)
        return copies

    def _struck(self, value: Any, place: str) -> Any:
        """Strike out all that stands under a secret's name."""
        texts = [text for text in _leaves(value) if not shows_nothing(text)]
        if not texts:
            return value
        if isinstance(value, Mapping | list | tuple):
            texts = _named_or_all(value, texts, self.is_secret)
        self._note(place, texts)
        return _blank(value)

    def _text(self, text: str, place: str) -> str:
        parsed = _parsed(text)
        if parsed is not None:
            if found := unless_too_deep([text], _texts, parsed, self.is_secret):
                self._note(place, found)
                return STRUCK_OUT
        elif found := list(secrets_in(text, self.is_secret)):
            self._note(place, found)
            text = without_secrets(text, self.is_secret)
        return self.masked(text)

    def _note(self, place: str, texts: list[str]) -> None:
        self.found.setdefault(place, []).extend(texts)


def _texts(value: Any, is_secret: IsSecret) -> list[str]:
    """Return the secrets of a value, each as it stands there."""
    walk = _Walk(is_secret, str)
    walk.copy(value)
    return [text for texts in walk.found.values() for text in texts]


def _named_or_all(value: Any, texts: list[str], is_secret: IsSecret) -> list[str]:
    """Return the secrets that a value names; if it names none, all its texts.

    Under the name of a secret often stand a user and a host as well, which logs may show.
    """
    return _texts(value, is_secret) or texts


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _blank(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _blank(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_blank(item) for item in value]
    shows = value is None or isinstance(value, bool) or shows_nothing(str(value))
    return value if shows else STRUCK_OUT


def _pieces(secret: str, is_secret: IsSecret) -> Iterator[str]:
    """Yield a secret, and what of it may show up in a log by itself."""
    lines = [line.strip() for line in _LINE_END.split(secret)]
    yield from (secret, *(line for line in lines if not line.startswith("-----")))
    yield from secrets_in(secret, is_secret)
    parsed = _parsed(secret)
    if parsed is not None:
        yield from unless_too_deep([], _parts, parsed, is_secret)


def _parts(value: Any, is_secret: IsSecret) -> list[str]:
    return _named_or_all(value, list(_leaves(value)), is_secret)


def _parsed(text: str) -> Any:
    """Parse JSON of a mapping or a list, JSON Lines, or a remote call; other texts are ``None``."""
    if text.startswith(call_text.PREFIX):
        return call_text.arguments_of(text)
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json_text.read(text)
    except ValueError:
        return _parsed_lines(text)


def _parsed_lines(text: str) -> list[Any] | None:
    """Parse JSON Lines, such as the items of an array; any other text is ``None``."""
    if "\n" not in text:
        return None
    try:
        return [json_text.read(line) for line in text.split("\n") if line.strip()]
    except ValueError:
        return None
