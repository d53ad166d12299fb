// The keyboard, and what its keys are called.

import { byId, make } from "./dom.js";

const TYPING = "input, textarea, select, [contenteditable]";

/** Let keys do what they are said to do.
 *
 * @param {{keys: string[], shown: string, name: string, run: () => void}[]} actions
 */
export function listen(actions) {
  byId("key-list").replaceChildren(
    ...actions.flatMap(({ shown, name }) => [make("dt", {}, ...shown.split(" ").map((key) => make("kbd", {}, key))), make("dd", {}, name)]),
  );
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest(TYPING)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    // a button that has the focus is pressed by the space bar
    if (event.key === " " && event.target.closest("button, a")) return;
    const action = actions.find(({ keys }) => keys.includes(event.key.length === 1 ? event.key.toLowerCase() : event.key));
    if (!action) return;
    event.preventDefault();
    action.run();
  });
}
