// id.ts - ids made where the record is made: UUIDv7, ascending within one page.

let last = 0;
let counter = 0;

export function newId(now = Date.now()): string {
    // Within one millisecond the 12 bits after the version count up, so that ids keep the order they were made in.
    if (now > last) {
        last = now;
        counter = random(2)[0]! & 0x3f;
    } else if (++counter > 0xfff) {
        last++;
        counter = 0;
    }
    const bytes = random(16);
    for (let i = 5, t = last; i >= 0; i--, t = Math.floor(t / 256)) bytes[i] = t % 256;
    bytes[6] = 0x70 | (counter >> 8);
    bytes[7] = counter & 0xff;
    bytes[8] = 0x80 | (bytes[8]! & 0x3f);
    const hex = Array.from(bytes, (b) => (b < 16 ? "0" : "") + b.toString(16)).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function random(n: number): Uint8Array {
    return crypto.getRandomValues(new Uint8Array(n));
}
