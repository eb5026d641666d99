"""Secrets: names, URLs, and every place that text goes to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow_on_kedro.runs import kedro_command
from mlflow_on_kedro.runs.joined_run import JoinedRun
from mlflow_on_kedro.tracking.failure_messages import failure_message
from mlflow_on_kedro.tracking.store import run_url
from mlflow_on_kedro.utils.secret_items import leave_out_secrets
from mlflow_on_kedro.utils.secrets import (
    is_secret,
    looks_secret,
    mask_secrets,
    mask_urls,
    without_credentials,
    without_package_credentials,
    without_secrets,
)

# The same examples in every run, and no folder of found ones.
quick = settings(max_examples=150, database=None, derandomize=True, deadline=None)

URL = "postgresql://me:hunter2@host:5432/db"


@pytest.fixture(autouse=True)
def _in_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A current folder of the test's own: MLflow keeps artifacts there."""
    monkeypatch.chdir(tmp_path)


class TestNames:
    """Which names look like secrets."""

    @pytest.mark.parametrize(
        "name",
        [
            "AWS_SECRET_ACCESS_KEY",
            "api-key",
            "apiKey",
            "HF_TOKEN",
            "db.password",
            "PGPASSWD",
            "client_secret",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "OPENAI_API_KEYS",
            "authToken",
            "DBPASSWORD",
            "db_pwd",
            "AWS_ACCESS_KEY_ID",
            "encryption_key",
            "key",
            "SMTP_PASS",
            "db_pass",
            "mailPass",
            "pass",
            "otp.passcode",
        ],
    )
    def test_secrets(self, name: str) -> None:
        """Names with token, password, passwd, secret, key or credential, in any spelling."""
        assert looks_secret(name)

    @pytest.mark.parametrize(
        "name",
        [
            *("HOSTNAME", "learning_rate", "n_estimators", "path", ""),
            *("max_tokens", "tokenizer", "key_column", "keyword", "n_keys", "monkeys"),
            *("pass_rate", "passes", "bypass", "passcode_length"),
        ],
    )
    def test_others(self, name: str) -> None:
        """Ordinary names are no secrets."""
        assert not looks_secret(name)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("tokens", ["hunter2"]),
            ("slack.tokens", "hunter2"),
            ("botTokens", [1, "hunter2"]),
            ("tokens.slack", "hunter2"),
            ("tokens", [["a", "hunter2"]]),
            ("HF_TOKENS", "a,hunter2"),
            ("api_tokens", ["hunter2"]),
            ("passwords", ["hunter2"]),
            ("api_keys", ("hunter2",)),
            ("secrets", ["hunter2"]),
        ],
    )
    def test_several_at_once(self, name: str, value: Any) -> None:
        """Plurals are secrets, too, with a text or a list."""
        assert is_secret(name, value)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("tokens", 256),
            ("tokens", [101, 102]),
            ("tokens", []),
            ("tokens", None),
            ("tokens_per_second", 12.5),
            ("max_tokens", "auto"),
            ("maxTokens", 256),
            ("special_tokens", ["<s>", "</s>"]),
            ("model.stop_tokens", ["."]),
            ("tokenizer", "bpe"),
            ("passwords", 3),
            ("low_pass", 0.5),
        ],
    )
    def test_tokens_of_a_language_model(self, name: str, value: Any) -> None:
        """Counts and numbers are no secrets, nor are the words of a vocabulary."""
        assert not is_secret(name, value)


class TestUrls:
    """Credentials inside URLs."""

    @pytest.mark.parametrize(
        ("text", "masked"),
        [
            (URL, "postgresql://***@host:5432/db"),
            ("https://token@github.com/a/b", "https://***@github.com/a/b"),
            ("https://me:p@ss@host/x", "https://***@host/x"),
            ("https://me:p%40ss:x@host", "https://***@host"),
            ("mysql+pymysql://me:pw@h/db", "mysql+pymysql://***@h/db"),
            ("s3://id:pw@bucket/a", "s3://***@bucket/a"),
            ("HTTP://Me:Pw@Host", "HTTP://***@Host"),
            ("postgresql://me:p/hunter2@host/db", "postgresql://***@host/db"),
            ("postgresql://me:p/w:/hunter2@h:5432/a@b", "postgresql://***@h:5432/a@b"),
            ("x://me:5/hunter2/@[::1]:22/db, http://h", "x://***@[::1]:22/db, http://h"),
            ("x://me:a/b@hunter2@h/db", "x://***@h/db"),
            ("http://host/?token=hunter2&n=1", "http://host/?token=***&n=1"),
            ("mysql://me:x@h/db?a=1&password=hunter2", "mysql://***@h/db?a=1&password=***"),
            (f"two: {URL} and '{URL}'.", None),
            (f"line\n{URL}\nline", None),
            (f'{{"uri": "{URL}"}}', None),
        ],
    )
    def test_masked(self, text: str, masked: str | None) -> None:
        """User and password are replaced wherever a URL stands, and the rest stays."""
        assert "hunter2" not in mask_urls(text)
        assert mask_urls(text) == (masked or text.replace("me:hunter2", "***"))

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "mail me@host",
            "http://host:5000/a@b",
            "http://host/path?user=me@host",
            "sqlite:////home/me/a@b.db",
            "git@github.com:a/b.git",
            "http://host and me@host",
            "a @ b :// c",
            "http://[::1]:5000/a@b",
            "file://C:/Users/a@b.csv",
            "http://a:x, http://b:5000/c@d",
        ],
    )
    def test_left_alone(self, text: str) -> None:
        """Text without credentials is not changed."""
        assert mask_urls(text) == text

    def test_in_errors(self) -> None:
        """Secrets that an error tells beside URLs are replaced; what is no secret stays."""
        text = 'no: password=hunter2, {"api_key": "hunter2"} at http://h?token=hunter2 n=3'
        assert mask_secrets(text) == (
            'no: password=***, {"api_key": "***"} at http://h?token=*** n=3'
        )

    def test_left_out(self) -> None:
        """A URI without credentials has none in its query either."""
        assert without_credentials(f"{URL}?password=x&a=1") == "postgresql://host:5432/db?a=1"
        assert without_credentials("http://h?token=x") == "http://h"
        assert without_credentials("postgresql://me:p/w@host/db") == "postgresql://host/db"
        assert without_credentials("http://me:pw@host:5000/a@b") == "http://host:5000/a@b"

    @pytest.mark.parametrize(
        ("line", "left"),
        [
            ("git+ssh://git@host/x/y.git@main", "git+ssh://git@host/x/y.git@main"),
            ("ssh://git@host:x/y.git@main", "ssh://git@host:x/y.git@main"),
            ("ssh://me:pw@host/x.git", "ssh://me@host/x.git"),
            ("git+https://me:pw@host/x.git@v1", "git+https://host/x.git@v1"),
            ("https://token@host/x.zip", "https://host/x.zip"),
            ("x>=1", "x>=1"),
        ],
    )
    def test_of_packages(self, line: str, left: str) -> None:
        """The user of an SSH address stays: without it the package cannot be installed."""
        assert without_package_credentials(line) == left

    def test_twice(self) -> None:
        """Masking what is masked changes nothing."""
        assert mask_urls(mask_urls(URL)) == mask_urls(URL)


SECRET = "hunter2"  # noqa: S105 - what the tests look for
# Lines that hold the secret; patterns that look for one have most to do in texts of `NOISE`.
HOLDERS = [
    "password=hunter2",
    "login --db-password=hunter2 --user=me",
    "Server=h;User Id=me;Password=hunter2;",
    "Server=h;Pwd=a hunter2, b;Encrypt=true",
    "Server = h; Password = hunter2",
    "Server=h;Password=a, hunter2",
    "password = hunter2",
    "host = h password = hunter2 user=me",
    "Driver={x};PWD={a;hunter2};UID=me",
    "DefaultEndpointsProtocol=https;AccountKey=hunter2==;EndpointSuffix=x",
    "host=h user=me password='a hunter2' dbname=x",
    '{"db": {"host": "h", "api_key" : "hunter2"}}',
    "{'token': 'it\\'s hunter2'}",
    r'"{\"client_secret\": \"hunter2\"}"',
    "os.environ['AWS_SECRET_ACCESS_KEY'] = 'hunter2'",
    "postgresql://me:hunter2@h/db",
    "postgresql://me:a/hunter2/@h/db",
    "export SMTP_PASS=hunter2",
    '{"mail-pass": "hunter2"}',
    "https://hunter2@h/a",
    "http://h/?a=1&access_token=hunter2&b=2",
    "https://h/a?key=hunter2",
    "https://bucket.s3.amazonaws.com/a?X-Amz-Signature=hunter2&X-Amz-Date=1",
    "https://h.blob.core.windows.net/a?sv=1&sig=hunter2",
]
NOISE = [
    *(
        "a-",
        "a=",
        "a:",
        "://",
        "://a",
        "@",
        "://a:",
        "?a=&",
        "&key",
        ";",
        "=",
        "'",
        '"',
        "\\",
        "{",
        "}",
    ),
    *(
        "password",
        "token=",
        "token='",
        'token="',
        "token={",
        "token = a ",
        "api_",
        "ACGT",
        "é",
        " ",
    ),
]


class TestTexts:
    """Secrets anywhere in a text, however it is made."""

    @pytest.mark.parametrize("text", HOLDERS)
    def test_what_is_around_a_secret_stays(self, text: str) -> None:
        """The secret goes, and the names beside it stay."""
        masked = mask_secrets(text)
        assert SECRET not in masked
        assert "***" in masked
        for name in ("User Id=me", "user=me", "EndpointSuffix=x", '"host": "h"', "b=2", "UID=me"):
            assert (name in masked) == (name in text)

    @quick
    @given(st.lists(st.one_of(st.sampled_from(HOLDERS), st.lists(st.sampled_from(NOISE)))))
    def test_any_text(self, lines: list[str | list[str]]) -> None:
        """No line beside it keeps a secret from being found; masking twice changes nothing."""
        text = "\n".join(line if isinstance(line, str) else "".join(line) for line in lines)
        masked = mask_secrets(text)
        assert SECRET not in masked
        assert mask_secrets(masked) == masked

    @pytest.mark.parametrize(
        "part", [*NOISE, "https://ACGT", ":/a", "_pass", "a-a", "password=a b ", "&aaaaaaaa"]
    )
    def test_long_texts(self, part: str) -> None:
        """A long text takes as long as it is; with the square of that this would take hours."""
        text = f"https:{part * (500_000 // len(part))}\n{HOLDERS[2]}"
        assert mask_secrets(text).endswith("User Id=me;Password=***;")

    @quick
    @given(
        st.lists(
            st.sampled_from(
                [
                    *("db", "password", "passwd", "secret", "token", "tokens", "tokenizer", "pwd"),
                    *("dsn", "key", "keys", "api", "access", "account", "auth", "max", "cookie"),
                ]
            ),
            min_size=1,
            max_size=4,
        ),
        st.sampled_from(["_", "-", "camel", "UPPER"]),
    )
    def test_the_same_names_as_of_values(self, words: list[str], style: str) -> None:
        """In a text the same names are those of secrets as of a value, but for `key` alone."""
        name = "_".join(words) if style != "camel" else "".join(map(str.title, words))
        name = name.replace("_", style) if style == "-" else name
        name = f"{name.upper() if style == 'UPPER' else name}_x"
        assert (mask_secrets(f"{name}=v") == f"{name}=***") == looks_secret(name)

    @pytest.mark.parametrize(
        "text",
        [
            "s3://bucket/data/user_key=12/part.csv",
            "max_tokens=5, tokenizer='bert'",
            "sorted(rows, key=len)",
            "NoCredentialsError: Unable to locate credentials",
            "the password is wrong: try again",
            "x == y; token == z",
            "pass=3, fail=1",
            "low_pass_filter=3",
            "    token = self.request(name, key='x')",
        ],
    )
    def test_left_alone(self, text: str) -> None:
        """What only looks like a secret is left alone."""
        assert mask_secrets(text) == text


class TestNested:
    """Secrets in nested values."""

    def test_left_out(self) -> None:
        """At any depth, in lists too; numbers, and what has no secret in it, stay as they are."""
        value = {
            "databases": [{"host": "a", "password": "hunter2"}, {"host": "b"}],
            "llm": {"providers": ({"token": "hunter2", "max_tokens": 5},), "token": 512},
            "tokens": {"slack": "hunter2", "limit": 3},
            "plain": [{"a": [1]}],
        }
        left, hidden = leave_out_secrets("", value)
        assert left == {
            "databases": [{"host": "a"}, {"host": "b"}],
            "llm": {"providers": ({"max_tokens": 5},), "token": 512},
            "tokens": {"limit": 3},
            "plain": [{"a": [1]}],
        }
        assert left["plain"] is value["plain"]
        assert hidden == ["databases.0.password", "llm.providers.0.token", "tokens.slack"]

    def test_masked(self) -> None:
        """At any depth, values of secret-looking names and credentials in URLs go."""
        value = {
            "model": {"api_key": "hunter2", "depth": 3, "urls": [URL, "http://host"]},
            "password": {"all": "hunter2"},
            "pair": (URL, 1),
            "none": None,
        }
        assert without_secrets(value) == {
            "model": {
                "api_key": "***",
                "depth": 3,
                "urls": [mask_urls(URL), "http://host"],
            },
            "password": "***",
            "pair": [mask_urls(URL), 1],
            "none": None,
        }

    def test_the_value_itself_stays(self) -> None:
        """A copy is made: the pipeline's own parameters keep their values."""
        value = {"a": {"token": "hunter2"}}
        without_secrets(value)
        assert value == {"a": {"token": "hunter2"}}


class TestEverywhere:
    """No way of telling a run something lets credentials in a URL through."""

    def test_what_a_run_stores(self, client: Any, store_uri: str) -> None:
        """Params, tags, texts, and their keys are stored without credentials."""
        experiment = client.create_experiment("demo")
        run_id = client.create_run(experiment).info.run_id
        run = JoinedRun.from_id(store_uri, run_id)
        run.log_param("text", URL)
        run.log_param("list", [{"uri": URL}])
        run.log_param("long", f"{URL} " * 1000)
        run.log_params("dict", {"a": {"b": URL}})
        run.log_values("by_type", {"a": {"b": [URL]}, URL: 1})
        run.log_metric(URL, 1.5)
        run.set_tag("tag", URL)
        run.set_tag(URL, "tag")
        run.set_tag("error", f"ValueError: cannot reach {URL}")
        run.log_text(f"Traceback: {URL}", "error/traceback.txt")
        run.log_param("changed", "1")
        run.log_param("changed", URL)
        run.flush()
        data = client.get_run(run_id).data
        assert len(data.params) == 6
        assert len(data.metrics) == 2
        text = client.download_artifacts(run_id, "error/traceback.txt")
        with open(text, encoding="utf-8") as file:  # noqa: PTH123 - MLflow gives a str
            told = f"{data.params}{data.metrics}{data.tags}{file.read()}"
        assert "hunter2" not in told
        assert "postgresql://***@host" in told

    def test_what_is_logged(
        self, client: Any, store_uri: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Warnings leave credentials out."""
        caplog.set_level(logging.DEBUG, "mlflow_on_kedro")
        run_id = client.create_run(client.create_experiment("demo")).info.run_id
        run = JoinedRun.from_id(store_uri, run_id)
        run.log_param("changed", "1")
        run.log_param("changed", URL)
        run.log_metric(URL, float("inf"))
        run.log_values(URL, object())
        run.log_artifact(URL)
        run.flush()
        assert "changed" in caplog.text
        assert "hunter2" not in caplog.text
        assert "hunter2" not in failure_message(
            URL, ValueError(f"cannot connect to {URL}"), "so it is kept"
        )
        assert "hunter2" not in str(run_url("http://me:hunter2@host", "1", "2"))

    def test_repr(self, client: Any, store_uri: str) -> None:
        """A run's repr has no credentials."""
        run_id = client.create_run(client.create_experiment("demo")).info.run_id
        run = JoinedRun.from_id(store_uri, run_id)
        run.uri = URL
        assert repr(run) == f"JoinedRun(run_id='{run_id}', uri='{mask_urls(URL)}')"

    def test_the_command(self) -> None:
        """The replayable command has neither values of secret-looking names nor credentials."""
        command = kedro_command.kedro_command(
            {
                "runtime_params": {
                    "db": {"password": "hunter2", "url": URL, "depth": 3},
                    "tokens": ["hunter2"],
                }
            }
        )
        assert "hunter2" not in command
        assert "db.depth=3" in command

    def test_parameters_of_the_project(
        self, make_project: Callable[..., Any], said: list[str]
    ) -> None:
        """Texts under such names are not logged, and that is said; all others are."""
        parameters = {
            "options": {"api_key": "hunter2", "depth": 3, "key_column": "id"},
            "db_password": "hunter2",
            "token": 512,
            "tokens": ["hunter2"],
            "chosen_key": "mine",
        }
        project = make_project(
            """
            from kedro.pipeline import node, pipeline

            def use(*_):
                return 1.0

            keys = ["options", "db_password", "token", "tokens", "chosen_key"]
            names = [f"params:{key}" for key in keys]

            def create_pipeline():
                return pipeline([node(use, names, "y", name="use")])
            """,
            parameters=parameters,
            mlflow={"catalog": {"mlflow_catalog": {"params:chosen_key": "p"}}},
        )
        project.session_run()
        assert project.run.data.params == {
            "chosen_key": "mine",
            "options.depth": "3",
            "options.key_column": "id",
            "token": "512",
        }
        (warning,) = said
        assert "look like those of secrets: db_password, options.api_key, tokens." in warning

    def test_a_pipeline(self, make_project: Callable[..., Any]) -> None:
        """A failing pipeline with secrets in its parameters and error leaves none in MLflow."""
        project = make_project(
            """
            from kedro.pipeline import node, pipeline

            def fail(url, token):
                raise ValueError(f"cannot reach {url}")

            def create_pipeline():
                return pipeline([node(fail, ["params:url", "params:api_token"], "y", name="fail")])
            """,
            parameters={"url": URL, "api_token": "-"},
        )
        params = {"url": URL, "api_token": "hunter2"}
        with pytest.raises(ValueError, match="hunter2"):
            project.session_run(runtime_params=params)
        run = project.run
        texts = [str(run.data.params), str(run.data.tags)]
        for path in project.artifacts(run.info.run_id):
            local = project.client.download_artifacts(run.info.run_id, path)
            with open(local, encoding="utf-8") as file:  # noqa: PTH123 - MLflow gives a str
                texts.append(file.read())
        assert run.info.status == "FAILED"
        assert "postgresql://***@host" in run.data.tags["error"]
        assert not [text for text in texts if "hunter2" in text]
