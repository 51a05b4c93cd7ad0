// features.mjs - turns features/LIST into the table that main hands to core.
import { readFileSync, writeFileSync } from "node:fs";

const [, , list, output] = process.argv;
const names = readFileSync(list, "utf8").split("\n").map((l) => l.replace(/#.*/, "").trim()).filter(Boolean);
writeFileSync(
    output,
    `/* Made from features/LIST by tool/features.mjs. */\n#include "core/core.h"\n` +
        names.map((n) => `extern const struct feature feature_${n};\n`).join("") +
        `extern const struct feature *const feature_table[];\n` +
        `const struct feature *const feature_table[] = {\n${names.map((n) => `    &feature_${n},\n`).join("")}    NULL,\n};\n`,
);
