// The PHP workers that stay from event to event, and those that have ended.

import * as api from "./api.js";
import { ask } from "./dialog.js";
import { el, setText, syncList } from "./dom.js";
import { ago, bytes, count, plural, span } from "./format.js";
import { attempt } from "./notice.js";

const titles = ["Kind", "Process", "Age", "Events", "Memory", "Code", "State"];
const latest = 5; // of those that have ended

// makeWorkers returns {element, draw(status)}. changed() is called when a worker was replaced.
export function makeWorkers(changed) {
    const body = el("tbody", { id: "workers" });
    const state = el("p", { class: "dim" });
    const failure = el("p", { class: "problem untrusted" });
    const recycle = el("button", { type: "button", onclick: () => askRecycle(changed) }, "Replace the worker…");
    const table = el("div", { class: "table" }, el("table", {},
        el("thead", {}, el("tr", {}, titles.map((t, i) => el("th", { scope: "col", class: alignment(i) }, t)))), body));
    return {
        element: el("section", { class: "card wide workers" }, el("h2", {}, "Resident workers"), state, failure, table,
            el("div", { class: "buttons operate" }, recycle)),
        draw({ residents: r }) {
            setText(state, stateText(r));
            const why = r.boot_failure;
            setText(failure, why ? `${count(r.boots_failed)} could not be started, the last ${ago(why.time)} ago: ${why.error}` : "");
            table.hidden = recycle.hidden = !r.enabled;
            syncList(body, [...r.workers, ...r.ended.slice(0, latest)], w => `${w.pid} ${w.started}`, make, update);
        },
    };
}

function stateText({ enabled, why, stateless, broken, replaced }) {
    if (!enabled) {
        return `There are none, since ${why}: each event is a request of its own.`;
    }
    const times = Object.values(replaced).reduce((sum, n) => sum + n, 0);
    const now = stateless ? "None can be started: events run in requests of their own, and nothing is kept." : "Events run in the alone worker.";
    const code = broken && !stateless ? ` The application's code cannot be loaded any more, and what was loaded before goes on: ${broken}.` : "";
    return times > 0 ? `${now}${code} Replaced ${plural(times, "time")} so far.` : now + code;
}

// alignment: ages, numbers of events and sizes are numbers.
function alignment(i) { return i >= 2 && i <= 4 ? "number" : null; }

function make() {
    const row = el("tr", {}, titles.map((t, i) => el("td", { "data-label": t, class: alignment(i) })));
    row.firstChild.append(el("span", {}));
    row.lastChild.classList.add("untrusted");
    return row;
}

function update(row, w) {
    const age = (w.ended ? Date.parse(w.ended) : Date.now()) - Date.parse(w.started);
    const texts = [w.pid, span(age / 1000), count(w.events), w.memory ? bytes(w.memory) : "–", w.code?.slice(0, 8) ?? "", stateOf(w)];
    const [kind, ...cells] = row.children;
    setText(kind.firstChild, w.kind);
    kind.firstChild.className = w.ended ? "tag" : "tag good";
    texts.forEach((text, i) => setText(cells[i], String(text)));
}

// stateOf says what a worker runs and why it will leave, or why it has ended.
function stateOf({ ended, reason, runs }) {
    if (ended) {
        return `ended ${ago(ended)} ago: ${reason}`;
    }
    const now = runs && `runs ${runs.event}${runs.client ? ` of client ${runs.client}` : ""} for ${ago(runs.since)}` +
        (runs.behind ? `, ${count(runs.behind)} behind it` : "");
    return [now, reason && `leaves: ${reason}`].filter(Boolean).join("; ");
}

async function askRecycle(changed) {
    const sure = await ask({ title: "Replace the alone worker?", action: "Replace", danger: true,
        text: "Another one takes over between two events, so that none is lost or fails. What only this one could keep is lost, " +
            "such as static variables." });
    if (sure && await attempt(() => api.post("v1/workers/recycle", { wait: 130_000 }), tellRecycled)) {
        changed();
    }
}

function tellRecycled({ before, after }) { return `Worker ${after.pid} has taken over from worker ${before.pid}.`; }
