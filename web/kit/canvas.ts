// canvas.ts - the one canvas layer of the map: pieces in the colours of their
// class, a hatch where there is no data, outlines of what is selected or just changed.
import L from "leaflet";
import { type Drawing, type Piece, ZOOM } from "./pieces";

export interface Look {
    /** Class of a piece, -1: no data. */
    paint(id: string): number;
    colours: string[];
    none: string;
    ground: string;
    line: string;
    edge: string;
}

export class PieceLayer extends L.Layer {
    private canvas = document.createElement("canvas");
    private corner = L.point(0, 0);
    private drawn = { zoom: 0, centre: L.latLng(0, 0) };
    private shown: Piece[] = [];
    private frames: Piece[] = [];
    private marked: Piece[] = [];
    private flashed = new Map<Piece, number>();
    private waiting = 0;
    private small = false; // pieces so small that a full line would eat them
    private drawing: Drawing | undefined;

    constructor(private look: Look) {
        super();
        this.canvas.className = "pieces leaflet-zoom-animated";
        this.canvas.setAttribute("aria-hidden", "true");
    }
    override onAdd(map: L.Map): this {
        map.getPane("overlayPane")!.appendChild(this.canvas);
        map.on("moveend zoomend resize viewreset", this.draw, this);
        map.on("zoomanim", this.follow, this);
        this.draw();
        return this;
    }
    override onRemove(map: L.Map): this {
        map.off("moveend zoomend resize viewreset", this.draw, this);
        map.off("zoomanim", this.follow, this);
        cancelAnimationFrame(this.waiting);
        this.canvas.remove();
        return this;
    }
    /** What is filled, and whose borders lie over it. */
    show(drawing: Drawing, filled: Piece[], frames: Piece[], small: boolean): void {
        this.small = small;
        this.drawing = drawing;
        this.shown = filled;
        this.frames = frames;
        this.later();
    }
    restyle(look: Look): void {
        this.look = look;
        this.later();
    }
    mark(pieces: Piece[]): void {
        this.marked = pieces;
        this.later();
    }
    flash(pieces: Piece[]): void {
        const until = Date.now() + 1600;
        for (const p of pieces) this.flashed.set(p, until);
        this.later();
        if (pieces.length) setTimeout(() => this.later(), 1650);
    }
    later(): void {
        cancelAnimationFrame(this.waiting);
        this.waiting = requestAnimationFrame(() => this.draw());
    }
    private follow(e: L.LeafletEvent): void {
        const { zoom, center } = e as L.ZoomAnimEvent;
        const map = this._map;
        const scale = map.getZoomScale(zoom, this.drawn.zoom);
        const offset = (
            map as unknown as { _latLngBoundsToNewLayerBounds(b: L.LatLngBounds, z: number, c: L.LatLng): L.Bounds }
        )._latLngBoundsToNewLayerBounds(this.bounds(), zoom, center).min!;
        L.DomUtil.setTransform(this.canvas, offset, scale);
    }
    private bounds(): L.LatLngBounds {
        const map = this._map;
        const size = L.point(this.canvas.clientWidth, this.canvas.clientHeight);
        return L.latLngBounds(map.layerPointToLatLng(this.corner), map.layerPointToLatLng(this.corner.add(size)));
    }
    private hatch(ctx: CanvasRenderingContext2D): CanvasPattern | string {
        const tile = document.createElement("canvas");
        tile.width = tile.height = 12;
        const c = tile.getContext("2d")!;
        c.fillStyle = this.look.ground;
        c.fillRect(0, 0, 12, 12);
        c.strokeStyle = this.look.none;
        c.lineWidth = 1.2;
        c.beginPath();
        for (const d of [-12, 0, 12]) {
            c.moveTo(d, 12);
            c.lineTo(d + 12, 0);
        }
        c.stroke();
        return ctx.createPattern(tile, "repeat") ?? this.look.none;
    }

    private draw(): void {
        const map = this._map;
        if (!map) return;
        const size = map.getSize();
        const pad = size.multiplyBy(0.25).round();
        const all = size.add(pad.multiplyBy(2));
        const ratio = Math.min(window.devicePixelRatio || 1, 2);
        this.corner = map.containerPointToLayerPoint(L.point(-pad.x, -pad.y));
        this.drawn = { zoom: map.getZoom(), centre: map.getCenter() };
        const { canvas } = this;
        if (canvas.width !== all.x * ratio || canvas.height !== all.y * ratio) {
            canvas.width = all.x * ratio;
            canvas.height = all.y * ratio;
            canvas.style.width = `${all.x}px`;
            canvas.style.height = `${all.y}px`;
        }
        L.DomUtil.setPosition(canvas, this.corner);
        const ctx = canvas.getContext("2d")!;
        ctx.setTransform(1, 0, 0, 1, 0, 0);
        ctx.clearRect(0, 0, canvas.width, canvas.height);
        const drawing = this.drawing;
        if (!drawing) return;

        const scale = 2 ** (map.getZoom() - ZOOM);
        const corner = map.getPixelOrigin().add(this.corner); // world pixels at this zoom
        const dx = drawing.origin[0] * scale - corner.x;
        const dy = drawing.origin[1] * scale - corner.y;
        const view = [-dx / scale, -dy / scale, (all.x - dx) / scale, (all.y - dy) / scale] as const;
        const inView = (p: Piece) => p.box[2] >= view[0] && p.box[0] <= view[2] && p.box[3] >= view[1] && p.box[1] <= view[3];

        // One path a class: few fills, whatever the number of pieces.
        const paths = new Map<number, Path2D>();
        const lines = new Path2D();
        const points: Piece[] = [];
        for (const p of this.shown) {
            if (!inView(p)) continue;
            if (!p.path) {
                points.push(p);
                continue;
            }
            const k = this.look.paint(p.id);
            let path = paths.get(k);
            if (!path) paths.set(k, (path = new Path2D()));
            path.addPath(p.path);
            lines.addPath(p.path);
        }
        const toWorld = () => ctx.setTransform(scale * ratio, 0, 0, scale * ratio, dx * ratio, dy * ratio);
        toWorld();
        for (const [k, path] of paths) {
            const colour = this.look.colours[k];
            if (colour) ctx.fillStyle = colour;
            else {
                const hatch = this.hatch(ctx);
                if (typeof hatch !== "string") hatch.setTransform(new DOMMatrix().scale(1 / scale / ratio));
                ctx.fillStyle = hatch;
            }
            ctx.fill(path, "evenodd");
        }
        const thin = (w: number) => (ctx.lineWidth = w / scale);
        ctx.lineJoin = "round";
        ctx.strokeStyle = this.look.line;
        thin(this.small ? 0.5 : 1);
        ctx.stroke(lines);
        if (this.frames.length) {
            const over = new Path2D();
            for (const p of this.frames) if (p.path && inView(p)) over.addPath(p.path);
            ctx.strokeStyle = this.look.edge;
            ctx.globalAlpha = 0.75;
            thin(1.4);
            ctx.stroke(over);
            ctx.globalAlpha = 1;
        }
        for (const p of points) {
            const colour = this.look.colours[this.look.paint(p.id)];
            ctx.beginPath();
            ctx.arc(p.point![0], p.point![1], 6 / scale, 0, 7);
            ctx.fillStyle = colour ?? this.look.ground;
            ctx.fill();
            ctx.strokeStyle = this.look.edge;
            thin(1.2);
            ctx.stroke();
        }
        const outline = (p: Piece, colour: string, width: number) => {
            ctx.strokeStyle = colour;
            thin(width);
            if (p.path) ctx.stroke(p.path);
            else {
                ctx.beginPath();
                ctx.arc(p.point![0], p.point![1], 9 / scale, 0, 7);
                ctx.stroke();
            }
        };
        const now = Date.now();
        for (const [p, until] of this.flashed) {
            if (until < now) this.flashed.delete(p);
            else if (inView(p)) outline(p, this.look.edge, 2.5);
        }
        for (const p of this.marked) {
            outline(p, this.look.ground, 6);
            outline(p, this.look.edge, 3);
        }
        ctx.setTransform(1, 0, 0, 1, 0, 0);
    }
}
