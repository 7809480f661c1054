-- POST of Pods with unique names. BENCH_RUN makes the names of one run unlike those of another.
local run = os.getenv("BENCH_RUN") or "r"
local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. (os.getenv("BENCH_TOKEN") or "") }
local threads, count = 0, 0

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function request()
  count = count + 1
  local name = run .. "-" .. id .. "-" .. count
  local body = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"' .. name .. '","labels":{"app":"bench","tier":"t' .. (count % 10)
    .. '"}},"spec":{"schedulerName":"none","containers":[{"name":"main","image":"registry.example/app:1.0","ports":[{"containerPort":8080}],'
    .. '"env":[{"name":"A","value":"1"},{"name":"B","value":"2"}],"resources":{"requests":{"cpu":"100m","memory":"64Mi"},'
    .. '"limits":{"cpu":"200m","memory":"128Mi"}}}]}}'
  return wrk.format("POST", "/api/v1/namespaces/default/pods", headers, body)
end
