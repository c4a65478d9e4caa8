// The live view: the events of all clients, of one, or of one kind.

import { el } from "./dom.js";
import { makeTail } from "./live.js";
import { stageLegend } from "./stages.js";

// makeLivePage returns a view that listens only while it is shown, since tracing costs the server something.
export function makeLivePage() {
    const tail = makeTail({ withClient: true });
    const client = el("input", { inputmode: "numeric", pattern: "[0-9]*", size: 6, placeholder: "all", id: "tail-client" });
    const kind = el("select", { id: "tail-event" }, el("option", { value: "" }, "all"));
    const payloads = el("input", { type: "checkbox", id: "tail-payloads" });
    const restart = () => tail.start([
        ...client.value.trim() ? [["client", client.value.trim()]] : [],
        ...kind.value ? [["event", kind.value]] : [],
        ...payloads.checked ? [["payloads", "1"]] : [],
    ]);
    const form = el("form", { class: "bar-form" },
        el("label", { class: "inline" }, "Client", client),
        el("label", { class: "inline" }, "Event", kind),
        el("label", { class: "inline" }, payloads, "Show payloads"),
        ...tail.controls);
    form.addEventListener("change", restart);
    form.addEventListener("submit", event => event.preventDefault());
    return {
        title: "Live events",
        element: el("div", {},
            el("h1", {}, "Live events"),
            el("p", { class: "dim lead" },
                "Each event as it ends: how its time split, and what its handler did. Payloads are users' data."),
            form, stageLegend(), tail.element),
        show(parameters) {
            client.value = parameters.get("client") ?? "";
            restart();
        },
        hide: () => tail.stop(),
        refresh(status) {
            const names = (status.application.handlers ?? []).map(h => h.name);
            if (kind.options.length !== names.length + 1) {
                const chosen = kind.value;
                kind.replaceChildren(el("option", { value: "" }, "all"), ...names.map(n => el("option", { value: n }, n)));
                kind.value = names.includes(chosen) ? chosen : "";
            }
        },
    };
}
