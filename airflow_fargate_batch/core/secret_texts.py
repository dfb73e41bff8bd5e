"""Secrets inside a text: what looks like one by itself, and what stands behind a secret name.

The scan of a text takes time in proportion to its length: no pattern tries one place twice.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

STRUCK_OUT: Final = "***"

SHAPES: Final = (
    # AWS IAM User Guide, "Unique identifiers": AKIA, a user's access key; ASIA, a temporary one.
    r"(?:AKIA|ASIA)[A-Z0-9]{16}",
    # GitHub Docs, "About authentication to GitHub".
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}",
    # GitLab Docs, "Token overview".
    r"gl(?:pat|ptt|dt|rt|soat|ft|imt|agent|cbt)-[\w-]{20,}",
    # Slack API, "Token types" and "Sending messages using incoming webhooks".
    r"xox[abeoprs]-[\w-]{10,}|xapp-[\w-]{10,}|(?<=hooks\.slack\.com/services/)[\w/]{20,}",
    # Stripe Docs, "API keys".
    r"(?:sk|rk)_(?:live|test)_\w{16,}",
    # Google Cloud: API keys, client secrets and access tokens of OAuth.
    r"AIza[\w-]{35}|GOCSPX-[\w-]{20,}|ya29\.[\w-]{20,}",
    # API keys of OpenAI and Anthropic.
    r"sk-(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{20,}",
    # Tokens of npm, PyPI, Docker Hub, Hugging Face.
    r"npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,}|dckr_(?:pat|oat)_[\w-]{20,}|hf_[A-Za-z0-9]{30,}",
    # Tokens of Databricks, HashiCorp Vault, SendGrid, DigitalOcean.
    r"dapi[0-9a-f]{32}|hv[sbr]\.[\w-]{20,}|SG\.[\w-]{20,}\.[\w-]{20,}|do[opr]_v1_[0-9a-f]{64}",
    # RFC 7519, JSON Web Tokens: two JSON objects and a signature.
    r"eyJ[\w-]{10,}\.eyJ[\w-]{2,}\.[\w-]{10,}",
)
"""Texts that are secret by their shape, each with the page that documents it."""

_SHAPE: Final = re.compile(rf"(?<![\w-])(?:{'|'.join(SHAPES)})(?!\w)")
_PEM: Final = re.compile(  # RFC 7468; OpenSSH and PGP write the same lines
    r"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----"
    r"[\s\S]*?(?:-----END (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----|\Z)"
)
_URL: Final = re.compile(  # RFC 3986, userinfo; programs also take what RFC 3986 wants encoded
    r"://[^\s\"'`<>/?#:@]*:(?P<value>(?:(?!://)[^\s\"'`<>])+)@"
)
_BEARER: Final = re.compile(r"\bBearer +(?P<value>[\w.~+/=-]{16,})")  # RFC 6750
_SIGNATURE: Final = re.compile(  # Amazon S3, "Presigned URLs"; Azure Storage, "SAS"
    r"[?&](?:X-Amz-Signature|X-Amz-Security-Token|sig)=(?P<value>[^\s\"'&;]+)"
)
_ADO: Final = re.compile(r"(?i:;\s{0,9}(?:pwd|pass)\s{0,9}=\s{0,9})(?P<value>[^;\"'\s]+)")
"""ADO.NET and ODBC, connection strings: ``Uid=me;Pwd=...``."""
_NAMED: Final = re.compile(
    r"(?<![\w.:/-])(?P<dash>-{1,2}+)?(?P<name>[^\W\d][\w.-]*+)"
    r"(?P<between>[\"']?[ \t]{0,9}+[=:＝：][ \t]{0,9}+|(?(dash)[ \t]{1,9}+|(?!)))"  # noqa: RUF001
    r"(?:(?i:bearer|basic|token|digest|apikey) +)?"
    r"(?:\"(?P<double>[^\"]+)\"|'(?P<single>[^']+)'|(?P<bare>[^\s\"'&;<>]+))"
)
_CLOSING: Final = ",)]}."
_PORT: Final = re.compile(r"\d{1,5}(?:[/?#]|\Z)")
"""Text after the colon of ``http://host:8080/@x``."""
_REFERENCE: Final = re.compile(
    r"\$\{[^}]*\}|\$\(.*|`.*|\$[A-Z_][A-Z0-9_]*"  # of a shell
    r"|\{[\w.]*\}|%\(\w+\)s|os\.environ.*|os\.getenv.*|[A-Za-z_][\w.]*\(\)"  # of Python
    r"|Ref::[\w.-]+"  # of a job definition's parameters
)
_KEPT_ELSEWHERE: Final = re.compile(r"arn:aws[\w-]*:[\w:/.@+=-]+|\*{3,}")
_SHELL_VARIABLE: Final = re.compile(r"\$\w+")

SWITCHES: Final = frozenset(
    ["", "-", "false", "n", "no", "none", "null", "off", "on", "true", "undefined", "y", "yes"]
)
"""Values of no information, as in ``USE_BASIC_AUTH=true``."""

_MAY_HOLD_ONE: Final = re.compile(r"[:=：＝]|-\w[\w.-]*+\s|[\w-]{20}|Bearer |\A\s*[{\[]")  # noqa: RUF001


def may_hold_secrets(text: str) -> bool:
    """Tell quickly whether a text may hold a secret: the poller reads thousands of variables."""
    return _MAY_HOLD_ONE.search(text) is not None


def without_secrets(text: str, is_secret: Callable[[str], bool]) -> str:
    """Strike out of a text what is secret in it."""
    spans = secret_spans(text, is_secret)
    for start, end in reversed(spans):
        text = f"{text[:start]}{STRUCK_OUT}{text[end:]}"
    return text


def secrets_in(text: str, is_secret: Callable[[str], bool]) -> Iterator[str]:
    """Yield the secrets inside a text; a URL's password also as a program decodes it."""
    for start, end in secret_spans(text, is_secret):
        secret = text[start:end]
        yield secret
        if "%" in secret:
            from urllib.parse import unquote  # here, because it is slow to import

            yield unquote(secret)


def secret_spans(text: str, is_secret: Callable[[str], bool]) -> list[tuple[int, int]]:
    """Return where secrets stand in a text: first to last, none inside another."""
    if not may_hold_secrets(text):
        return []
    spans = sorted({*_by_shape(text), *_by_name(text, is_secret)})
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def is_flag_of_a_secret(word: str, is_secret: Callable[[str], bool]) -> bool:
    """Tell whether a command's next word is a secret, as it is behind ``--password``."""
    return word.startswith("-") and "=" not in word and " " not in word and is_secret(word)


def is_reference(text: str) -> bool:
    """Tell whether a part of a text names the place of a secret, such as a shell's variable."""
    return _REFERENCE.fullmatch(text) is not None or _KEPT_ELSEWHERE.fullmatch(text) is not None


def speaks_of_secrets(text: str, is_secret: Callable[[str], bool]) -> bool:
    """Tell whether any word of a text is the name of a secret."""
    return any(is_secret(word) for word in re.findall(r"[\w.-]+", text))


def _by_shape(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_SHAPE, _PEM):
        yield from (found.span() for found in pattern.finditer(text))
    for pattern in (_BEARER, _SIGNATURE, _ADO, *([_URL] if "://" in text else [])):
        for found in pattern.finditer(text):
            is_port = pattern is _URL and _PORT.match(found["value"])
            if not (is_port or is_reference(found["value"])):
                yield found.span("value")


def _by_name(text: str, is_secret: Callable[[str], bool]) -> Iterator[tuple[int, int]]:
    """Find ``NAME=value``, ``name: value``, ``--name=value`` and ``--name value``."""
    at = 0
    while found := _NAMED.search(text, at):
        at = found.end("between")  # the value may be a name as well
        if not is_secret(found["name"]):
            continue
        kind = next(kind for kind in ("double", "single", "bare") if found[kind] is not None)
        start, end = found.span(kind)
        is_word = found.start() == 0 and text.count(" ") == 0
        if kind == "bare" and is_word and found["dash"]:
            end = len(text)
        elif kind == "bare" and not is_word and not is_reference(found[kind]):
            end = start + len(found[kind].rstrip(_CLOSING))
        value = text[start:end]
        is_next_flag = found["between"].isspace() and value.startswith("-")
        is_variable = not is_word and _SHELL_VARIABLE.fullmatch(value)
        is_url = found["between"] == ":" and value.startswith("//")
        is_elsewhere = is_variable or is_url or is_reference(value)
        if not (is_next_flag or is_elsewhere or shows_nothing(value)):
            yield start, end
            at = end


def shows_nothing(value: str) -> bool:
    """Tell whether what stands under a secret's name is no secret: a switch, or an ARN.

    In a command it may also be a reference; a variable's value is what it is.
    """
    return value.strip().lower() in SWITCHES or _KEPT_ELSEWHERE.fullmatch(value) is not None
