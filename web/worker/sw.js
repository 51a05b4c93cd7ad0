// sw.js - keeps the phone's face at hand without a network.  FILES and VERSION are filled in by the build (tool/vite-worker.mjs).
//
// One version is kept whole, and a page is only ever served by the version it
// belongs to: the phone's face comes from here, the others from the network
// when it answers.  A newer version is fetched beside it and waits until the
// page says that it may take over.  Nothing under /api/ passes through here.
const VERSION = "__VERSION__";
const FILES = __FILES__;
const NAME = `wangge-${VERSION}`;
const PATIENCE = 4000; // ms for a page from the network

self.addEventListener("install", (e) => {
    const whole = FILES.map((f) => new Request(f, { cache: f.startsWith("/assets/") ? "default" : "reload" }));
    e.waitUntil(caches.open(NAME).then((c) => c.addAll(whole)));
});
self.addEventListener("activate", (e) => {
    const old = (names) => names.filter((n) => n.startsWith("wangge-") && n !== NAME);
    e.waitUntil(
        caches
            .keys()
            .then((names) => Promise.all(old(names).map((n) => caches.delete(n))))
            .then(() => self.clients.claim()),
    );
});
self.addEventListener("message", (e) => {
    if (e.data === "take") void self.skipWaiting();
});

async function kept(path) {
    return (await caches.open(NAME)).match(path, { ignoreSearch: true });
}
/** The network's within patience, else the one that is kept. */
async function newest(request, path) {
    const late = new Promise((_, no) => setTimeout(no, PATIENCE));
    const said = await Promise.race([fetch(request), late]).catch(() => undefined);
    return (said && said.status < 500 ? said : await kept(path)) || said || Response.error();
}
self.addEventListener("fetch", (e) => {
    const url = new URL(e.request.url);
    if (e.request.method !== "GET" || url.origin !== self.location.origin || url.pathname.startsWith("/api/")) return;
    const path = { "/": "/index.html", "/check": "/check.html" }[url.pathname] || url.pathname;
    if (!FILES.includes(path)) return;
    if (path.endsWith(".html") && path !== "/field.html") e.respondWith(newest(e.request, path));
    else e.respondWith(kept(path).then((r) => r || fetch(e.request)));
});
