"""Kubernetes' own reader takes the manifests, and finds in them what was meant."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from applications import HOSTILE, MAILGUN, POSTMARK, application
from dotenv_readers import run
from required import needs
from test_dotenv_target import MEANT_MAILGUN, MEANT_POSTMARK

from reconciler.errors import UsageError
from reconciler.model import Secret
from reconciler.render import rendered

POD: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app"}}


@pytest.fixture(autouse=True)
def _kubectl() -> None:
    needs("kubectl")


def read(path: Path, *command: str) -> str:
    """Return what kubectl makes of a file; it has no cluster to ask."""
    return run("kubectl", *command, "--local", "-f", path, environment={"KUBECONFIG": "/dev/null"})


def objects(text: str, folder: Path) -> dict[str, Any]:
    """Return manifests by kind, as kubectl reads them."""
    path = folder / "manifest.yaml"
    path.write_text(text)
    printed = read(path, "label", "seen=yes", "--overwrite", "-o", "json")
    decoder, found, at = json.JSONDecoder(), dict[str, Any](), 0
    while at < len(printed):
        each, end = decoder.raw_decode(printed, at)
        found |= {item["kind"]: item for item in each.get("items", [each])}
        at = end + 1
    return found


def test_a_configmap_holds_texts_and_no_token(tmp_path: Path) -> None:
    for provider, meant in ((POSTMARK, MEANT_POSTMARK), (MAILGUN, MEANT_MAILGUN)):
        found = objects(rendered(application(provider), "configmap"), tmp_path)
        assert found.keys() == {"ConfigMap"}
        assert found["ConfigMap"]["metadata"]["name"] == "esp-mail"
        assert found["ConfigMap"]["data"] == meant


@pytest.mark.parametrize("kept", [{"file": "secrets/a\nb: c"}, {"file": "secrets/#x: [y"}])
def test_a_comment_is_a_comment(tmp_path: Path, kept: dict[str, str]) -> None:
    text = rendered(application({**MAILGUN, "token": kept}), "configmap")
    assert objects(text, tmp_path)["ConfigMap"]["data"] == MEANT_MAILGUN


def test_every_value_stays_a_text_and_what_it_is(tmp_path: Path) -> None:
    for value in HOSTILE:
        text = rendered(application(MAILGUN, tag_prefix=value), "configmap")
        meant = {**MEANT_MAILGUN, "ESP_MAIL_TAG_PREFIX": value}
        assert yaml.safe_load(text)["data"] == meant
        (tmp_path / f"{len(list(tmp_path.iterdir()))}.yaml").write_text(text)
    printed = read(tmp_path, "label", "seen=yes", "-o", "jsonpath={.data}{'\\n'}")
    lines = printed.strip("\n").split("\n")
    found = [json.loads(line)["ESP_MAIL_TAG_PREFIX"] for line in lines]
    assert sorted(found) == sorted(HOSTILE)


def test_what_no_environment_can_hold_is_refused() -> None:
    with pytest.raises(UsageError, match=r"ESP_MAIL_TAG_PREFIX holds a NUL.*`--as json`"):
        rendered(application(MAILGUN, tag_prefix="a\0b"), "configmap")


def test_a_token_that_is_to_be_written_is_in_a_secret_of_its_own(tmp_path: Path) -> None:
    found = objects(rendered(application(MAILGUN), "configmap", Secret("1e3")), tmp_path)
    assert found["ConfigMap"]["data"] == MEANT_MAILGUN
    assert found["Secret"]["stringData"] == {"MAILGUN_API_KEY": "1e3"}
    assert found["Secret"]["metadata"]["name"] == "esp-mail"


def test_a_container_takes_the_token_from_the_secret(tmp_path: Path) -> None:
    part = yaml.safe_load(rendered(application(POSTMARK, "A_b-"), "secret-refs"))
    container = {"name": "app", "image": "app", **part}
    path = tmp_path / "pod.yaml"
    path.write_text(yaml.safe_dump({**POD, "spec": {"containers": [container]}}))
    told = read(path, "set", "env", "--list").splitlines()
    assert "# POSTMARK_SERVER_TOKEN from secret esp-a-b, key POSTMARK_SERVER_TOKEN" in told
    assert "# Pod app, container app" in told
    (source,) = part["envFrom"]
    name = source["configMapRef"]["name"]
    assert objects(rendered(application(POSTMARK, "A_b-"), "configmap"), tmp_path)["ConfigMap"][
        "metadata"
    ] == {"name": name, "labels": {"seen": "yes"}}


def test_references_are_no_place_for_a_secret() -> None:
    with pytest.raises(UsageError, match=r"references and no secret.*`--as configmap`") as caught:
        rendered(application(POSTMARK), "secret-refs", Secret("canary"))
    assert "canary" not in str(caught.value)
