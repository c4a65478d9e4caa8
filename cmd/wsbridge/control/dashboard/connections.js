// The list of connections.

import * as api from "./api.js";
import { guessColumns, parseColumns, saveColumns, savedColumns } from "./columns.js";
import { ask } from "./dialog.js";
import { el, setText, syncList } from "./dom.js";
import { parseFilter } from "./filter.js";
import { ago, bytes, count, plural, value } from "./format.js";
import { attempt } from "./notice.js";
import { followAnywhere } from "./pointer.js";

const page = 50;

// makeConnections returns a view.
export function makeConnections() {
    const search = el("input", { type: "search", id: "search", placeholder: "login=anna  room=an*  state=OPEN  12",
        "aria-label": "Search by fields of the row", "aria-describedby": "search-help",
        autocomplete: "off", spellcheck: "false" });
    const columns = el("input", { id: "columns", placeholder: "login, room", autocomplete: "off", spellcheck: "false" });
    const problem = el("p", { class: "problem", role: "alert" });
    const total = el("p", { class: "dim", role: "status", id: "total" });
    const head = el("tr", {});
    const body = el("tbody", { id: "connections" });
    const more = el("button", { type: "button", onclick: showMore }, "Show more");
    let filter = parseFilter("");
    let fields = savedColumns();
    let limit = page;
    let wanted = 0; // the newest request; answers to older ones come too late

    async function refresh() {
        const mine = ++wanted;
        const { connections, total: matching, next } = await list();
        if (fields === null && connections.length > 0) {
            const guessed = await guessColumns(connections[0].key).catch(() => []);
            fields ??= guessed; // the user may have been faster
            if (document.activeElement !== columns) {
                columns.value = fields.join(", ");
            }
            return refresh();
        }
        if (mine === wanted) {
            draw(connections, matching, next);
        }
    }

    async function list() {
        if (filter.key) {
            const found = await api.get(`v1/connections/${filter.key}`).catch(error => {
                if (error.status === 404) {
                    return null;
                }
                throw error;
            });
            return found ? { connections: [found], total: 1 } : { connections: [], total: 0 };
        }
        const names = shownFields().map(f => f.replaceAll(",", "")).join(",");
        return api.get("v1/connections", [...filter.query, ["limit", limit], ...names ? [["fields", names]] : []]);
    }

    function shownFields() { return [...new Set([...fields ?? [], ...filter.fields])]; }

    function draw(connections, matching, next) {
        const names = shownFields();
        const titles = ["Client", "State", "Address", "Connected", ...names, "Waiting", "To send", "In", "Out"];
        if (head.dataset.shown !== titles.join()) {
            head.dataset.shown = titles.join();
            body.replaceChildren();
            head.replaceChildren(...titles.map((t, i) => el("th", { scope: "col", class: alignment(titles, i) }, t)));
        }
        syncList(body, connections, c => c.key, () => makeRow(titles), (row, c) => updateRow(row, c, names));
        const shown = next ? `, ${count(connections.length)} shown` : "";
        setText(total, matching === 0 ? "No connection matches." : plural(matching, "connection") + shown);
        more.hidden = !next;
    }

    async function showMore() {
        limit += 4 * page;
        await refresh();
    }

    async function change() {
        try {
            filter = parseFilter(search.value);
            problem.textContent = "";
            await refresh();
        } catch (error) {
            problem.textContent = error.message;
        }
    }

    search.addEventListener("input", change);
    columns.addEventListener("change", () => {
        fields = parseColumns(columns.value);
        saveColumns(columns.value);
        change();
    });
    columns.value = (fields ?? []).join(", ");
    const broadcast = el("button", { type: "button", class: "operate", onclick: () => askBroadcast(filter) }, "Broadcast…");
    return {
        title: "Connections",
        element: el("div", {},
            el("h1", {}, "Connections"),
            el("div", { class: "bar-form" },
                el("label", { class: "grow" }, el("span", { class: "hidden" }, "Search"), search),
                el("label", { class: "inline" }, "Columns", columns), broadcast),
            el("p", { class: "dim help", id: "search-help" },
                "A field of the row and its value, with * at the end for any ending; several must all match. ",
                "Quote values with spaces: room=\"the kitchen\"."),
            problem, total,
            el("div", { class: "table card" }, el("table", {}, el("thead", {}, head), body)),
            more),
        show(parameters) {
            if (parameters.has("q")) {
                search.value = parameters.get("q");
            }
            limit = page;
            change();
        },
        refresh: () => problem.textContent === "" ? refresh() : null,
    };
}

// alignment: the last four columns are numbers.
function alignment(titles, i) { return i >= titles.length - 4 ? "number" : null; }

function makeRow(titles) {
    return el("tr", {}, titles.map((t, i) => el("td", { "data-label": t, class: alignment(titles, i) })));
}

function updateRow(row, c, names) {
    const texts = [null, null, c.remote_address, ago(c.connected), ...names.map(n => value(c.row?.[n])),
        count(c.events_waiting), c.send_queue ? `${count(c.send_queue)} (${bytes(c.send_queue_bytes)})` : "0",
        `${count(c.received)} (${bytes(c.received_bytes)})`, `${count(c.sent)} (${bytes(c.sent_bytes)})`];
    const cells = [...row.children];
    if (!cells[0].firstChild) {
        cells[0].append(el("a", { class: "whole", href: `#/connections/${c.key}`, draggable: "false" }, String(c.key)));
        followAnywhere(row, cells[0].firstChild);
        cells[1].append(el("span", { class: "tag" }));
        cells.slice(4, 4 + names.length).forEach(cell => cell.classList.add("untrusted"));
    }
    setText(cells[1].firstChild, c.state);
    cells[1].firstChild.className = c.state === "OPEN" ? "tag good" : "tag";
    texts.forEach((text, i) => text !== null && setText(cells[i], text));
}

async function askBroadcast(filter) {
    const query = filter.key ? null : filter.query;
    if (query === null) {
        location.hash = `#/connections/${filter.key}`;
        return;
    }
    const given = await ask({
        title: "Broadcast",
        text: query.length
            ? `To every open connection that matches ${query.map(p => p.join("=")).join(" and ")}.`
            : "To every open connection.",
        fields: [{ name: "text", label: "Message", kind: "area" }], action: "Send to all of them",
        check: ({ text }) => text === "" ? "Write a message." : "",
    });
    if (given) {
        await attempt(() => api.post("v1/broadcast", { query, text: given.text }), ({ to, missed }) =>
            `Queued for ${plural(to, "client")}.${missed ? ` The queues of ${count(missed)} were full.` : ""}`);
    }
}
