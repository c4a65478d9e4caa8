-- ARGV: generation, number, epoch, how many
although_full()
local r = refusal(ARGV[1], ARGV[2], ARGV[3])
if r then return r end
local settling = count('settled') - now
if settling > 0 then return {'SETTLING', text(settling)} end
return {'OK', text(redis.call('HINCRBY', META, 'key', ARGV[4]))}
