"""One file with all kinds of mistakes: each is found at its place, and nothing else is."""

from loading import places

PLANTED = """\
# Every line that bears a mistake says with «n» in which column; columns count from 1.
versoin: 1                                                        # «1»
providers:
  transactional:
    service: postmrk                                              # «14»
    token: 2f1c6d4e-90ab-4cde-8f01-23456789abcd                   # «12»
    account_token: {env: ACCOUNT, file: account.txt}              # «20»
    sender: noreply.example.com                                   # «13»
    tracking:
      opens: yes                                                  # «14»
      links: HtmlAndText                                          # «14»
      delivery: true                                              # «17»
    domains:
      example.com: {return_path: bounces.example.org}             # «34»
      Example.com: {}                                             # «7»
      exa_mple.net: {}                                            # «7»
      old.example.com: {ensure: absent, return_path: pm.old.example.com}   # «33»
      gone.example.com: {ensure: absnt}                           # «34»
    streams:
      newsletter: {type: broadcast, name: 2024}                   # «26» «43»
      Receipts: {}                                                # «7»
      alerts: {type: transactional, name: Alerts, type: inbound}  # «51»
    webhooks:
      - {url: https://hooks.example.com/a, stream: newsleter}     # «52»
      - url: https://hooks.example.com/b
        triggers: [bounce, open, bounce]                          # «34»
      - {stream: outbound, triggers: [click]}                     # «9»
    advanced: {message_stream: promo, batch_size: 501,            # «32» «51»
      retry_attempts: 6, timeout: 4}                              # «23» «35»

  marketing:
    service: mailgun
    tokn: {env: MAILGUN_KEY}                                      # «5»
    region: europe                                                # «13»
    domain: mg.example.com                                        # «13»
    tracking: {opens: true, clicks: htmlonly, unsubscribe: {html_foter: x}}   # «37» «61»
    domains:
      promo.example.com:
        wildcard: 0x1                                             # «19»
        message_ttl: 1_000                                        # «22»
        spam_action:                                              # «21»
    webhooks: {delivered: https://hooks.example.com/c, bounced: []}   # «27» «56»
    advanced: {batch_size: 1001, testmode: 'false', tag_prefix: *prefix}   # «28» «44» «65»

  no:                                                             # «3»
    service: mailgun
  "not a name":                                                   # «3»
    service: mailgun
    token: {env: OTHER}
  third:                                                          # «3»
    domains: {}
  fourth: {service: mailgun, token: {evn: KEY}, zzzz: 0}          # «38» «49»
"""


def test_each_planted_mistake_is_one_finding_at_its_place() -> None:
    planted = [
        (number, int(mark.split("»")[0]))
        for number, line in enumerate(PLANTED.splitlines(), 1)
        if number > 1
        for mark in line.split("«")[1:]
    ]
    assert len(planted) >= 40
    assert places(PLANTED) == planted
