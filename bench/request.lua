-- wrk's requests: wrk ... -s request.lua URL -- MODE NONCE
--   hit       the same 250 bytes each time
--   miss      250 bytes with an input that occurs once; NONCE keeps several runs apart
--   relay     as miss, with Cache-Control: no-store
-- Ends with the line "RESULT requests micros p50 p99 failures bytes"; latencies are microseconds.

local request_bytes = 250
local before, after
local count = 0

local function render(text)
  return wrk.format("POST", "/v1/embeddings", nil,
    '{"model":"bench-embedding","encoding_format":"base64","input":"' .. text .. '"}')
end

function init(args)
  local mode, nonce = args[1], args[2]
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer sk-bench"
  if mode == "relay" then wrk.headers["Cache-Control"] = "no-store" end
  local text = mode .. " " .. (mode == "hit" and "" or nonce) .. " #########"
  text = text .. string.rep(".", request_bytes - #render(text))
  local whole = render(text)
  if mode == "hit" then
    request = function() return whole end
    return
  end
  local from, to = whole:find("#########", 1, true)
  before, after = whole:sub(1, from - 1), whole:sub(to + 1)
  request = function()
    count = count + 1
    return before .. string.format("%09d", count) .. after
  end
end

function done(summary, latency)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), failures, summary.bytes))
end
