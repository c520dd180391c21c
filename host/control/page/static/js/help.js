// What the page shows, its terms and its keys.
import { h } from "./dom.js";

const terms = [
  ["Perpetual", "A future without an end. Its price is held near the coin's by funding."],
  ["Funding", "Paid every few hours between longs and shorts of a perpetual. Above 0, longs pay shorts."],
  ["Pair", "Two positions against each other, such as the coin and a short perpetual of it. The price cancels out; funding stays."],
  ["Basis", "How far the prices of the two legs are apart, in basis points: 1 bp is 0.01 %."],
  ["Unhedged", "Value by which the legs differ while one is filled and the other not yet."],
  ["Notional", "Value of a position at the market's price."],
  ["Drawdown", "How far equity is below its highest point."],
  ["Margin used", "Maintenance margin as a part of a wallet's equity. At 100 % the venue liquidates."],
  ["Ahead", "What rests before an order at its price, and is filled first."],
  ["Handler p99", "99 of 100 callbacks of a strategy took less than this."],
  ["Halt", "The kill latch: nothing new is opened, orders that reduce pass."],
  ["Flatten", "Close what strategies hold, with orders at the market."],
];
export const sections = [
  ["equity", "Equity"], ["strategies", "Strategies"], ["pairs", "Pairs"], ["positions", "Positions"], ["accounts", "Balances"],
  ["orders", "Orders"], ["ladder", "Book"], ["price", "Price"], ["fills", "Fills"], ["funding", "Funding"], ["inspector", "Inspector"], ["log", "Log"], ["limits", "Limits"],
];

// help makes the dialog and its keys, and returns what opens it. keys is {key: [what, function]}.
export function help(keys) {
  const on = h("input", { type: "checkbox", checked: localStorage.getItem("keys") !== "off", onchange: (e) => localStorage.setItem("keys", e.target.checked ? "on" : "off") });
  const dialog = h("dialog", { class: "help", "aria-labelledby": "help-title" },
    h("form", { method: "dialog" }, h("h2", { id: "help-title" }, "What this is"),
      h("p", {}, "A trading session as it runs: which money it trades with (the band at the top), what it is worth, what its strategies hold and do, and the means to intervene. All times are UTC. What you tell the session is written to its journal, with your reason."),
      h("h3", {}, "Terms"), h("dl", { class: "terms" }, terms.map(([t, d]) => h("div", {}, h("dt", {}, t), h("dd", {}, d)))),
      h("h3", {}, "Keys"), h("dl", { class: "terms keys" }, Object.entries(keys).map(([k, [what]]) => h("div", {}, h("dt", {}, h("kbd", {}, k)), h("dd", {}, what)))),
      h("label", { class: "check" }, on, h("span", {}, "use these keys")),
      h("div", { class: "buttons" }, h("button", { type: "submit", class: "primary" }, "Close"))));
  document.body.append(dialog);
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]") || e.target.closest("input, select, textarea")) return;
    const key = keys[e.key];
    if (!key || (!on.checked && e.key !== "?")) return;
    e.preventDefault();
    key[1]();
  });
  return () => dialog.showModal();
}
