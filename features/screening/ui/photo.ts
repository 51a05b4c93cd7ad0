// photo.ts - a photo small enough to be sent: drawn anew, so that what the camera wrote beside it - place, time, phone - stays where it was.
import { Trouble } from "@data/api";
import { toBase64 } from "@data/parcel";

export const MOST = 3; // of one visit
const FILE = 12_000_000; // bytes: what is larger may take the page of an old phone down while it is read
const BYTES = 60_000; // of the picture: twenty seconds at 32 kbit/s
const SIDES = [1024, 800, 640]; // pixels
const QUALITIES = [0.8, 0.65, 0.5, 0.35];

export interface Photo {
    image: string; // base64 of a JPEG
    kb: number;
}
export async function shrink(file: Blob): Promise<Photo> {
    if (file.size > FILE) throw new Trouble("screening.photo_file");
    const picture = (await decoded(file)) ?? (await loaded(file));
    if (!picture) throw new Trouble("screening.photo_unread");
    try {
        for (const side of SIDES)
            for (const quality of QUALITIES) {
                const jpeg = await draw(picture, Math.min(1, side / Math.max(picture.width, picture.height)), quality);
                if (jpeg && jpeg.size <= BYTES)
                    return { image: toBase64(bare(new Uint8Array(await new Response(jpeg).arrayBuffer()))), kb: Math.ceil(jpeg.size / 1000) };
            }
    } finally {
        if ("close" in picture) picture.close();
    }
    throw new Trouble("screening.photo_unread");
}
const decoded = async (file: Blob) =>
    typeof createImageBitmap === "function" ? createImageBitmap(file).catch(() => undefined) : undefined;
/** As browsers did before, and some still do with what the other way does not read. */
async function loaded(file: Blob): Promise<HTMLImageElement | undefined> {
    const reader = new FileReader();
    const picture = new Image();
    await new Promise<void>((done) => {
        picture.onload = picture.onerror = reader.onerror = () => done();
        reader.onload = () => (picture.src = String(reader.result));
        reader.readAsDataURL(file);
    });
    return picture.naturalWidth ? picture : undefined;
}
/** What was drawn without what a browser writes beside it: an iPhone's own canvas says Exif, and the server takes none. */
function bare(jpeg: Uint8Array): Uint8Array {
    const [LABELS, SMALL, SCAN, COMMENT] = [0xe0, 16, 0xda, 0xfe];
    const kept = [...jpeg.subarray(0, 2)];
    let at = 2;
    for (let marker: number; at + 4 <= jpeg.length && (marker = jpeg[at + 1]!) !== SCAN; ) {
        const size = jpeg[at + 2]! * 256 + jpeg[at + 3]!;
        const label = marker === COMMENT || (marker & 0xf0) === LABELS;
        if (!label || (marker === LABELS && size === SMALL)) kept.push(...jpeg.subarray(at, at + 2 + size));
        at += 2 + size;
    }
    const all = new Uint8Array(kept.length + jpeg.length - at);
    all.set(kept);
    all.set(jpeg.subarray(at), kept.length);
    return all;
}
function draw(picture: ImageBitmap | HTMLImageElement, scale: number, quality: number): Promise<Blob | null> {
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const on = canvas.getContext("2d");
    if (!on) return Promise.resolve(null);
    on.fillStyle = "#fff"; // where a picture is clear
    on.fillRect(0, 0, canvas.width, canvas.height);
    on.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
}
/** As a page may show it. */
export const shown = (image: string): string => `data:image/jpeg;base64,${image}`;
