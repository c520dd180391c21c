// How ccxt (REST and ccxt.pro) is pointed at the venues of `perilune sim --venues … --json`.
import ccxt from 'ccxt';

// point makes an exchange of ccxt's whose addresses and keys are a simulator's.
export async function point(id, sim, options = {}) {
  const http = 'http://' + sim.listen, ws = 'ws://' + sim.listen;
  const { keys } = sim.venues[id], { hmac = keys } = keys;
  const ex = new ccxt.pro[id]({
    ...(id === 'hyperliquid' ? { walletAddress: keys.key, privateKey: keys.wallet_secret } : { apiKey: hmac.key, secret: hmac.secret, password: hmac.passphrase }),
    ...options,
  });
  const api = ex.urls.api;
  switch (id) {
    case 'binance': {
      for (const [name, at] of Object.entries(api)) if (typeof at === 'string') api[name] = at.replace(/^https:\/\/[^/]+/, http);
      Object.assign(api.ws, { spot: sim.venues[id].stream_spot + '/ws', future: ws + '/usdm/ws', delivery: ws + '/coinm/ws' });
      api.ws['ws-api'] = { spot: ws + '/ws-api/v3', future: ws + '/ws-fapi/v1', delivery: ws + '/ws-dapi/v1' };
      // Which codes a market has is told by the host of an address, which is one here.
      const exceptions = ex.getExceptionsByUrl.bind(ex);
      ex.getExceptionsByUrl = (url, kind) => exceptions(url?.replace(http + '/fapi', 'https://fapi.binance.com/fapi').replace(http + '/dapi', 'https://dapi.binance.com/dapi').replace(http + '/api', 'https://api.binance.com/api'), kind);
      break;
    }
    case 'bybit':
      for (const name of Object.keys(api)) if (typeof api[name] === 'string') api[name] = http;
      for (const name of ['spot', 'linear', 'inverse']) api.ws.public[name] = ws + '/v5/public/' + name;
      api.ws.private = { spot: { unified: ws + '/v5/private' }, contract: ws + '/v5/private', trade: ws + '/v5/trade' };
      break;
    case 'okx':
      api.rest = http;
      api.ws = ws + '/ws/v5';
      break;
    case 'deribit':
      api.rest = http;
      api.ws = ws + '/ws/api/v2';
      break;
    case 'hyperliquid':
      api.public = api.private = http;
      api.ws.public = ws + '/ws';
      break;
  }
  await ex.loadHttpProxyAgent(); // without it ccxt refuses ws:// as a thing of proxies
  return ex;
}
