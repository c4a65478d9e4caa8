// The token of a TCP listener.

import { ask } from "./dialog.js";

let asking = null; // one question, however many requests wait for its answer

// askToken asks for the token; wrong says that there was one, which the server did not take.
export function askToken(wrong) {
    asking ??= ask({
        title: "Token",
        text: wrong
            ? "The server does not take this token. The right one stands in the file that control.token_file names."
            : "This address wants the token that stands in the file that control.token_file names.",
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
