// The stages of an event: the way of its time, in this order.

import { el } from "./dom.js";
import { micros } from "./format.js";

export const stages = [
    { key: "queue_us", name: "queue", color: "c-queue", why: "waiting for its client's earlier events and for its turn" },
    { key: "connect_us", name: "connect", color: "c-connect", why: "getting a connection to php-fpm" },
    { key: "wait_us", name: "wait", color: "c-wait", why: "until a php-fpm worker took it" },
    { key: "run_us", name: "run", color: "c-run", why: "the handler at work" },
    { key: "apply_us", name: "apply", color: "c-apply", why: "sending, and changing rows" },
];

// stageBar draws how an event's time splits.
export function stageBar(event) {
    const text = stages.map(s => `${s.name} ${micros(event[s.key] ?? 0)}`).join(", ");
    return el("span", { class: "bar", role: "img", "aria-label": text, title: text }, stages.map(s => {
        const part = el("span", { class: s.color });
        part.style.flexGrow = event[s.key] ?? 0;
        return part;
    }));
}

// stageLegend tells which colour is which stage.
export function stageLegend() {
    return el("ul", { class: "legend" }, stages.map(s => el("li", { title: s.why },
        el("span", { class: `swatch ${s.color}`, "aria-hidden": "true" }), s.name)));
}

// stageList names each stage with its time.
export function stageList(event) {
    return el("dl", { class: "stages" }, stages.map(s => el("div", { title: s.why },
        el("dt", {}, el("span", { class: `swatch ${s.color}`, "aria-hidden": "true" }), s.name),
        el("dd", {}, micros(event[s.key] ?? 0)))));
}
