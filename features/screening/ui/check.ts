/** What is noted of one person who is different from the rest of the household. */
export interface Different {
    basis?: string;
    temps: { temp: number; method: string; at: number }[];
    symptoms: string[];
    key_area: boolean;
}
