-- ARGV: generation, number, epoch, read, candidate, lease, most entries of the log, note
local number, epoch = ARGV[2], ARGV[3]
although_full()
local r = refusal(ARGV[1], number, epoch)
if r then return r end
redis.call('ZADD', LEASES, text(now + tonumber(ARGV[6])), number)
redis.call('HSET', MEMBERS, number .. ':read', ARGV[4], number .. ':note', ARGV[8])

local settling = math.max(0, count('settled') - now)
local leads, term = leader()
if not leads and ARGV[5] == '1' and settling == 0 then
	leads, term = number, text(redis.call('HINCRBY', META, 'term', 1))
	redis.call('HSET', META, 'leader', number, 'leader_epoch', epoch, 'leader_term', term)
	append('l', number, term, '0', '')
end

local members, least = {}, nil
local leases = redis.call('ZRANGE', LEASES, 0, -1, 'WITHSCORES')
for i = 1, #leases, 2 do
	local n = leases[i]
	local m = redis.call('HMGET', MEMBERS, n .. ':epoch', n .. ':read', n .. ':name', n .. ':note')
	local remains, read = tonumber(leases[i + 1]) - now, m[2] or '0'
	members[#members + 1] = {n, m[1] or '0', text(remains), read, m[3] or '', m[4] or ''}
	if remains >= 0 and (not least or tonumber(read) < least) then least = tonumber(read) end
end
redis.call('XTRIM', LOG, 'MINID', '~', text(least + 1) .. '-0', 'LIMIT', 0) -- the default is 10,000 entries a call
redis.call('XTRIM', LOG, 'MAXLEN', '~', ARGV[7], 'LIMIT', 0)

local m = redis.call('HMGET', META, 'offset', 'key', 'machine', 'term')
return {'OK', m[1], m[2], m[3], m[4], leads or '0', term or '0', text(settling), members, redis.call('ZRANGE', EXPELLED, 0, -1)}
