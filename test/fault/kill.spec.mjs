// kill.spec.mjs - kills the server under load, again and again: what was
// acknowledged is there exactly once, what was not can be sent again, and the
// counters are those of a recount.
import { Load, borrow, carried, long, random, serve, settle, sleep } from "./fault.mjs";

const { store } = borrow();
const load = new Load();
const kills = long ? 100 : 5;

for (let n = 0; n < kills; n++) {
    const server = await serve(store, { args: carried });
    await load.begin(server);
    await sleep(random(100, long ? 900 : 600));
    await server.kill("SIGKILL");
    await load.going;
}
await settle(`after ${kills} kills under load everything is there once`, store, load);
