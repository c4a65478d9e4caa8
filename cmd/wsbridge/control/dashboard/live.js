// A list of events as they happen: in the live view, and beside one connection.

import * as api from "./api.js";
import { el, setText } from "./dom.js";
import { drawEvent } from "./event.js";
import { count, plural } from "./format.js";

const shown = 300; // events; older ones leave
const held = 1000; // events kept while paused, or while the tab is hidden
const [soon, late] = [500, 10_000]; // ms until a broken stream is tried again

// makeTail returns {element, controls, start(query), stop()}. start begins anew, with other parameters of /v1/events.
export function makeTail({ withClient }) {
    const list = el("ol", { class: "events", "aria-label": "events, newest first" });
    const empty = el("p", { class: "empty" });
    const element = el("div", { class: "tail" }, list, empty);
    const state = el("span", { class: "dim", role: "status" });
    const pause = el("button", { type: "button", onclick: toggle }, "Pause");
    const clear = el("button", { type: "button", onclick: () => list.replaceChildren() }, "Clear");
    let waiting = []; // newest last; drawn with the next frame, or when the pause ends
    let dropped = 0;
    let paused = false;
    let frame = 0;
    let current = null; // the AbortController of the running stream

    function toggle() {
        paused = !paused;
        setText(pause, paused ? "Continue" : "Pause");
        pause.setAttribute("aria-pressed", paused);
        paint();
    }

    function add(event) {
        if (event.handed_over) {
            return; // the next process goes on
        }
        if (event.dropped !== undefined) {
            dropped += event.dropped;
        } else {
            waiting.push(event);
            if (waiting.length > held) {
                dropped += paused ? waiting.length - held : 0; // else they would not be shown any more anyway
                waiting = waiting.slice(-held);
            }
        }
        frame ||= requestAnimationFrame(paint);
    }

    function paint() {
        frame = 0;
        if (!paused) {
            list.prepend(...waiting.slice(-shown).reverse().map(e => drawEvent(e, withClient)));
            waiting = [];
            while (list.childElementCount > shown) {
                list.lastElementChild.remove();
            }
        }
        empty.hidden = list.childElementCount > 0;
        const parts = [
            paused && `paused, ${plural(waiting.length, "new event")}`,
            dropped > 0 && `${count(dropped)} left out: too many at once`,
        ];
        setText(state, parts.filter(Boolean).join("; "));
    }

    async function run(query, signal) {
        for (let wait = soon; !signal.aborted; wait = Math.min(late, wait * 2)) {
            try {
                await api.stream("v1/events", query, {
                    signal, onItem: add, onOpen: () => {
                        wait = soon;
                        element.dataset.state = "open";
                        setText(empty, "Waiting for an event.");
                    },
                });
            } catch (error) {
                element.dataset.state = "broken";
                setText(empty, `${error.message}. Trying again.`);
            }
            await sleep(wait * (0.5 + Math.random()), signal);
        }
    }

    return {
        element,
        controls: [pause, clear, state],
        start(query) {
            current?.abort();
            current = new AbortController();
            element.dataset.state = "opening";
            setText(empty, "Asking for events.");
            run(query, current.signal);
        },
        stop() {
            current?.abort();
            current = null;
        },
    };
}

function sleep(ms, signal) {
    return new Promise(resolve => {
        const timer = setTimeout(resolve, ms);
        signal.addEventListener("abort", () => {
            clearTimeout(timer);
            resolve();
        });
    });
}
