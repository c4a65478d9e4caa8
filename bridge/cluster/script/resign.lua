-- ARGV: generation, number, epoch
although_full()
local r = stranger(ARGV[1], ARGV[2], ARGV[3])
if r then return r end
local leads, term = leader()
if leads == ARGV[2] then
	redis.call('HSET', META, 'leader', '0')
	append('r', ARGV[2], term, '0', '')
end
return {'OK'}
