// The chat. What the server sends is inserted as text, never as markup.

import { ask, makeLog, showRooms } from "./view.js";
import { ReconnectingWebSocket } from "./wsbridge.js";

const $ = id => document.getElementById(id);
const lobby = "lobby"; // where everybody arrives
const me = { key: 0, name: "", room: lobby };
const log = makeLog($("log"), $("latest"));

// The application reads the name from a cookie, as applications of the original server do.
const parameters = new URLSearchParams(location.search);
rememberName(parameters.get("name") ?? localStorage.getItem("chat_name") ?? "", false);

// What is written while the server is away waits. It is said in the room that it was written for.
const server = new ReconnectingWebSocket("/");
server.onopen = () => {
    if (me.room !== lobby) {
        send({ cmd: "join", room: me.room });
    }
    showState("connected", "good");
};
server.onmessage = event => receive(JSON.parse(event.data));
server.onreconnecting = showWait;
server.onclose = ({ reason }) => showEnd(reason);

function receive(m) {
    switch (m.event) {
    case "welcome":
    case "room":
    case "name":
        Object.assign(me, m);
        $("me").textContent = `${me.name} in ${me.room}`;
        break;
    case "presence":
        showRooms($("rooms"), m.rooms, me, room => send({ cmd: "join", room }));
        break;
    case "notice":
        log.notice(m.text);
        break;
    case "message":
        log.message({ from: m.from, key: m.key, text: m.text, isOwn: m.key === me.key });
        break;
    case "private":
        log.message({ from: `${m.from} (${m.key}) to you`, key: m.key, text: m.text, isPrivate: true });
        break;
    }
}

function send(command) { server.send(JSON.stringify(command)); }

// parse turns a line of input into a command for the application.
function parse(line) {
    const [, word, rest] = line.match(/^\/(\w+)\s*(.*)$/s) ?? [];
    const [, to, text] = rest?.match(/^(\d+)\s+(.*)$/s) ?? [];
    switch (word) {
    case undefined:
        return { cmd: "say", text: line };
    case "join":
        return { cmd: "join", room: rest };
    case "name":
        return rename(rest);
    case "tell":
        return { cmd: "tell", to: Number(to ?? 0), text: text ?? "" };
    default:
        return { cmd: word };
    }
}

function rename(name) {
    rememberName(name, true);
    return { cmd: "name", name };
}

function rememberName(name, forLong) {
    document.cookie = `chat_name=${encodeURIComponent(name)}; path=/; SameSite=Strict`;
    if (forLong) {
        localStorage.setItem("chat_name", name);
    }
}

function showState(text, tone) {
    $("state").textContent = text;
    $("state").dataset.tone = tone;
    $("trouble").hidden = tone === "good";
}

const reasons = { 1001: "The server is restarting.", 1013: "The server is busy." };

function showWait({ code, delay }) {
    showState("reconnecting", "gone");
    const reason = reasons[code] ?? "The connection is gone.";
    const again = button("Try now", () => server.retry());
    $("trouble").replaceChildren(`${reason} Trying again in ${Math.ceil(delay / 1000)} s; what you write is sent then. `, again);
}

function showEnd(reason) {
    showState("disconnected", "gone");
    const again = button("Connect", () => location.reload());
    $("trouble").replaceChildren(`The server has closed the connection. ${reason} `, again);
}

function button(text, onClick) {
    const result = document.createElement("button");
    result.type = "button";
    result.textContent = text;
    result.addEventListener("click", onClick);
    return result;
}

$("form").addEventListener("submit", event => {
    event.preventDefault();
    const text = $("text").value.trim();
    if (text) {
        send(parse(text));
        $("text").value = "";
    }
});
$("me").addEventListener("click", async () => {
    const name = await ask("Your name", me.name);
    if (name) {
        send(rename(name));
    }
});
$("new-room").addEventListener("click", async () => {
    const room = await ask("Name of the room", "");
    if (room) {
        send({ cmd: "join", room });
    }
});
