// A session of ccxt's with each venue: what is asked over REST, what is watched, and what orders
// do to an account, compared with each other.
import assert from 'node:assert/strict';
import { point } from './point.mjs';

const sim = JSON.parse(process.argv[2]);

// What is traded of each venue, in the units that ccxt's createOrder takes there.
const traded = {
  binance: { 'BTC/USDT': 0.02, 'BTC/USDT:USDT': 0.02, 'BTC/USD:BTC': 10 },
  bybit: { 'BTC/USDT': 0.02, 'BTC/USDT:USDT': 0.02, 'BTC/USD:BTC': 1000 },
  okx: { 'BTC/USDT': 0.02, 'BTC/USDT:USDT': 20, 'BTC/USD:BTC': 10 },
  deribit: { 'BTC/USDC': 0.02, 'BTC/USDC:USDC': 0.02, 'BTC/USD:BTC': 1000 },
  hyperliquid: { 'BTC/USDC': 0.02, 'BTC/USDC:USDC': 0.02 },
};

const sleep = ms => new Promise(done => setTimeout(done, ms));
const sum = list => list.reduce((a, b) => a + b, 0);

function near(got, want, what, tolerance = 1e-7) {
  assert.ok(Math.abs(got - want) <= tolerance * Math.max(1, Math.abs(want)), `${what}: ${got}, want ${want}`);
}

// until asks again for something that comes by itself.
async function until(what, ask, tries = 60) {
  for (let i = 0; i < tries; i++) {
    const got = await ask();
    if (got) return got;
    await sleep(100);
  }
  assert.fail(`${what} did not come`);
}

// refuses is a call that has to fail as one of some kinds.
async function refuses(kinds, call, what) {
  try {
    await call();
  } catch (e) {
    assert.ok(kinds.includes(e.constructor.name), `${what}: ${e.constructor.name} ${e.message}`);
    return;
  }
  assert.fail(`${what} was not refused`);
}

class Session {
  constructor(id, ex, symbol, amount) {
    Object.assign(this, { id, ex, symbol, amount, market: ex.market(symbol) });
    this.depth = id === 'deribit' ? 5 : 20;
    const subType = this.market.linear ? 'linear' : 'inverse';
    this.wallet = id === 'binance' && this.market.inverse ? { type: 'delivery' } : { type: this.market.spot ? 'spot' : id === 'binance' ? 'future' : 'swap', ...(this.market.spot ? {} : { subType }) };
    this.watched = id === 'bybit' ? {} : this.wallet; // there one wallet is told for all
  }

  price(x) { return Number(this.ex.priceToPrecision(this.symbol, x)); }

  // order places one; where a market order wants a price to reckon its worst from, it has one.
  order(type, side, price, params = {}) {
    if (type === 'market' && this.id === 'hyperliquid') price = this.book[side === 'buy' ? 'asks' : 'bids'][0][0];
    if (type === 'market' && this.market.spot && this.id === 'okx') params = { ...params, tgtCcy: 'base_ccy' };
    return this.ex.createOrder(this.symbol, type, side, this.amount, price, params);
  }

  async market_data() {
    const { ex, symbol, market, id } = this;
    const book = this.book = await ex.fetchOrderBook(symbol, this.depth);
    for (const [side, up] of [['bids', -1], ['asks', 1]])
      for (let i = 1; i < book[side].length; i++) assert.ok(up * (book[side][i][0] - book[side][i - 1][0]) > 0, `${side} are sorted`);
    assert.ok(book.bids[0][0] < book.asks[0][0], 'the book is not crossed');
    const ticker = await ex.fetchTicker(symbol);
    near(ticker.last, book.bids[0][0], 'the last price', 0.02);
    if (id !== 'hyperliquid') {
      const trades = await ex.fetchTrades(symbol, undefined, 20);
      assert.ok(trades.length > 0 && trades.every((t, i) => i === 0 || t.timestamp >= trades[i - 1].timestamp), 'trades are in order');
      near(trades.at(-1).price, book.bids[0][0], 'the last trade', 0.02);
      const { price, amount, cost } = trades.at(-1);
      if (!market.inverse) near(cost, price * amount * (id === 'deribit' ? 1 : market.contractSize ?? 1), 'the worth of a trade');
    }
    for (const [frame, ms] of [['1m', 60e3], ['1h', 3600e3]].slice(0, id === 'hyperliquid' ? 1 : 2)) {
      const bars = await ex.fetchOHLCV(symbol, frame, undefined, 10);
      assert.ok(bars.length > 0 && bars.every((b, i) => i === 0 || b[0] > bars[i - 1][0]), `${frame} bars are in order`);
      for (const [at, open, high, low, close] of bars) assert.ok(at % ms === 0 && low <= Math.min(open, close) && high >= Math.max(open, close), `a ${frame} bar: ${[at, open, high, low, close]}`);
    }
    const since = ex.milliseconds() - 8 * 60e3;
    for (const bar of await ex.fetchOHLCV(symbol, '1m', since, 3)) assert.ok(bar[0] >= since - 60e3 && bar[0] <= since + 5 * 60e3, 'bars begin where they were asked for');
    if (market.swap) {
      const rate = ex.has.fetchFundingRate && id !== 'hyperliquid' ? await ex.fetchFundingRate(symbol) : (await ex.fetchFundingRates([symbol]))[symbol];
      assert.ok(Math.abs(rate.fundingRate) < 0.04, 'a funding rate');
      for (const r of await ex.fetchFundingRateHistory(symbol, ex.milliseconds() - 86400e3, 10)) assert.ok(r.timestamp > 0 && Math.abs(r.fundingRate) < 0.04, 'a settled rate');
    }
  }

  // watches compares a book that is watched with the same over REST.
  async watches() {
    const { ex, symbol } = this;
    await until('a book that is equal to that of REST', async () => {
      const live = await ex.watchOrderBook(symbol);
      const now = await ex.fetchOrderBook(symbol, this.depth);
      const top = side => JSON.stringify(side.slice(0, 5).map(l => l.slice(0, 2)));
      return top(live.bids) === top(now.bids) && top(live.asks) === top(now.asks);
    });
    const ticker = await ex.watchTicker(symbol);
    near(ticker.last ?? ticker.close, this.book.bids[0][0], 'the last price of a watched ticker', 0.02);
  }

  async rests() {
    const { ex, symbol, amount, id } = this;
    const o = await this.order('limit', 'buy', this.price(this.book.bids[0][0] * 0.98));
    const open = await ex.fetchOpenOrders(symbol);
    assert.deepEqual(open.map(x => [x.id, x.status, x.side, x.amount, x.filled]), [[o.id, 'open', 'buy', amount, 0]], 'open orders');
    const at = this.price(this.book.bids[0][0] * 0.985);
    const edited = await ex.editOrder(o.id, symbol, 'limit', 'buy', amount, at);
    const now = (await ex.fetchOpenOrders(symbol))[0];
    assert.deepEqual([now.id, now.price, now.remaining], [edited.id, at, amount], 'an edited order');
    await ex.cancelOrder(now.id, symbol);
    await refuses(['OrderNotFound', 'InvalidOrder'], () => ex.cancelOrder(now.id, symbol), 'a cancel of what is canceled');
    assert.equal((await ex.fetchOrder(now.id, symbol, { acknowledged: true })).status, 'canceled', 'a canceled order');
    assert.equal((await ex.fetchOpenOrders(symbol)).length, 0, 'nothing is open');
    await refuses(['InvalidOrder', 'InsufficientFunds', 'OperationRejected', 'ExchangeError'], () => ex.createOrder(symbol, 'limit', 'buy', amount * 4e3, at), 'an order for more than there is');
    const price = this.price(this.book.asks[0][0] * 1.01);
    if (id === 'bybit' || id === 'okx') { // taken, and canceled at once
      const { id: none } = await this.order('limit', 'buy', price, { postOnly: true });
      assert.equal((await ex.fetchOrder(none, symbol, { acknowledged: true })).filled, 0, 'post-only does not take');
    } else if (id !== 'deribit') {
      await refuses(['InvalidOrder', 'OrderImmediatelyFillable', 'OrderNotFillable', 'ExchangeError'], () => this.order('limit', 'buy', price, { postOnly: true }), 'post-only that would take');
    }
  }

  // moves buys and sells at the market, and reckons the balance by price, quantity and fees.
  async moves() {
    const { ex, symbol, amount, market, id } = this;
    const events = { orders: [], trades: [], balances: [], positions: [] };
    const watch = async (name, call) => {
      for (;;) events[name].push(await call());
    };
    const quiet = () => {}; // ends with the connection
    const watching = [['orders', () => ex.watchOrders(symbol)], ['trades', () => ex.watchMyTrades(symbol)], ['balances', () => ex.watchBalance(this.watched)]];
    if (market.contract && ex.has.watchPositions) watching.push(['positions', () => ex.watchPositions([symbol])]);
    for (const [name, call] of watching) watch(name, call).catch(quiet);
    await sleep(1000);
    const total = async code => (await ex.fetchBalance(this.wallet)).total[code] ?? 0;
    const money = market.settle ?? market.quote;
    const before = [await total(money), await total(market.base)];
    const since = ex.milliseconds() - 60e3;
    const fills = [];
    for (const side of ['buy', 'sell']) {
      this.book = await ex.fetchOrderBook(symbol, this.depth);
      const o = await this.order('market', side, undefined, market.contract && side === 'sell' ? { reduceOnly: true } : {});
      const mine = await until(`the fills of a market ${side}`, async () => {
        const list = (await ex.fetchMyTrades(symbol, since)).filter(t => t.order === o.id);
        return Math.abs(sum(list.map(t => t.amount)) - amount) < 1e-9 && list;
      });
      fills.push(...mine);
      const done = await ex.fetchOrder(o.id, symbol, { acknowledged: true });
      assert.deepEqual([done.status, done.side], ['closed', side], 'a filled order');
      near(done.filled, amount, 'what is filled');
      if (done.average !== undefined) near(done.average, sum(mine.map(t => t.price * t.amount)) / amount, 'the average price', 1e-4);
      await until(`a watched order of the market ${side}`, () => events.orders.flat().some(x => x.id === o.id && x.status === 'closed'));
      await until(`a watched trade of the market ${side}`, () => events.trades.flat().some(t => t.order === o.id));
      if (market.contract && side === 'buy') {
        const [p] = (await ex.fetchPositions([symbol], id === 'binance' ? { subType: this.wallet.subType ?? 'inverse' } : {})).filter(p => p.contracts !== 0);
        assert.deepEqual([p.symbol, p.side], [symbol, 'long'], 'a position');
        near(p.contracts, amount, 'its size');
        near(p.entryPrice, sum(mine.map(t => t.price * t.amount)) / amount, 'its entry', 1e-4);
      }
    }
    const fee = code => sum(fills.filter(t => t.fee.currency === code).map(t => t.fee.cost));
    const paid = market.inverse ? sum(fills.map(t => (t.side === 'buy' ? 1 : -1) * -t.cost)) : sum(fills.map(t => (t.side === 'buy' ? 1 : -1) * t.cost));
    assert.ok(fills.every(t => (t.fee.cost > 0 || id === 'deribit' && market.spot) && t.takerOrMaker === 'taker'), 'takers pay fees');
    near(await until('the balance', async () => await total(money)), before[0] - paid - fee(money), `the balance in ${money}`);
    if (market.spot) near(await total(market.base), before[1] - fee(market.base), `the balance in ${market.base}`);
    if (!(id === 'bybit' && market.inverse)) await until('a watched balance', () => events.balances.length > 0);
    if (market.contract) {
      assert.equal((await ex.fetchPositions([symbol], id === 'binance' ? { subType: this.wallet.subType ?? 'inverse' } : {})).filter(p => p.contracts > 0).length, 0, 'nothing is held');
      if (ex.has.watchPositions) await until('a watched position', () => events.positions.length > 0);
    }
  }
}

async function venue(id) {
  const ex = await point(id, sim, { enableRateLimit: true, timeout: 30_000, newUpdates: true });
  const begin = Date.now();
  try {
    await ex.loadMarkets();
    if (ex.has.fetchTime) near(await ex.fetchTime(), Date.now(), 'the time', 1e-8);
    for (const [symbol, amount] of Object.entries(traded[id])) {
      const s = new Session(id, ex, symbol, amount);
      for (const step of ['market_data', 'watches', 'rests', 'moves']) {
        try {
          await s[step]();
        } catch (e) {
          e.message = `${id} ${symbol} ${step}: ${e.message}`;
          throw e;
        }
      }
      console.log(id, symbol, 'ok', Date.now() - begin, 'ms');
    }
    await refuses(['BadSymbol'], () => ex.createOrder('NONE/SUCH', 'limit', 'buy', 1, 1), 'a symbol that there is not');
    const stranger = await point(id, sim, { enableRateLimit: true });
    stranger.setMarkets(ex.markets, ex.currencies);
    if (id === 'hyperliquid') {
      stranger.privateKey = '0x' + '11'.repeat(32);
      await refuses(['InvalidOrder', 'AuthenticationError'], () => stranger.createOrder('BTC/USDC:USDC', 'limit', 'buy', 0.02, 50_000), 'a key that nobody has');
    } else {
      stranger.secret = 'x'.repeat(stranger.secret.length);
      await refuses(['AuthenticationError'], () => stranger.fetchBalance(), 'a wrong secret');
    }
    await stranger.close();
  } finally {
    await ex.close();
  }
}

const failed = (await Promise.allSettled((process.argv[3]?.split(',') ?? Object.keys(traded)).map(venue))).filter(r => r.status === 'rejected');
for (const r of failed) console.error(r.reason.message + '\n' + r.reason.stack);
process.exit(failed.length > 0 ? 1 : 0);
