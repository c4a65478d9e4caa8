// Elements are made from values, never from markup: whatever a client has sent stays text.

// el makes an element. Attributes that start with "on" are listeners, "class" is the class; false and null leave one out.
export function el(tag, attributes = {}, ...children) {
    return fill(document.createElement(tag), attributes, children);
}

// svg is el for what is drawn.
export function svg(tag, attributes = {}, ...children) {
    return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on")) {
            node.addEventListener(name.slice(2), value);
        } else if (value !== false && value !== null && value !== undefined) {
            node.setAttribute(name, value === true ? "" : value);
        }
    }
    node.append(...children.flat().filter(c => c !== null && c !== undefined && c !== false));
    return node;
}

// setText changes the text only if it is another: screen readers read out what changes.
export function setText(node, text) {
    if (node.textContent !== text) {
        node.textContent = text;
    }
}

// syncList makes parent's children those of items, in their order, and keeps the elements of those that were there
// before, so that focus and selection survive a refresh. make(item) returns an element, update(element, item) fills it.
export function syncList(parent, items, keyOf, make, update) {
    const old = new Map([...parent.children].map(child => [child.dataset.key, child]));
    let next = parent.firstElementChild;
    for (const item of items) {
        const key = String(keyOf(item));
        let child = old.get(key);
        if (!child) {
            child = make(item);
            child.dataset.key = key;
        }
        old.delete(key);
        update(child, item);
        if (child === next) {
            next = next.nextElementSibling;
        } else {
            parent.insertBefore(child, next);
        }
    }
    old.forEach(child => child.remove());
}
