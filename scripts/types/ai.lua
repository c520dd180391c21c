---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---Asks an advisor. Its answer can choose within bounds and nothing else; a strategy must be able to do without.
---@class ailib
ai = {}

---Asks; the outcome arrives in on_advice. Not in on_book, on_trade, on_mark, on_liquidation and on_advice, and one question at a time.
---
---```lua
---ai.ask { tag = "hedge", question = "How much of the holding should be hedged for the next hour?",
---  context = { funding_8h = 0.0001 }, schema = { action = { "hedge", "flat", "hold" }, ratio = { min = 0, max = 1 } } }
---```
---@param question Question
---@return string? id
---@return string? err # why it was not asked
function ai.ask(question) end

---The latest advice with an answer that still counts; nil when there is none, so that the strategy uses its own rule.
---
---```lua
---local advice = ai.latest("hedge")
---local ratio = advice and advice.answer.ratio or params.ratio
---```
---@param tag? string # as in the question; none when left out
---@return Advice? advice
function ai.latest(tag) end

---The model that answers; nil when there is no advisor.
---@return string? model
function ai.advisor() end

---What the advisor is asked.
---@class Question
---@field question string # the task, in words; at most 4000 bytes
---@field context? table # figures to judge by: plain data, sent as JSON. Texts in it are cut to 64 letters, digits and _-.:/%+: names come from strangers
---@field schema table<string, string[]|FieldSpec> # the fields of the answer: a list of words to choose from, or bounds
---@field deadline? number|string # [seconds, or "20s"] how long the answer may take; 20 s when left out, at most 5 minutes
---@field ttl? number|string # [seconds, or "5m"] how long the answer counts, from the asking; 5 minutes when left out, at most a day
---@field tag? string # what the advice is for, to find it with ai.latest

---A field of an answer. An answer outside of the bounds is refused, not clamped.
---@class FieldSpec
---@field type? "number"|"integer"|"boolean"|"text" # number when left out
---@field min? number # required for a number
---@field max? number # required for a number; letters of a text, 200 when left out
---@field optional? boolean # the answer may leave it out

---What came of a question to the advisor.
---@class Advice
---@field id string # what ai.ask returned
---@field tag string?
---@field ok boolean # whether there is an answer
---@field answer table? # the fields of the schema, all checked; nil unless ok
---@field verdict "ok"|"refused"|"failed"|"late"|"disabled"|"canceled"
---@field reason string? # why there is no answer
---@field model string?
---@field cached boolean # whether the same question had been answered before
---@field cost number # [currency of the configured prices]
---@field asked number # [seconds since the epoch]
---@field expires number # [seconds since the epoch] from then on it does not count: ttl after it was asked

