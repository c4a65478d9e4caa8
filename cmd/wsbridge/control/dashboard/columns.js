// Which fields of rows the list of connections shows.

import * as api from "./api.js";

const key = "wsbridge-columns";
const own = ["peer_name", "state", "buffer", "ping_time", "pong_time"]; // in every row, and said elsewhere in the list
const guesses = 3;

// savedColumns returns what the user has chosen, or null if nothing.
export function savedColumns() {
    const text = localStorage.getItem(key);
    return text === null ? null : parseColumns(text);
}

export function saveColumns(text) { localStorage.setItem(key, text); }

export function parseColumns(text) { return text.split(/[\s,]+/).filter(name => name !== ""); }

// guessColumns returns the first fields that the application has put into a connection's row, if they are short.
export async function guessColumns(connection) {
    const { row } = await api.get(`v1/connections/${connection}`);
    const isShort = v => typeof v === "number" || typeof v === "boolean" || typeof v === "string" && v.length <= 40;
    return Object.keys(row).filter(name => !own.includes(name) && !/[\s,]/.test(name) && isShort(row[name])).slice(0, guesses);
}
