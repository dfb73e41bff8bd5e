"""Names of secrets and harmless names, as programs really use them."""
# ruff: noqa: RUF001 - full-width letters are names as well

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_fargate_batch.core.secret_names import is_secret_name, with_further_names, words_of

SECRET = {
    "what the issue names": """
        API_KEY COOKIE DATABASE_URL DB_PASS ENCRYPTION_KEY FERNET_KEY GITHUB_PAT JWT MYSQL_PWD
        PGPASS PGPASSWORD PRIVATE_KEY REDIS_AUTH SSH_KEY credentials パスワード 秘密
    """,
    "databases": """
        POSTGRES_PASSWORD MYSQL_ROOT_PASSWORD MARIADB_PASSWORD MONGO_INITDB_ROOT_PASSWORD
        ELASTIC_PASSWORD REDIS_PASSWORD SA_PASSWORD ORACLE_PWD SNOWFLAKE_PASSWORD DB_PASS_PROD
        SNOWFLAKE_PRIVATE_KEY_PASSPHRASE DBPASSWORD dbPass db.password DB_PASSWORD_PROD
        spring.datasource.password CLICKHOUSE_PASSWORD NEO4J_AUTH DB_URI DB_PW
        DB_CONN_STR requirepass
    """,
    "clouds": """
        AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
        AWS_CONTAINER_AUTHORIZATION_TOKEN AZURE_CLIENT_SECRET AZURE_STORAGE_KEY
        AZURE_STORAGE_CONNECTION_STRING AccountKey GOOGLE_API_KEY keyfile_dict SERVICE_ACCOUNT
        DIGITALOCEAN_TOKEN CLOUDFLARE_API_TOKEN ARM_CLIENT_SECRET VAULT_TOKEN VAULT_SECRET_ID
    """,
    "services": """
        GITHUB_TOKEN GITLAB_TOKEN NPM_TOKEN TWINE_PASSWORD SLACK_BOT_TOKEN SLACK_WEBHOOK_URL
        SLACK_SIGNING_SECRET STRIPE_SECRET_KEY TWILIO_AUTH_TOKEN SENDGRID_API_KEY DD_API_KEY
        DD_APP_KEY SENTRY_DSN HF_TOKEN WANDB_API_KEY OPENAI_API_KEY ANTHROPIC_API_KEY
        DATABRICKS_TOKEN DOCKER_AUTH_CONFIG AZURE_DEVOPS_EXT_PAT MAPBOX_ACCESS_TOKEN
    """,
    "frameworks": """
        AIRFLOW__CORE__FERNET_KEY AIRFLOW__DATABASE__SQL_ALCHEMY_CONN SECRET_KEY SECRET_KEY_BASE
        JWT_SECRET SESSION_SECRET APP_KEY RABBITMQ_ERLANG_COOKIE SMTP_PASSWORD SSHPASS
        ANSIBLE_VAULT_PASSWORD RAILS_MASTER_KEY KEYSTORE_PASSWORD DBT_ENV_SECRET_KEY
    """,
    "spellings": """
        apiKey APIKey apikey Api-Key api.key X-Api-Key x_api_key privateKey userPassword Password
        PASSWORD2 TOKEN_1 token PRIVATE_KEY_B64 Authorization AUTH_HEADER connectionString
        ＰＡＳＳＷＯＲＤ ﾊﾟｽﾜｰﾄﾞ DBパスワード 秘密鍵 暗証番号 認証情報 アクセストークン passwd
    """,
}
HARMLESS = {
    "what the issue names": """
        TOKENIZERS_PARALLELISM NO_PROXY MAX_TOKENS AUTHORIZATION_MODE FIELDSNAMES
    """,
    "programs": """
        PATH HOME USER PWD OLDPWD SHELL TERM TZ LANG HOSTNAME EDITOR PAGER PYTHONPATH
        PYTHONUNBUFFERED JAVA_OPTS NODE_ENV GOMAXPROCS OMP_NUM_THREADS LD_LIBRARY_PATH
        SSH_ASKPASS GIT_ASKPASS SSH_AUTH_SOCK PGPASSFILE PGHOST PGUSER KUBECONFIG
    """,
    "clouds": """
        AWS_REGION AWS_PROFILE AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE
        AWS_SHARED_CREDENTIALS_FILE AWS_CONTAINER_CREDENTIALS_RELATIVE_URI KMS_KEY_ID
        GOOGLE_APPLICATION_CREDENTIALS AZURE_TENANT_ID S3_KEY OBJECT_KEY BUCKET_KEY
    """,
    "language models": """
        MAX_NEW_TOKENS NUM_TOKENS INPUT_TOKENS PAD_TOKEN EOS_TOKEN BOS_TOKEN MASK_TOKEN
        TOKEN_LIMIT TOKEN_BUDGET TOKENIZER TOKENIZER_NAME TOKEN_COUNT
    """,
    "settings about secrets": """
        PASSWORD_MIN_LENGTH PASSWORD_FILE POSTGRES_PASSWORD_FILE SECRET_NAME SECRET_ARN SECRET_ID
        SECRETS_BACKEND SECRETS_MANAGER_ENDPOINT TOKEN_TTL TOKEN_URL COOKIE_DOMAIN COOKIE_MAX_AGE
        COOKIES_ENABLED JWT_ALGORITHM JWT_ISSUER SSH_KEY_PATH API_KEY_NAME USE_AUTH USE_TOKEN
        ALLOW_EMPTY_PASSWORD HAS_PASSWORD AUTH_TYPE OAUTH2_ENABLED REQUIRE_AUTH パスワード長
        パスワード期限 APP_USE_AUTH
    """,
    "words that only hold one": """
        AUTHOR SECRETARY SECRETION PASSENGER PASSPORT_COUNTRY COMPASS BYPASS_CACHE LOW_PASS
        FIRST_PASS MONKEY KEYBOARD DONKEYS TOKENIZED PATTERN FILE_PAT DISPATCH COOKIECUTTER_DIR
        CREDIT_LIMIT desecrated EXPATRIATE
    """,
    "keys that open nothing": """
        KEY PRIMARY_KEY FOREIGN_KEY PARTITION_KEY SORT_KEY CACHE_KEY PUBLIC_KEY SSH_PUBLIC_KEY
        IDEMPOTENCY_KEY JOIN_KEYS keyName
    """,
}


def rows(table: dict[str, str]) -> list[str]:
    return [name for names in table.values() for name in names.split()]


def test_the_tables_are_long_and_have_no_name_twice() -> None:
    names = rows(SECRET) + rows(HARMLESS)
    assert len(names) == len(set(names))
    assert len(rows(SECRET)) >= 60
    assert len(rows(HARMLESS)) >= 60


@pytest.mark.parametrize("name", rows(SECRET))
def test_a_name_that_says_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["", *rows(HARMLESS)])
def test_a_name_that_does_not(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("API_KEY", "api key"),
        ("api-key", "api key"),
        ("apiKey", "api key"),
        ("APIKey2", "api key"),
        ("--db.pass", "db pass"),
        ("OAuthToken", "o auth token"),
        ("ＡＰＩ＿ＫＥＹ", "api key"),
        ("__", ""),
    ],
)
def test_a_name_is_split_into_words(name: str, words: str) -> None:
    assert words_of(name) == words.split()


@pytest.mark.parametrize(
    "name", ["IBAN", "customer_iban", "customerIban", "DB_PASS", "顧客の口座番号"]
)
def test_further_names_count_as_whole_words_beside_ours(name: str) -> None:
    assert with_further_names(["iban", "口座番号", " "])(name)


@pytest.mark.parametrize("name", ["CARIBAN", "I_BAN", "", "口座"])
def test_a_further_name_does_not_count_inside_a_word(name: str) -> None:
    assert not with_further_names(["iban", "口座番号", " "])(name)


@settings(deadline=None)
@given(st.text(max_size=600))
def test_any_text_is_a_name(name: str) -> None:
    assert is_secret_name(name) in (True, False)


@settings(deadline=None)
@given(st.text("xyz_-. 09あé", max_size=600))
def test_what_stands_in_front_of_a_password_does_not_hide_it(name: str) -> None:
    assert is_secret_name(f"{name}_DB_PASSWORD")
