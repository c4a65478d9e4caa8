// Light, dark, or as the system is. Runs before the page is drawn, so that nobody sees the wrong one flash by.
"use strict";
{
    const key = "wsbridge-theme";
    const choices = [
        { name: "", icon: "◐", label: "Theme: as the system is" },
        { name: "light", icon: "☀\ufe0e", label: "Theme: light" },
        { name: "dark", icon: "☾", label: "Theme: dark" },
    ];
    let current = Math.max(0, choices.findIndex(c => c.name === localStorage.getItem(key)));

    const apply = () => { document.documentElement.dataset.theme = choices[current].name; };
    apply();

    addEventListener("DOMContentLoaded", () => {
        const button = document.getElementById("theme");
        const show = () => {
            button.textContent = choices[current].icon;
            button.title = choices[current].label;
            button.setAttribute("aria-label", choices[current].label);
        };
        button.addEventListener("click", () => {
            current = (current + 1) % choices.length;
            localStorage.setItem(key, choices[current].name);
            apply();
            show();
        });
        show();
    });
}
