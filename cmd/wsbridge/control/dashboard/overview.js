// The first view: numbers, plots, errors, workers, handlers, the server.

import * as api from "./api.js";
import { el } from "./dom.js";
import { makeErrors } from "./errors.js";
import { makeHandlers } from "./handlers.js";
import { makePlots } from "./plots.js";
import { makeServer } from "./server.js";
import { makeTiles } from "./tiles.js";
import { makeWorkers } from "./workers.js";

const kept = 300; // points: ten minutes

// makeOverview returns a view: {title, element, refresh(status)}.
export function makeOverview(changed) {
    const tiles = makeTiles();
    const plots = makePlots();
    const errors = makeErrors();
    const workers = makeWorkers(changed);
    const handlers = makeHandlers();
    const server = makeServer(changed);
    let series = null;

    // bringUp asks for what has happened since the last time only. A clock that was set back, or another server, begins anew.
    async function bringUp(started) {
        const isSame = series?.started === started;
        const after = isSame ? series.points.at(-1)?.time : undefined;
        const news = await api.get("v1/series", after ? [["after", after]] : []);
        const points = isSame ? [...series.points, ...news.points] : news.points;
        series = { started, interval_us: news.interval_us, points: points.slice(-kept) };
    }

    return {
        title: "Overview",
        element: el("div", { class: "overview" },
            [tiles, plots, errors, workers, handlers, server].map(part => part.element)),
        async refresh(status) {
            const [{ errors: recent }] = await Promise.all([api.get("v1/errors"), bringUp(status.started)]);
            tiles.draw(status, series);
            plots.draw(series, status);
            errors.draw(recent);
            workers.draw(status);
            handlers.draw(status);
            server.draw(status);
        },
    };
}
