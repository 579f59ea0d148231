"""`import`, as a process: what is live becomes YAML, and nothing else changes."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from program import Served, begin, run
from vault import open_vault

MAILGUN = ("--service", "mailgun", "--token", "env:MAILGUN_API_KEY", "--region", "eu")
POSTMARK = (
    "--service",
    "postmark",
    "--token",
    "env:POSTMARK_SERVER_TOKEN",
    "--account-token",
    "env:POSTMARK_ACCOUNT_TOKEN",
)
REACHED = "service: mailgun, token: {env: MAILGUN_API_KEY}, region: eu"
PASSWORD, HEADER = "correct-horse-7", "battery-staple-9"


def add_domain(box: Served, name: str) -> None:
    port = box.ports["mailgun_eu"]
    url, login = f"{port['url']}/v4/domains", ("api", port["api_key"])
    httpx.post(url, data={"name": name}, auth=login, trust_env=False).raise_for_status()


@contextmanager
def importing_slowly(box: Served, folder: Path, *arguments: str) -> Iterator[list[str]]:
    """Yield while an import reads; at the end there is its exit code, and what it told."""
    box.control("mailgun_eu", "POST", "latency", {"seconds": 0.3})
    came: list[str] = []
    before = len(box.requests())
    with begin(box, folder, "import", *arguments) as process:
        while len(box.requests()) == before:
            assert process.poll() is None
        yield came
        _, told = process.communicate(timeout=60)
    came += [str(process.returncode), told]


@pytest.fixture
def hooked(box: Served) -> Served:
    """Return an account with a webhook that holds secrets."""
    box.postmark(
        "POST",
        "/webhooks",
        {
            "Url": "https://hooks.example.com/pm",
            "HttpAuth": {"Username": "esp", "Password": PASSWORD},
            "HttpHeaders": [{"Name": "X-Token", "Value": HEADER}],
            "Triggers": {"Bounce": {"Enabled": True}},
        },
    )
    return box


def test_a_new_file_is_printed_and_only_read_for(box: Served, tmp_path: Path) -> None:
    done = run("import", *MAILGUN, cwd=tmp_path, env=box.env)
    assert done.code == 0
    assert done.out.startswith("# yaml-language-server: $schema=esp.schema.json\nversion: 1\n")
    assert "\n      promo.example.com: " in done.out
    assert done.err == "1 domain imported.\n"
    assert list(tmp_path.iterdir()) == []
    assert all(each.startswith("GET ") for each in box.requests())


def test_what_was_imported_is_planned_without_changes_and_not_imported_again(
    box: Served, tmp_path: Path
) -> None:
    assert run("import", *POSTMARK, "--out", "esp.yaml", cwd=tmp_path, env=box.env).code == 0
    assert run("plan", "--detailed-exitcode", cwd=tmp_path, env=box.env).code == 0
    before = (tmp_path / "esp.yaml").read_bytes()
    again = run("import", cwd=tmp_path, env=box.env)
    assert (again.code, again.out, again.err) == (0, "", "Nothing to import.\n")
    assert (tmp_path / "esp.yaml").read_bytes() == before


def test_a_file_that_is_there_is_not_written_over_without_a_word(
    box: Served, tmp_path: Path
) -> None:
    (tmp_path / "esp.yaml").write_text("mine", encoding="utf-8")
    refused = run("import", *MAILGUN, "--out", "esp.yaml", cwd=tmp_path, env=box.env)
    assert refused.code == 64
    assert "--force" in refused.err
    assert (tmp_path / "esp.yaml").read_text(encoding="utf-8") == "mine"
    forced = run("import", *MAILGUN, "--out", "esp.yaml", "--force", cwd=tmp_path, env=box.env)
    assert forced.code == 0
    assert run("plan", "--detailed-exitcode", cwd=tmp_path, env=box.env).code == 0


def test_secrets_become_references_and_are_told_by_name_only(
    hooked: Served, tmp_path: Path
) -> None:
    done = run("import", *POSTMARK, "--out", "esp.yaml", cwd=tmp_path, env=hooked.env)
    text = (tmp_path / "esp.yaml").read_text(encoding="utf-8")
    assert done.code == 0
    for secret in (PASSWORD, HEADER):
        assert secret not in done.out + done.err + text
    names = {
        "ESP_HOOK_HOOKS_EXAMPLE_COM_PASSWORD": PASSWORD,
        "ESP_HOOK_HOOKS_EXAMPLE_COM_X_TOKEN": HEADER,
    }
    assert done.err.splitlines()[-3:] == [
        "To be set before the next plan, to what is live:",
        *(f"  {name}" for name in names),
    ]
    env = {**hooked.env, **names}
    assert run("plan", "--detailed-exitcode", cwd=tmp_path, env=env).code == 0


def test_secrets_go_into_an_encrypted_file(hooked: Served, tmp_path: Path) -> None:
    vault = open_vault(tmp_path)
    env = {**hooked.env, **vault.environment}
    arguments = ("--out", "esp.yaml", "--secrets", "secrets.sops.yaml")
    done = run("import", *POSTMARK, *arguments, cwd=vault.folder, env=env)
    assert done.code == 0
    assert done.err.endswith("2 secrets kept in secrets.sops.yaml.\n")
    stored = (vault.folder / "secrets.sops.yaml").read_text(encoding="utf-8")
    text = (vault.folder / "esp.yaml").read_text(encoding="utf-8")
    assert "{sops: {file: secrets.sops.yaml, key: ESP_HOOK_HOOKS_EXAMPLE_COM_PASSWORD}}" in text
    for secret in (PASSWORD, HEADER):
        assert secret not in stored + text + done.out + done.err
    assert run("plan", "--detailed-exitcode", cwd=vault.folder, env=env).code == 0


def test_a_dry_run_shows_a_diff_and_writes_nothing(box: Served, folder: Path) -> None:
    before = (folder / "esp.yaml").read_bytes()
    done = run("import", "--dry-run", cwd=folder, env=box.env)
    assert done.code == 0
    assert done.out.startswith("--- esp.yaml\n+++ esp.yaml\n@@")
    added = [line for line in done.out.splitlines()[2:] if line.startswith(("+", "-"))]
    assert added
    assert all(line.startswith("+") for line in added)
    assert (folder / "esp.yaml").read_bytes() == before


def test_a_file_that_is_not_there_is_begun(box: Served, tmp_path: Path) -> None:
    assert run("import", *MAILGUN, "esp.yaml", cwd=tmp_path, env=box.env).code == 0
    assert run("plan", "--detailed-exitcode", cwd=tmp_path, env=box.env).code == 0
    nowhere = run("import", *MAILGUN, "no/esp.yaml", cwd=tmp_path, env=box.env)
    assert nowhere.code == 64
    assert "no/esp.yaml: its folder is not there, or not yours to write to" in nowhere.err


def test_a_provider_is_begun_in_a_file_that_has_others(box: Served, tmp_path: Path) -> None:
    run("import", *MAILGUN, "--out", "esp.yaml", cwd=tmp_path, env=box.env)
    before = (tmp_path / "esp.yaml").read_text(encoding="utf-8")
    done = run("import", *POSTMARK, "esp.yaml", cwd=tmp_path, env=box.env)
    assert done.code == 0
    after = (tmp_path / "esp.yaml").read_text(encoding="utf-8")
    assert after.startswith(before)
    assert "\n  postmark:\n    service: postmark\n" in after
    assert run("plan", "--detailed-exitcode", cwd=tmp_path, env=box.env).code == 0
    taken = run("import", *POSTMARK, "esp.yaml", cwd=tmp_path, env=box.env)
    assert taken.code == 64
    assert "esp.yaml:" in taken.err
    assert "--provider names another" in taken.err


def test_who_reaches_the_same_account_is_told_that_each_thing_is_declared_once(
    box: Served, tmp_path: Path
) -> None:
    run("import", *MAILGUN, "--out", "esp.yaml", cwd=tmp_path, env=box.env)
    again = run("import", *MAILGUN, "--provider", "b", "esp.yaml", cwd=tmp_path, env=box.env)
    assert again.code == 0
    told = "`mailgun` and `b` reach one account: what they all see is declared once.\n"
    assert told in again.err
    other = run("import", *POSTMARK, "esp.yaml", cwd=tmp_path, env=box.env)
    assert "reach one account" not in other.err
    for name in ("c", "d", "e", "f"):
        more = run("import", *MAILGUN, "--provider", name, "esp.yaml", cwd=tmp_path, env=box.env)
    assert "`mailgun`, `b`, `c`, `d` and 2 more reach one account" in more.err


def test_a_server_that_is_declared_already_is_not_declared_again(
    hooked: Served, tmp_path: Path
) -> None:
    run(
        "import", *POSTMARK, "--provider", "mine", "--out", "esp.yaml", cwd=tmp_path, env=hooked.env
    )
    before = (tmp_path / "esp.yaml").read_text(encoding="utf-8")
    again = run("import", *POSTMARK, "--provider", "b", "esp.yaml", cwd=tmp_path, env=hooked.env)
    assert "Nothing to import.\n" in again.err
    assert "`mine` and `b` reach one account: what they all see is declared once." in again.err
    account = ("--service", "postmark", "--account-token", "env:POSTMARK_ACCOUNT_TOKEN")
    (tmp_path / "esp.yaml").write_text(before, encoding="utf-8")
    every = run("import", *account, "--all-servers", "esp.yaml", cwd=tmp_path, env=hooked.env)
    assert every.code == 0
    after = (tmp_path / "esp.yaml").read_text(encoding="utf-8")
    assert after.startswith(before)
    assert after.count("https://hooks.example.com/") == before.count("https://hooks.example.com/")
    assert "ESP_HOOK" not in after.removeprefix(before)


def test_all_servers_of_an_account_get_a_provider_each(box: Served, tmp_path: Path) -> None:
    for name in ("Acme Shop", "acme shop!"):
        box.postmark("POST", "/servers", {"Name": name, "TrackOpens": True})
    arguments = ("--service", "postmark", "--account-token", "env:POSTMARK_ACCOUNT_TOKEN")
    done = run(
        "import", *arguments, "--all-servers", "--out", "esp.yaml", cwd=tmp_path, env=box.env
    )
    assert done.code == 0
    text = (tmp_path / "esp.yaml").read_text(encoding="utf-8")
    assert "\n  acme-shop:\n    service: postmark\n" in text
    assert "\n  acme-shop-2:\n" in text
    assert text.count("old.example.com") == 1
    assert run("plan", "--detailed-exitcode", cwd=tmp_path, env=box.env).code == 0


def test_only_what_is_selected_is_imported(box: Served, tmp_path: Path) -> None:
    only = ("--only", "postmark/webhooks/*", "--only", "*/old.example.com")
    done = run("import", *POSTMARK, *only, cwd=tmp_path, env=box.env)
    assert done.err == "1 domain and 1 webhook imported.\n"
    assert "old.example.com" in done.out
    assert "senders" not in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--service", "mailgun", "--token", "key-0123456789abcdef"), "never the value"),
        ((*POSTMARK, "--region", "eu"), "--region is for mailgun"),
        ((*MAILGUN, "--account-token", "env:X"), "--account-token is for postmark"),
        ((*MAILGUN, "--server", "X"), "--server is for postmark"),
        (("--token", "env:X"), "--token is for a provider that --service begins"),
        (("--service", "mailgun", "--token", "env:X", "--all-servers"), "--account-token"),
        ((*MAILGUN, "--out", "a.yaml", "b.yaml"), "one FILE"),
        (("nowhere.yaml",), "no such file"),
        ((*MAILGUN, "--out", "nowhere/esp.yaml"), "its folder is not there"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_is_read(
    box: Served, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = run("import", *arguments, cwd=tmp_path, env=box.env)
    assert done.code != 0
    assert words in done.err
    assert "0123456789abcdef" not in done.err
    assert box.requests() == []
    assert list(tmp_path.iterdir()) == []


def test_a_refused_token_leaves_nothing_half_written(box: Served, tmp_path: Path) -> None:
    env = {**box.env, "MAILGUN_API_KEY": "key-of-nobody"}
    done = run("import", *MAILGUN, "--out", "esp.yaml", cwd=tmp_path, env=env)
    assert done.code == 1
    assert "The key is not accepted here" in done.err
    assert list(tmp_path.iterdir()) == []


def test_in_a_folder_each_file_gets_what_belongs_to_its_providers(
    box: Served, tmp_path: Path
) -> None:
    below = tmp_path / "conf" / "below"
    below.mkdir(parents=True)
    head = "version: 1\nproviders:\n  "
    mailgun = "m: {service: mailgun, token: {env: MAILGUN_API_KEY}, region: eu}\n"
    postmark = "p: {service: postmark, token: {env: POSTMARK_SERVER_TOKEN}}\n"
    (below / "m.yaml").write_text(head + mailgun, encoding="utf-8")
    (below.parent / "p.yaml").write_text(head + postmark, encoding="utf-8")
    (below.parent / "compose.yaml").write_text("services: {web: {image: x}}\n", encoding="utf-8")
    done = run("import", "--recursive", "conf", cwd=tmp_path, env=box.env)
    assert done.code == 0
    assert "promo.example.com" in (below / "m.yaml").read_text(encoding="utf-8")
    assert "legacy-digest" in (below.parent / "p.yaml").read_text(encoding="utf-8")
    again = run("plan", "--recursive", "--detailed-exitcode", "conf", cwd=tmp_path, env=box.env)
    assert again.code == 0


def test_what_our_schema_refuses_is_left_out_and_told_and_asks_for_no_secret(
    box: Served, tmp_path: Path
) -> None:
    hook = {"Triggers": {"Bounce": {"Enabled": True}}, "HttpAuth": {"Username": "u"}}
    for host in ("user:pass@h.example.com", "h.example.com/?token=abcdef0123456789"):
        auth = {"Username": "u", "Password": f"canary-{host[:4]}"}
        box.postmark("POST", "/webhooks", {**hook, "Url": f"https://{host}", "HttpAuth": auth})
    box.control(
        "postmark",
        "POST",
        "faults",
        {
            "path": "/message-streams",
            "status": 200,
            "method": "GET",
            "times": 1,
            "body": {
                "MessageStreams": [
                    {
                        "ID": "UPPER-Case",
                        "ServerID": 1,
                        "Name": "x",
                        "MessageStreamType": "Transactional",
                    }
                ],
                "TotalCount": 1,
            },
        },
    )
    done = run("import", *POSTMARK, cwd=tmp_path, env=box.env)
    assert done.code == 0
    text = done.out + done.err
    for secret in ("user:pass", "abcdef0123456789", "canary"):
        assert secret not in text
    assert "Not declared: postmark/streams/UPPER-Case: " in done.err
    assert "    # not declared: postmark/webhooks/outbound/https://" in done.out
    assert "To be set" not in done.err


def second_hook(box: Served) -> None:
    body = {
        "Url": "https://hooks.example.com/second",
        "HttpAuth": {"Username": "esp", "Password": "another-password-3"},
        "Triggers": {"Bounce": {"Enabled": True}},
    }
    box.postmark("POST", "/webhooks", body)


def test_a_later_import_leaves_the_secrets_that_are_kept_already(
    hooked: Served, tmp_path: Path
) -> None:
    vault = open_vault(tmp_path)
    env = {**hooked.env, **vault.environment}
    kept = ("--secrets", "secrets.sops.yaml")
    run("import", *POSTMARK, "--out", "esp.yaml", *kept, cwd=vault.folder, env=env)
    second_hook(hooked)
    done = run("import", *kept, cwd=vault.folder, env=env)
    assert done.err.splitlines()[-1] == "1 secret kept in secrets.sops.yaml."
    plan = run("plan", "--detailed-exitcode", cwd=vault.folder, env=env)
    assert plan.code == 0, plan.out
    first = vault.resolve("ESP_HOOK_HOOKS_EXAMPLE_COM_PASSWORD").reveal()
    second = vault.resolve("ESP_HOOK_HOOKS_EXAMPLE_COM_PASSWORD_2").reveal()
    assert (first, second) == (PASSWORD, "another-password-3")


def test_an_import_that_was_cut_off_keeps_no_secret_twice(hooked: Served, tmp_path: Path) -> None:
    vault = open_vault(tmp_path)
    env = {**hooked.env, **vault.environment}
    arguments = ("import", *POSTMARK, "--out", "esp.yaml", "--secrets", "secrets.sops.yaml")
    run(*arguments, cwd=vault.folder, env=env)
    text = (vault.folder / "esp.yaml").read_text(encoding="utf-8")
    stored = (vault.folder / "secrets.sops.yaml").read_bytes()
    (vault.folder / "esp.yaml").unlink()
    again = run(*arguments, cwd=vault.folder, env=env)
    assert again.code == 0, again
    assert (vault.folder / "esp.yaml").read_text(encoding="utf-8") == text
    assert (vault.folder / "secrets.sops.yaml").read_bytes() == stored
    assert "kept in" not in again.err
    assert run("plan", "--detailed-exitcode", cwd=vault.folder, env=env).code == 0


def test_a_variable_that_the_yaml_names_already_stays_what_it_is(
    hooked: Served, tmp_path: Path
) -> None:
    run("import", *POSTMARK, "--out", "esp.yaml", cwd=tmp_path, env=hooked.env)
    second_hook(hooked)
    done = run("import", cwd=tmp_path, env=hooked.env)
    assert done.err.splitlines()[-1] == "  ESP_HOOK_HOOKS_EXAMPLE_COM_PASSWORD_2"


def test_a_list_that_a_profile_says_goes_on_being_declared(box: Served, tmp_path: Path) -> None:
    hook = "https://hooks.example.com/of-the-profile"
    text = (
        "version: 1\nprofiles:\n  customer:\n    service: postmark\n"
        f"    webhooks: [{{url: {hook}, triggers: [bounce]}}]\n"
        "providers:\n  acme: {profile: customer, token: {env: POSTMARK_SERVER_TOKEN}}\n"
    )
    (tmp_path / "esp.yaml").write_text(text, encoding="utf-8")
    box.postmark("POST", "/webhooks", {"Url": hook, "Triggers": {"Bounce": {"Enabled": True}}})
    assert run("import", cwd=tmp_path, env=box.env).code == 0
    plan = run("plan", "--detailed-exitcode", cwd=tmp_path, env=box.env)
    assert plan.code == 0
    assert "Unmanaged" not in plan.out
    assert run("import", cwd=tmp_path, env=box.env).err == "Nothing to import.\n"


@pytest.mark.parametrize(
    "provider",
    [
        f"  m: {{{REACHED}, webhooks: {{opened: []}}}}\n",
        "  m: {profile: base, token: {env: MAILGUN_API_KEY}}\n",
    ],
)
def test_a_domain_that_cannot_answer_what_its_provider_says_is_left_out_alone(
    box: Served, tmp_path: Path, provider: str
) -> None:
    profile = "  base: {service: mailgun, region: eu, webhooks: {opened: []}}\n"
    head = f"version: 1\nprofiles:\n{profile}" if "profile" in provider else "version: 1\n"
    (tmp_path / "esp.yaml").write_text(f"{head}providers:\n{provider}", encoding="utf-8")
    url, auth = box.ports["mailgun_eu"]["url"], ("api", box.ports["mailgun_eu"]["api_key"])
    for name, hook in (("a.example.com", "https://u:pw1234@h.example.com/"), ("b.example.com", "")):
        httpx.post(f"{url}/v4/domains", data={"name": name}, auth=auth, trust_env=False)
        if hook:
            path = f"{url}/v3/domains/{name}/webhooks"
            form = {"id": "opened", "url": hook}
            httpx.post(path, data=form, auth=auth, trust_env=False).raise_for_status()
    done = run("import", cwd=tmp_path, env=box.env)
    assert done.code == 0, done.err
    assert "Not declared: m/domains/a.example.com: a plan would change `opened`" in done.err
    assert "pw1234" not in done.err + (tmp_path / "esp.yaml").read_text(encoding="utf-8")
    assert "b.example.com" in (tmp_path / "esp.yaml").read_text(encoding="utf-8")
    assert run("plan", "--detailed-exitcode", cwd=tmp_path, env=box.env).code == 0


def test_a_link_is_written_through_and_stays_one(box: Served, tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "esp.yaml"
    real.write_text(f"version: 1\nproviders:\n  m: {{{REACHED}}}\n", encoding="utf-8")
    link.symlink_to("real.yaml")
    assert run("import", cwd=tmp_path, env=box.env).code == 0
    assert link.is_symlink()
    assert "promo.example.com" in real.read_text(encoding="utf-8")


def test_a_forced_dry_run_shows_what_would_be_lost(box: Served, tmp_path: Path) -> None:
    (tmp_path / "esp.yaml").write_text("mine: important\n", encoding="utf-8")
    arguments = ("--out", "esp.yaml", "--force", "--dry-run")
    done = run("import", *MAILGUN, *arguments, cwd=tmp_path, env=box.env)
    assert "\n-mine: important\n" in done.out


def test_a_pattern_that_meets_nothing_is_an_error(box: Served, tmp_path: Path) -> None:
    only = ("--only", "mailgun/domains/promo.example.con", "--out", "esp.yaml")
    done = run("import", *MAILGUN, *only, cwd=tmp_path, env=box.env)
    assert done.code == 64
    assert "no address matches" in done.err
    assert list(tmp_path.iterdir()) == []


def test_one_name_that_cannot_stand_takes_no_other_with_it(box: Served, tmp_path: Path) -> None:
    for name in ("_dmarc.example.org", "abc.example.org"):
        add_domain(box, name)
    done = run("import", *MAILGUN, "--out", "esp.yaml", cwd=tmp_path, env=box.env)
    text = (tmp_path / "esp.yaml").read_text(encoding="utf-8")
    assert "      abc.example.org: " in text
    assert "      promo.example.com: " in text
    told = [line for line in done.err.splitlines() if line.startswith("Not declared: ")]
    assert [line.split(": ")[1] for line in told] == ["mailgun/domains/_dmarc.example.org"]
    assert run("plan", cwd=tmp_path, env=box.env).code == 0


def test_what_no_reference_leads_to_is_left_out(box: Served, tmp_path: Path) -> None:
    token = box.env["POSTMARK_SERVER_TOKEN"]
    values = ["", " blank", "two\nlines", "\x01", token, "fine-1"]
    for number, value in enumerate(values):
        hook = {
            "Url": f"https://hooks.example.com/{number}",
            "HttpHeaders": [{"Name": "X-Key", "Value": value}],
            "Triggers": {"Bounce": {"Enabled": True}},
        }
        box.postmark("POST", "/webhooks", hook)
    done = run("import", *POSTMARK, "--out", "esp.yaml", cwd=tmp_path, env=box.env)
    text = (tmp_path / "esp.yaml").read_text(encoding="utf-8")
    assert "https://hooks.example.com/5" in text
    assert text.count("url: https://hooks.example.com/") == 1
    assert done.err.count("Not declared: ") == 5
    env = {**box.env, "ESP_HOOK_HOOKS_EXAMPLE_COM_X_KEY": "fine-1"}
    plan = run("plan", "--detailed-exitcode", cwd=tmp_path, env=env)
    assert plan.code == 0, plan


def test_a_file_that_changes_meanwhile_is_not_written_over(box: Served, tmp_path: Path) -> None:
    path = tmp_path / "esp.yaml"
    path.write_text(f"version: 1\nproviders:\n  m: {{{REACHED}}}\n", encoding="utf-8")
    with importing_slowly(box, tmp_path, "esp.yaml") as came:
        path.write_text(path.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    code, told = came
    assert code == "64"
    assert "esp.yaml: it was changed meanwhile; nothing was written, run again" in told
    assert path.read_text(encoding="utf-8").endswith("# mine\n")
    with importing_slowly(box, tmp_path, *MAILGUN, "--out", "new.yaml") as came:
        (tmp_path / "new.yaml").write_text("mine", encoding="utf-8")
    assert came[0] == "64"
    assert (tmp_path / "new.yaml").read_text(encoding="utf-8") == "mine"


def test_who_may_write_a_file_may_still_do_so(box: Served, tmp_path: Path) -> None:
    path = tmp_path / "esp.yaml"
    path.write_text(f"version: 1\nproviders:\n  m: {{{REACHED}}}\n", encoding="utf-8")
    path.chmod(0o664)
    assert run("import", "esp.yaml", cwd=tmp_path, env=box.env).code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o664


def test_what_a_provider_says_by_itself_is_answered_at_each_domain(
    box: Served, tmp_path: Path
) -> None:
    for name in ("a.example.org", "b.example.org"):
        add_domain(box, name)
    (tmp_path / "esp.yaml").write_text(
        "version: 1\nproviders:\n  m:\n    service: mailgun\n    token: {env: MAILGUN_API_KEY}\n"
        "    region: eu\n    tracking: {dkim_signing: true}\n",
        encoding="utf-8",
    )
    done = run("import", cwd=tmp_path, env=box.env)
    assert done.err == "3 domains imported.\n"
    assert run("plan", "--detailed-exitcode", cwd=tmp_path, env=box.env).code == 0
    assert run("import", cwd=tmp_path, env=box.env).err == "Nothing to import.\n"


def test_what_is_taken_away_from_a_profile_is_left_out(box: Served, tmp_path: Path) -> None:
    text = (
        "version: 1\nprofiles:\n  p:\n    service: mailgun\n    domains: {nope.example.org: {}}\n"
        "providers:\n  m:\n    profile: p\n    token: {env: MAILGUN_API_KEY}\n    region: eu\n"
        "    domains: null\n"
    )
    (tmp_path / "esp.yaml").write_text(text, encoding="utf-8")
    done = run("import", cwd=tmp_path, env=box.env)
    assert done.code == 0, done
    assert "m/domains/promo.example.com: the YAML takes away, with `null`, what a" in done.err
    after = (tmp_path / "esp.yaml").read_text(encoding="utf-8")
    assert after.startswith(text.rstrip())
    assert run("plan", "--detailed-exitcode", cwd=tmp_path, env=box.env).code == 0
