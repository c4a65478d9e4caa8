-- ARGV: generation, number, epoch, token, name, lease, settle, random, known machine, key, term and offset, expelled...
local known, number, epoch, token, name = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local marks = {machine = tonumber(ARGV[9]), key = tonumber(ARGV[10]), term = tonumber(ARGV[11]), offset = tonumber(ARGV[12])}

-- Numbers that were given and that nobody who is left has heard of are skipped: more than machines take between two beats of any of them.
local jump = {machine = 1000, key = 1048576, term = 1000, offset = 4294967296}

local function ordinal(generation) return tonumber(string.match(generation or '', '^%d+') or '0') end

-- has_lost tells whether the state lacks something: it is of another process, or gone, or less than the caller has seen of it.
local function has_lost()
	if redis.call('HGET', META, 'run') ~= run then return true end
	if redis.call('HGET', META, 'generation') ~= known then return false end
	for mark, seen in pairs(marks) do
		if count(mark) < seen then return true end
	end
	return false
end

-- begin makes a new state, in which nothing is given until it has settled.
local function begin()
	local generation = redis.call('HGET', META, 'generation')
	local is_first = not generation and known == ''
	redis.call('UNLINK', LEASES, MEMBERS, LOG)
	for mark, seen in pairs(marks) do
		local from = 0
		if not is_first then from = math.max(count(mark), seen) + jump[mark] end
		redis.call('HSET', META, mark, text(from))
	end
	redis.call('HSET', META, 'format', '1', 'run', run, 'leader', '0',
		'generation', text(math.max(ordinal(generation), ordinal(known)) + 1) .. '-' .. ARGV[8],
		'settled', text(now + tonumber(ARGV[7])),
		'base_machine', redis.call('HGET', META, 'machine'), 'base_key', redis.call('HGET', META, 'key'))
end

-- admit lets in a machine of an earlier state. It may use numbers that this one has given to others, unless it began above them.
local function admit()
	if redis.call('HGET', MEMBERS, number .. ':token') then return false end
	local is_above = marks.machine <= count('base_machine') and marks.key <= count('base_key')
	if not is_above then
		if count('machine') ~= count('base_machine') or count('key') ~= count('base_key') then return false end
		for _, mark in ipairs({'machine', 'key'}) do
			local from = text(math.max(count(mark), marks[mark] + jump[mark]))
			redis.call('HSET', META, mark, from, 'base_' .. mark, from)
		end
	end
	if marks.term > count('term') then redis.call('HSET', META, 'term', text(marks.term + jump.term)) end
	return true
end

although_full()
local format = redis.call('HGET', META, 'format')
if format and format ~= '1' then return {'FORMAT', format} end
if has_lost() then begin() end
for i = 13, #ARGV do redis.call('ZADD', EXPELLED, now, ARGV[i]) end

if number == '0' then
	local settled = count('settled')
	if now < settled then return {'SETTLING', text(settled - now)} end
	number = redis.call('HGET', MEMBERS, 'token:' .. token) or text(redis.call('HINCRBY', META, 'machine', 1))
elseif redis.call('ZSCORE', EXPELLED, number) then
	return {'EXPELLED'}
elseif redis.call('HGET', META, 'generation') == known then
	if redis.call('HGET', MEMBERS, number .. ':token') ~= token then return {'EXPELLED'} end
elseif not admit() then
	return {'EXPELLED'}
end

epoch = text(math.max(epoch, tonumber(redis.call('HGET', MEMBERS, number .. ':epoch') or '0')) + 1)
redis.call('HSET', MEMBERS, number .. ':epoch', epoch, number .. ':token', token, number .. ':name', name, 'token:' .. token, number)
redis.call('ZADD', LEASES, text(now + tonumber(ARGV[6])), number)
local offset = append('j', number, '0', epoch, name)
redis.call('HSET', MEMBERS, number .. ':read', offset)
return {'OK', redis.call('HGET', META, 'generation'), number, epoch, offset}
