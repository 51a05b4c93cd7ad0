// watched.mjs - a copy of the made city, served, with an auditor over one village: for tests in which its store becomes another one.
import { after } from "node:test";
import { borrow, serve, signIn, wangge } from "../program.mjs";
import { grid } from "./browser.mjs";

export const village = grid.slice(0, 12);
export const { folder, store } = borrow(process.env.TEST_CITY);
wangge(...`worker add --name 何霜降 --account he --role auditor --phone 10090000009 --password grid-2020-he --area ${village} --store ${store}`.split(" "));
let server = await serve(store, "--requests", "100000");
after(() => server.kill("SIGKILL"));
export const { url } = server;
export const auditor = () => signIn(url, "he", "grid-2020-he");
export const stop = () => server.kill("SIGTERM");
/** Another store under the same address, after a stop. */
export async function serveAgain(other) {
    server = await serve(other, "--requests", "100000", "--listen", new URL(url).host);
}
