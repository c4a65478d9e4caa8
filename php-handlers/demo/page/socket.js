// A WebSocket that reconnects.

const [first, longest] = [500, 15_000]; // ms between attempts; the delay doubles
const settled = 5000; // ms after which a connection counts as good
const tryAgainLater = 1013; // the server is overloaded
const goingAway = 1001; // the server stops, usually to restart

// keepConnected calls onOpen, onMessage with the data of each message, and onWait(ms, code) before it waits to reconnect. It returns
// {send(text), retry()}: send returns whether there is a connection; retry reconnects at once.
export function keepConnected(address, { onOpen, onMessage, onWait }) {
    let socket = null;
    let failures = 0;
    let timer = 0;

    function connect() {
        clearTimeout(timer);
        let opened = Infinity;
        socket = new WebSocket(address);
        socket.onopen = () => {
            opened = Date.now();
            onOpen();
        };
        socket.onmessage = event => onMessage(event.data);
        socket.onclose = ({ code }) => {
            failures = Date.now() - opened > settled ? 0 : failures + 1;
            const wait = delay(code, failures);
            timer = setTimeout(connect, wait);
            onWait(wait, code);
        };
    }

    connect();
    return {
        send(text) {
            const isOpen = socket.readyState === WebSocket.OPEN;
            if (isOpen) {
                socket.send(text);
            }
            return isOpen;
        },
        retry() {
            if (socket.readyState === WebSocket.CLOSED) {
                connect();
            }
        },
    };
}

// delay is random, so that clients which lost their server together do not reconnect together.
function delay(code, failures) {
    const least = { [tryAgainLater]: 4000, [goingAway]: 1000 }[code] ?? 0;
    const wait = Math.max(least, Math.min(longest, first * 2 ** failures));
    return wait * (0.5 + Math.random());
}
