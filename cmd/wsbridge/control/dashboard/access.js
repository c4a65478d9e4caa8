// What who looks may see, and do. Until the server has said so, the page shows nothing, and offers nothing.

const page = document.documentElement.dataset;

// show shows the page to somebody with that role. What carries the class "operate" is only for that role: see theme.css.
export function show(role) { page.role = role; }

// hide hides everything but the question for a token.
export function hide() { delete page.role; }

export function isShown() { return page.role !== undefined; }
