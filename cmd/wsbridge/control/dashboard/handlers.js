// How each handler runs, and why: the table that wsbridge check prints, in the server's words.

import { el, setText } from "./dom.js";

const titles = ["Handler", "Takes", "Runs", "Because"];

// makeHandlers returns {element, draw(status)}.
export function makeHandlers() {
    const title = el("h2", {});
    const body = el("tbody", { id: "handlers" });
    const head = el("tr", {}, titles.map(t => el("th", { scope: "col" }, t)));
    return {
        element: el("section", { class: "card wide handlers" }, title,
            el("div", { class: "table" }, el("table", {}, el("thead", {}, head), body))),
        draw({ application, residents }) {
            const workers = residents.enabled ? " and resident workers" : "";
            setText(title, `Handlers, with isolation.mode = "${application.isolation}"${workers}`);
            const rows = (application.handlers ?? []).map(h => h.cells);
            const wanted = JSON.stringify(rows);
            if (body.dataset.shown !== wanted) {
                body.dataset.shown = wanted;
                body.replaceChildren(...rows.map(drawRow));
            }
        },
    };
}

function drawRow(cells) {
    return el("tr", {}, cells.map((text, i) => el("td", { "data-label": titles[i], class: "untrusted" }, text)));
}
