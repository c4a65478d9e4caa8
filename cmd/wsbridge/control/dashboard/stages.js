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

// The ends of a bar's scale, in µs. It is logarithmic, since events take from less than a millisecond to many seconds: each of its
// five parts is ten times the one before.
const [shortest, longest] = [100, 10_000_000];

// barLength returns how much of a bar's scale a time takes, from 0 to 1.
export function barLength(us) {
    const length = Math.log(us / shortest) / Math.log(longest / shortest);
    return Math.min(1, Math.max(0.01, length)); // there is something to see of each
}

// stageBar draws how long an event took, and how that splits.
export function stageBar(event) {
    const text = stages.map(s => `${s.name} ${micros(event[s.key] ?? 0)}`).join(", ");
    const length = el("span", { class: "length" }, stages.map(s => {
        const part = el("span", { class: s.color });
        part.style.flexGrow = event[s.key] ?? 0;
        return part;
    }));
    length.style.width = `${100 * barLength(event.total_us ?? 0)}%`;
    return el("span", { class: "bar", role: "img", "aria-label": text, title: text }, length);
}

// stageLegend tells which colour is which stage, and what a bar's length means.
export function stageLegend() {
    return el("ul", { class: "legend" }, stages.map(s => el("li", { title: s.why },
        el("span", { class: `swatch ${s.color}`, "aria-hidden": "true" }), s.name)),
    el("li", {}, `length: ${micros(shortest)} to ${micros(longest)}, logarithmic: a line for each ten times more`));
}

// stageList names each stage with its time.
export function stageList(event) {
    return el("dl", { class: "stages" }, stages.map(s => el("div", { title: s.why },
        el("dt", {}, el("span", { class: `swatch ${s.color}`, "aria-hidden": "true" }), s.name),
        el("dd", {}, micros(event[s.key] ?? 0)))));
}
