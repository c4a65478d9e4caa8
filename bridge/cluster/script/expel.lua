-- ARGV: generation, number, epoch, term, number of the machine that is given up
local target = ARGV[5]
although_full()
local r = refusal(ARGV[1], ARGV[2], ARGV[3])
if r then return r end
local leads, term = leader()
if leads ~= ARGV[2] or term ~= ARGV[4] then return {'NOTLEADER'} end
if redis.call('ZSCORE', EXPELLED, target) then return {'OK'} end
if is_live(target) then return {'ALIVE'} end
local epoch = redis.call('HGET', MEMBERS, target .. ':epoch') or '0'
forget(target)
redis.call('ZADD', EXPELLED, text(now), target)
redis.call('ZREMRANGEBYRANK', EXPELLED, 0, -1001) -- machines that come back after a thousand others are told by their generation or token
append('x', target, term, epoch, '')
return {'OK'}
