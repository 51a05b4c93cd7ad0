// way.mjs - the way between a phone and the server: it can be down, lead to another server, or lose answers in the middle.
import { connect, createServer } from "node:net";

/** `down`: nobody is reached. `lose`: so many answers to records are still cut off, the first before its first byte, the next in the middle. */
export async function way(target) {
    const open = new Set();
    const w = { target, down: false, lose: 0, lost: 0, url: "" };
    w.cut = (down) => {
        w.down = down;
        if (down) for (const socket of open) socket.destroy();
    };
    const server = createServer((phone) => {
        if (w.down) return void phone.destroy();
        const { hostname, port } = new URL(w.target), far = connect(port, hostname);
        let records = false;
        for (const socket of [phone, far]) {
            open.add(socket);
            socket.on("error", () => undefined).on("close", () => (open.delete(socket), phone.destroy(), far.destroy()));
        }
        phone.on("data", (bytes) => {
            if (/^(POST|GET|DELETE) \/\S* HTTP/m.test(bytes.toString("latin1"))) records = /^POST \/api\/records /m.test(bytes.toString("latin1"));
            far.write(bytes);
        });
        far.on("data", (bytes) => {
            if (!records || w.lost >= w.lose) return void phone.write(bytes);
            if (w.lost++ % 2) phone.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => phone.destroy());
            else phone.destroy();
        });
    });
    await new Promise((ok) => server.listen(0, "127.0.0.1", ok));
    w.url = `http://127.0.0.1:${server.address().port}`;
    w.end = () => (w.cut(true), server.close());
    return w;
}
