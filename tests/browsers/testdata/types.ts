// What wsbridge.d.ts allows, and what it does not.

import { ReconnectingWebSocket, type DropEvent, type Options } from "../../../deploy/client/wsbridge.js";

const options: Options = {
    maxDelay: 10_000,
    whenFull: "newest",
    heartbeat: { message: () => "ping" },
    probe: true,
    shouldReconnect: event => event.code === 4001 || ReconnectingWebSocket.shouldReconnect(event),
};
const socket = new ReconnectingWebSocket(async () => new URL("https://example.com/ws"), ["chat"], options);
const plain: WebSocket = socket; // where one is expected

socket.onopen = () => socket.send(new Uint8Array([1]));
socket.onmessage = ({ data }) => console.log(data);
socket.onreconnecting = ({ code, delay }) => console.log(code.toFixed(), delay.toFixed());
socket.addEventListener("drop", ({ data, cause }) => console.log(data, cause === "full"));
socket.addEventListener("reconnecting", event => event.delay.toFixed());
socket.addEventListener("close", event => event.wasClean, { once: true });
const dropped = (event: DropEvent) => console.log(event.cause);
socket.ondrop = dropped;
socket.removeEventListener("drop", dropped);
socket.retry();
plain.close(ReconnectingWebSocket.CLOSED + 4000, "bye");

// @ts-expect-error: there is no such option
new ReconnectingWebSocket("/ws", [], { minDelays: 1 });
// @ts-expect-error: the oldest or the newest
new ReconnectingWebSocket("/ws", [], { whenFull: "all" });
// @ts-expect-error: no message
socket.send({});
// @ts-expect-error: it is only read
socket.url = "/";
// @ts-expect-error: it has one of two values
socket.addEventListener("drop", event => event.cause === "empty");
