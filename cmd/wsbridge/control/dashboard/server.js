// The server itself: what it runs, and what can be done with it.

import * as api from "./api.js";
import { ask } from "./dialog.js";
import { el, setText } from "./dom.js";
import { bytes, count, plural, span, value } from "./format.js";
import { attempt } from "./notice.js";

const levels = ["debug", "info", "warn", "error"];

// makeServer returns {element, draw(status)}. changed() is called when something was done that the status tells of.
export function makeServer(changed) {
    const facts = el("dl", { class: "facts" });
    const pause = el("button", { type: "button" }, "Pause…");
    const fifo = el("button", { type: "button", onclick: writeDocument }, "Write to the pipe…");
    const level = el("select", { id: "level" }, levels.map(l => el("option", { value: l }, l)));
    let status = null;

    const act = async (action, done) => {
        if (await attempt(action, done)) {
            changed();
        }
    };
    pause.addEventListener("click", () => status?.paused ? resume(act) : askPause(act));
    level.addEventListener("change", () => act(() => api.put("v1/log", { level: level.value }),
        ({ level }) => `The log's level is ${level} now, until the next reload or restart.`));
    const element = el("section", { class: "card wide server" },
        el("h2", {}, "Server"), facts,
        el("div", { class: "buttons operate" }, pause,
            el("button", { type: "button", onclick: () => reload(act) }, "Reload…"), fifo,
            el("button", { type: "button", class: "danger", onclick: () => askDrain(act) }, "Drain…"),
            el("label", { class: "inline" }, "Log level", level)));
    return {
        element,
        draw(now) {
            status = now;
            setText(pause, now.paused ? "Resume" : "Pause…");
            fifo.hidden = !now.application.handlers?.some(h => h.name === "fifo");
            if (document.activeElement !== level) {
                level.value = now.log_level.toLowerCase();
            }
            drawFacts(facts, now);
        },
    };
}

function drawFacts(list, s) {
    const pool = `${s.php.pool.connections} of ${s.php.pool.max} connections`;
    const php = [s.php.version && `PHP ${s.php.version}`, s.php.managed ? "of its own" : s.php.address, pool];
    const rows = [
        ["Version", s.version], ["Up for", span(s.uptime_us / 1e6)], ["Process", s.pid],
        ["Listens at", s.listen], ["Pipe", s.pipe], ["Configuration", s.config], ["Log level", s.log_level],
        ["Application", s.application.events_file],
        ["php-fpm", php.filter(Boolean).join(", ")], ["Since its start", totals(s)],
    ].filter(([, text]) => text !== undefined && text !== "");
    const wanted = rows.map(row => row.join(" ")).join("\n");
    if (list.dataset.shown !== wanted) {
        list.dataset.shown = wanted;
        list.replaceChildren(...rows.map(([name, text]) =>
            el("div", {}, el("dt", {}, name), el("dd", { class: "untrusted" }, String(text)))));
    }
}

function totals({ events: e, messages: m }) {
    return `${plural(e.done + e.failed, "event")}, ${count(e.failed)} of them failed; ${plural(m.received, "message")} received ` +
        `(${bytes(m.received_bytes)}), ${count(m.sent)} sent (${bytes(m.sent_bytes)})`;
}

async function askPause(act) {
    const sure = await ask({ title: "Pause dispatch?", action: "Pause",
        text: "What runs now ends; then events wait until you resume. Connections stay, and pings are answered. " +
            "New clients are refused once they have waited too long." });
    if (sure) {
        await act(() => api.post("v1/pause"), "Paused: events wait.");
    }
}

const resume = act => act(() => api.post("v1/resume"), "Resumed.");

async function askDrain(act) {
    const sure = await ask({ title: "Drain and stop?", action: "Drain", danger: true,
        text: "The server takes no new clients, runs what is queued, closes every connection with 1001 and ends, " +
            "as with SIGTERM. What started it may start it again." });
    if (sure) {
        await act(() => api.post("v1/drain"), "Draining: the server ends when its clients have been closed.");
    }
}

async function reload(act) {
    const sure = await ask({ title: "Reload the configuration?", action: "Reload",
        text: "Reads the configuration again, as with SIGHUP. No connection is dropped." });
    if (sure) {
        await act(() => api.post("v1/reload", { wait: 70_000 }), tellReload);
    }
}

function tellReload({ applied, new_clients: later = [], restart }) {
    const lists = [["Applied", applied], ["Only for clients that come from now on", later], ["Only after a restart", restart]];
    const told = lists.filter(([, keys]) => keys.length > 0).map(([what, keys]) => `${what}: ${keys.join(", ")}.`);
    return told.length ? `Reloaded. ${told.join("\n")}` : "Reloaded. Nothing has changed.";
}

async function writeDocument() {
    const given = await ask({ title: "Write to the pipe", action: "Run ws_server_fifo",
        text: "Runs ws_server_fifo with this document and waits for its end.",
        fields: [{ name: "document", label: "Document", kind: "area", placeholder: "{\"cmd\":\"…\"}" }],
        check: ({ document }) => document.trim() === "" ? "Write a document." : "" });
    if (given) {
        await attempt(() => api.post("v1/fifo", { text: given.document, wait: 40_000 }),
            ({ result }) => `ws_server_fifo has run${result === undefined || result === null ? "." : `: ${value(result)}`}`);
    }
}
