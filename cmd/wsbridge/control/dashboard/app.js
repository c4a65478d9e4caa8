// The page: which view is shown, and how it is kept up to date.

import * as access from "./access.js";
import * as api from "./api.js";
import { makeConnection } from "./connection.js";
import { makeConnections } from "./connections.js";
import { setText } from "./dom.js";
import { makeLivePage } from "./livepage.js";
import { makeOverview } from "./overview.js";

const interval = 2000; // ms between refreshes
const latest = 10_000; // ms; the longest between attempts to reach a server that is gone

const views = {
    "": makeOverview(wake),
    connections: makeConnections(),
    connection: makeConnection(),
    live: makeLivePage(),
};
const main = document.getElementById("view");
const banner = document.getElementById("banner");
const pill = document.getElementById("state");
let view = null;
let stale = false; // something has changed since the refresh that runs has begun
let endPause = () => {};

// wake has everything refreshed now.
function wake() {
    stale = true;
    endPause();
}

// route shows the view that the address's fragment names. A fragment #token=… is a token, and is removed from the address.
function route() {
    const [, token] = location.hash.match(/^#token=(.+)$/) ?? [];
    if (token) {
        api.keepToken(decodeURIComponent(token));
        history.replaceState(null, "", "#/");
    }
    const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
    const [name, key] = path.split("/");
    const next = views[name === "connections" && key ? "connection" : name] ?? views[""];
    if (next !== view) {
        view?.hide?.();
        view = next;
        main.replaceChildren(view.element);
        document.title = `${view.title} · wsbridge`;
    }
    view.show?.(new URLSearchParams(query), key);
    markLink(name);
    wake();
}

function markLink(name) {
    for (const link of document.querySelectorAll("nav a")) {
        const isHere = link.getAttribute("href") === `#/${name}`;
        isHere ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
    }
}

// keepUp refreshes for ever, also while the server is gone, but not while nobody looks.
async function keepUp() {
    for (let failures = 0;;) {
        if (!document.hidden) {
            stale = false;
            failures = await refresh() ? 0 : failures + 1;
        }
        const backoff = Math.min(latest, 1000 * 2 ** failures) * (0.5 + Math.random());
        await pause(failures ? backoff : interval);
    }
}

async function refresh() {
    let status = null;
    try {
        status = await api.get("v1/status");
        showState(status);
        await view.refresh(status);
        access.show(status.role);
        showProblem(status.ready || status.paused || status.draining ? "" : `Not ready: ${status.why}`);
        return true;
    } catch (error) {
        if (error instanceof api.Unreachable) {
            setState("gone", "no answer");
            const old = access.isShown() ? " What you see is old." : "";
            showProblem(`The server does not answer.${old} This page tries again by itself.`);
        } else {
            showProblem(error.message);
            console.error(error);
            if (status) {
                access.show(status.role);
            }
        }
        return false;
    }
}

function showState(s) {
    if (s.draining) {
        setState("busy", "draining");
    } else if (s.paused) {
        setState("busy", "paused");
    } else {
        setState(s.ready ? "good" : "gone", s.ready ? "ready" : "not ready");
    }
}

function setState(tone, text) {
    pill.dataset.tone = tone;
    setText(pill, text);
}

function showProblem(text) {
    banner.hidden = text === "";
    setText(banner, text);
}

function pause(ms) {
    return new Promise(resolve => {
        const timer = setTimeout(resolve, stale ? 0 : ms);
        endPause = () => {
            clearTimeout(timer);
            resolve();
        };
    });
}

addEventListener("hashchange", route);
document.addEventListener("visibilitychange", wake);
route();
keepUp();
