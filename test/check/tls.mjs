// tls.mjs CITY - the pages without a proxy in front: an own authority, what it vouches
// for and for how long it stays the same, the plain page that gives it away, and the
// certificate of a public name from two files (made by openssl, which ca-certificates brings).
import { X509Certificate } from "node:crypto";
import { spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { get, request } from "node:https";
import { join } from "node:path";
import { checkServerIdentity, connect } from "node:tls";
import { compare as check } from "./report.mjs";
import { accounts, borrow, newId, serve } from "../program.mjs";

const [, , city] = process.argv;
const { folder, store } = borrow(city);
const [name, password] = accounts(city).find(([n]) => n.startsWith("grid-"));
const own = ["--tls", "local", "--trust", "127.0.0.1:0"];

const fetched = async (url) => new X509Certificate(Buffer.from(await (await fetch(`${url}authority.crt`)).arrayBuffer()));
// One request by the name a phone would use, trusting that authority alone.
const ask = (url, path, { host = "127.0.0.1", ca, method = "GET", body, headers } = {}) =>
    new Promise((resolve) => {
        const to = { host: "127.0.0.1", port: new URL(url).port, path, method, ca, agent: false, headers: { ...headers, Host: host },
            servername: /^[\d.]+$/.test(host) ? "" : host, checkServerIdentity: (_, cert) => checkServerIdentity(host, cert) };
        const asked = request(to, (answer) => {
            const seen = { status: answer.statusCode, cert: answer.socket.getPeerX509Certificate(), headers: answer.headers };
            let text = "";
            answer.setEncoding("utf8").on("data", (part) => (text += part)).on("end", () => resolve({ ...seen, text }));
        });
        asked.on("error", (e) => resolve({ error: e.code }));
        asked.end(body && JSON.stringify(body));
    });
const speaks = (url, version) =>
    new Promise((resolve) => {
        const to = { port: new URL(url).port, host: "127.0.0.1", rejectUnauthorized: false, minVersion: version, maxVersion: version };
        const socket = connect(to, () => (socket.end(), resolve(true))).on("error", () => resolve(false));
    });

// ---- an own authority -----------------------------------------------------------------
let server = await serve(store, ...own);
const ca = await fetched(server.trust), pem = ca.toString();
const here = await ask(server.url, "/healthz", { ca: pem }), named = await ask(server.url, "/healthz", { ca: pem, host: "localhost" });
const days = (cert) => Math.round((Date.parse(cert.validTo) - Date.parse(cert.validFrom)) / 86400e3);
check("an own authority: phones that trust it reach the pages, nobody else does",
    ["by address and name", [here.status, named.status], [200, 200]],
    ["without it", (await ask(server.url, "/healthz")).error, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["as somebody else", (await ask(server.url, "/healthz", { ca: pem, host: "bank.example" })).error, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["it is one", [ca.ca, here.cert.ca, here.cert.checkIssued(ca)], [true, false, true]],
    ["shorter than phones refuse", days(here.cert) < 825, true],
    ["only near names", [[0x55, 0x1d, 0x1e], Buffer.from("local"), [192, 168, 0, 0, 255, 255, 0, 0]]
        .map((part) => ca.raw.includes(Buffer.from(part))), [true, true, true]],
    ["its file is nobody else's", (statSync(join(folder, "wangge.db.authority")).mode & 0o777).toString(8), "600"],
    ["no promise beyond today", here.headers["strict-transport-security"], undefined]);
check("TLS 1.2 for old phones and 1.3, nothing older",
    ["versions", [await speaks(server.url, "TLSv1.3"), await speaks(server.url, "TLSv1.2"), await speaks(server.url, "TLSv1.1")], [true, true, false]]);

// ---- a day's work through it -------------------------------------------------------------
const json = { "Content-Type": "application/json" };
const session = await ask(server.url, "/api/session", { ca: pem, method: "POST", headers: json, body: { name, password } });
const { token, duties } = JSON.parse(session.text);
const bearer = { ...json, Authorization: `Bearer ${token}` };
const area = duties[0].area;
const door = { id: newId(), type: "household.door", area, at: Date.now(), body: { door: newId(), order: 9999, use: "self" } };
const event = new Promise((resolve) => {
    const to = { host: "127.0.0.1", port: new URL(server.url).port, path: `/api/stream?area=${area}`, ca: pem, agent: false, headers: bearer };
    const asked = get(to, (answer) =>
        answer.setEncoding("utf8").on("data", (text) => text.includes("household.door") && (asked.destroy(), resolve("household.door"))));
    asked.on("error", () => {});
    setTimeout(() => resolve("nothing"), 15000).unref();
});
await new Promise((resolve) => setTimeout(resolve, 300));
const [written] = JSON.parse((await ask(server.url, "/api/records", { ca: pem, method: "POST", headers: bearer, body: { records: [door] } })).text).results;
check("sign-in, records and stream go through it",
    ["the cookie stays inside", session.headers["set-cookie"].every((c) => c.endsWith("; Secure")), true],
    ["a record", written.status, "stored"], ["its event", await event, "household.door"]);

// ---- the plain page ------------------------------------------------------------------------
const page = await (await fetch(server.trust)).text();
const odd = await (await fetch(server.trust, { headers: { Host: "a\"><script>" } }).catch(() => fetch(server.trust))).text();
check("the plain page gives the authority and nothing else",
    ["fingerprint", page.includes(ca.fingerprint256), true], ["its own address as a code", page.includes("<svg"), true],
    ["small", page.length < 15000, true], ["no script", /<script|onload|javascript:/.test(page + odd), false],
    ["no door to the pages", [(await fetch(`${server.trust}api/session`)).status, (await fetch(server.trust, { method: "POST" })).status], [404, 405]]);
await server.kill("SIGTERM");
server = await serve(store, ...own);
check("the next start has the same authority", ["fingerprint", (await fetched(server.trust)).fingerprint256, ca.fingerprint256]);
await server.kill("SIGTERM");

// ---- a public name, and what does not fit ------------------------------------------------------
const file = (name) => join(folder, name);
const [chain, key, other, noise, authority] = ["chain.pem", "key.pem", "other.pem", "noise.pem", "wangge.db.authority"].map(file);
const make = (cert, to) => spawnSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9",
    "-subj", "/CN=village.example", "-addext", "subjectAltName=DNS:village.example", "-out", cert, "-keyout", to], { encoding: "utf8" });
const made = [make(chain, key), make(file("another.pem"), other)];
if (made.some((m) => m.status !== 0)) throw new Error(made.map((m) => m.stderr ?? m.error).join("\n"));
writeFileSync(noise, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
server = await serve(store, "--tls", chain, key);
const given = await ask(server.url, "/healthz", { ca: readFileSync(chain), host: "village.example" });
check("certificate and key from two files",
    ["that one is shown", given.cert?.subject, "CN=village.example"], ["phones are to insist", given.headers["strict-transport-security"], "max-age=31536000"],
    ["and no plain page", server.trust, undefined]);
await server.kill("SIGTERM");
const refused = (...words) => {
    const said = spawnSync("build/wangge", ["serve", "--listen", "127.0.0.1:0", "--store", store, ...words], { encoding: "utf8", timeout: 20000 });
    return [said.status > 0, said.stderr.trim().split("\n").pop().match(/wangge: ([\w.]+)/)?.[1]];
};
writeFileSync(authority, readFileSync(authority).subarray(0, 200));
check("what does not fit is said at the start",
    ["no such file", refused("--tls", file("none.pem"), key), [true, "file.missing"]],
    ["no certificate", refused("--tls", noise, key), [true, "tls.files"]],
    ["another's key", refused("--tls", chain, other), [true, "tls.files"]],
    ["no key", refused("--tls", chain), [true, "setting.missing"]],
    ["a key without a certificate", refused(key), [true, "command.usage"]],
    ["a spoilt authority", refused(...own), [true, "tls.authority"]]);
