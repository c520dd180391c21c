// The door: POST api/v1/{op}, arguments and answers in JSON. The address is relative, so
// that the page works behind a path of a proxy.

export class Failure extends Error {
  constructor(code, text, hint) {
    super(text);
    this.code = code;
    this.hint = hint || "";
  }
}

export const words = (e) => (e.hint ? e.message + " (" + e.hint + ")" : e.message);

async function post(path, body, headers, ms) {
  let res, raw;
  try {
    res = await fetch("api/v1/" + path, {
      method: "POST", credentials: "same-origin", redirect: "error", cache: "no-store",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(body || {}), signal: AbortSignal.timeout(ms),
    });
    raw = await res.text();
  } catch (e) {
    throw new Failure(e.name === "TimeoutError" ? "late" : "unreachable", e.name === "TimeoutError"
      ? "The session does not answer" : "The session can't be reached");
  }
  let answer;
  try { answer = JSON.parse(raw); } catch { answer = null; }
  if (res.ok && !(answer && "result" in answer)) throw new Failure("unreachable", "What answered is not the session");
  if (!res.ok || answer.error) {
    const e = answer?.error || {};
    throw new Failure(res.status === 401 ? "unauthorized" : e.code || "http " + res.status,
      e.text || "The session answered with status " + res.status, e.hint);
  }
  return { raw, result: answer.result };
}

// ask reads. desk is "" for the session, "with/" for the one that it is compared with.
export const ask = (op, args, desk = "") => post(desk + op, args, {}, 10000);

// tell steers. The same key twice is done once: a double click, or a try again after an
// answer was lost, does no harm.
export const tell = (op, args, why, key) => post(op, args, {
  "X-Perilune-Confirm": op, "Idempotency-Key": key,
  ...(why ? { "X-Perilune-Why": encodeURIComponent(why) } : {}),
}, 30000);

// newKey is random where randomUUID is not to be had: on a plain address of a network.
export function newKey() {
  const b = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");
}
