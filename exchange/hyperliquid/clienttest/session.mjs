// A session of @nktkas/hyperliquid, which checks every answer against schemas of its own.
// Its arguments are the addresses and keys of a simulated venue, as JSON.
import * as hl from "@nktkas/hyperliquid";
import { privateKeyToAccount } from "viem/accounts";
import WebSocket from "ws";

globalThis.WebSocket ??= WebSocket;
const sim = JSON.parse(process.argv[2]);
const transport = new hl.HttpTransport({ apiUrl: sim.rest });
const info = new hl.InfoClient({ transport });
const agentKey = privateKeyToAccount(sim.keys.secret);
const agent = new hl.ExchangeClient({ transport, wallet: agentKey });
const owner = new hl.ExchangeClient({ transport, wallet: privateKeyToAccount(sim.keys.wallet_secret) });
const user = sim.keys.key;
const hour = 3600e3;

let failed = 0;
const tell = (name, what) => { failed++; console.log(`${name}: ${what}`); };

// works wants a call to succeed, and its answer to be right.
async function works(name, call, right = () => true) {
  try {
    const answer = await call();
    if (!right(answer)) tell(name, JSON.stringify(answer).slice(0, 300));
    return answer;
  } catch (e) {
    tell(name, String(e.message).slice(0, 300));
  }
}

// refused wants a call to fail with some words.
async function refused(name, call, words) {
  try {
    tell(name, "it was taken: " + JSON.stringify(await call()).slice(0, 200));
  } catch (e) {
    if (!String(e.message).includes(words)) tell(name, `${e.message}, want ${words}`);
  }
}

const [meta] = await works("metaAndAssetCtxs", () => info.metaAndAssetCtxs());
await works("spotMetaAndAssetCtxs", () => info.spotMetaAndAssetCtxs());
const mids = await works("allMids", () => info.allMids(), (m) => Number(m.BTC) > 0);
await works("l2Book", () => info.l2Book({ coin: "BTC" }), (b) => b.levels[0].length === 20);
await works("candleSnapshot", () => info.candleSnapshot({ coin: "BTC", interval: "1m", startTime: Date.now() - hour }));
await works("fundingHistory", () => info.fundingHistory({ coin: "BTC", startTime: Date.now() - 3 * hour }));
await works("predictedFundings", () => info.predictedFundings());
await works("exchangeStatus", () => info.exchangeStatus(), (s) => Math.abs(s.time - Date.now()) < 5000);
await works("userRole", () => info.userRole({ user: agentKey.address }), (r) => r.role === "agent" && r.data.user === user);
await works("userFees", () => info.userFees({ user }));
await works("userRateLimit", () => info.userRateLimit({ user }));
await works("userAbstraction", () => info.userAbstraction({ user }), (m) => m === "default");

const a = meta.universe.findIndex((u) => u.name === "BTC");
const px = (factor) => String(Math.round(Number(mids.BTC) * factor));
const order = (over) => ({ orders: [{ a, b: true, p: px(0.9), s: "0.01", r: false, t: { limit: { tif: "Gtc" } }, ...over }], grouping: "na" });
const ioc = { t: { limit: { tif: "Ioc" } } };
const cloid = "0x" + "ab".repeat(16);
const status = (r) => r.response.data.statuses[0];

await works("an order rests", () => agent.order(order({ c: cloid })), (r) => status(r).resting);
await works("openOrders", () => info.openOrders({ user }), (l) => l.length === 1);
await works("frontendOpenOrders", () => info.frontendOpenOrders({ user }), (l) => l[0].cloid === cloid);
await works("orderStatus", () => info.orderStatus({ user, oid: cloid }), (r) => r.order.status === "open");
await works("cancelByCloid", () => agent.cancelByCloid({ cancels: [{ asset: a, cloid }] }));
await works("orderStatus after", () => info.orderStatus({ user, oid: cloid }), (r) => r.order.status === "canceled");
await works("an order that takes", () => agent.order(order({ p: px(1.05), ...ioc })), (r) => status(r).filled.totalSz === "0.01");
await works("clearinghouseState", () => info.clearinghouseState({ user }), (s) => s.assetPositions[0].position.szi === "0.01");
await works("userFillsByTime", () => info.userFillsByTime({ user, startTime: Date.now() - hour }), (l) => l.length > 0);
await works("historicalOrders", () => info.historicalOrders({ user }), (l) => l.length === 2);
await works("updateLeverage", () => agent.updateLeverage({ asset: a, isCross: true, leverage: 5 }));
await works("activeAssetData", () => info.activeAssetData({ user, coin: "BTC" }), (d) => d.leverage.value === 5);
await works("scheduleCancel", () => agent.scheduleCancel({ time: Date.now() + 60000 }));
await works("scheduleCancel off", () => agent.scheduleCancel());
await works("reduce-only", () => agent.order(order({ b: false, p: px(0.95), r: true, ...ioc })), (r) => status(r).filled);
await works("usdClassTransfer", () => owner.usdClassTransfer({ amount: "10", toPerp: true }));
await works("userNonFundingLedgerUpdates", () => info.userNonFundingLedgerUpdates({ user, startTime: Date.now() - hour }), (l) => l.length === 1);
await works("spotClearinghouseState", () => info.spotClearinghouseState({ user }), (s) => s.balances.find((b) => b.coin === "USDC").total === "99990");

await refused("a transfer by the agent", () => agent.usdClassTransfer({ amount: "10", toPerp: true }), "Must deposit");
await refused("too small", () => agent.order(order({ s: "0.00001" })), "minimum value of $10");
await refused("off the grid of prices", () => agent.order(order({ p: px(0.9) + ".5" })), "divisible by tick size");
await refused("no match", () => agent.order(order(ioc)), "could not immediately match");
await refused("post-only that would take", () => agent.order(order({ p: px(1.05), t: { limit: { tif: "Alo" } } })), "would have immediately matched");
await refused("a cancel of nothing", () => agent.cancelByCloid({ cancels: [{ asset: a, cloid }] }), "never placed");

const stream = new hl.SubscriptionClient({ transport: new hl.WebSocketTransport({ url: sim.ws }) });
const seen = {};
const count = (kind) => () => { seen[kind] = (seen[kind] ?? 0) + 1; };
await works("l2Book stream", () => stream.l2Book({ coin: "BTC" }, count("l2Book")));
await works("bbo stream", () => stream.bbo({ coin: "BTC" }, count("bbo")));
await works("trades stream", () => stream.trades({ coin: "BTC" }, count("trades")));
await works("context stream", () => stream.activeAssetCtx({ coin: "BTC" }, count("activeAssetCtx")));
await works("candle stream", () => stream.candle({ coin: "BTC", interval: "1m" }, count("candle")));
await works("fills stream", () => stream.userFills({ user }, count("userFills")));
await works("orders stream", () => stream.orderUpdates({ user }, count("orderUpdates")));
await works("an order while listening", () => agent.order(order({ p: px(1.05), ...ioc })), (r) => status(r).filled);
const kinds = ["l2Book", "bbo", "trades", "activeAssetCtx", "userFills", "orderUpdates"];
for (let waited = 0; waited < 20000 && kinds.some((k) => !seen[k]); waited += 100) await new Promise((r) => setTimeout(r, 100));
for (const k of kinds) if (!seen[k]) tell(k, "nothing came");
process.exit(failed ? 1 : 0);
