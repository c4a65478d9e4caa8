// What the page shows.

const kept = 500; // lines

function make(tag, className, ...children) {
    const node = document.createElement(tag);
    node.className = className;
    node.append(...children);
    return node;
}

// makeLog returns {message, notice}. The log does not scroll while its reader has scrolled up; the button leads back to the end.
export function makeLog(log, latest) {
    let lastFrom = ""; // to group the lines of one sender
    const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    const toEnd = () => {
        log.scrollTop = log.scrollHeight;
        latest.hidden = true;
    };
    latest.addEventListener("click", toEnd);
    log.addEventListener("scroll", () => {
        latest.hidden ||= isAtEnd();
    });

    function add(line, follow) {
        log.append(line);
        while (log.childElementCount > kept) {
            log.firstElementChild.remove();
        }
        if (follow) {
            toEnd();
        } else {
            latest.hidden = false;
        }
    }

    return {
        message({ from, key, text, isOwn = false, isPrivate = false }) {
            const line = make("div", `line${isOwn ? " own" : ""}${isPrivate ? " private" : ""}`);
            if (from !== lastFrom) {
                const author = make("b", "author", from);
                author.style.setProperty("--hue", String(key * 137 % 360));
                line.append(author);
                line.classList.add("first");
            }
            lastFrom = from;
            const time = make("time", "", new Date().toLocaleTimeString("en-GB").slice(0, 5));
            line.append(make("p", "bubble", make("span", "said", text), time));
            add(line, isOwn || isAtEnd());
        },
        notice(text) {
            lastFrom = "";
            add(make("p", "notice", text), isAtEnd());
        },
    };
}

// showRooms lists the rooms and who is in them. It calls join with a room that is chosen.
export function showRooms(box, rooms, me, join) {
    const hadFocus = box.contains(document.activeElement) ? document.activeElement.dataset.room : null;
    box.replaceChildren(...Object.entries(rooms).map(([room, people]) => {
        const button = make("button", "room", make("span", "name", room), make("span", "count", String(people.length)));
        button.type = "button";
        button.dataset.room = room;
        button.addEventListener("click", () => join(room));
        const isHere = people.some(p => p.key === me.key);
        if (isHere) {
            button.setAttribute("aria-current", "true");
        }
        const names = people.map(p => {
            const item = make("li", "", p.name + (p.key === me.key ? " (you)" : ""), make("span", "key", `#${p.key}`));
            item.title = `key ${p.key}`;
            return item;
        });
        return make("section", isHere ? "here" : "", make("h2", "", button), make("ul", "", ...names));
    }));
    if (hadFocus !== null) {
        [...box.querySelectorAll("button")].find(b => b.dataset.room === hadFocus)?.focus();
    }
}

// ask returns the user's answer, or "" if the user cancels.
export function ask(question, value) {
    const dialog = document.getElementById("question");
    const answer = document.getElementById("answer");
    document.getElementById("question-title").textContent = question;
    answer.value = value;
    dialog.showModal();
    answer.select();
    return new Promise(resolve => {
        const form = dialog.querySelector("form");
        const done = new AbortController();
        const end = text => {
            done.abort();
            dialog.close();
            resolve(text);
        };
        form.addEventListener("submit", event => {
            event.preventDefault();
            end(answer.value.trim());
        }, { signal: done.signal });
        document.getElementById("cancel").addEventListener("click", () => end(""), { signal: done.signal });
        dialog.addEventListener("cancel", () => end(""), { signal: done.signal });
    });
}
