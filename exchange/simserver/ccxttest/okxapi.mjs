// A session of okx-api's (tiagosiebler) with the simulated OKX: questions, orders over REST and
// over the private stream, and what is pushed meanwhile.
import assert from 'node:assert/strict';
import { RestClient, WebsocketClient } from 'okx-api';

const sim = JSON.parse(process.argv[2]);
const { rest, ws_public, ws_private, keys: { hmac } } = sim.venues.okx;
const signIn = { apiKey: hmac.key, apiSecret: hmac.secret, apiPass: hmac.passphrase };
const quiet = { trace() {}, info() {}, error() {} };
const client = new RestClient({ ...signIn, baseUrl: rest });
const instId = 'BTC-USDT-SWAP';
const sleep = ms => new Promise(done => setTimeout(done, ms));

async function until(what, ask) {
  for (let i = 0; i < 100; i++, await sleep(100)) {
    const got = await ask();
    if (got) return got;
  }
  assert.fail(`${what} did not come`);
}

function listen(url, channels) {
  const pushed = [];
  const socket = new WebsocketClient({ accounts: [signIn], wsUrl: url }, quiet);
  socket.on('update', m => pushed.push(m));
  socket.on('exception', e => console.error('exception', e));
  socket.subscribe(channels);
  return { socket, of: channel => pushed.filter(m => m.arg?.channel === channel).flatMap(m => m.data) };
}

const [instrument] = await client.getInstruments({ instType: 'SWAP', instId });
assert.equal(instrument.ctType, 'linear');
const [ticker] = await client.getTicker({ instId });
const [book] = await client.getOrderBook({ instId, sz: '5' });
assert.ok(Number(book.bids[0][0]) < Number(book.asks[0][0]) && Math.abs(ticker.last / book.bids[0][0] - 1) < 0.02, 'a book and its ticker');

const market = listen(ws_public, [{ channel: 'tickers', instId }, { channel: 'books5', instId }]);
const account = listen(ws_private, [{ channel: 'orders', instType: 'ANY' }, { channel: 'positions', instType: 'ANY' }, { channel: 'account' }]);
await until('a ticker', () => market.of('tickers').length > 0);
await until('a book', () => market.of('books5').length > 0);
await until('the account', () => account.of('account').length > 0);

const total = async () => Number((await client.getBalance())[0].details.find(x => x.ccy === 'USDT').cashBal);
const before = await total();
const px = (book.bids[0][0] * 0.98).toFixed(1);
const [resting] = await client.submitOrder({ instId, tdMode: 'cross', side: 'buy', ordType: 'post_only', sz: '20', px });
await until('the order on the stream', () => account.of('orders').some(o => o.ordId === resting.ordId && o.state === 'live'));
await client.amendOrder({ instId, ordId: resting.ordId, newSz: '10' });
assert.equal((await client.getOrderDetails({ instId, ordId: resting.ordId }))[0].sz, '10');
await client.cancelOrder({ instId, ordId: resting.ordId });
await until('the cancel on the stream', () => account.of('orders').some(o => o.ordId === resting.ordId && o.state === 'canceled'));
await assert.rejects(client.cancelOrder({ instId, ordId: resting.ordId }), e => JSON.stringify(e).includes('51400'), 'a cancel of what is canceled');

let cost = 0;
for (const side of ['buy', 'sell']) {
  const [o] = await client.submitOrder({ instId, tdMode: 'cross', side, ordType: 'market', sz: '20', reduceOnly: side === 'sell' });
  const fills = await client.getFills({ instType: 'SWAP', ordId: o.ordId });
  const mine = fills.filter(f => f.ordId === o.ordId);
  assert.equal(mine.reduce((n, f) => n + Number(f.fillSz), 0), 20, `the fills of a ${side}`);
  cost += mine.reduce((n, f) => n + (side === 'buy' ? 1 : -1) * f.fillPx * f.fillSz * instrument.ctVal - f.fee, 0);
  await until(`the fill of a ${side} on the stream`, () => account.of('orders').some(x => x.ordId === o.ordId && x.state === 'filled'));
}
assert.ok(Math.abs(before - cost - await total()) < 1e-6, `the balance: ${await total()}, want ${before - cost}`);
await until('the position on the stream', () => account.of('positions').some(p => p.instId === instId && p.pos === '20'));
assert.equal((await client.getPositions({ instId })).length, 0, 'nothing is held');
console.log('okx-api ok');
process.exit(0);
