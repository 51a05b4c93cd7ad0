// embed.mjs - puts the built pages into the program: every file of build/web,
// compressed once, as bytes that the assembler includes.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { extname, join, relative, resolve } from "node:path";
import { gzipSync } from "node:zlib";

const [, , from, output] = process.argv;
const types = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8",
};
function* walk(dir) {
    for (const name of readdirSync(dir).sort()) {
        const path = join(dir, name);
        if (statSync(path).isDirectory()) yield* walk(path);
        else yield path;
    }
}
const packed = resolve(output + ".d");
mkdirSync(packed, { recursive: true });
const rows = [];
let text = `/* Made from ${from} by tool/embed.mjs. */\n#include "http/asset.h"\n`;
for (const path of existsSync(from) ? walk(from) : []) {
    const n = rows.length;
    const bytes = readFileSync(path);
    const file = join(packed, `${n}.gz`);
    writeFileSync(file, gzipSync(bytes, { level: 9 }));
    const tag = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
    const url = "/" + relative(from, path).split("\\").join("/");
    text +=
        `__asm__(".section .rodata\\n.balign 16\\nasset_${n}:\\n.incbin ${JSON.stringify(file).slice(1, -1).replace(/^|$/g, '\\"')}\\n` +
        `asset_${n}_end:\\n.previous");\nextern const unsigned char asset_${n}[], asset_${n}_end[];\n`;
    const type = JSON.stringify(types[extname(path)] ?? "application/octet-stream");
    rows.push(`    { ${JSON.stringify(url)}, ${type}, "\\"${tag}\\"", asset_${n}, asset_${n}_end, ${bytes.length} },\n`);
}
text += `const struct asset assets[] = {\n${rows.join("")}    { NULL, NULL, NULL, NULL, NULL, 0 },\n};\n`;
writeFileSync(output, text);
