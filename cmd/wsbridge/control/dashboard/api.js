// The control API. Addresses are relative to the page, which may be served below a path of the public listener.

import { askToken } from "./token.js";
import { hide } from "./access.js";

const tokenKey = "wsbridge-token";
const patience = 10_000; // ms; of an answer that does not stream
const files = "They are in the files that control.token_file and control.tokens name.";
const unknown = `This address wants a token. ${files}`;
const wrong = `The server does not take this token. ${files}`;
const silence = 40_000; // ms; a stream sends at least a blank line every 15 s

// Unreachable: no answer came. Refused: one that says no; its message is the server's.
export class Unreachable extends Error {}
export class Refused extends Error {
    constructor(status, answer) {
        super([answer.error || `the server answered with status ${status}`, ...answer.problems ?? []].join("\n"));
        this.status = status;
        this.answer = answer;
    }
}

// keepToken takes a token for this tab. It is not written to disk, as local storage would.
export function keepToken(token) { sessionStorage.setItem(tokenKey, token); }

export const get = (path, query) => call("GET", path, { query });
export const post = (path, options) => call("POST", path, options);
export const put = (path, json) => call("PUT", path, { json });

// call returns the answer's JSON. It asks the user for a token as often as the server wants another one, and hides the page meanwhile.
async function call(method, path, { query, json, text, wait = patience } = {}) {
    const response = await authorized(path, query, {
        method,
        body: json === undefined ? text : JSON.stringify(json),
        headers: json === undefined ? { "Content-Type": "text/plain; charset=utf-8" } : { "Content-Type": "application/json" },
    }, () => AbortSignal.timeout(wait));
    try {
        return await response.json();
    } catch {
        throw new Unreachable("the answer broke off");
    }
}

// stream calls onItem for each line of JSON until signal aborts or the server ends it, which throws Unreachable.
export async function stream(path, query, { signal, onOpen, onItem }) {
    const watchdog = new AbortController();
    let timer = setTimeout(() => watchdog.abort(), silence);
    try {
        const response = await authorized(path, query, {}, () => AbortSignal.any([signal, watchdog.signal]));
        onOpen();
        let rest = "";
        for await (const chunk of chunks(response.body)) {
            clearTimeout(timer);
            timer = setTimeout(() => watchdog.abort(), silence);
            const lines = (rest + chunk).split("\n");
            rest = lines.pop();
            lines.filter(line => line.trim() !== "").forEach(line => onItem(JSON.parse(line)));
        }
    } catch (error) {
        throw error instanceof Refused ? error : new Unreachable("the live events broke off");
    } finally {
        clearTimeout(timer);
    }
    throw new Unreachable("the server ended the live events");
}

// chunks: not every browser can iterate over a stream by itself.
async function* chunks(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
        const { done, value } = await reader.read();
        if (done) {
            return;
        }
        yield value;
    }
}

async function authorized(path, query, options, signal) {
    for (;;) {
        const token = sessionStorage.getItem(tokenKey);
        const headers = { ...options.headers, ...token && { Authorization: `Bearer ${token}` } };
        const response = await reach(path + search(query), { ...options, headers, signal: signal(), cache: "no-store" });
        if (response.ok) {
            return response;
        }
        const answer = await response.json().catch(() => ({}));
        const mayNotSee = response.status === 403 && token !== null && (options.method ?? "GET") === "GET";
        if (response.status !== 401 && !mayNotSee) {
            throw new Refused(response.status, answer);
        }
        if (token === sessionStorage.getItem(tokenKey)) { // else another one was given meanwhile
            hide();
            keepToken(await askToken(mayNotSee ? answer.error : token === null ? unknown : wrong));
        }
    }
}

async function reach(address, options) {
    try {
        return await fetch(address, options);
    } catch {
        throw new Unreachable("the server does not answer");
    }
}

// search takes pairs, since a parameter may come more than once.
function search(query = []) {
    const text = new URLSearchParams(query).toString();
    return text && `?${text}`;
}
