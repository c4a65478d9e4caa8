// The numbers at the top of the overview.

import { el, setText } from "./dom.js";
import { count, micros, plural, rate } from "./format.js";

// makeTiles returns {element, draw(status, series)}.
export function makeTiles() {
    const tiles = [connections, events, latency, failures, messages, workers].map(describe => {
        const title = el("h2", {});
        const number = el("p", { class: "number" });
        const detail = el("p", { class: "detail" });
        return { describe, title, number, detail, element: el("section", { class: "tile card" }, title, number, detail) };
    });
    return {
        element: el("div", { class: "tiles" }, tiles.map(t => t.element)),
        draw(status, series) {
            const last = series.points.at(-1) ?? {};
            const seconds = series.interval_us / 1e6;
            for (const tile of tiles) {
                const [title, number, detail, tone = ""] = tile.describe(status, last, seconds, series.points);
                setText(tile.title, title);
                setText(tile.number, number);
                setText(tile.detail, detail);
                tile.element.dataset.tone = tone;
            }
        },
    };
}

function connections({ connections: c }) {
    return ["Connections", count(c.open), `${count(c.accepted)} accepted, ${count(c.refused)} refused so far`];
}

function events({ events: e }, last, seconds) {
    return ["Events per second", rate((last.events ?? 0) / seconds), `${count(e.running)} running, ${count(e.waiting)} waiting`];
}

function latency(status, last, seconds, points) {
    const total = points.findLast(p => p.total_us?.p50)?.total_us;
    return ["Median latency", micros(total?.p50), `95 % within ${micros(total?.p95)}`];
}

function failures({ events: e }, last, seconds, points) {
    const recent = points.reduce((sum, p) => sum + (p.failed ?? 0), 0);
    const minutes = Math.max(1, Math.round(points.length * seconds / 60));
    const detail = `in ${plural(minutes, "minute")}, ${count(e.failed)} in all`;
    return ["Failed events", count(recent), detail, recent > 0 ? "bad" : ""];
}

function messages(status, last, seconds) {
    return ["Sent per second", rate((last.sent ?? 0) / seconds), `${rate((last.received ?? 0) / seconds)} received per second`];
}

function workers({ php }) {
    const w = php.workers;
    if (!w) {
        return ["Busy workers", "–", "php-fpm does not tell"];
    }
    const tone = php.pool.waiting > 0 ? "bad" : "";
    return ["Busy workers", `${count(w.active)} of ${count(w.total)}`, `${plural(php.pool.waiting, "connection")} without one`, tone];
}
