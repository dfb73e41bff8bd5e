"""Names whose value is a secret, as data: whole words, never parts of words.

A name is split into words at every character that is no letter, and where the case changes:
``apiKey`` and ``API-KEY`` are ``api key``, ``TOKENIZERS_PARALLELISM`` holds no ``token``.

Sources: Airflow documentation, "Masking sensitive data" (the names that Airflow 3.3 masks; Airflow
looks for them anywhere in a name, so it masks harmless ones too); the variables that programs
document: PostgreSQL (``PGPASSWORD``), MySQL (``MYSQL_PWD``), the images of Docker's library
(``*_PASSWORD``), AWS SDKs, GitHub, Airflow (``FERNET_KEY``), Hugging Face (``TOKENIZERS_*``).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ANYWHERE: Final = _set(
    "authorization credential credentials creds passcode passphrase passphrases passwd password"
    " passwords secret secrets token"
)
"""Words that make a name secret, wherever they stand in it."""

AT_THE_END: Final = _set("bearer cookie cookies dsn jwt webhook")
"""Words that make a name secret if they end it: ``SENTRY_DSN``, but not ``DSN_TIMEOUT``."""

AT_THE_END_BEHIND_ANOTHER: Final = _set("auth pass pat pw pwd")
"""Words that make a name secret if they end it and do not stand alone: ``DB_PASS``, ``MYSQL_PWD``.
``PWD`` alone is a shell's working directory."""

PHRASES: Final = tuple(
    tuple(phrase.split())
    for phrase in (
        "access tokens",
        "alchemy conn",
        "api tokens",
        "auth config",
        "auth header",
        "auth tokens",
        "authorization header",
        "bot tokens",
        "conn str",
        "conn string",
        "connection str",
        "connection string",
        "connection uri",
        "database dsn",
        "database uri",
        "database url",
        "db uri",
        "db url",
        "keyfile dict",
        "pass phrase",
        "pass word",
        "refresh tokens",
        "sas url",
        "service account",
        "webhook url",
    )
)
"""Words that make a name secret if they stand side by side."""

KEYS: Final = _set(
    "access account aes api app application auth cipher client consumer decryption deploy"
    " encryption fernet gpg hmac jwt license master pgp private rsa secret service session"
    " shared signing ssh ssl storage subscription tls webhook"
)
"""Words that make a ``key`` behind them secret. A primary, partition or S3 key is none."""

JOINED: Final = re.compile(
    r"(?:password|passwd|passphrase|secret|token|credentials?|(?:api|access|private|secret|service"
    r"|encryption|fernet|ssh|signing|auth)keys?|webhookurl|connectionstring|keyfiledict"
    r"|serviceaccount|authheader|(?:db|database)ur[il]"
    r"|(?:pg|db|ssh|require|user|root|ftp|smtp|mysql|redis|admin)(?:pass|pwd))\Z"
)
"""Ends of words that make a name secret, for names without any separator: ``PGPASSWORD``."""

JAPANESE: Final = re.compile(
    "パスワード|秘密|暗証|シークレット|認証情報|(?:トークン|APIキー|アクセスキー|鍵)\\Z"
)
"""Parts of names, as Japanese puts no space between words."""
JAPANESE_MEASURES: Final = re.compile("(?:数|長|期限|件|名)\\Z")

HARMLESS: Final = frozenset(
    tuple(name.split())
    for name in ("google application credentials", "no proxy", "secret id", "token type")
)
"""Whole names that hold no secret: a path, and what AWS's own APIs call a secret's name."""

MEASURES: Final = _set(
    "age alg algo algorithm arn attempts audience backend bucket budget class column consent"
    " count days dir directory disabled domain duration enabled encoding endpoint engine env exp"
    " expiration expires expiry field file filename folder format header helper host hours"
    " httponly interval issuer kind length len lifetime limit location manager max method min"
    " minutes mode mount name names parallelism path policy port position prefix provider rate"
    " region required retries rotation rounds samesite scope scopes seconds secs secure size"
    " stdin store strategy suffix table threshold timeout ttl type types uri url urls validation"
    " version window"
)
"""Last words that name a property of the secret, not the secret: ``TOKEN_TTL``."""

QUESTIONS: Final = _set(
    "allow disable enable has hide ignore is max min no num number n optional require required"
    " requires skip total use uses with without"
)
"""First words that make a name a switch or a number: ``USE_TOKEN``, ``MAX_TOKEN``."""

MODEL_TOKENS: Final = _set(
    "audio bos cls end eos eot fill image mask newline pad sep special start stop unk"
)
"""Words in front of ``token`` that make it one of a language model's vocabulary."""

ENDINGS: Final = _set(
    "b64 base64 current default dev encoded enc new old plain prev previous primary prod"
    " production raw secondary staging stg str test text uat val value"
)
"""Last words that say which one of several it is, and are passed over: ``DB_PASS_PROD``."""

BEFORE_OTHERS: Final = _set(
    "band by exclude file first glob high include low multi o old one path pre re second single"
    " two url"
)
"""Words in front of ``pass``, ``pwd``, ``pat`` or ``auth`` that make another thing of it, such as a
filter, an earlier directory, a pattern or OAuth."""

_WORDS: Final = re.compile(r"[^\W\d_]+|\d+")
_CASE: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
LONGEST: Final = 256
"""Characters of a name that are looked at, from its end."""


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Tell whether the value of a variable, parameter, flag or member of this name is a secret."""
    name = unicodedata.normalize("NFKC", name[-LONGEST:])
    if JAPANESE.search(name):
        return not JAPANESE_MEASURES.search(name)
    words = words_of(name)
    if _has_phrase(words, PHRASES):
        return True
    while len(words) > 1 and words[-1] in ENDINGS:
        words = words[:-1]
    if not words or tuple(words) in HARMLESS:
        return False
    if words[-1] in MEASURES or (len(words) > 1 and words[0] in QUESTIONS):
        return False
    return _ends_secret(words) or any(_is_secret_word(words, at) for at in range(len(words)))


def with_further_names(names: Iterable[str]) -> Callable[[str], bool]:
    """Return ``is_secret_name`` with more names, which again count as whole words.

    A name in another alphabet than ASCII counts anywhere: Japanese has no space between words.
    """
    further = [unicodedata.normalize("NFKC", name).strip() for name in names]
    phrases = [words for name in further if name.isascii() and (words := words_of(name))]
    parts = [name for name in further if not name.isascii()]

    @lru_cache(maxsize=4096)
    def is_secret(name: str) -> bool:
        if is_secret_name(name) or _has_phrase(words_of(name), phrases):
            return True
        normal = unicodedata.normalize("NFKC", name)
        return any(part in normal for part in parts)

    return is_secret


def words_of(name: str) -> list[str]:
    """Split a name into its words, in lower case and without numbers."""
    name = _CASE.sub(" ", unicodedata.normalize("NFKC", name[-LONGEST:]))
    return [word.lower() for word in _WORDS.findall(name) if not word.isdecimal()]


def _has_phrase(words: Sequence[str], phrases: Iterable[Sequence[str]]) -> bool:
    said = f" {' '.join(words)} "
    return any(f" {' '.join(phrase)} " in said for phrase in phrases)


def _ends_secret(words: Sequence[str]) -> bool:
    last, before = words[-1], words[-2] if len(words) > 1 else None
    if last in AT_THE_END:
        return True
    if last not in AT_THE_END_BEHIND_ANOTHER or before is None:
        return False
    return before not in BEFORE_OTHERS and before not in QUESTIONS


def _is_secret_word(words: Sequence[str], at: int) -> bool:
    word, before = words[at], words[at - 1] if at else ""
    if word == "token" and before in MODEL_TOKENS:
        return False
    if word in {"key", "keys"}:
        return before in KEYS
    return word in ANYWHERE or JOINED.search(word) is not None
