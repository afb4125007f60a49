// All that is said to and heard from netready, which serves this page.

// ask sends what changes something. It resolves to the answer and rejects with
// an Error that carries the field of the form that it is about.
export async function ask(what, body = {}) {
  const response = await fetch("api/" + what, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return answer(response);
}

// send hands over a file as it is.
export const send = async (what, body) => answer(await fetch("api/" + what, { method: "POST", body }));

// file fetches a file with its name.
export async function file(what) {
  const response = await fetch("api/" + what);
  if (!response.ok) await answer(response);
  const [, name = "netready"] = /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition") ?? "") ?? [];
  return { name, blob: await response.blob() };
}

export const read = async (what) => answer(await fetch("api/" + what));

async function answer(response) {
  const json = (response.headers.get("Content-Type") || "").startsWith("application/json");
  const content = json ? await response.json() : await response.text();
  if (response.ok) return content;
  const error = new Error((json ? content.error : content) || response.statusText);
  error.field = json ? content.field : "";
  throw error;
}

// listen calls hear with the state, whole, whenever it has changed, and gone
// with a sentence when netready has ended.
export function listen(hear, gone) {
  const over = "netready has ended, so this page no longer works. Start netready again for another test.";
  const source = new EventSource("api/events");
  let failed = 0;
  source.onmessage = (event) => {
    failed = 0;
    hear(JSON.parse(event.data));
  };
  source.addEventListener("end", () => {
    source.close();
    gone(over);
  });
  source.onerror = () => {
    // The browser tries again by itself; when it does not, netready is gone.
    if (++failed > 2 || source.readyState === EventSource.CLOSED) gone(over);
  };
}
