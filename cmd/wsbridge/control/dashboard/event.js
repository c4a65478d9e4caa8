// One event as it is shown in the live view and in a connection's history.

import { el } from "./dom.js";
import { place } from "./errors.js";
import { bytes, clock, count, micros, plural, value } from "./format.js";
import { hasSelected } from "./pointer.js";
import { stageBar, stageList } from "./stages.js";

// keepIfSelected lets a click that has selected text neither open nor close the details.
function keepIfSelected(click) {
    if (hasSelected(click)) {
        click.preventDefault();
    }
}

// drawEvent returns a list item, whose details open on demand. withClient: whether to say whose event it is.
export function drawEvent(event, withClient) {
    const failed = event.failure || event.error;
    return el("li", { class: failed ? "event failed" : "event" }, el("details", {},
        el("summary", { onclick: keepIfSelected },
            el("time", { datetime: event.time }, clock(event.time, true)),
            el("span", { class: failed ? "tag bad" : "tag" }, event.event),
            withClient && el("span", { class: "who" }, event.client ? `client ${event.client}` : "server"),
            el("span", { class: "size" }, bytes(event.bytes ?? 0)),
            stageBar(event),
            el("span", { class: "total" }, micros(event.total_us))),
        details(event)),
        effects(event),
        failed && el("p", { class: "failure" }, el("b", {}, event.failure ?? "failed"), " ",
            el("span", { class: "untrusted" }, event.error ?? ""), " ", el("code", { class: "untrusted" }, place(event))),
        event.payload !== undefined && payload("received", event.payload));
}

function details(event) {
    const result = event.result === undefined || event.result === null ? null : value(event.result);
    return el("div", { class: "more" }, stageList(event), el("p", {},
        `Event ${count(event.seq)}`,
        event.client && [" of ", el("a", { href: `#/connections/${event.client}` }, `client ${event.client}`)],
        event.worker && ` in worker ${event.worker}`,
        result !== null && [", returned ", el("code", { class: "untrusted" }, result)]));
}

function effects({ effects: all, made }) {
    const shown = all ? all.map(effect) : numbers(made);
    return shown.length > 0 && el("ul", { class: "effects" }, shown.map(parts => el("li", {}, parts)));
}

// numbers are all that a history keeps of an event's effects.
function numbers({ sent, sent_bytes: size, closed, rows }) {
    return [
        sent > 0 && [el("b", {}, "sent"), ` ${plural(sent, "message")}, ${bytes(size)}`],
        closed > 0 && [el("b", {}, "closed"), ` ${plural(closed, "client")}`],
        rows > 0 && [el("b", {}, "rows"), ` ${count(rows)} changed`],
    ].filter(Boolean);
}

function effect(e) {
    if (e.send) {
        const { to, count: sockets, bytes: size, binary, frames, payload: sent } = e.send;
        const kind = frames ? "frames, " : binary ? "binary, " : "";
        return [el("b", {}, "send"), ` ${receivers(to, sockets)}, ${kind}${bytes(size)}`,
            sent !== undefined && payload("sent", sent)];
    }
    if (e.close) {
        return [el("b", {}, "close"), ` client ${e.close.client}${e.close.code ? ` with ${e.close.code}` : ""}`];
    }
    if (e.log) {
        return [el("b", {}, e.log.level), " ", el("span", { class: "untrusted" }, e.log.message), " ",
            el("code", { class: "untrusted" }, place(e.log))];
    }
    if (e.rows !== undefined) {
        return [el("b", {}, "rows"), ` ${count(e.rows)} changed`];
    }
    return e.more !== undefined ? `and ${plural(e.more, "effect")} more` : JSON.stringify(e);
}

function receivers(to, sockets) {
    if (!Array.isArray(to)) {
        return `to ${to}, ${plural(sockets ?? 0, "client")}`;
    }
    const some = to.slice(0, 8).join(", ");
    return `to ${to.length > 8 ? `${some} and ${to.length - 8} more` : some}`;
}

function payload(what, text) {
    return el("pre", { class: "payload untrusted", "aria-label": `payload ${what}`, tabindex: 0 }, value(text));
}
