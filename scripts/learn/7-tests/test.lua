local mine = require("mine")

-- Each of your tests holds for the strategy, and notices the version that is wrong.
local function judge(name, wrong)
  it(name, function()
    mine[name]("threshold.lua")
    expect(function() mine[name](wrong) end):to_error()
  end)
end

describe("your tests", function()
  judge("sells_nothing_below", "wrong_low.lua")
  judge("sells_three_times_at_most", "wrong_often.lua")
  judge("waits_an_hour", "wrong_hasty.lua")
end)
