// Runs a fragment of DNSControl's with functions that record what they are called with, and that
// refuse what DNSControl refuses: a dotted target without a final dot, and a name with the zone.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const found = [];

function target(host) {
  if (!host.endsWith(".")) throw new Error(`target without a final dot: ${host}`);
  return host.slice(0, -1);
}

function maker(type, read) {
  return (name, ...rest) => {
    if (typeof name !== "string" || name === "") throw new Error(`name of a ${type}: ${name}`);
    const ttl = rest.pop().ttl;
    return { name, type, ttl, ...read(...rest) };
  };
}

function text(value, ...more) {
  if (typeof value !== "string" || more.length) throw new Error("one string is expected");
  return value;
}

const functions = {
  D_EXTEND: (zone, ...records) => {
    for (const { name, ...rest } of records) {
      found.push({ name: name === "@" ? zone : `${name}.${zone}`, ...rest });
    }
  },
  TTL: (ttl) => ({ ttl }),
  TXT: maker("TXT", (...values) => ({ value: text(...values) })),
  CNAME: maker("CNAME", (...values) => ({ value: target(text(...values)) })),
  A: maker("A", (...values) => ({ value: text(...values) })),
  AAAA: maker("AAAA", (...values) => ({ value: text(...values) })),
  MX: maker("MX", (priority, ...values) => ({ priority, value: target(text(...values)) })),
};

vm.runInNewContext(readFileSync(process.argv[2], "utf8"), functions);
process.stdout.write(JSON.stringify(found));
