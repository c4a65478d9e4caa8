// How numbers, sizes and times are written.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const none = "–";

// count writes how many: 12, 3,456, 1.2M.
export function count(n) {
    return isNumber(n) ? (Math.abs(n) < 1e5 ? whole : short).format(n) : none;
}

// rate writes how many per second: 0.5, 12, 1,234.
export function rate(n) {
    return isNumber(n) ? n > 0 && n < 10 ? trim(n.toFixed(1)) : count(n) : none;
}

// micros writes a duration given in microseconds, to three digits: 870 µs, 1.24 ms, 3.1 s.
export function micros(us) {
    if (!isNumber(us)) {
        return none;
    }
    if (us < 1000) {
        return `${Math.round(us)} µs`;
    }
    return us < 1e6 ? `${digits(us / 1e3)} ms` : `${digits(us / 1e6)} s`;
}

export function bytes(n) {
    if (!isNumber(n)) {
        return none;
    }
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let i = 0;
    for (; n >= 1024 && i < units.length - 1; i++) {
        n /= 1024;
    }
    return `${i === 0 ? n : digits(n)} ${units[i]}`;
}

// span writes a long duration in its two largest units: 3 d 4 h, 5 min 12 s.
export function span(seconds) {
    if (!isNumber(seconds)) {
        return none;
    }
    const s = Math.max(0, Math.floor(seconds));
    const [min, h, d] = [60, 3600, 86400].map(unit => Math.floor(s / unit));
    const parts = [[d, "d"], [h % 24, "h"], [min % 60, "min"], [s % 60, "s"]];
    const first = parts.findIndex(([n]) => n > 0);
    return first < 0 ? "0 s" : parts.slice(first, first + 2).filter(([n]) => n > 0).map(p => p.join(" ")).join(" ");
}

// ago is the time since an RFC 3339 time, by this machine's clock.
export function ago(time) { return span((Date.now() - Date.parse(time)) / 1000); }

export function clock(time, withMillis = false) {
    const t = new Date(time);
    const text = t.toLocaleTimeString("en-GB");
    return withMillis ? `${text}.${String(t.getMilliseconds()).padStart(3, "0")}` : text;
}

export function plural(n, one, many = `${one}s`) { return `${count(n)} ${n === 1 ? one : many}`; }

// value writes a row's value: strings as they are, everything else as JSON. Long strings come cut, and strings that are
// no UTF-8 as base64.
export function value(v, indent) {
    if (typeof v === "string") {
        return v;
    }
    const isCut = isObject(v) && isNumber(v.cut_bytes);
    const more = isCut ? `… (${bytes(v.cut_bytes)} more)` : "";
    if (isCut && typeof v.text === "string") {
        return v.text + more;
    }
    if (isObject(v) && typeof v.base64 === "string" && Object.keys(v).length === (isCut ? 2 : 1)) {
        return `base64:${v.base64}${more}`;
    }
    return v === undefined ? "" : JSON.stringify(v, null, indent);
}

function isObject(v) { return v !== null && typeof v === "object"; }
function isNumber(n) { return typeof n === "number" && isFinite(n); }
function digits(n) { return trim(n < 10 ? n.toFixed(2) : n < 100 ? n.toFixed(1) : n.toFixed(0)); }
function trim(text) { return text.includes(".") ? text.replace(/\.?0+$/, "") : text; }
