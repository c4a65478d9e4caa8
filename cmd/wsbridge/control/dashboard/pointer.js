// What a mouse does with text that stands where a click acts: dragging over it selects it, as anywhere else.

// hasSelected tells whether a click has ended a selection of text. A click without one has cleared it before; a key has no detail.
export function hasSelected({ detail }) { return detail > 0 && !getSelection().isCollapsed; }

// followAnywhere makes a click beside link, anywhere in row, one on link, with the same button and keys. A finger meets the link itself,
// which is as large as its row for fingers (parts.css).
export function followAnywhere(row, link) {
    row.addEventListener("mousedown", e => {
        if (isMiddle(e)) {
            e.preventDefault(); // it would begin to scroll
        }
    });
    row.addEventListener("click", e => {
        if (!link.contains(e.target) && !hasSelected(e)) {
            follow(link, e);
        }
    });
    row.addEventListener("auxclick", e => {
        if (!link.contains(e.target) && isMiddle(e)) {
            follow(link, e);
        }
    });
}

function isMiddle({ button }) { return button === 1; }

// follow clicks on a link. With the Control key, and on macOS with the Command key, it opens in another tab.
function follow(link, e) {
    link.dispatchEvent(new MouseEvent("click", { view: window, cancelable: true, ctrlKey: e.ctrlKey || isMiddle(e),
        metaKey: e.metaKey || isMiddle(e), shiftKey: e.shiftKey, altKey: e.altKey }));
}
