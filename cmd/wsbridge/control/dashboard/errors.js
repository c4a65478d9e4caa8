// What failed in PHP lately, alike ones counted.

import { el, setText, syncList } from "./dom.js";
import { ago, count } from "./format.js";

// makeErrors returns {element, draw(errors)}.
export function makeErrors() {
    const list = el("ol", { class: "errors", id: "errors" });
    const empty = el("p", { class: "empty" }, "No handler has failed.");
    const element = el("section", { class: "card wide" }, el("h2", {}, "Recent errors"), empty, list);
    return {
        element,
        draw(errors) {
            empty.hidden = errors.length > 0;
            syncList(list, errors, keyOf, make, update);
        },
    };
}

function keyOf(e) { return JSON.stringify([e.failure, e.event, e.message, e.file, e.line]); }

function make() {
    return el("li", {},
        el("div", { class: "what" }, ["tag bad failure", "times", "when"].map(name => el("span", { class: name }))),
        el("p", { class: "message untrusted" }),
        el("p", { class: "where" }, el("code", { class: "untrusted" }), el("span", { class: "who" })));
}

function update(item, e) {
    const set = (selector, text) => setText(item.querySelector(selector), text);
    set(".failure", e.failure ?? "failed");
    set(".times", e.times > 1 ? `${count(e.times)} times` : "");
    set(".when", `${ago(e.time)} ago`);
    set(".message", e.message ?? "");
    set("code", place(e));
    const whose = e.client ? [" of ", el("a", { href: `#/connections/${e.client}` }, `client ${e.client}`)] : [];
    item.querySelector(".who").replaceChildren(`in ${e.event}`, ...whose);
}

// place is where in PHP something happened: file:line.
export function place({ file, line }) { return file ? line ? `${file}:${line}` : file : ""; }
