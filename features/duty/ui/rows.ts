export interface Link {
    level: number;
    area: string;
    area_name: string;
    role: string;
    worker: string;
    name: string | null;
    phone: string | null;
    category: string | null;
    organisation: string | null;
    deputy: number | boolean;
    since: number;
}
export interface Hole {
    kind: "area" | "household";
    area: string;
    code: string;
    name: string;
    level: number;
    household: string | null;
    missing: string;
}
