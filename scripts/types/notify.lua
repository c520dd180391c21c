---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---Tells people, by the targets of [notify] in the configuration.
---@class notifylib
notify = {}

---Tells people a text, as plain text of one line. A strategy may tell five at once, and then one a minute; what is over is not told, and false is returned. On backtests and replays nobody is told.
---
---```lua
---notify.send("basis of BTC is above 40 bp", { severity = "warning" })
---```
---@param text string # 1 to 1000 bytes
---@param options? NotifyOptions
---@return boolean told # false: the strategy has told enough for now
function notify.send(text, options) end

---How a notice is told.
---@class NotifyOptions
---@field severity? "notice"|"warning"|"critical" # how soon somebody should look: when there is time, today, now; notice when left out

