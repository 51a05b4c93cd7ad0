// shape.mjs - what records look like, drawn from the tables themselves (GET
// /api/meta): the least and the fullest valid body of a type, every way in
// which one place of it can be wrong, and every value just inside its bounds.
import { newId } from "./program.mjs";

const nulls = { time: "number" };      // the kind a null in a list is refused as, where it is not its own
const latest = Date.UTC(2200, 0, 1);    // no time of a record is later
const nobody = "00000000-0000-0000-0000-000000000000";
const wide = "汉";                      // lengths are counted in characters: this one has three bytes
const least = (f) => f.min || 1;
const most = (f) => f.max || { text: 200, data: 65536 }[f.kind];

// A JSON value of exactly this many bytes when written without blanks, in texts no longer than a request may hold.
function data(bytes) {
    const texts = [];
    for (let left = bytes - '{"a":[]}'.length; left > 0; ) {
        const marks = texts.length ? 3 : 2;             // quotes and comma
        let n = Math.min(left - marks, 60000);
        if (n + marks < left && left - n - marks < 3) n -= 3;   // room for one more
        texts.push("a".repeat(n));
        left -= n + marks;
    }
    return { a: texts };
}

// What is wrong with a single value of each kind, and by which key it is refused.
const wrongs = {
    id: () => [[5, "id"], [true, "id"], [{}, "id"], ["", "id"], ["not an id", "id"], [newId().slice(1), "id"], [nobody, "id"]],
    area: () => [[5, "area"], ["", "area"], [{}, "area"], ["4".repeat(40), "area"]],
    number: (f) => [
        ["5", "number"], [1.5, "number"], [true, "number"], [{}, "number"],
        ...(f.min || f.max ? [[f.min - 1, "range"], [f.max + 1, "range"]].filter(([n]) => Number.isSafeInteger(n)) : []),
    ],
    text: (f) => [
        [5, "text"], [true, "text"], [{}, "text"], ["x".repeat(least(f) - 1), "length"], [wide.repeat(most(f) + 1), "length"],
        [`\u0001${"x".repeat(least(f))}`.slice(0, most(f)), "control"], [" \u3000".repeat(least(f)).slice(0, most(f)), "blank"],
    ],
    code: () => [[5, "code"], [{}, "code"], ["", "code"], ["no such code", "code"]],
    day: () => ["2020-02-30", "1899-12-31", "2200-01-01", "2020-2-5", "", 20200205].map((d) => [d, "day"]),
    time: () => [["5", "number"], [1.5, "number"], [true, "number"], [-1, "range"], [latest + 1, "range"]],
    bool: () => [0, 1, "true", {}].map((b) => [b, "bool"]),
    group: () => [5, "x", []].map((g) => [g, "group"]),
    data: (f) => [[data(most(f) + 1), "large"]],
};
// What is just right.
const rights = {
    id: () => [newId(), newId().toUpperCase()],
    area: (f, s) => [s.area],
    number: (f) => (f.min || f.max ? [f.min, f.max].filter(Number.isSafeInteger) : [0, -5]),
    text: (f) => ["x".repeat(least(f)), wide.repeat(most(f))],
    code: (f, s) => s.codes[f.codes] ?? [],
    day: () => ["1900-01-01", "2020-02-29", "2199-12-31"],
    time: () => [0, latest],
    bool: () => [true, false],
    group: (f, s) => [s.least(f.fields), s.fullest(f.fields)],
    data: (f) => [data(most(f)), [], 5, "x"],
};

export class Shape {
    // area: what fields that name one get.
    constructor(meta, area) {
        this.codes = meta.codes;
        this.area = area;
        this.types = meta.features.flatMap((f) => f.records);
        this.questions = meta.features.flatMap((f) => f.queries.map((q) => ({ ...q, path: `${f.name}/${q.name}` })));
    }
    good(f) {
        if (f.kind === "group") return this.fullest(f.fields);
        if (f.kind === "data") return {};
        if (f.kind === "time") return Date.now();
        return rights[f.kind](f, this)[0];
    }
    body(fields, taken) {
        return Object.fromEntries(fields.filter(taken).map((f) => [f.name, f.list ? [this.good(f)] : this.good(f)]));
    }
    least(fields) {
        return Object.fromEntries(Object.entries(this.body(fields, (f) => f.required)).map(([name, value]) => {
            const f = fields.find((g) => g.name === name);
            return [name, f.kind !== "group" ? value : f.list ? [this.least(f.fields)] : this.least(f.fields)];
        }));
    }
    fullest(fields) {
        return this.body(fields, () => true);
    }

    // Every body with one place wrong: {what, key, field, body}.
    *faults(fields) {
        for (const { what, key, field, put } of this.faultsOf(fields, "")) yield { what, key: `field.${key}`, field, body: put(this.fullest(fields)) };
    }
    *faultsOf(fields, place) {
        // put changes one place of the body it is given; what is nested wraps it.
        const set = (name, value) => (o) => ({ ...o, [name]: value });
        yield { what: `${place}extra`, key: "unknown", field: `${place}no_such_field`, put: set("no_such_field", 1) };
        for (const f of fields) {
            const field = place + f.name, item = f.list ? `${field}[0]` : field;
            const one = (value) => set(f.name, f.list ? [value] : value);
            if (f.required) {
                yield { what: `${field} missing`, key: "missing", field, put: ({ [f.name]: _, ...rest }) => rest };
                yield { what: `${field} null`, key: "missing", field, put: set(f.name, null) };
            }
            for (const [value, key] of wrongs[f.kind](f))
                yield { what: `${item} ${JSON.stringify(value).slice(0, 30)}`, key, field: item, put: one(value) };
            if (f.list) {
                for (const value of [{}, "x", 5]) yield { what: `${field} ${JSON.stringify(value)}`, key: "list", field, put: set(f.name, value) };
                yield { what: `${field} too many`, key: "items", field, put: set(f.name, Array(f.list + 1).fill(this.item(f))) };
                if (f.kind !== "data") yield { what: `${item} null`, key: nulls[f.kind] ?? f.kind, field: item, put: set(f.name, [null]) };
            }
            if (f.kind === "group")
                for (const inner of this.faultsOf(f.fields, `${item}.`))
                    yield { ...inner, put: (o) => ({ ...o, [f.name]: f.list ? [inner.put(o[f.name][0])] : inner.put(o[f.name]) }) };
        }
    }
    item(f) {
        return f.kind === "group" ? this.least(f.fields) : this.good(f);
    }

    // Every body with one place at its bound, and everything optional left out, null or empty: {what, body}.
    // The other places are as the fullest body has them, or as this one has.
    *edges(fields, full = this.fullest(fields)) {
        yield { what: "the least", body: this.least(fields) };
        yield { what: "the fullest", body: full };
        for (const { what, put } of this.edgesOf(fields, "")) yield { what, body: put(full) };
    }
    *edgesOf(fields, place) {
        const set = (name, value) => (o) => ({ ...o, [name]: value });
        for (const f of fields) {
            const field = place + f.name;
            if (!f.required) yield { what: `${field} null`, put: set(f.name, null) };
            if (f.list) yield { what: `${field} empty`, put: set(f.name, []) };
            if (f.list) yield { what: `${field} full`, put: set(f.name, Array(f.list).fill(this.item(f))) };
            for (const value of rights[f.kind](f, this))
                yield { what: `${field} ${JSON.stringify(value).slice(0, 30)}`, put: set(f.name, f.list ? [value] : value) };
            if (f.kind === "group")
                for (const inner of this.edgesOf(f.fields, `${field}.`))
                    yield { ...inner, put: (o) => ({ ...o, [f.name]: f.list ? [inner.put(o[f.name][0])] : inner.put(o[f.name]) }) };
        }
    }
}
