// What is typed into the search box, as query parameters of /v1/connections.

const words = /([^\s="]+)(?:=("(?:[^"\\]|\\.)*"|\S*))?/gy;

// parseFilter returns {query, fields, key}: pairs for the server, the fields of rows that are searched, or the key if the text
// is one. It throws an Error whose message tells how it is written.
export function parseFilter(text) {
    const trimmed = text.trim();
    if (/^#?\d+$/.test(trimmed)) {
        return { query: [], fields: [], key: trimmed.replace("#", "") };
    }
    const query = [];
    const fields = [];
    for (const [name, value] of pairs(trimmed)) {
        if (name === "state") {
            query.push(["state", value]);
        } else {
            query.push([`row.${name}`, value]);
            fields.push(name);
        }
    }
    return { query, fields, key: null };
}

function* pairs(text) {
    words.lastIndex = 0;
    for (let rest = text; rest !== "";) {
        words.lastIndex = 0;
        const match = words.exec(rest);
        if (!match || match[2] === undefined) {
            throw new Error(`"${match ? match[1] : rest}" is no condition: write field=value, state=OPEN, or a key.`);
        }
        yield [match[1], unquote(match[2])];
        rest = rest.slice(match[0].length).trimStart();
    }
}

function unquote(value) {
    return /^".*"$/s.test(value) ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value;
}
