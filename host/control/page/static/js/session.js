// What the page knows of the session: it asks for views that are on the screen, again and
// again but never more than four times a second, follows events, and knows how things
// stand with the connection. Nothing here touches the page.
import { ask } from "./api.js";
import { open } from "./stream.js";

const tick = 250;      // ms; nothing is asked or drawn more often
const late = 5000;     // ms without an answer: what is shown is stale
const still = 20;      // times as long between two questions to a ledger
const longest = 15000; // ms between tries to reach a session that is gone

const kinds = ["fill", "order", "equity", "halt", "liquidation", "reload", "pair", "funding", "plot", "log", "command", "dropped"];

// A view that hears of one of these is asked again at once.
const stirs = {
  fill: ["status", "positions", "orders", "pairs", "accounts", "fills"], order: ["orders"],
  halt: ["status", "commands"], liquidation: ["status", "positions", "accounts"], reload: ["status", "versions"],
  pair: ["pairs"], funding: ["pairs", "funding"], command: ["status", "commands", "versions"],
};

export class Session {
  views = [];
  heard = new Map();  // kind of event → listeners
  flushers = [];
  watchers = [];      // told when state, identity or status change
  state = "connecting"; // "live", "stale", "lost", "unauthorized", "ended"
  since = Date.now(); // of the last answer
  retry = 0;
  identity = null;
  status = null;
  problem = null;

  constructor() {
    this.statusView = this.need({ op: "status", every: 1000, got: (s) => this.#told(s), failed: (e) => this.#failed(e) });
    setInterval(() => this.#tick(), tick);
    document.addEventListener("visibilitychange", () => {
      this.since = Date.now(); // nothing was asked while the page was hidden
      this.statusView.due = 0;
      this.#follow();
    });
  }

  // need keeps a view fresh. args() may change from call to call; seen() says whether it is
  // looked at; got(value) is called when an answer differs from the one before.
  need(view) {
    const v = { args: () => ({}), seen: () => true, desk: "", due: 0, last: 0, raw: "", failed: () => {}, ...view };
    this.views.push(v);
    v.soon = () => { v.due = 0; };
    v.again = () => { v.raw = ""; v.due = 0; v.turn = (v.turn || 0) + 1; };
    return v;
  }

  on(kind, fn) { this.heard.set(kind, [...(this.heard.get(kind) || []), fn]); }
  onFlush(fn) { this.flushers.push(fn); }
  watch(fn) { this.watchers.push(fn); }

  // steerable: the session can be told something, as far as the page knows.
  get steerable() { return this.state === "live" && !!this.identity?.live; }

  tryNow() { this.retry = 0; this.statusView.due = 0; this.#follow(); }

  #tick() {
    const now = Date.now();
    if (this.state === "live" && now - this.since > late && !document.hidden) this.#set("stale");
    if (document.hidden) return;
    const well = this.state === "live" || this.state === "stale" || this.state === "ended";
    for (const v of this.views) {
      if (v.busy || now < v.due || now - v.last < tick || !v.seen()) continue;
      if (v === this.statusView || well) this.#fetch(v);
    }
    for (const fn of this.flushers) fn();
    if (this.state !== "live" && this.state !== "ended") this.#say(); // it counts the seconds
  }

  async #fetch(v) {
    const began = v.last = Date.now(), turn = v.turn;
    v.busy = true;
    v.due = Infinity;
    try {
      const { raw, result } = await ask(v.op, v.args(), v.desk);
      if (turn !== v.turn) return; // it was asked for something else meanwhile
      if (v === this.statusView) this.since = Date.now();
      if (raw !== v.raw || v === this.statusView) { v.raw = raw; v.got(result); }
    } catch (e) {
      if (e.code === undefined) throw e; // a fault of the page, and not of the session
      if (turn === v.turn) v.failed(e);
    } finally {
      v.busy = false;
      // An answer that takes long is asked for less often: it costs the session too.
      // A ledger whose session has ended stays as it is.
      const every = this.state === "ended" ? v.every * still : v.every;
      const pause = v === this.statusView && this.retry ? this.#pause() : Math.max(every, 10 * (Date.now() - began));
      if (v.due === Infinity) v.due = Date.now() + pause;
      if (turn !== v.turn) v.due = 0;
    }
  }

  #pause() { return Math.min(500 * 2 ** Math.min(this.retry, 6), longest); }

  #told(status) {
    const was = this.identity, is = status.identity;
    this.retry = 0;
    this.problem = null;
    this.status = status;
    this.identity = is;
    const other = was && (was.started !== is.started || was.session !== is.session || was.pid !== is.pid);
    if (other) {
      this.restarted = is.started;
      for (const v of this.views) if (v !== this.statusView) v.again();
    }
    this.#set(is.live ? "live" : "ended");
    if (!was || other) this.#follow();
    for (const fn of this.watchers) fn(this, !!other);
  }

  #failed(e) {
    this.retry++;
    this.problem = e;
    this.#set(e.code === "unauthorized" || e.code === "forbidden" ? "unauthorized" : e.code === "late" ? "stale" : "lost");
  }

  #set(state) {
    if (this.state === state) return;
    this.state = state;
    this.#say();
  }

  #say() { for (const fn of this.watchers) fn(this, false); }

  // #follow has a stream while the page is looked at and the session goes on. A browser
  // allows few connections to a host, and hidden pages would hold them all.
  #follow() {
    this.stream?.close();
    this.stream = null;
    if (document.hidden || !this.identity?.live) return;
    this.stream = open(kinds, (events) => this.#hear(events), (state) => { if (state === "open") this.#missed(); });
  }

  #missed() { for (const v of this.views) v.soon(); }

  #hear(events) {
    const names = new Set();
    for (const e of events) {
      if (e.kind === "dropped") this.#missed();
      for (const name of stirs[e.kind] || []) names.add(name);
      for (const fn of this.heard.get(e.kind) || []) fn(e);
    }
    for (const v of this.views) if (names.has(v.op)) v.soon();
  }
}
