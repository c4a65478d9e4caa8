// Sets light, dark or the system's colours before the page is drawn.
"use strict";
{
    const names = ["", "light", "dark"];
    const icons = ["◐", "☀\ufe0e", "☾"];
    const labels = ["Theme: as the system is", "Theme: light", "Theme: dark"];
    let current = Math.max(0, names.indexOf(localStorage.getItem("chat_theme")));

    const apply = () => { document.documentElement.dataset.theme = names[current]; };
    apply();

    addEventListener("DOMContentLoaded", () => {
        const button = document.getElementById("theme");
        const show = () => {
            button.textContent = icons[current];
            button.title = labels[current];
            button.setAttribute("aria-label", labels[current]);
        };
        button.addEventListener("click", () => {
            current = (current + 1) % names.length;
            localStorage.setItem("chat_theme", names[current]);
            apply();
            show();
        });
        show();
    });
}
