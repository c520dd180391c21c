-- Opens one pair as soon as it can, and tells what it sees of books and past.

local M = { name = "live" }

M.params = { coin = { default = "BTC", doc = "what to hold" } }
M.universe = function(p)
  if p.coin ~= "BTC" then return { "spot:" .. p.coin .. "USDT", "usdm:" .. p.coin .. "USDT" } end
  return { "spot:BTCUSDT", "usdm:BTCUSDT", "spot:ETHUSDT", "usdm:ETHUSDT" }
end

local lost = {}

function M.on_start()
  local perp = "usdm:" .. params.coin .. "USDT"
  log.info(string.format("past: %d bars, %d settled", #market.bars(perp), #market.settled(perp)))
  timer.after("open", "200ms")
end

function M.on_timer()
  if #exec.pair.list() > 0 then return end
  timer.after("open", "200ms")
  if not market.funding("usdm:BTCUSDT") or not market.book("spot:BTCUSDT"):ready() or not market.book("usdm:BTCUSDT"):ready() then return end
  exec.pair.open { spot = "spot:BTCUSDT", perp = "usdm:BTCUSDT", notional = 2000, tag = "BTC" }
end

function M.on_gap(symbol, reason)
  lost[symbol] = true
  log.info("gap " .. symbol .. ": " .. reason)
end

function M.on_book(book)
  local symbol = book:symbol()
  if lost[symbol] then log.info("again " .. symbol) end
  lost[symbol] = nil
end

return M
