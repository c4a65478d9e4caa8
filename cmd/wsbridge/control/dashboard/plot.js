// A plot over time in plain SVG: lines, or columns that stand on each other. The values at the cursor stand in its legend; the
// cursor is one for all plots of the page.

import { el, setText, svg } from "./dom.js";
import { clock } from "./format.js";
import { scale, ticks, timeTicks } from "./scale.js";

const height = 168;
const margin = { top: 8, right: 8, bottom: 22, left: 52 };
const shortest = 60_000; // ms; the least that the time axis shows
const cursor = new EventTarget();

// makePlot returns {element, draw}. series are {name, color, value(point), area}: value returns null where there is nothing.
// format writes a value, whole says that there are no fractions of one, stacked that the series add up. empty returns the lines that
// say why there is nothing to draw.
export function makePlot({ title, note, series, format, whole = false, stacked = false, extra = null, empty = () => [] }) {
    const canvas = svg("svg", { class: "canvas", role: "img", tabindex: 0, height });
    const time = el("span", { class: "time" });
    const values = series.map(() => el("b", {}, "–"));
    const legend = el("ul", { class: "legend" }, series.map((s, i) =>
        el("li", {}, el("span", { class: `swatch ${s.color}`, "aria-hidden": "true" }), s.name, values[i])));
    const spoken = el("output", { class: "hidden" });
    const element = el("figure", { class: "plot card" },
        el("figcaption", {}, el("h2", {}, title), time, extra), legend, canvas,
        note && el("p", { class: "note" }, note), spoken);
    const plot = { points: [], interval: 0, places: null, at: null };

    function redraw() {
        plot.places = render(canvas, plot, { series, format, whole, stacked, empty });
        mark();
    }

    // mark shows the values at the cursor, or the latest.
    function mark() {
        const { points, places } = plot;
        const index = plot.at === null ? points.length - 1 : nearest(points, plot.at);
        const point = points[index];
        setText(time, point && plot.at !== null ? clock(point.time) : "");
        values.forEach((b, i) => setText(b, point ? written(series[i].value(point), format) : "–"));
        canvas.setAttribute("aria-label", `${title}: ${series.map((s, i) => `${s.name} ${values[i].textContent}`).join(", ")}`);
        if (places) {
            const x = point && plot.at !== null ? places.x(point.at) : -10;
            places.cursor.setAttribute("d", `M${x} ${margin.top}V${height - margin.bottom}`);
        }
    }

    cursor.addEventListener("move", ({ detail }) => {
        plot.at = detail;
        if (element.isConnected) {
            mark();
        }
    });
    listen(canvas, plot, () => setText(spoken, `${time.textContent} ${canvas.getAttribute("aria-label")}`));
    new ResizeObserver(redraw).observe(canvas);
    return {
        element,
        // draw shows points, oldest first, each with the time it is of in ms, as at.
        draw(points, interval) {
            Object.assign(plot, { points, interval });
            redraw();
        },
    };
}

function listen(canvas, plot, speak) {
    const moveTo = at => cursor.dispatchEvent(new CustomEvent("move", { detail: at }));
    canvas.addEventListener("pointermove", event => {
        if (plot.places) {
            moveTo(plot.places.timeAt(event.clientX - canvas.getBoundingClientRect().left));
        }
    });
    canvas.addEventListener("pointerleave", () => moveTo(null));
    canvas.addEventListener("blur", () => moveTo(null));
    canvas.addEventListener("keydown", event => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (step === undefined || plot.points.length === 0) {
            return;
        }
        event.preventDefault();
        const last = plot.points.length - 1;
        const index = plot.at === null ? last : nearest(plot.points, plot.at) + step;
        moveTo(plot.points[Math.min(last, Math.max(0, index))].at);
        speak();
    });
}

// render draws anew and returns where things are: {x, timeAt, cursor}, or null if there is no room.
function render(canvas, { points, interval }, { series, format, whole, stacked, empty }) {
    const width = canvas.clientWidth;
    canvas.replaceChildren();
    if (width < 100) {
        return null;
    }
    const right = width - margin.right;
    const bottom = height - margin.bottom;
    const to = points.at(-1)?.at ?? Date.now();
    const from = Math.min(points[0]?.at ?? to, to - shortest);
    const x = scale(from, to, margin.left, right);
    const top = highest(points, series, stacked);
    const marks = ticks(top, 3, whole);
    const y = scale(0, marks.at(-1), bottom, margin.top);
    canvas.append(...axes({ marks, y, format, right, bottom, times: timeTicks(from, to, width / 110), x }));
    canvas.append(...(stacked ? columns(points, series, x, y, interval) : lines(points, series, x, y, bottom)));
    const line = svg("path", { class: "cursor" });
    canvas.append(line);
    if (points.length === 0 || stacked && top === 0) {
        canvas.append(reason(points.length === 0 ? ["Nothing measured yet"] : empty(), (margin.left + right) / 2));
    }
    return { x, cursor: line, timeAt: scale(margin.left, right, from, to) };
}

function reason(lines, x) {
    return svg("text", { class: "empty", y: height / 2 - 16 * lines.length },
        lines.map(line => svg("tspan", { x, dy: 16 }, line)));
}

function highest(points, series, stacked) {
    const tops = points.map(p => {
        const all = series.map(s => s.value(p) ?? 0);
        return stacked ? all.reduce((a, b) => a + b, 0) : Math.max(...all);
    });
    return Math.max(0, ...tops);
}

function axes({ marks, y, format, right, bottom, times, x }) {
    const level = value => [
        svg("path", { class: value === 0 ? "axis" : "grid", d: `M${margin.left} ${y(value)}H${right}` }),
        svg("text", { class: "label value", x: margin.left - 8, y: y(value) + 4 }, format(value)),
    ];
    const moment = at => [
        svg("path", { class: "axis", d: `M${x(at)} ${bottom}v4` }),
        svg("text", { class: "label moment", x: x(at), y: bottom + 17 }, clock(at).slice(0, at % 60_000 ? 8 : 5)),
    ];
    const fits = at => x(at) > margin.left + 12 && x(at) < right - 22;
    return [...marks.flatMap(level), ...times.filter(fits).flatMap(moment)];
}

function lines(points, series, x, y, bottom) {
    return series.flatMap(s => {
        const runs = unbroken(points, s.value).map(run => run.map(p => `${fixed(x(p.at))} ${fixed(y(s.value(p)))}`));
        const path = runs.map(run => `M${run.join("L")}${run.length === 1 ? "h.1" : ""}`).join("");
        const line = svg("path", { class: `line ${s.color}`, d: path });
        if (!s.area) {
            return [line];
        }
        const area = runs.map(run => `M${run[0].split(" ")[0]} ${bottom}L${run.join("L")}V${bottom}Z`).join("");
        return [svg("path", { class: `area ${s.color}`, d: area }), line];
    });
}

// unbroken splits points where a series has no value.
function unbroken(points, value) {
    const runs = [[]];
    for (const point of points) {
        if (value(point) === null) {
            runs.push([]);
        } else {
            runs.at(-1).push(point);
        }
    }
    return runs.filter(run => run.length > 0);
}

// columns: one as wide as the interval for each point, since most intervals may have nothing to show.
function columns(points, series, x, y, interval) {
    const floor = points.map(() => 0);
    return series.map(s => {
        const parts = points.map((p, i) => {
            const value = s.value(p) ?? 0;
            if (value <= 0) {
                return "";
            }
            const low = floor[i];
            floor[i] += value;
            const before = points[i - 1]?.at ?? 0;
            const begin = p.at - before < 1.5 * interval ? before : p.at - interval; // timers are late now and then
            const left = Math.max(margin.left, x(begin));
            return `M${fixed(left)} ${fixed(y(low))}V${fixed(y(floor[i]))}H${fixed(x(p.at) + 0.3)}V${fixed(y(low))}Z`;
        });
        return svg("path", { class: `column ${s.color}`, d: parts.join("") });
    });
}

function nearest(points, at) {
    let best = points.length - 1;
    points.forEach((p, i) => {
        if (Math.abs(p.at - at) < Math.abs(points[best].at - at)) {
            best = i;
        }
    });
    return best;
}

function written(value, format) { return value === null || value === undefined ? "–" : format(value); }
function fixed(n) { return n.toFixed(1); }
