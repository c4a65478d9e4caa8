// The plots of the overview, all drawn from /v1/series.

import { el } from "./dom.js";
import { count, micros, rate } from "./format.js";
import { makePlot } from "./plot.js";
import { stages } from "./stages.js";

// makePlots returns {element, draw(series, status)}.
export function makePlots() {
    let seconds = 1; // of an interval
    let percentile = "p50";
    let latest = null;
    let unknown = ""; // why php-fpm's workers are not known
    const perSecond = key => point => (point[key] ?? 0) / seconds;
    const field = key => point => point[key] ?? null;
    const choice = el("select", { "aria-label": "percentile", onchange: () => {
        percentile = choice.value;
        redraw();
    } }, el("option", { value: "p50" }, "median"), el("option", { value: "p95" }, "95th percentile"));

    const plots = [
        makePlot({ title: "Connections", format: count, whole: true,
            series: [{ name: "open", color: "c-main", value: field("connections"), area: true }] }),
        makePlot({ title: "Events and messages per second", format: rate, series: [
            { name: "events", color: "c-main", value: perSecond("events"), area: true },
            { name: "messages sent", color: "c-wait", value: perSecond("sent") },
            { name: "failed", color: "c-bad", value: perSecond("failed") },
        ] }),
        makePlot({ title: "Latency by stage", format: micros, stacked: true, extra: choice, empty: () => ["No event has ended in this time"],
            series: stages.map(({ name, color, key }) =>
                ({ name, color, value: point => point.events > 0 ? point[key][percentile] : null })) }),
        makePlot({ title: "php-fpm workers", format: count, whole: true, stacked: true, empty: () => unknown
            ? ["php-fpm does not tell about its workers:", unknown]
            : ["php-fpm is asked only while somebody looks"], series: [
            { name: "busy", color: "c-main", value: field("workers_active") },
            { name: "idle", color: "c-idle", value: field("workers_idle") },
            { name: "connections without one", color: "c-bad", value: field("connections_waiting") },
        ] }),
    ];

    function redraw() {
        const series = latest;
        seconds = series.interval_us / 1e6;
        const points = series.points.map(p => ({ ...p, at: Date.parse(p.time) }));
        plots.forEach(p => p.draw(points, seconds * 1000));
    }

    function draw(series, status) {
        latest = series;
        unknown = status.php.workers_unknown ?? "";
        redraw();
    }

    return { element: el("div", { class: "plots" }, plots.map(p => p.element)), draw };
}
