// Elements, made of text alone: nothing that comes from the service is ever read as HTML.

export const byId = (id) => document.getElementById(id);

/** Make an element with properties, `on…` listeners, `aria…`/`data-…`/`role` attributes, and children. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

let toastTimer;

/** Say something in passing. */
export function toast(text) {
  const place = byId("toast");
  place.textContent = text;
  place.classList.add("shown");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => place.classList.remove("shown"), 4000);
}

/** Say what went wrong until it is mended; with nothing, say that all is well. */
export function note(text = "", action = null) {
  const place = byId("note");
  place.hidden = !text;
  place.replaceChildren(text, ...(action ? [" ", make("button", { type: "button", onclick: action.run }, action.name)] : []));
}

/** Give a button another icon and word. */
export function setIcon(button, icon, word) {
  button.querySelector("use").setAttribute("href", `/page/icons.svg#${icon}`);
  button.querySelector("span").textContent = word;
}

/** Let a dialog's × and a click beside it close it. */
export function closable(dialog) {
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}
