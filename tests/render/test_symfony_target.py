"""Symfony's container and mailer read the YAML and the DSN in it, up to the transport."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from applications import HOSTILE, MAILGUN, POSTMARK, application, named, written_or_refused
from dotenv_readers import run
from required import PHP, needs

from reconciler.model import Secret
from reconciler.render import Application, rendered

COMPONENT = PHP / "Symfony" / "Component"
SCRIPT = f"""
foreach (["DependencyInjection", "HttpClient", "Mailer", "Mailer/Bridge/Mailgun",
          "Mailer/Bridge/Postmark", "Yaml"] as $each) {{
    require_once "{COMPONENT}/$each/autoload.php";
}}
use Symfony\\Component\\DependencyInjection\\ContainerBuilder;
use Symfony\\Component\\HttpClient\\MockHttpClient;
use Symfony\\Component\\HttpClient\\Response\\MockResponse;
use Symfony\\Component\\Mailer\\Bridge\\Mailgun\\Transport\\MailgunTransportFactory;
use Symfony\\Component\\Mailer\\Bridge\\Postmark\\Transport\\PostmarkTransportFactory;
use Symfony\\Component\\Mailer\\Transport\\Dsn;
use Symfony\\Component\\Mime\\Email;

$told = function ($file) {{
    $read = Symfony\\Component\\Yaml\\Yaml::parseFile($file);
    $container = new ContainerBuilder();
    $resolved = function ($value) use ($container) {{
        $found = $container->resolveEnvPlaceholders($value, true);
        return $container->getParameterBag()->unescapeValue($found);
    }};
    $sent = [];
    $client = new MockHttpClient(function ($method, $url, $options) use (&$sent) {{
        $body = is_string($options["body"]) ? $options["body"] : "";
        while (!is_string($options["body"]) && "" !== $part = ($options["body"])(16384)) {{
            $body .= $part;
        }}
        $sent = ["request" => "$method $url", "headers" => $options["headers"], "body" => $body];
        return new MockResponse(json_encode(["id" => "1", "MessageID" => "1"]));
    }});
    $mailer = $read["framework"]["mailer"];
    $dsn = Dsn::fromString($resolved($mailer["dsn"]));
    $factories = [
        new MailgunTransportFactory(null, $client),
        new PostmarkTransportFactory(null, $client),
    ];
    [$factory] = array_values(array_filter($factories, fn ($each) => $each->supports($dsn)));
    $mail = (new Email())->to("to@example.org")->subject("Subject")->text("Body");
    foreach ($mailer["headers"] as $name => $value) {{  // as the framework's bundle does
        $value = $resolved($value);
        $mail->getHeaders()->addHeader($name, "From" === $name ? [$value] : $value);
    }}
    $factory->create($dsn)->send($mail);
    return [
        "token" => $dsn->getUser(),
        "domain" => $dsn->getPassword(),
        "region" => $dsn->getOption("region"),
        "stream" => $dsn->getOption("message_stream"),
        "from" => [$mail->getFrom()[0]->getName(), $mail->getFrom()[0]->getAddress()],
        "own" => array_map($resolved, $read["parameters"]),
    ] + $sent;
}};
$all = array_map($told, array_slice($argv, 1));
echo json_encode($all, JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION);
"""


@pytest.fixture(autouse=True)
def _php() -> None:
    needs("php")


def read(found: Application, folder: Path, token: Secret | None = None) -> Any:
    (only,) = read_all([rendered(found, "symfony", token)], folder, found.token_variable)
    return only


def read_all(texts: list[str], folder: Path, variable: str) -> Any:
    """Return what is read of each of several files, and sent."""
    paths = [folder / f"mailer{number}.yaml" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    environment = {variable: "token-of-the-environment"}
    return json.loads(run("php", "-r", SCRIPT, *paths, environment=environment))


def test_postmark_is_sent_to_through_its_stream(tmp_path: Path) -> None:
    sent = read(application(POSTMARK), tmp_path)
    assert sent["request"] == "POST https://api.postmarkapp.com/email"
    assert "X-Postmark-Server-Token: token-of-the-environment" in sent["headers"]
    body = json.loads(sent["body"])
    assert body["MessageStream"] == sent["stream"] == "receipts"
    assert sent["from"] == ["Operations & Co, Ltd.", "ops@acme.example"]
    assert body["From"] == '"Operations & Co, Ltd." <ops@acme.example>'
    assert sent["own"] == {
        "esp.mail.batch_size": 70,
        "esp.mail.retry_attempts": 2,
        "esp.mail.timeout_seconds": 7.5,
        "esp.mail.timeout_ms": 7500,
    }


def test_mailgun_is_sent_to_in_its_region_by_its_domain_and_in_test_mode(tmp_path: Path) -> None:
    sent = read(application(MAILGUN), tmp_path)
    assert sent["request"] == "POST https://api.eu.mailgun.net/v3/mg.example.com/messages"
    assert sent["token"] == "token-of-the-environment"
    assert (sent["domain"], sent["region"]) == ("mg.example.com", "eu")
    assert 'name="o:testmode"\r\n\r\nyes\r\n' in sent["body"]
    assert sent["from"] == ["", "news@mg.example.com"]
    assert sent["own"]["esp.mail.testmode"] is True
    assert "o:testmode" not in read(application(MAILGUN, testmode=False), tmp_path)["body"]


def test_tokens_streams_and_prefixes_stay_what_they_are(tmp_path: Path) -> None:
    token = "50%:/?#@&%env(HOME)% 'x'"
    for stream in ("a%b&c=d#e?f", "%env(HOME)%"):
        found = replace(application(POSTMARK), stream=stream)
        read_back = read(found, tmp_path, Secret(token))
        assert (read_back["token"], read_back["stream"]) == (token, stream)


def test_hostile_prefixes_are_texts(tmp_path: Path) -> None:
    values = [*HOSTILE, "@service", "!php/const PHP_VERSION", "%"]
    texts = [rendered(application(MAILGUN, tag_prefix=value), "symfony") for value in values]
    all_read = read_all(texts, tmp_path, "MAILGUN_API_KEY")
    assert [each["own"]["esp.mail.tag_prefix"] for each in all_read] == values


def test_hostile_names_are_names_or_are_refused(tmp_path: Path) -> None:
    texts = {}
    for value in HOSTILE:
        text, refusal = written_or_refused(named(value), "symfony")
        if text:
            texts[value] = text
        else:
            assert refusal.startswith("esp.yaml:1:")
    all_read = read_all(list(texts.values()), tmp_path, "POSTMARK_SERVER_TOKEN")
    assert [each["from"] for each in all_read] == [[value, "ops@acme.example"] for value in texts]
    assert {"no", "0123", "a: b", "it's", "%env(HOME)% %kernel.secret%"} <= texts.keys()
