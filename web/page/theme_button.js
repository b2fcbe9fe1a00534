// Light, dark, or the system's theme.
import { fill, icon } from "./dom.js";

const CHOICES = { auto: "as the system", light: "light", dark: "dark" };

export function listenForTheme() {
  const button = document.getElementById("theme");
  const show = () => {
    const choice = document.documentElement.dataset.theme ?? "auto";
    fill(button, icon({ auto: "auto", light: "sun", dark: "moon" }[choice]));
    button.setAttribute("aria-label", `Colours: ${CHOICES[choice]}`);
    button.title = `Colours: ${CHOICES[choice]} (t)`;
  };
  button.addEventListener("click", () => {
    const names = Object.keys(CHOICES);
    const next = names[(names.indexOf(document.documentElement.dataset.theme ?? "auto") + 1) % names.length];
    if (next === "auto") {
      delete document.documentElement.dataset.theme;
      localStorage.removeItem("theme");
    } else {
      document.documentElement.dataset.theme = next;
      localStorage.setItem("theme", next);
    }
    show();
  });
  show();
}
