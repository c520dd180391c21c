// How values read. Money comes as decimal digits and is rounded as digits: it never
// becomes a float on its way to the screen. What is not known is an em dash.

export const none = "—";
const minus = "\u2212";

// digits rounds a decimal string half away from zero to n places, with thousands apart.
export function digits(value, n) {
  const m = /^(-?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(String(value));
  if (!m) return none;
  let [, sign, whole, part = "", exp] = m;
  if (exp) return digits(plain(whole, part, Number(exp), sign), n);
  if (n == null) part = part.replace(/0+$/, "");
  else {
    part = part.padEnd(n + 1, "0");
    let all = BigInt((whole || "0") + part.slice(0, n));
    if (part[n] >= "5") all += 1n;
    const s = all.toString().padStart(n + 1, "0");
    whole = s.slice(0, s.length - n);
    part = n ? s.slice(-n) : "";
  }
  whole = (whole || "0").replace(/^0+(?=\d)/, "").replace(/\B(?=(\d{3})+$)/g, ",");
  const shown = part ? whole + "." + part : whole;
  return (sign && /[1-9]/.test(shown) ? minus : "") + shown;
}

function plain(whole, part, exp, sign) {
  const all = whole + part, at = whole.length + exp;
  if (at <= 0) return sign + "0." + "0".repeat(-at) + all;
  return sign + all.padEnd(at, "0").slice(0, at) + "." + all.slice(at);
}

export const money = (v, n = 2) => (v == null ? none : digits(v, n));
export const exact = (v) => (v == null ? none : digits(v));

// brief is a value to a number of significant digits: an average price has more than help.
export function brief(v, n = 8) {
  if (v == null) return none;
  const m = /^-?0*(\d*)\.?(0*)/.exec(String(v)), whole = m[1].length;
  return digits(digits(v, Math.max(0, whole ? n - whole : n + m[2].length)).replace(minus, "-").replace(/,/g, ""));
}
export const signed = (v, n = 2) => plus(v, money(v, n));
export const count = (v) => (v == null ? none : digits(String(Math.round(v))));
const plus = (v, s) => (/[1-9]/.test(s) && s !== none && !s.startsWith(minus) ? "+" + s : s);

const fixed = (v, n) => digits(v.toFixed(n), n);
export const percent = (v, n = 2) => (v == null ? none : fixed(v * 100, n) + " %");
export const signedPercent = (v, n = 2) => (v == null ? none : plus(v, fixed(v * 100, n)) + " %");
export const bp = (v, n = 1) => (v == null ? none : plus(v, fixed(v * 1e4, n)) + " bp");

// sense is the class of a value that is good above zero and bad below it.
export function sense(v) {
  if (v == null) return "";
  const s = String(v);
  return !/[1-9]/.test(s.split(/e/i)[0]) ? "" : s.startsWith("-") ? "down" : "up";
}

// A time is shown in UTC, as venues reckon.
const iso = (t) => new Date(t).toISOString();
export const known = (t) => t != null && !String(t).startsWith("0001");
export const stamp = (t) => (known(t) ? iso(t).slice(0, 19).replace("T", " ") : none);
export const moment = (t) => (known(t) ? iso(t).slice(5, 19).replace("T", " ") : none);
export const minute = (t) => moment(t).slice(0, 11);
export const precise = (t) => (known(t) ? iso(t).replace("T", " ").replace("Z", " UTC") : "");

// lasting is a length of time in its two largest units.
export function lasting(ms) {
  if (ms == null || !isFinite(ms)) return none;
  const a = Math.abs(ms);
  if (a < 1) return fixed(a * 1000, 0) + " µs";
  if (a < 1000) return fixed(a, a < 10 ? 1 : 0) + " ms";
  const s = a / 1000;
  if (s < 60) return fixed(s, s < 10 ? 1 : 0) + " s";
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const i = units.findIndex(([, n]) => s >= n);
  const [big, n] = units[i], [small, m] = units[i + 1];
  const rest = Math.floor((s % n) / m);
  return Math.floor(s / n) + " " + big + (rest ? " " + rest + " " + small : "");
}
export const micros = (us) => (us == null || us === 0 ? none : lasting(us / 1000));
