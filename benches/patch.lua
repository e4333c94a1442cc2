-- For wrk: every request changes the status of another task.
-- Arguments: a file with the ids of tasks, one a line; the path of the tasks; the number of the first status; the ids of
-- the statuses, which are used in turn, another for each time around.

local at = 0
local tasks, path, first, statuses = {}, nil, 0, {}

function init(arguments)
  for id in io.lines(arguments[1]) do tasks[#tasks + 1] = id end
  path, first = arguments[2], tonumber(arguments[3])
  for index = 4, #arguments do statuses[#statuses + 1] = arguments[index] end
end

function request()
  local around, task = math.floor(at / #tasks), at % #tasks
  at = at + 1
  local body = '{"task_status_id":"' .. statuses[(first + around) % #statuses + 1] .. '"}'
  return "PATCH " .. path .. "/" .. tasks[task + 1] .. " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port
    .. "\r\nContent-Type: application/merge-patch+json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end
