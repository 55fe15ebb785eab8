"""Settings of every test, and their order: what runs whole flows comes last."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from hypothesis import settings

# A busy machine is slow at times: no example is timed.
settings.register_profile("nightjar", deadline=None)
settings.load_profile("nightjar")

SLOW = ("tests/flows/", "tests/test_oracle.py")
# Of the slow files those that take over a minute, the longest first: none is left for the end.
LONGEST = ("deployments", "oracle", "serve", "pipeline", "process", "crash", "verify", "workers",
           "archive", "retention")  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the fast tests first, and of the slow ones the longest files."""

    def rank(item: pytest.Item) -> int:
        if not item.nodeid.startswith(SLOW):
            return -1
        name = item.path.stem.removeprefix("test_")
        return LONGEST.index(name) if name in LONGEST else len(LONGEST)

    items.sort(key=rank)


@pytest.fixture(scope="session")
def api_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a real Prefect server with a database of its own."""
    from prefect.settings import PREFECT_HOME, temporary_settings

    from flows.command_line.server import embedded_server
    from tests.prefect_home import prefect_home

    with (
        temporary_settings({PREFECT_HOME: prefect_home(tmp_path_factory)}),
        embedded_server() as address,
    ):
        yield address


@pytest.fixture(scope="session")
def object_store() -> Iterator[str]:
    """Return the ``host:port`` of an S3 that speaks real HTTP."""
    from tests.object_store import moto_server

    with moto_server() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(object_store: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a fresh bucket that the environment leads to."""
    from tests.object_store import make_bucket

    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAINTHETESTS")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wordless-and-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{object_store}")
    bucket = f"nightjar-{uuid4().hex}"
    make_bucket(object_store, bucket)
    return bucket
