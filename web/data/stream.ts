// stream.ts - what happens in an area, as it happens: ids only, no values.
//
// Changes come in bursts; a listener gets them gathered, at most once a second.
export interface Change {
    ledger: string;
    position: number;
    type: string;
    area: string;
}
export interface Listening {
    close(): void;
}

export function listen(area: string, tell: (changes: Change[]) => void, state?: (live: boolean) => void): Listening {
    const source = new EventSource(`/api/stream?area=${encodeURIComponent(area)}`);
    let waiting: Change[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;

    const take = (event: MessageEvent) => {
        let data: unknown;
        try {
            data = JSON.parse(event.data);
        } catch {
            return;
        }
        for (const one of Array.isArray(data) ? data : [data])
            if (one && typeof one === "object" && "area" in one) waiting.push(one as Change);
        timer ??= setTimeout(() => {
            const all = waiting;
            waiting = [];
            timer = undefined;
            if (all.length) tell(all);
        }, 1000);
    };
    source.onmessage = take;
    // The server cannot say what was missed: everything may have changed.
    source.addEventListener("reset", () => tell([{ ledger: "", position: 0, type: "reset", area }]));
    source.onopen = () => state?.(true);
    source.onerror = () => state?.(false);
    return {
        close() {
            clearTimeout(timer);
            source.close();
        },
    };
}
