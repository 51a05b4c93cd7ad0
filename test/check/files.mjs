// files.mjs - the project's files, as the checks walk them.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";

const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { encoding: "utf8", maxBuffer: 1 << 26 });
export const files = [...new Set(listed.split("\0"))].filter((f) => f && existsSync(f) && statSync(f).isFile()).sort();
export const below = (folder, ends) => files.filter((f) => f.startsWith(`${folder}/`) && ends.test(f));
export const text = (file) => readFileSync(file, "utf8");
// Every line of a file with its place.
export const lines = (file) => text(file).split("\n").map((line, i) => ({ line, at: `${file}:${i + 1}` }));
export const features = text("features/LIST").split("\n").map((l) => l.replace(/#.*/, "").trim()).filter(Boolean);
