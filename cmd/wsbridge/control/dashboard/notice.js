// Short messages: what was done, or why it could not be.

import { el } from "./dom.js";

const shown = 8000; // ms; errors stay until they are closed

export function notice(text, isError = false) {
    const close = el("button", { class: "icon", type: "button", "aria-label": "Dismiss", onclick: () => box.remove() }, "×");
    const box = el("div", isError ? { class: "notice error", role: "alert" } : { class: "notice" }, el("p", {}, text), close);
    document.getElementById("notices").append(box);
    if (!isError) {
        setTimeout(() => box.remove(), shown);
    }
}

// attempt runs an action and says how it went. It returns whether it worked.
export async function attempt(action, done) {
    try {
        const answer = await action();
        notice(typeof done === "function" ? done(answer) : done);
        return true;
    } catch (error) {
        notice(error.message, true);
        return false;
    }
}
