// node follow.cjs <url>: what npm's EventSource saw of a stream, as JSON. NODE_PATH says where it is installed.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

globalThis.EventSource = require("eventsource").EventSource;
const follow = eval(readFileSync(join(__dirname, "follow.js"), "utf8"));
follow(process.argv[2]).then((seen) => process.stdout.write(JSON.stringify(seen)));
