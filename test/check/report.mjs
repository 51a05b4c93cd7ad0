// report.mjs - how a check speaks: one line a test, what is wrong below it.
export function report(name, wrong) {
    console.log(`${wrong.length ? "not ok" : "ok"} ${name}`);
    for (const line of wrong.slice(0, 40)) console.log(`    ${line}`);
    if (wrong.length > 40) console.log(`    and ${wrong.length - 40} more`);
    if (wrong.length) process.exitCode = 1;
}
// Cases: [what, what came, what was wanted].
export const compare = (name, ...cases) => report(name, cases.filter(([, came, wanted]) => JSON.stringify(came) !== JSON.stringify(wanted))
    .map(([what, came, wanted]) => `${what}: ${JSON.stringify(came)}, wanted ${JSON.stringify(wanted)}`));
