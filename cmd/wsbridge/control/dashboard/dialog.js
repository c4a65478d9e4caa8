// Questions that must be answered before something happens.

import { el } from "./dom.js";

// ask shows a dialog and returns the fields' values by name, or null if the user changed his mind. A field is {name, label,
// value, kind}: "text", "password", "number", "area", or "choice" with its choices. Empty fields are fine unless required.
// check(values) may return a sentence that says what is wrong.
export function ask({ title, text, fields = [], action, danger = false, check = () => "", required = false }) {
    const inputs = fields.map(makeInput);
    const problem = el("p", { class: "problem", role: "alert" });
    const dialog = el("dialog", { "aria-labelledby": "dialog-title" },
        el("form", {},
            el("h2", { id: "dialog-title" }, title),
            text && el("p", {}, text),
            inputs.map(({ field, input }) => el("label", { class: "field" }, el("span", {}, field.label), input)),
            problem,
            el("div", { class: "buttons" },
                !required && el("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
                el("button", { class: danger ? "danger" : "primary" }, action))));
    return new Promise(resolve => {
        let values = null;
        dialog.addEventListener("submit", event => {
            event.preventDefault();
            const given = Object.fromEntries(inputs.map(({ field, input }) => [field.name, input.value]));
            problem.textContent = check(given);
            if (problem.textContent === "") {
                values = given;
                dialog.close();
            }
        });
        dialog.addEventListener("cancel", event => required && event.preventDefault());
        dialog.addEventListener("close", () => {
            dialog.remove();
            resolve(values);
        });
        document.body.append(dialog);
        dialog.showModal();
        inputs[0]?.input.focus();
    });
}

function makeInput(field) {
    const { name, kind = "text", value = "", choices = [], placeholder } = field;
    if (kind === "area") {
        const input = el("textarea", { name, rows: 5, placeholder });
        input.value = value;
        return { field, input };
    }
    if (kind === "choice") {
        const options = choices.map(c => el("option", { value: c, selected: c === value }, c));
        return { field, input: el("select", { name }, options) };
    }
    return { field, input: el("input", { name, type: kind, value, placeholder, autocomplete: "off" }) };
}
