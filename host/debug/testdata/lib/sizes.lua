local sizes = {}

function sizes.of(notional, price)
  local raw = notional / price
  return math.floor(raw * 1000) / 1000
end

return sizes
