// Asking a person for the token, once however many answers wait for it.

import { openSession } from "./api.js";
import { byId } from "./dom.js";

let asking = null;

/** Ask until the service takes the token. */
export function askForToken() {
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}

function ask() {
  const dialog = byId("token");
  const input = byId("token-text");
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.showModal();
  input.focus();
  return new Promise((resolve) => {
    const send = async (event) => {
      event.preventDefault();
      try {
        await openSession(input.value);
        byId("token-form").removeEventListener("submit", send);
        input.value = "";
        byId("token-wrong").textContent = "";
        dialog.close();
        resolve();
      } catch (error) {
        byId("token-wrong").textContent = error.message;
        input.select();
      }
    };
    byId("token-form").addEventListener("submit", send);
  });
}
