// The service's answers. An answer that is no success is an ApiError with the one line that the service says.

export class ApiError extends Error {
  constructor(status, detail, retrySeconds = null) {
    super(detail);
    this.status = status;
    this.retrySeconds = retrySeconds;
  }
}

let askForToken = null;

/** Say what asks a person for the token; it resolves when the service has taken one. */
export function onTokenNeeded(ask) {
  askForToken = ask;
}

async function problem(response) {
  let detail = `${response.status} ${response.statusText}`;
  try {
    detail = (await response.json()).detail ?? detail;
  } catch {
    // what a proxy says is no JSON
  }
  const retry = Number.parseFloat(response.headers.get("Retry-After"));
  return new ApiError(response.status, detail, Number.isFinite(retry) ? retry : null);
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The service does not answer. Is leorn serve still running?");
  }
  if (response.status === 401 && askForToken && path !== "/api/session") {
    await askForToken();
    return ask(path, options);
  }
  if (!response.ok) throw await problem(response);
  return response;
}

const query = (values) =>
  new URLSearchParams(Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== ""));

const json = async (path, options) => (await ask(path, options)).json();

/** What a person writes to name videos, as a pattern: a part of a name stands for all names that it is a part of. */
export const patternOf = (text) => (!text || /[*?[]/.test(text) ? text : `*${text}*`);

export const search = (values, signal) => json(`/api/search?${query(values)}`, { signal });
export const evidence = (id, text, signal) => json(`/api/videos/${id}/evidence?${query({ query: text })}`, { signal });
export const video = (id, signal) => json(`/api/videos/${id}`, { signal });
export const videos = (values) => json(`/api/videos?${query(values)}`);
export const jobs = () => json("/api/jobs");
export const remove = (id) => ask(`/api/videos/${id}`, { method: "DELETE" });
export const openSession = (token) =>
  ask("/api/session", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }) });

export const streamOf = (id) => `/api/videos/${id}/stream`;
export const clipOf = (id, start, end) =>
  `/api/export?${query({ format: "mp4", id, start_seconds: start, end_seconds: end })}`;
export const thumbnailOf = (id, time) => `/api/videos/${id}/thumbnail?${query({ time_seconds: time.toFixed(1) })}`;

/** Fetch a file of an export; its name is the service's. */
export async function exportFile(values) {
  const response = await ask(`/api/export?${query(values)}`);
  const name = /filename="?([^";]+)"?/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
  return { name: name ?? `moments.${values.format}`, content: await response.blob() };
}

/** Send a file; fetch cannot tell how much of it has gone. */
export function upload(file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/videos");
    request.responseType = "json";
    request.upload.onprogress = (event) => progress(event.loaded / (event.total || 1));
    request.onerror = () => reject(new ApiError(0, "The service does not answer, or the file is too large for it."));
    request.onload = () => {
      if (request.status === 202) resolve(request.response);
      else if (request.status === 401 && askForToken) resolve(askForToken().then(() => upload(file, progress)));
      else reject(new ApiError(request.status, request.response?.detail ?? request.statusText));
    };
    const form = new FormData();
    form.append("file", file);
    request.send(form);
  });
}

/** Tell of a job until it ends. */
export function follow(job, told) {
  const source = new EventSource(`/api/jobs/${job}/events`);
  source.onmessage = (event) => {
    const state = JSON.parse(event.data);
    told(state);
    if (state.state === "done" || state.state === "failed") source.close();
  };
  return source;
}
