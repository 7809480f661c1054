wrk.headers["Authorization"] = "Bearer " .. (os.getenv("BENCH_TOKEN") or "")
wrk.headers["Accept"] = "application/json"
local path = os.getenv("BENCH_PATH")

function request()
  return wrk.format("GET", path)
end
