-- SPDX-License-Identifier: BSL-1.0
-- For wrk: as many requests at once as its first argument says.
init = function(args)
  local one = wrk.format()
  batch = string.rep(one, tonumber(args[1]))
end

request = function() return batch end
