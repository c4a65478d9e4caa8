// One connection: its row, its handshake, its latest events, and what can be done with it.

import * as api from "./api.js";
import { ask } from "./dialog.js";
import { el, setText, syncList } from "./dom.js";
import { drawEvent } from "./event.js";
import { ago, bytes, count, micros, plural, value } from "./format.js";
import { attempt } from "./notice.js";
import { stageLegend } from "./stages.js";

const longestReason = 123; // bytes; RFC 6455, section 5.5: a close frame holds 125, two are the code's

// makeConnection returns a view; which connection it shows, show() is told.
export function makeConnection() {
    const title = el("h1", {});
    const gone = el("p", { class: "problem", role: "status", hidden: true });
    const facts = el("dl", { class: "facts" });
    const row = el("dl", { class: "row", id: "row" });
    const history = el("ol", { class: "events", id: "history" });
    const empty = el("p", { class: "empty", hidden: true }, "No event yet.");
    const live = el("a", { class: "button" }, "Watch live");
    const buttons = el("div", { class: "buttons" },
        el("button", { type: "button", class: "primary operate", onclick: () => askSend(key) }, "Send…"), live,
        el("button", { type: "button", class: "danger operate", onclick: () => askClose(key) }, "Close…"));
    let key = "";

    async function refresh() {
        const asked = key;
        try {
            const c = await api.get(`v1/connections/${asked}`);
            if (asked === key) {
                draw(c);
            }
        } catch (error) {
            if (error.status !== 404) {
                throw error;
            }
            setText(gone, `Client ${asked} is not connected any more.`);
            gone.hidden = false;
            buttons.hidden = true;
        }
    }

    function draw(c) {
        drawPairs(facts, summary(c).filter(([, text]) => text));
        drawPairs(row, Object.entries(c.row).map(([name, v]) => [name, value(v, 2)]));
        const events = [...c.history].reverse();
        empty.hidden = events.length > 0;
        syncList(history, events, e => e.seq, e => drawEvent(e, false), () => {});
    }

    return {
        title: "Connection",
        element: el("div", {},
            el("p", {}, el("a", { href: "#/connections" }, "← All connections")),
            el("div", { class: "headline" }, title, buttons), gone,
            el("div", { class: "halves" },
                el("section", { class: "card" }, el("h2", {}, "Row"), row),
                el("section", { class: "card" }, el("h2", {}, "Connection"), facts)),
            el("section", { class: "card wide" }, el("h2", {}, "Latest events"), stageLegend(), empty, history)),
        show(parameters, wanted) {
            key = wanted;
            setText(title, `Client ${key}`);
            live.href = `#/live?client=${key}`;
            gone.hidden = true;
            buttons.hidden = false;
            [facts, row, history].forEach(list => list.replaceChildren());
        },
        refresh,
    };
}

function summary(c) {
    const messages = (n, size) => `${plural(n, "message")}, ${bytes(size)}`;
    return [
        ["State", c.state], ["Address", c.remote_address],
        ["Connected", `${ago(c.connected)} ago`], ["Idle for", micros(c.idle_us)],
        ["Received", messages(c.received, c.received_bytes)], ["Sent", messages(c.sent, c.sent_bytes)],
        ["Waiting", plural(c.events_waiting, "event")], ["To be sent", messages(c.send_queue, c.send_queue_bytes)],
        ["Path", c.request.path], ["Origin", c.request.origin],
        ["Browser", c.request.user_agent], ["Subprotocol", c.request.subprotocol],
    ];
}

function drawPairs(list, pairs) {
    syncList(list, pairs, ([name]) => name,
        ([name]) => el("div", {}, el("dt", { class: "untrusted" }, name), el("dd", { class: "untrusted" })),
        (item, [, text]) => setText(item.lastElementChild, String(text)));
}

async function askSend(key) {
    const given = await ask({ title: `Send to client ${key}`, action: "Send",
        fields: [{ name: "text", label: "Text message", kind: "area" }],
        check: ({ text }) => text === "" ? "Write a message." : "" });
    if (given) {
        await attempt(() => api.post(`v1/connections/${key}/send`, { text: given.text }), `Queued for client ${key}.`);
    }
}

async function askClose(key) {
    const given = await ask({ title: `Close client ${key}?`, action: "Close", danger: true,
        text: "The application's close handlers run. 1000 is a normal end, 1001 says that the server goes away, " +
            "1008 that a rule was broken.",
        fields: [
            { name: "code", label: "Code", kind: "number", value: "1000" },
            { name: "reason", label: "Reason, which the client sees" },
        ],
        check: ({ code, reason }) => checkClose(Number(code), reason) });
    if (given) {
        await attempt(() => api.post(`v1/connections/${key}/close`, { json: { code: Number(given.code), reason: given.reason } }),
            `Client ${key} is being closed with ${given.code}.`);
    }
}

function checkClose(code, reason) {
    const size = new TextEncoder().encode(reason).length;
    if (!Number.isInteger(code) || code < 1000 || code > 4999) {
        return "The code is a number from 1000 to 4999.";
    }
    return size > longestReason ? `The reason is ${count(size)} bytes long; a close frame holds ${longestReason}.` : "";
}
