-- One cycle of a coin-margined carry: bought on spot, moved to the COIN-M wallet,
-- shorted there, held while funding is paid in coin, and brought back to USDT.
local M = {
  name = "coin_carry",
  params = {
    coin = { type = "string", default = "BTC", doc = "BTC or ETH" },
    notional = { type = "number", default = 10000, min = 100, doc = "USDT" },
    hold = { type = "string", default = "20h", doc = "how long it is held" },
    buffer = { type = "number", default = 0, min = 0, doc = "coins of the COIN-M wallet that may back the short until the transfer arrives" },
  },
  universe = { "spot:BTCUSDT", "coinm:BTCUSD_PERP", "spot:ETHUSDT", "coinm:ETHUSD_PERP" },
}

function M.on_start()
  timer.after("open", "1m")
  if state.held then timer.after("close", params.hold) end -- timers do not survive a restart
end

function M.on_timer(name)
  if name == "open" and not state.pair then
    local request = {
      spot = "spot:" .. params.coin .. "USDT", perp = "coinm:" .. params.coin .. "USD_PERP",
      notional = params.notional,
    }
    if params.buffer > 0 then request.buffer = params.buffer end
    local id, err = exec.pair.open(request)
    if not id then log.error(err) return end
    state.pair = id
  elseif name == "close" then
    exec.pair.close(state.pair, { reason = "held long enough" })
  end
end

function M.on_pair(pair)
  log.info(string.format("%s: %.6f on spot, %.6f in the COIN-M wallet, %.6f moving, %d contracts, funding %.8f %s", pair.state,
    pair.spot_qty, pair.margin_qty, pair.moving, pair.perp_qty, pair.funding, pair.reason or ""))
  if pair.state == "open" and not state.held then
    state.held = true
    local wallet = account.margin("coinm", params.coin)
    log.info(string.format("the COIN-M wallet is worth %.6f %s and backs %.6f", wallet.equity, params.coin, wallet.exposure))
    timer.after("close", params.hold)
  elseif pair.done then
    log.info(string.format("made %.4f USDT; the short made %.8f %s, unhedged at most %.2f USDT for %.2f s",
      pair.realised, pair.coin_result, params.coin, pair.max_unhedged, pair.max_unhedged_time))
  end
end

return M
