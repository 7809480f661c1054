-- Merge patches of Pods that create.lua made, round robin over BENCH_MAX of each thread. wrk never sends the first request that a
-- script makes, so the names begin at 2.
local run = os.getenv("BENCH_RUN") or "r"
local max = tonumber(os.getenv("BENCH_MAX") or "1000")
local headers = { ["Content-Type"] = "application/merge-patch+json", ["Authorization"] = "Bearer " .. (os.getenv("BENCH_TOKEN") or "") }
local threads, count = 0, 0

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function request()
  count = count + 1
  local path = "/api/v1/namespaces/default/pods/" .. run .. "-" .. id .. "-" .. ((count % max) + 2)
  return wrk.format("PATCH", path, headers, '{"metadata":{"annotations":{"bench/n":"' .. count .. '"}}}')
end
