// Mailgun's own JavaScript client drives a sandbox: `node cycles.mjs CYCLE [REGION] [TRANSPORT]`.
//
// Each cycle prints, as JSON, what the client made of the answers; the tests in Python judge it.
// MAILGUN_US_URL, MAILGUN_EU_URL and MAILGUN_API_KEY lead to the sandbox.

import { generateKeyPairSync } from 'node:crypto';
import process from 'node:process';
import FormDataPackage from 'form-data';
import Mailgun from 'mailgun.js';

const NAME = 'mg.example.org';
const VERIFIED = 'mg.example.net';
const HOOK = 'https://hooks.example.com';
const LIST = 'name,email\nAnn,ann@example.com\nAnn,ANN@example.com\nBob,bob@x.invalid\n';
const URLS = { us: process.env.MAILGUN_US_URL, eu: process.env.MAILGUN_EU_URL };

// Each writes its multipart bodies in its own way.
const TRANSPORTS = {
  'built-in': (options) => new Mailgun(FormData).client(options),
  'form-data': (options) => new Mailgun(FormDataPackage).client(options),
  fetch: (options) => new Mailgun(FormData).client({ ...options, useFetch: true }),
};

function connect(region = 'us', transport = 'built-in', key = process.env.MAILGUN_API_KEY) {
  return TRANSPORTS[transport]({ username: 'api', key, url: URLS[region] });
}

async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    const { status, message, details } = error;
    return { status, message, details };
  }
  throw new Error('the sandbox should have refused');
}

async function domains({ domains: all }) {
  return {
    created: await all.create({ name: NAME, spam_action: 'tag', wildcard: true }),
    taken: await refusal(all.create({ name: NAME })),
    got: await all.get(NAME),
    extended: await all.get(NAME, { extended: true, with_dns: false }),
    listed: await all.list(),
    found: await all.list({ search: 'example.org', limit: 1, skip: 0 }),
    updated: await all.update(NAME, { spam_action: 'block', wildcard: false, web_prefix: 'links' }),
    prefixed: await all.updateWebPrefix(NAME, { webPrefix: 'click' }),
    verified: await all.verify(NAME),
    connection: await all.updateConnection(NAME, { require_tls: true, skip_verification: true }),
    connected: await all.getConnection(NAME),
    destroyed: await all.destroy(NAME),
    unknown: await refusal(all.get('no.example.org')),
  };
}

async function verification({ domains: all }) {
  return { created: await all.create({ name: NAME }), verified: await all.verify(NAME) };
}

async function regions() {
  const here = connect('us').domains;
  const there = connect('eu').domains;
  return {
    created: await there.create({ name: NAME }),
    taken: await refusal(here.create({ name: NAME })),
    missing: await refusal(here.get(NAME)),
    sent: await refusal(connect('eu').messages.create(VERIFIED, letter())),
  };
}

async function tracking({ domains: all }) {
  await all.create({ name: NAME });
  const flags = all.domainTracking;
  return {
    untouched: await flags.getTracking(NAME),
    open: await flags.updateTracking(NAME, 'open', { active: true, place_at_the_top: true }),
    click: await flags.updateTracking(NAME, 'click', { active: 'htmlonly' }),
    unsubscribe: await flags.updateTracking(NAME, 'unsubscribe', {
      active: true,
      html_footer: '<p>%unsubscribe_url%</p>',
      text_footer: 'Leave: %unsubscribe_url%',
    }),
    touched: await flags.getTracking(NAME),
    off: await flags.updateTracking(NAME, 'click', { active: false }),
  };
}

async function certificate({ domains: all }) {
  await all.create({ name: NAME });
  const host = `email.${NAME}`;
  return {
    missing: await refusal(all.domainTracking.get(host)),
    generated: await all.domainTracking.generate(host),
    again: await refusal(all.domainTracking.generate(host)),
    got: await all.domainTracking.get(host),
    regenerated: await refusal(all.domainTracking.regenerate(host)),
  };
}

async function webhooks({ domains: all, webhooks: hooks }) {
  await all.create({ name: NAME });
  return {
    none: await hooks.list(NAME),
    created: await hooks.create(NAME, 'clicked', `${HOOK}/a`),
    duplicate: await refusal(hooks.create(NAME, 'clicked', `${HOOK}/b`)),
    updated: await hooks.update(NAME, 'clicked', [`${HOOK}/b`, `${HOOK}/c`]),
    got: await hooks.get(NAME, 'clicked'),
    listed: await hooks.list(NAME),
    invalid: await refusal(hooks.create(NAME, 'opened', 'no-url')),
    destroyed: await hooks.destroy(NAME, 'clicked'),
    missing: await refusal(hooks.get(NAME, 'clicked')),
  };
}

function privateKey() {
  const encoding = { type: 'pkcs1', format: 'pem' };
  const options = { modulusLength: 1024, privateKeyEncoding: encoding };
  return generateKeyPairSync('rsa', options).privateKey;
}

async function keys({ domains: all }) {
  await all.create({ name: NAME });
  const { domainKeys } = all;
  const second = { signingDomain: NAME, selector: 'second', bits: '2048' };
  return {
    created: await domainKeys.create(second),
    duplicate: await refusal(domainKeys.create(second)),
    imported: await domainKeys.create({ ...second, selector: 'mine', pem: privateKey() }),
    listed: await domainKeys.list(NAME),
    activated: await domainKeys.activate(NAME, 'second'),
    both: await domainKeys.activate(NAME, 'smtp'),
    deactivated: await domainKeys.deactivate(NAME, 'smtp'),
    last: await refusal(domainKeys.destroy(NAME, 'second')),
    destroyed: await domainKeys.destroy(NAME, 'smtp'),
    missing: await refusal(domainKeys.activate(NAME, 'smtp')),
    kept: await domainKeys.list(NAME),
  };
}

async function keyPages({ domains: all, request }) {
  const names = Array.from({ length: 10 }, (_, index) => `d${index}.example.org`);
  for (const name of names) {
    await all.create({ name });
  }
  const first = await all.domainKeys.listAll({});
  return {
    first,
    // `listAll` sends no page, whatever it is given.
    second: (await request.get(`/v1/dkim/keys${first.pages.next.page}`)).body,
    one: await all.domainKeys.listAll({ signingDomain: 'd3.example.org', selector: 'smtp' }),
  };
}

async function selectors({ domains: all }) {
  await all.create({ name: 'example.org' });
  await all.create({ name: NAME });
  const { domainKeys } = all;
  return {
    renamed: await domainKeys.updateDKIMSelector('example.org', { dkimSelector: 'fresh' }),
    inherited: await domainKeys.updateDKIMAuthority(NAME, { self: 'false' }),
    moved: await domainKeys.updateDKIMAuthority(NAME, { self: 'true' }),
    got: await all.get('example.org'),
  };
}

async function rotation({ domains: all, dkimManagement }) {
  await all.create({ name: NAME, use_automatic_sender_security: true });
  const rule = { rotation_enabled: true, rotation_interval: '7d' };
  return {
    updated: await dkimManagement.update(NAME, rule),
    early: await refusal(dkimManagement.rotateImmediately(NAME)),
  };
}

function letter(changes = {}) {
  return { from: `Ann <ann@${VERIFIED}>`, to: 'bob@example.com', text: 'Hello', ...changes };
}

async function messages({ messages: post, domains: all }) {
  await all.create({ name: NAME });
  const send = (changes, name = VERIFIED) => post.create(name, letter(changes));
  return {
    queued: await send({ 'o:testmode': true, 'o:tag': ['one', 'two'], 'o:tracking-clicks': false }),
    attached: await send({
      to: ['bob@example.com', 'cyd@example.com'],
      html: '<p>Hello</p>',
      attachment: [{ filename: 'a.txt', data: Buffer.from('a') }, { filename: 'b', data: 'b' }],
      'h:Reply-To': 'cyd@example.com',
      'recipient-variables': JSON.stringify({ 'bob@example.com': { id: 1 } }),
    }),
    mime: await post.create(VERIFIED, { to: 'bob@example.com', message: 'Subject: Hi\n\nHello' }),
    queue: await post.getMessagesQueueStatus(VERIFIED),
    nobody: await refusal(send({ to: '' })),
    nowhere: await refusal(send({ to: 'bob' })),
    anonymous: await refusal(send({ from: '' })),
    empty: await refusal(send({ text: '' })),
    ambiguous: await refusal(send({ html: '<p>Hello</p>', template: 'hello' })),
    tagged: await refusal(send({ 'o:tag': ['one', 'two', 'three', 'four'] })),
    unverified: await refusal(send({}, NAME)),
    foreign: await refusal(send({}, 'no.example.org')),
  };
}

async function validation({ validate }) {
  return {
    fine: await validate.get('ann@example.com'),
    bad: await validate.get('bob+news@x.invalid'),
    none: await refusal(validate.get('')),
  };
}

async function bulkUpload({ validate: { multipleValidation: bulk } }) {
  const file = { filename: 'list.csv', data: Buffer.from(LIST) };
  return {
    created: await bulk.create('spring', { file }),
    duplicate: await refusal(bulk.create('spring', { file: LIST })),
    text: await bulk.create('summer', { file: LIST }),
    headless: await refusal(bulk.create('autumn', { file: 'ann@example.com\n' })),
    got: await bulk.get('spring'),
    canceled: await bulk.destroy('summer'),
    gone: await refusal(bulk.get('summer')),
  };
}

// Without waiting: the sandbox's jobs last no longer than the test asks for.
async function bulkFollow({ validate: { multipleValidation: bulk } }) {
  await bulk.create('spring', { file: LIST });
  const states = [];
  while (states.at(-1) !== 'uploaded') {
    const { status } = await bulk.get('spring');
    if (status !== states.at(-1)) {
      states.push(status);
    }
  }
  return { states };
}

async function bulkResults({ validate: { multipleValidation: bulk } }) {
  for (const name of ['spring', 'summer']) {
    await bulk.create(name, { file: LIST });
  }
  const first = await bulk.list({ limit: 1 });
  return {
    got: await bulk.get('spring'),
    first,
    second: await bulk.list({ page: first.pages.next.page }),
  };
}

async function bulkDestroy({ validate: { multipleValidation: bulk } }) {
  return { destroyed: await bulk.destroy('spring'), got: await bulk.get('spring') };
}

async function suppressions({ suppressions: lists }) {
  const told = {};
  for (const list of ['bounces', 'complaints', 'unsubscribes', 'whitelists']) {
    told[list] = {
      created: await lists.create(VERIFIED, list, { address: 'Ann@example.com' }),
      got: await lists.get(VERIFIED, list, 'ann@example.com'),
      uploaded: await lists.upload(VERIFIED, list, 'address\nbob@example.com\neve@example.com\n'),
      listed: await lists.list(VERIFIED, list, { limit: 2 }),
      destroyed: await lists.destroy(VERIFIED, list, 'ann@example.com'),
      missing: await refusal(lists.get(VERIFIED, list, 'ann@example.com')),
      cleared: await lists.destroyAll(VERIFIED, list),
      none: await lists.list(VERIFIED, list),
    };
  }
  return told;
}

async function suppressionPages({ suppressions: lists }) {
  const addresses = ['a', 'b', 'c'].map((name) => ({ address: `${name}@example.com` }));
  const many = [
    { address: 'ann@example.com', tags: ['news'] },
    { address: 'bob@example.com', tags: ['*'] },
  ];
  const created = await lists.create(VERIFIED, 'bounces', addresses);
  const first = await lists.list(VERIFIED, 'bounces', { limit: 2 });
  const turn = (pages, to) => lists.list(VERIFIED, 'bounces', { page: pages[to].page });
  const second = await turn(first.pages, 'next');
  return {
    created,
    first,
    second,
    third: await turn(second.pages, 'next'),
    back: await turn(second.pages, 'previous'),
    left: await lists.create(VERIFIED, 'unsubscribes', many),
    tagged: await lists.create(VERIFIED, 'unsubscribes', { address: 'ann@example.com', tag: 'x' }),
    tags: await lists.get(VERIFIED, 'unsubscribes', 'ann@example.com'),
    allowed: await lists.create(VERIFIED, 'whitelists', { domain: 'example.com' }),
    wrong: await refusal(lists.create(VERIFIED, 'bounces', [{ address: 'nobody' }])),
  };
}

async function bulkFailure({ validate: { multipleValidation: bulk } }) {
  await bulk.create('spring', { file: { data: LIST, filename: 'spring.csv' } });
  return { got: await bulk.get('spring') };
}

async function subaccounts({ subaccounts: all }) {
  const { subaccount } = await all.create('Shop');
  return {
    created: subaccount,
    listed: await all.list({ limit: 10 }),
    disabled: await all.disable(subaccount.id),
    again: await refusal(all.disable(subaccount.id)),
    destroyed: await all.destroy(subaccount.id),
  };
}

async function credentials({ domains: all }) {
  await all.create({ name: NAME });
  const { domainCredentials: logins } = all;
  return {
    created: await logins.create(NAME, { login: 'ann', password: 'correct horse' }),
    mailbox: await logins.create(NAME, { mailbox: `bob@${NAME}`, password: 'correct horse' }),
    short: await refusal(logins.create(NAME, { login: 'cyd', password: 'abcd' })),
    nameless: await refusal(logins.create(NAME, { password: 'correct horse' })),
    listed: await logins.list(NAME, { limit: 10 }),
    updated: await logins.update(NAME, 'ann', { password: 'battery staple' }),
    missing: await refusal(logins.update(NAME, 'cyd', { password: 'battery staple' })),
    destroyed: await logins.destroy(NAME, 'ann'),
    all: await logins.destroyAll(NAME),
    none: await logins.list(NAME),
  };
}

async function wrongKey(_, region, transport) {
  const stranger = connect(region, transport, 'key-00000000000000000000000000000000');
  return {
    domains: await refusal(stranger.domains.list()),
    tracking: await refusal(stranger.domains.domainTracking.getTracking(VERIFIED)),
    webhooks: await refusal(stranger.webhooks.list(VERIFIED)),
    keys: await refusal(stranger.domains.domainKeys.list(VERIFIED)),
    validation: await refusal(stranger.validate.get('ann@example.com')),
    messages: await refusal(stranger.messages.create(VERIFIED, letter())),
  };
}

async function sendingKey({ apiKeys }, region, transport) {
  const wish = { role: 'sending', kind: 'domain', domain_name: VERIFIED, description: 'shop' };
  const { key } = await apiKeys.create(wish);
  const sender = connect(region, transport, key.secret);
  return {
    key,
    listed: await apiKeys.list({ domain_name: VERIFIED, kind: 'domain' }),
    queued: await sender.messages.create(VERIFIED, letter()),
    refused: await refusal(sender.domains.list()),
    destroyed: await apiKeys.destroy(key.id),
    expired: await refusal(sender.messages.create(VERIFIED, letter())),
  };
}

const CYCLES = {
  domains,
  verification,
  regions,
  tracking,
  certificate,
  webhooks,
  keys,
  keyPages,
  selectors,
  rotation,
  messages,
  validation,
  bulkUpload,
  bulkFollow,
  bulkResults,
  bulkDestroy,
  bulkFailure,
  suppressions,
  suppressionPages,
  subaccounts,
  credentials,
  wrongKey,
  sendingKey,
};

const [cycle, region, transport] = process.argv.slice(2);
const result = await CYCLES[cycle](connect(region, transport), region, transport);
process.stdout.write(JSON.stringify(result));
