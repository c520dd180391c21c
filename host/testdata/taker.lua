-- Answers every change of the book with an order that can't fill: for measuring.
local M = { name = "taker" }
M.universe = { "usdm:BTCUSDT" }

function M.on_book(book)
  if book:ready() then order.buy(book, 0.002, book:bid(1), { tif = "ioc" }) end
end

return M
