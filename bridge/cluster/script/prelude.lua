-- What every step begins with.
-- KEYS: meta (hash), leases (sorted set: number to the time when it ends), members (hash), log (stream), expelled (sorted set).
if redis.replicate_commands then redis.replicate_commands() end -- before 7.0 the time could not be read before a write otherwise
local META, LEASES, MEMBERS, LOG, EXPELLED = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

local function text(n) return string.format('%.0f', n) end -- tostring would write 1e+15
local function count(field) return tonumber(redis.call('HGET', META, field) or '0') end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- The process that answers. After a restart or a failover it is another one, and what is stored may lack writes that were answered.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')

-- At maxmemory the first write of a script fails if it may need memory, and those after it do not. This one needs none.
local function although_full() redis.call('HDEL', META, '-') end

local function is_live(number)
	local lease = redis.call('ZSCORE', LEASES, number)
	return lease and tonumber(lease) >= now
end

-- stranger says why the caller is not, or no longer, a member by this identity, whether its lease has ended or not.
local function stranger(generation, number, epoch)
	local m = redis.call('HMGET', META, 'run', 'generation')
	if m[1] ~= run or m[2] ~= generation then return {'LAPSED', 'the state is a new one'} end
	if redis.call('ZSCORE', EXPELLED, number) then return {'EXPELLED'} end
	if redis.call('HGET', MEMBERS, number .. ':epoch') ~= epoch then return {'LAPSED', 'the machine has joined again, or left'} end
end

local function refusal(generation, number, epoch)
	local r = stranger(generation, number, epoch)
	if not r and not is_live(number) then r = {'LAPSED', 'its lease has ended'} end
	return r
end

local function append(kind, number, term, seq, data)
	local offset = text(redis.call('HINCRBY', META, 'offset', 1))
	redis.call('XADD', LOG, offset .. '-0', 'k', kind, 'n', number, 't', term, 's', seq, 'd', data)
	return offset
end

-- leader returns number and term of the leader, if its lease has not ended since it was elected.
local function leader()
	local m = redis.call('HMGET', META, 'leader', 'leader_epoch', 'leader_term')
	if not m[1] or m[1] == '0' then return nil end
	if redis.call('HGET', MEMBERS, m[1] .. ':epoch') ~= m[2] or not is_live(m[1]) then return nil end
	return m[1], m[3]
end

-- forget removes a member, and its term as leader.
local function forget(number)
	if redis.call('HGET', META, 'leader') == number then redis.call('HSET', META, 'leader', '0') end
	local token = redis.call('HGET', MEMBERS, number .. ':token')
	redis.call('ZREM', LEASES, number)
	for _, field in ipairs({'epoch', 'token', 'name', 'note', 'read', 'seq', 'first'}) do
		redis.call('HDEL', MEMBERS, number .. ':' .. field)
	end
	if token then redis.call('HDEL', MEMBERS, 'token:' .. token) end
end
