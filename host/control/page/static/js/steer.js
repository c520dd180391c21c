// What can be told from the page, each with what it will do in words of this session.
import { count, signed } from "./format.js";

const many = (n, one) => `${count(n)} ${one}${n === 1 ? "" : "s"}`;

// acts returns the acts for a session; each takes what it is about and returns what the
// dialog needs.
export function acts(session) {
  const all = () => session.status?.strategies || [];
  const sum = (list, what) => list.reduce((n, s) => n + (s[what] || 0), 0);
  const held = (list) => `${many(sum(list, "pairs"), "pair")}, ${many(list.reduce((n, s) => n + s.positions.length, 0), "position")} and ${many(sum(list, "orders"), "working order")}`;
  const one = (name) => all().filter((s) => s.name === name);

  return {
    halt: () => ({
      op: "halt", args: {}, title: "Halt trading", button: "Halt", done: "Halted: only orders that reduce pass",
      does: ["Trips the kill latch: no strategy opens anything new.", "Orders that reduce pass. What is held stays as it is.", "Resume lifts it."],
    }),
    resume: () => ({
      op: "resume", args: {}, title: "Resume trading", button: "Resume", done: "Trading goes on",
      does: [session.status?.halted ? `It was halted: ${session.status.halted}.` : "The kill latch is lifted.", "Strategies may open positions again, at their next event."],
    }),
    pause: (name) => ({
      op: "halt", args: { strategy: name }, title: `Pause ${name}`, button: "Pause", done: `${name} is paused`,
      does: ["Its callbacks are not called any more.", "What it holds stays as it is; pairs that are under way are brought to hedged or flat."],
    }),
    wake: (name) => ({
      op: "resume", args: { strategy: name }, title: `Resume ${name}`, button: "Resume", done: `${name} goes on`,
      does: ["Its callbacks are called again from the next event on."],
    }),
    flatten: (name) => ({
      op: "flatten", args: name ? { strategy: name } : {}, severe: true, word: "flatten",
      title: name ? `Flatten ${name}` : "Flatten everything", button: "Flatten", done: "Closing: orders are on their way",
      does: [`Closes what ${name || "all strategies"} hold${name ? "s" : ""}: ${held(name ? one(name) : all())}.`,
        "Orders go out at once, at the market, within the session's own limits. Fees and spread are paid.",
        "A strategy that runs may open again: halt first if it should not."],
    }),
    cancelAll: (name) => ({
      op: "cancel-all", args: name ? { strategy: name } : {}, severe: true, word: "cancel",
      title: name ? `Cancel orders of ${name}` : "Cancel all orders", button: "Cancel orders", done: "Cancels are on their way",
      does: [`Cancels working orders of ${name || "all strategies"}: ${many(sum(name ? one(name) : all(), "orders"), "order")} now.`, "Pairs and large orders under way keep theirs. Positions stay."],
    }),
    cancel: (o) => ({
      op: "cancel-all", args: { id: o.id }, severe: true, word: "cancel", title: `Cancel order ${o.id}`, button: "Cancel it", done: `Cancel of order ${o.id} is on its way`,
      does: [`${o.side} ${o.qty} ${o.instrument} of ${o.strategy} is taken back, as far as it is not filled.`],
    }),
    reload: (name) => ({
      op: "reload", args: { strategy: name }, title: `Reload ${name}`, button: "Reload", done: `${name} was loaded again`,
      does: ["Loads the file as it is now, with the strategy's state carried over.", "If it has a mistake, the version that runs goes on."],
    }),
    rollBack: (name, to, from) => ({
      op: "reload", args: { strategy: name, to }, title: `Roll ${name} back to v${to}`, button: `Roll back to v${to}`, done: `${name} runs v${to} again`,
      does: [`Version ${from} is replaced by version ${to}, with the strategy's state carried over.`, "The file on disk stays as it is: its next save is loaded as ever."],
    }),
    set: (name, changes) => ({
      op: "set", args: { strategy: name, params: Object.fromEntries(changes.map((c) => [c.name, c.to])) },
      title: `Change ${many(changes.length, "parameter")} of ${name}`, button: "Change", done: `Parameters of ${name} are changed`,
      does: [...changes.map((c) => `${c.name}: ${c.from} becomes ${c.to}`), "The strategy goes on with them from its next event. It is kept in the journal."],
    }),
    stop: () => ({
      op: "stop", args: {}, severe: true, word: "stop", title: "Stop the session", button: "Stop the session", done: "The session ends",
      does: ["Ends the session in good order: working orders are canceled, the ledger is closed.",
        `What is held stays held (${held(all())}), and nobody watches it. Flatten first if it should not.`,
        ...(session.status?.pnl != null ? [`Result of this run so far: ${signed(session.status.pnl)} ${session.identity.currency}.`] : [])],
    }),
  };
}
