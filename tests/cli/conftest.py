from collections.abc import Iterator
from pathlib import Path

import pytest
from program import Served, served

EXAMPLE = Path(__file__).parents[2] / "examples" / "esp.yaml"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
def box(server: Served) -> Served:
    """Return the running sandbox as new."""
    server.control("postmark", "POST", "reset")
    for site in server.ports:
        server.control(site, "DELETE", "requests")
        server.control(site, "DELETE", "faults")
        server.control(site, "POST", "latency", {"seconds": 0})
    return server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder with the example as `esp.yaml`."""
    (tmp_path / "esp.yaml").write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path
