// report.mjs - how a check speaks: one line a test, what is wrong below it.
import { basename } from "node:path";
import { inspect } from "node:util";

export function report(name, wrong) {
    console.log(`${wrong.length ? "not ok" : "ok"} ${name}`);
    for (const line of wrong.slice(0, 40)) console.log(`    ${line}`);
    if (wrong.length > 40) console.log(`    and ${wrong.length - 40} more`);
    if (wrong.length) process.exitCode = 1;
}
// A test that falls says so on a line of its own.
process.on("uncaughtException", (error) => {
    report(`${basename(process.argv[1])} comes to its end`, inspect(error).split("\n"));
    process.exit(1);
});
// Cases: [what, what came, what was wanted].
export const compare = (name, ...cases) => report(name, cases.filter(([, came, wanted]) => JSON.stringify(came) !== JSON.stringify(wanted))
    .map(([what, came, wanted]) => `${what}: ${JSON.stringify(came)}, wanted ${JSON.stringify(wanted)}`));
