// The token of a TCP listener.

import { ask } from "./dialog.js";

let asking = null; // one question, however many requests wait for its answer

// askToken asks for the token; text says why.
export function askToken(text) {
    asking ??= ask({
        title: "Token",
        text,
        fields: [{ name: "token", label: "Token", kind: "password" }],
        action: "Open",
        required: true,
        check: ({ token }) => /^[\x21-\x7e]+$/.test(token.trim()) ? "" : "A token has no spaces and only ASCII characters.",
    }).then(({ token }) => {
        asking = null;
        return token.trim();
    });
    return asking;
}
