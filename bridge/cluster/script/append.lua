-- ARGV: generation, number, epoch, term, sequence number of the first entry, entries...
local number, term, seq = ARGV[2], ARGV[4], tonumber(ARGV[5])
local r = stranger(ARGV[1], number, ARGV[3])
if r then return r end
local last = redis.call('HMGET', MEMBERS, number .. ':seq', number .. ':first')
if last[1] and tonumber(last[1]) == seq + #ARGV - 6 then return {'OK', last[2]} end -- it is there: the answer was lost
if last[1] and tonumber(last[1]) >= seq then return {'LAPSED', 'a later batch is there'} end -- sent long ago, and nobody waits for it
if not is_live(number) then return {'LAPSED', 'its lease has ended'} end
if term ~= '0' then
	local leads, current = leader()
	if leads ~= number or current ~= term then return {'NOTLEADER'} end
end
local first
for i = 6, #ARGV do
	local offset = append('d', number, term, text(seq + i - 6), ARGV[i])
	first = first or offset
end
redis.call('HSET', MEMBERS, number .. ':seq', text(seq + #ARGV - 6), number .. ':first', first)
return {'OK', first}
