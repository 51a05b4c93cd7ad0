// vite-worker.mjs - puts the service worker beside the phone's face: its list of files is what that face's build wrote.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export default function worker({ root }) {
    const fixed = join(root, "web/public");
    return {
        name: "wangge-worker",
        generateBundle: {
            order: "post",
            handler(_, bundle) {
                const sum = createHash("sha256");
                const files = [];
                for (const [name, part] of Object.entries(bundle).sort(([a], [b]) => (a < b ? -1 : 1))) {
                    sum.update(name).update(part.code ?? part.source);
                    files.push(`/${name}`);
                }
                for (const name of readdirSync(fixed).sort()) {
                    sum.update(name).update(readFileSync(join(fixed, name)));
                    files.push(`/${name}`);
                }
                const text = readFileSync(join(root, "web/worker/sw.js"), "utf8");
                const source = text.replace("__VERSION__", sum.update(text).digest("hex").slice(0, 16)).replace("__FILES__", JSON.stringify(files));
                this.emitFile({ type: "asset", fileName: "sw.js", source });
            },
        },
    };
}
