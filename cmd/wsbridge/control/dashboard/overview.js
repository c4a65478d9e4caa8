// The first view: numbers, plots, errors, the server.

import * as api from "./api.js";
import { el } from "./dom.js";
import { makeErrors } from "./errors.js";
import { makePlots } from "./plots.js";
import { makeServer } from "./server.js";
import { makeTiles } from "./tiles.js";

// makeOverview returns a view: {title, element, refresh(status)}.
export function makeOverview(changed) {
    const tiles = makeTiles();
    const plots = makePlots();
    const errors = makeErrors();
    const server = makeServer(changed);
    return {
        title: "Overview",
        element: el("div", { class: "overview" }, tiles.element, plots.element, errors.element, server.element),
        async refresh(status) {
            const [series, { errors: recent }] = await Promise.all([api.get("v1/series"), api.get("v1/errors")]);
            tiles.draw(status, series);
            plots.draw(series);
            errors.draw(recent);
            server.draw(status);
        },
    };
}
