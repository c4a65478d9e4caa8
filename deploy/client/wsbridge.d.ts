// The types of wsbridge.js.

export type Message = string | ArrayBufferLike | ArrayBufferView | Blob;

export interface Heartbeat {
    /** ms without a message from the server, after which it is sent `message`. Default: 30000. */
    interval?: number;
    /** ms after that, without a message, after which the connection is given up. Default: 10000. */
    timeout?: number;
    /** What the server answers with anything. Without it the server has to speak by itself every `interval`. */
    message?: Message | (() => Message);
}

export interface Options {
    /** ms before the first attempt to reconnect, at least. Default: 500. */
    minDelay?: number;
    /** ms before any attempt, at most, unless the server asks for more by Retry-After. Default: 30000. */
    maxDelay?: number;
    /** ms after which a connection counts as good, and the next loss begins with `minDelay`. Default: 5000. */
    stableAfter?: number;
    /** ms for an attempt. Default: 20000. */
    connectTimeout?: number;
    /** Messages that may wait for a connection. Default: 1000. */
    queueLength?: number;
    /** Their bytes. Default: 1 MiB. */
    queueBytes?: number;
    /** Which message is dropped when no more may wait. Default: "oldest". */
    whenFull?: "oldest" | "newest";
    /** Detects a dead connection. Default: null. */
    heartbeat?: Heartbeat | null;
    /** Asked for Retry-After when a handshake has failed; true: the socket's own address. Default: false. */
    probe?: boolean | string | URL;
    /** Whether to reconnect after a close. Default: `ReconnectingWebSocket.shouldReconnect`. */
    shouldReconnect?: (event: CloseEvent) => boolean;
}

/** The connection is lost, or an attempt has failed; or the delay has changed. */
export interface ReconnectingEvent extends CloseEvent {
    /** ms until the next attempt. */
    readonly delay: number;
}

/** `data` will not be sent. */
export interface DropEvent extends MessageEvent<Message> {
    /** "full": there was no room to keep it; "closed": there will be no connection. */
    readonly cause: "full" | "closed";
}

export interface ReconnectingWebSocketEventMap extends WebSocketEventMap {
    reconnecting: ReconnectingEvent;
    drop: DropEvent;
}

type Address = string | URL;
type Handler<E> = ((this: WebSocket, event: E) => any) | null; // "this" as a WebSocket's, so that this class can be used as one

export declare class ReconnectingWebSocket extends EventTarget implements WebSocket {
    constructor(url: Address | (() => Address | Promise<Address>), protocols?: string | string[], options?: Options);

    static readonly CONNECTING: 0;
    static readonly OPEN: 1;
    static readonly CLOSING: 2;
    static readonly CLOSED: 3;
    readonly CONNECTING: 0;
    readonly OPEN: 1;
    readonly CLOSING: 2;
    readonly CLOSED: 3;

    /** The default of the option of that name. */
    static shouldReconnect(event: { code: number; reason: string }): boolean;

    readonly url: string;
    readonly readyState: number;
    readonly protocol: string;
    readonly extensions: string;
    /** Includes what waits for a connection. */
    readonly bufferedAmount: number;
    binaryType: BinaryType;

    /** Each time there is a connection. */
    onopen: Handler<Event>;
    onmessage: Handler<MessageEvent>;
    onerror: Handler<Event>;
    /** Once, when there will be no more connection. */
    onclose: Handler<CloseEvent>;
    onreconnecting: Handler<ReconnectingEvent>;
    ondrop: Handler<DropEvent>;

    send(data: Message): void;
    close(code?: number, reason?: string): void;
    /** Connects now, if it waits. */
    retry(): void;

    addEventListener<K extends keyof ReconnectingWebSocketEventMap>(type: K,
        listener: (this: ReconnectingWebSocket, event: ReconnectingWebSocketEventMap[K]) => unknown,
        options?: boolean | AddEventListenerOptions): void;
    addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
    removeEventListener<K extends keyof ReconnectingWebSocketEventMap>(type: K,
        listener: (this: ReconnectingWebSocket, event: ReconnectingWebSocketEventMap[K]) => unknown,
        options?: boolean | EventListenerOptions): void;
    removeEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void;
}
