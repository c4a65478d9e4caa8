// A WebSocket that reconnects. docs/browser.md explains it; wsbridge.d.ts has its types.

const defaults = {
    minDelay: 500, // ms before the first attempt to reconnect, at least; attempts that follow wait longer
    maxDelay: 30_000, // ms before any attempt, at most
    stableAfter: 5000, // ms after which a connection counts as good, and the next loss begins with minDelay
    connectTimeout: 20_000, // ms for an attempt; browsers would wait minutes
    queueLength: 1000, // messages that may wait for a connection
    queueBytes: 1 << 20, // and their bytes
    whenFull: "oldest", // which message is dropped then: "oldest" or "newest"
    heartbeat: null, // {interval, timeout, message}
    probe: false, // true or a URL: asked for Retry-After when a handshake has failed
    shouldReconnect,
};

// The server may be silent for interval ms. Then it is sent message, if there is one, and has timeout ms to say something.
const defaultHeartbeat = { interval: 30_000, timeout: 10_000 };

const [CONNECTING, OPEN, CLOSING, CLOSED] = [0, 1, 2, 3];

// The pauses that a server asks for by its close code, from and to, in minDelay: 5 to 30 s, and 2 to 10 s.
const pauses = { 1012: [10, 60], 1013: [4, 20] };

const longestTimer = 2 ** 31 - 1; // ms; browsers would run a longer one at once

// Codes of a trouble that passes. All others are final, also those of the application, from 3000.
const passing = [1001, 1006, 1011, 1012, 1013, 1014, 1015];

// What wsbridge says with 1008, a code of the client's own faults, after which a new connection may do better.
const passingReasons = ["idle for too long", "message took too long"];

function shouldReconnect({ code, reason }) {
    return passing.includes(code) || code === 1008 && passingReasons.includes(reason);
}

export class ReconnectingWebSocket extends EventTarget {
    #options;
    #heartbeat;
    #source; // of the address: it, or a function that returns it
    #protocols;
    #url = "";
    #binaryType = "blob";
    #handlers = {}; // onopen and so on
    #queue;
    #page = new AbortController(); // of the listeners for what happens to the page

    #readyState = CONNECTING;
    #socket = null; // the connection, or what becomes one
    #attempt = 0; // a number for each, so that what belongs to an earlier one is ignored
    #isWaiting = false; // for the time of the next attempt
    #notBefore = 0; // the time until which the server wants no attempt
    #timer = 0; // ends an attempt, or the wait for it
    #heart = 0; // the heartbeat's timer
    #failures = 0; // attempts and connections in a row that did not last
    #openedAt = Infinity;
    #lastClose = null;

    constructor(url, protocols = [], options = {}) {
        super();
        for (const name of Object.keys(options)) {
            if (!(name in defaults)) {
                throw new TypeError(`ReconnectingWebSocket has no option ${name}`);
            }
        }
        this.#options = { ...defaults, ...options };
        this.#heartbeat = options.heartbeat && { ...defaultHeartbeat, ...options.heartbeat };
        this.#queue = new Queue(this.#options);
        this.#source = url;
        this.#protocols = protocols;
        this.#connect();
        this.#watchPage();
    }

    get url() { return this.#url; }
    get readyState() { return this.#readyState; }
    get protocol() { return this.#socket?.protocol ?? ""; }
    get extensions() { return this.#socket?.extensions ?? ""; }
    get bufferedAmount() { return this.#queue.bytes + (this.#socket?.bufferedAmount ?? 0); }
    get binaryType() { return this.#binaryType; }
    set binaryType(type) {
        this.#binaryType = type;
        if (this.#socket) {
            this.#socket.binaryType = type;
        }
    }

    // send hands data to the connection, or keeps it for the next one. What was handed over is never sent again.
    send(data) {
        if (this.#readyState >= CLOSING) {
            this.#drop(data, "closed");
        } else if (this.#readyState === OPEN && this.#socket.readyState === OPEN) {
            this.#socket.send(data);
        } else { // or the server has begun to close it
            this.#queue.push(data).forEach(dropped => this.#drop(dropped, "full"));
        }
    }

    // close ends the connection and all attempts. Its arguments are those of a WebSocket.
    close(code, reason) {
        if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
            throw new DOMException(`The close code must be 1000, or from 3000 to 4999. ${code} is neither.`, "InvalidAccessError");
        }
        if (this.#readyState >= CLOSING) {
            return;
        }
        this.#socket?.close(code, reason);
        this.#stopTimers();
        this.#readyState = CLOSING;
        if (!this.#socket) {
            this.#attempt++; // its address may still come
            queueMicrotask(() => this.#end(new CloseEvent("close", { code: code ?? 1005, reason, wasClean: true })));
        }
    }

    // retry ends a wait: it connects now, for a user who wants to know.
    retry() {
        if (this.#isWaiting) {
            this.#connect();
        }
    }

    #connect() {
        this.#stopTimers();
        const attempt = ++this.#attempt;
        if (typeof this.#source !== "function") {
            this.#open(this.#source); // throws, in the constructor, if the address is not valid
        } else {
            const isCurrent = () => attempt === this.#attempt;
            Promise.resolve().then(this.#source).then(url => isCurrent() && this.#open(url))
                .catch(error => isCurrent() && this.#giveUp(String(error)));
        }
        this.#timer = setTimeout(() => this.#giveUp("no answer"), this.#options.connectTimeout);
    }

    #open(url) {
        this.#url = absolute(url);
        const socket = new WebSocket(this.#url, this.#protocols);
        socket.binaryType = this.#binaryType;
        this.#socket = socket;
        const on = (type, listener) => socket.addEventListener(type, event => {
            if (socket === this.#socket) {
                listener(event);
            }
        });
        on("open", () => this.#opened());
        on("message", event => this.#received(event));
        on("error", () => this.dispatchEvent(new Event("error")));
        on("close", event => this.#lost(event));
    }

    // What a listener sends when it hears of the connection, a login for example, goes before what has waited.
    #opened() {
        const attempt = this.#attempt;
        this.#stopTimers();
        this.#openedAt = performance.now();
        this.#readyState = OPEN;
        this.#awaitMessage();
        this.dispatchEvent(new Event("open"));
        if (attempt === this.#attempt && this.#readyState === OPEN) {
            this.#queue.take().forEach(data => this.#socket.send(data));
        }
    }

    #received({ data, origin }) {
        if (this.#readyState === OPEN) {
            this.#awaitMessage();
        }
        this.dispatchEvent(new MessageEvent("message", { data, origin }));
    }

    // A browser hides the server's pings, and takes many minutes to notice a dead connection. A message is a sign of life.
    #awaitMessage() {
        clearTimeout(this.#heart);
        if (this.#heartbeat) {
            this.#heart = setTimeout(() => this.#askForMessage(), this.#heartbeat.interval);
        }
    }

    #askForMessage() {
        clearTimeout(this.#heart);
        const { message, timeout } = this.#heartbeat;
        this.#heart = setTimeout(() => this.#giveUp("no sign of life"), timeout);
        if (message !== undefined) {
            this.#socket.send(typeof message === "function" ? message() : message);
        }
    }

    // Without a network, close would wait for an answer for a while.
    #giveUp(reason) {
        const socket = this.#socket;
        this.#lost(new CloseEvent("close", { code: 1006, reason }));
        socket?.close();
    }

    #lost(event) {
        const wasOpen = this.#openedAt < Infinity;
        const wasStable = performance.now() - this.#openedAt >= this.#options.stableAfter;
        this.#failures = wasStable ? 0 : this.#failures + 1;
        this.#openedAt = Infinity;
        this.#socket = null;
        this.#attempt++;
        this.#stopTimers();
        this.#lastClose = event;
        if (this.#readyState === CLOSING || !this.#options.shouldReconnect(event)) {
            this.#end(event);
            return;
        }
        this.#readyState = CONNECTING;
        this.#wait(this.#delay(event.code), event.code in pauses);
        if (!wasOpen && this.#options.probe) {
            this.#probe();
        }
    }

    // delay is random, so that clients which have lost their server together do not return together.
    #delay(code) {
        const { minDelay, maxDelay } = this.#options;
        if (navigator.onLine === false) { // a few browsers are wrong about it: they try, but rarely
            return maxDelay;
        }
        const [from, to] = pauses[code] ?? [1, 2];
        const least = Math.min(maxDelay, minDelay * from);
        const most = Math.min(maxDelay, minDelay * Math.max(to, 2 ** this.#failures));
        return least + Math.random() * (most - least);
    }

    #wait(delay, isAskedFor) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#connect(), Math.min(delay, longestTimer));
        this.#isWaiting = true;
        this.#notBefore = isAskedFor ? performance.now() + delay : 0;
        const { code, reason, wasClean } = this.#lastClose;
        this.dispatchEvent(Object.assign(new CloseEvent("reconnecting", { code, reason, wasClean }), { delay }));
    }

    // A page does not see the answer to a handshake that was refused. It sees that to a request for the same address.
    async #probe() {
        const { probe, connectTimeout, minDelay } = this.#options;
        const attempt = this.#attempt;
        const url = probe === true ? this.#url.replace(/^ws/, "http") : probe;
        const answer = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(connectTimeout) }).catch(() => null);
        answer?.body?.cancel(); // which may be a large page
        const wait = [429, 503].includes(answer?.status) ? retryAfter(answer.headers) : 0;
        if (wait > 0 && this.#isWaiting && attempt === this.#attempt) {
            this.#wait(wait + Math.random() * Math.max(minDelay, wait / 4), true);
        }
    }

    #watchPage() {
        const { signal } = this.#page;
        const on = (target, type, listener) => target?.addEventListener?.(type, listener, { signal });
        on(globalThis, "online", () => this.#wake(Math.random() * this.#options.minDelay)); // of a whole office
        on(globalThis, "pageshow", ({ persisted }) => this.#shown(persisted));
        on(globalThis.document, "visibilitychange", () => document.hidden || this.#wake(0));
    }

    // A browser closes the connections of a page that it keeps for the way back, and says so only later.
    #shown(wasKept) {
        if (wasKept && this.#readyState === OPEN) {
            this.#giveUp("the page was left");
        }
        this.#wake(0);
    }

    // The user is back, or the network: the connection is checked, or the next attempt is soon.
    #wake(delay) {
        if (this.#isWaiting && performance.now() >= this.#notBefore) {
            this.#wait(delay, false);
        } else if (this.#readyState === OPEN && this.#heartbeat?.message !== undefined) {
            this.#askForMessage();
        }
    }

    #stopTimers() {
        clearTimeout(this.#timer);
        clearTimeout(this.#heart);
        this.#isWaiting = false;
    }

    #end(event) {
        this.#readyState = CLOSED;
        this.#page.abort();
        this.#queue.take().forEach(data => this.#drop(data, "closed"));
        const { code, reason, wasClean } = event;
        this.dispatchEvent(new CloseEvent("close", { code, reason, wasClean }));
    }

    #drop(data, cause) {
        this.dispatchEvent(Object.assign(new MessageEvent("drop", { data }), { cause }));
    }

    static shouldReconnect = shouldReconnect;

    static {
        for (const [name, value] of Object.entries({ CONNECTING, OPEN, CLOSING, CLOSED })) {
            Object.defineProperty(this, name, { value, enumerable: true });
            Object.defineProperty(this.prototype, name, { value, enumerable: true });
        }
        for (const type of ["open", "message", "error", "close", "reconnecting", "drop"]) {
            Object.defineProperty(this.prototype, `on${type}`, {
                get() { return this.#handlers[type] ?? null; },
                set(handler) {
                    this.removeEventListener(type, this.#handlers[type]);
                    this.#handlers[type] = typeof handler === "function" ? handler : null;
                    this.addEventListener(type, this.#handlers[type]);
                },
            });
        }
    }
}

// Queue holds messages until there is a connection.
class Queue {
    #options;
    #messages = []; // {data, size}
    bytes = 0;

    constructor(options) { this.#options = options; }

    // push returns the messages that have to go.
    push(data) {
        const { queueLength, queueBytes, whenFull } = this.#options;
        const size = new Blob([data]).size;
        const isFull = () => this.#messages.length >= queueLength || this.bytes + size > queueBytes;
        const dropped = [];
        while (whenFull === "oldest" && size <= queueBytes && isFull() && this.#messages.length > 0) {
            const oldest = this.#messages.shift();
            this.bytes -= oldest.size;
            dropped.push(oldest.data);
        }
        if (isFull()) {
            return [...dropped, data];
        }
        this.#messages.push({ data: copy(data), size });
        this.bytes += size;
        return dropped;
    }

    take() {
        const messages = this.#messages.map(({ data }) => data);
        this.#messages = [];
        this.bytes = 0;
        return messages;
    }
}

// copy is needed because a buffer's owner may go on writing to it.
function copy(data) {
    if (data instanceof Blob) {
        return data;
    }
    if (ArrayBuffer.isView(data)) {
        return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
    }
    return data instanceof ArrayBuffer ? data.slice(0) : String(data);
}

// absolute returns the address with ws: or wss:, which older browsers insist on.
function absolute(url) {
    const result = new URL(url, globalThis.document?.baseURI ?? location.href);
    result.protocol = result.protocol.replace(/^http/, "ws");
    return result.href;
}

// retryAfter returns the milliseconds that a header asks for, by a number of seconds or by a date.
function retryAfter(headers) {
    const value = headers.get("Retry-After") ?? "";
    return (/^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()) || 0;
}
