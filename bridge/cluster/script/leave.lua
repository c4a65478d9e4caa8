-- ARGV: generation, number, epoch
although_full()
local r = stranger(ARGV[1], ARGV[2], ARGV[3])
if r then return r end
append('q', ARGV[2], '0', ARGV[3], '')
forget(ARGV[2])
return {'OK'}
