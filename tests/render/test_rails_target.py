"""Ruby runs what is rendered, with a stand-in for Rails that records what is set."""

import json
from pathlib import Path
from typing import Any

import pytest
from applications import HOSTILE, MAILGUN, POSTMARK, application, named
from dotenv_readers import run
from required import needs

from reconciler.model import Secret
from reconciler.render import Application, rendered

SCRIPT = r"""
require "json"
require "ostruct"

# As Rails::Application::Configuration::Custom: names of the first step are there when asked for.
class Custom
  def initialize = @found = Hash.new { |all, name| all[name] = OpenStruct.new }
  def method_missing(name, *) = @found[name]
  def respond_to_missing?(*) = true
  def told = @found.transform_values(&:to_h)
end

CONFIG = OpenStruct.new(action_mailer: OpenStruct.new, x: Custom.new)

module Rails
  Application = Struct.new(:config) do
    def configure(&block) = instance_eval(&block)
  end
  def self.application = Application.new(CONFIG)
end

load ARGV[0]
puts JSON.generate({ mailer: CONFIG.action_mailer.to_h, own: CONFIG.x.told })
"""


@pytest.fixture(autouse=True)
def _ruby() -> None:
    needs("ruby")


def read(found: Application, folder: Path, token: Secret | None = None) -> Any:
    path = folder / "production.rb"
    path.write_text(rendered(found, "rails", token), encoding="utf-8")
    variables = {} if token else {found.token_variable: "token-of-the-environment"}
    return json.loads(run("ruby", "-e", SCRIPT, path, environment=variables))


def test_postmark_has_token_stream_and_times_in_seconds(tmp_path: Path) -> None:
    read_back = read(application(POSTMARK), tmp_path)
    assert read_back["mailer"] == {
        "delivery_method": "postmark",
        "postmark_settings": {
            "api_token": "token-of-the-environment",
            "http_open_timeout": 7.5,
            "http_read_timeout": 7.5,
            "max_retries": 2,
        },
        "default_options": {
            "from": '"Operations & Co, Ltd." <ops@acme.example>',
            "message_stream": "receipts",
        },
    }
    assert read_back["own"] == {"esp_mail": {"batch_size": 70}}


def test_mailgun_has_key_domain_and_host(tmp_path: Path) -> None:
    read_back = read(application(MAILGUN), tmp_path)
    assert read_back["mailer"] == {
        "delivery_method": "mailgun",
        "mailgun_settings": {
            "api_key": "token-of-the-environment",
            "domain": "mg.example.com",
            "api_host": "api.eu.mailgun.net",
            "timeout": 12,
        },
        "default_options": {"from": "news@mg.example.com"},
    }
    own = {"batch_size": 300, "retry_attempts": 1, "tag_prefix": "pm-", "testmode": True}
    assert read_back["own"] == {"esp_mail": own}


def test_hostile_prefixes_are_texts_and_run_nothing(tmp_path: Path) -> None:
    values = [*HOSTILE, "\0", "#{exit 9}", '"; exit 9; "', "\\u0041 #$0 #@a"]
    for number, value in enumerate(values):
        text = rendered(application(MAILGUN, f"p{number}", tag_prefix=value), "rails", Secret("x"))
        with (tmp_path / "all.rb").open("a", encoding="utf-8") as file:
            file.write(text)
    found = json.loads(run("ruby", "-e", SCRIPT, tmp_path / "all.rb"))["own"]
    assert [found[f"esp_p{number}"]["tag_prefix"] for number in range(len(values))] == values


def test_a_token_and_a_name_are_what_they_are(tmp_path: Path) -> None:
    read_back = read(named('#{exit 9} "x"'), tmp_path, Secret('"#{exit 9}\\'))
    assert read_back["mailer"]["postmark_settings"]["api_token"] == '"#{exit 9}\\'
    sender = read_back["mailer"]["default_options"]["from"]
    assert sender == r'"#{exit 9} \"x\"" <ops@acme.example>'


def test_a_comment_is_a_comment(tmp_path: Path) -> None:
    kept = {"file": "secrets/x\nexit 9 # encoding: utf-16"}
    read_back = read(application({**POSTMARK, "token": kept}), tmp_path)
    assert read_back["own"] == {"esp_mail": {"batch_size": 70}}
