-- wrk's requests: wrk ... -s request.lua URL -- MODE NONCE [TEXTS]
--   hit       the same 250 bytes each time
--   miss      250 bytes with an input that occurs once; NONCE keeps several runs apart
--   relay     as miss, with Cache-Control: no-store
--   cycle     250 bytes with one of TEXTS inputs, in turn from the first
--   batch     64 inputs, the same each time
--   partly    64 inputs, 48 of them those of batch and 16 that occur once
-- Ends with the line "RESULT requests micros p50 p99 failures bytes"; latencies are microseconds.

local request_bytes = 250
local batch_inputs, new_inputs = 64, 16
local digits = "#########"  -- where a number goes
local count = 0

local function render(input)
  return wrk.format("POST", "/v1/embeddings", nil,
    '{"model":"bench-embedding","encoding_format":"base64","input":' .. input .. '}')
end

-- The same request of request_bytes with each number.
local function single(text)
  text = text .. " " .. digits
  text = text .. string.rep(".", request_bytes - #render('"' .. text .. '"'))
  local whole = render('"' .. text .. '"')
  local from, to = whole:find(digits, 1, true)
  local before, after = whole:sub(1, from - 1), whole:sub(to + 1)
  return function(number) return before .. string.format("%09d", number) .. after end
end

-- An input of a batch, 100 bytes in its quotes.
local function passage(text)
  return '"' .. text .. string.rep(".", 100 - #text) .. '"'
end

local function batch(last)
  local inputs = {}
  for i = 1, last do inputs[i] = passage(string.format("batch %09d", i)) end
  return inputs
end

function init(args)
  local mode, nonce, texts = args[1], args[2], tonumber(args[3])
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer sk-bench"
  if mode == "relay" then wrk.headers["Cache-Control"] = "no-store" end
  if mode == "hit" or mode == "batch" then
    local whole = mode == "hit" and single("hit")(0) or render("[" .. table.concat(batch(batch_inputs), ",") .. "]")
    request = function() return whole end
  elseif mode == "cycle" then
    local numbered = single("cycle")
    request = function()
      count = count % texts + 1
      return numbered(count)
    end
  elseif mode == "partly" then
    local inputs = batch(batch_inputs)
    request = function()
      for i = batch_inputs - new_inputs + 1, batch_inputs do
        count = count + 1
        inputs[i] = passage(string.format("partly %s %09d", nonce, count))
      end
      return render("[" .. table.concat(inputs, ",") .. "]")
    end
  else
    local numbered = single(mode .. " " .. nonce)
    request = function()
      count = count + 1
      return numbered(count)
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), failures, summary.bytes))
end
