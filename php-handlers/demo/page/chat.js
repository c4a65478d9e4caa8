// The chat. What the server sends is inserted as text, never as markup.

import { ask, makeLog, showRooms } from "./view.js";
import { keepConnected } from "./socket.js";

const $ = id => document.getElementById(id);
const me = { key: 0, name: "", room: "lobby" };
const log = makeLog($("log"), $("latest"));

// The application reads the name from a cookie, as applications of the original server do.
const parameters = new URLSearchParams(location.search);
rememberName(parameters.get("name") ?? localStorage.getItem("chat_name") ?? "", false);

const address = new URL("/", location.href);
address.protocol = address.protocol.replace("http", "ws");
const server = keepConnected(address, {
    onOpen: () => showState("connected", "good"),
    onMessage: data => receive(JSON.parse(data)),
    onWait: showWait,
});

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

function send(command) { return server.send(JSON.stringify(command)); }

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
    $("send").disabled = tone !== "good";
    $("trouble").hidden = true;
}

const reasons = { 1001: "The server is restarting.", 1013: "The server is busy." };

function showWait(ms, code) {
    showState("reconnecting", "gone");
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = "Try now";
    again.addEventListener("click", () => server.retry());
    const reason = reasons[code] ?? "The connection is gone.";
    $("trouble").replaceChildren(`${reason} Trying again in ${Math.ceil(ms / 1000)} s. `, again);
    $("trouble").hidden = false;
}

$("form").addEventListener("submit", event => {
    event.preventDefault();
    const text = $("text").value.trim();
    if (text && send(parse(text))) {
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
