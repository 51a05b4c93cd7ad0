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
    const picture = await createImageBitmap(file).catch(() => undefined);
    if (!picture) throw new Trouble("screening.photo_unread");
    try {
        for (const side of SIDES)
            for (const quality of QUALITIES) {
                const jpeg = await draw(picture, Math.min(1, side / Math.max(picture.width, picture.height)), quality);
                if (jpeg && jpeg.size <= BYTES)
                    return { image: toBase64(new Uint8Array(await new Response(jpeg).arrayBuffer())), kb: Math.ceil(jpeg.size / 1000) };
            }
    } finally {
        picture.close();
    }
    throw new Trouble("screening.photo_unread");
}
function draw(picture: ImageBitmap, scale: number, quality: number): Promise<Blob | null> {
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
