// The part of the sandbox that is written in Lua: what may yield to the host in its middle cannot be a C function.
#pragma once

namespace pgredis::scripts {

// A chunk that is called with (the libraries as LuaJIT has them, our own C functions) and returns
//     the scripts' globals, the fields behind them, the functions' globals, set_loading, xpcall.
// It is compiled without debugging information, so that errors name the scripts' lines and not its own. Its functions call others
// last (`return f(…)`, which leaves no frame behind) where these may fail.
inline constexpr char prelude[] = R"lua(
local lib, own = ...
local type, select, next, pairs, getmetatable, setmetatable, rawget, rawset =
    lib._G.type, lib._G.select, lib._G.next, lib._G.pairs, lib._G.getmetatable, lib._G.setmetatable, lib._G.rawget, lib._G.rawset
local tostring, pcall, unpack = lib._G.tostring, lib._G.pcall, lib._G.unpack
local resume, sub, byte = lib.coroutine.resume, lib.string.sub, lib.string.byte
local concat, floor = lib.table.concat, lib.math.floor
local fail, null = own.fail, own.cjson.null

-- Tables that nobody may write to: empty ones, which show another's fields.
local behind, metatable_of = {}, {}

local function protect(fields, metatable)
    local front = {}
    behind[front] = fields
    metatable_of[front] = metatable
    local real = { __index = fields, __newindex = own.readonly, __metatable = false }
    return setmetatable(front, real), real
end

local function pick(from, names)
    local picked = {}
    for name in lib.string.gmatch(names, '%S+') do
        picked[name] = from[name]
        if picked[name] == nil then fail('no ' .. name) end
    end
    return picked
end

local base = pick(lib._G, 'rawequal select type unpack xpcall _VERSION')
base.error, base.assert, base.collectgarbage, base.gcinfo, base.tonumber = own.error, own.assert, own.collectgarbage, own.gcinfo, own.tonumber

function base.next(...)
    local t, key = ...
    if t ~= nil and behind[t] then return next(behind[t], key) end
    return next(...)
end

function base.pairs(...)
    local t = ...
    if t ~= nil and behind[t] then return base.next, t, nil end
    return pairs(...)
end

function base.ipairs(...)
    local t = ...
    if type(t) ~= 'table' then return own.ipairs(...) end
    return lib._G.ipairs(t)
end

function base.tostring(...)
    local value = ...
    if type(value) == 'userdata' and value == null then return 'userdata: (nil)' end
    if value ~= value and type(value) == 'number' then return own.nan_text(value) end
    return tostring(...)
end

function base.rawget(...)
    local t, key = ...
    if t ~= nil and behind[t] then return rawget(behind[t], key) end
    return rawget(...)
end

function base.rawset(...)
    local t = ...
    if t ~= nil and behind[t] then return own.refuse_write() end
    return rawset(...)
end

local function is_text(value)
    return type(value) == 'string' or type(value) == 'number'
end

local string_metatable

function base.getmetatable(...)
    local value = ...
    if type(value) == 'string' then return string_metatable end
    if value ~= nil and behind[value] then return metatable_of[value] end
    return getmetatable(...)
end

function base.setmetatable(...)
    local t = ...
    if t ~= nil and behind[t] then return own.refuse_write() end
    return setmetatable(...)
end

-- Redis's pcall answers with the text inside an error table.
local function outcome(ok, ...)
    if ok then return ok, ... end
    local problem = ...
    if type(problem) ~= 'table' then return ok, ... end
    local text = problem.err
    if type(text) == 'string' or type(text) == 'number' then return ok, text end
    return ok, problem, text
end

function base.pcall(...)
    if select('#', ...) == 0 then return false, 'attempt to call a boolean value' end
    return outcome(pcall(...))
end

function base.loadstring(...)
    return own.compile(...)
end

function base.load(...)
    local read, name = ...
    if type(read) ~= 'function' then return own.load(...) end
    local pieces = {}
    while true do
        local piece = read()
        if piece == nil or piece == '' then break end
        if type(piece) ~= 'string' and type(piece) ~= 'number' then return fail('reader function must return a string') end
        pieces[#pieces + 1] = piece
    end
    return own.compile(concat(pieces), name == nil and '=(load)' or name)
end

-- A coroutine inside of a script may be suspended by its own yield, or on the way to the host, which goes through all of them.
local function relay(co, ok, ...)
    if own.suspended() then
        own.pause()
        return relay(co, resume(co))
    end
    return ok, ...
end

local function returned(ok, ...)
    if ok then return ... end
    return own.rethrow(...)
end

local coroutines = { create = own.create, yield = own.yield, running = own.running, status = lib.coroutine.status }

function coroutines.resume(...)
    local co = ...
    if type(co) ~= 'thread' then return resume(...) end
    if not own.enter() then return false, 'C stack overflow' end
    return relay(co, resume(...))
end

function coroutines.wrap(...)
    local body = ...
    if type(body) ~= 'function' then return own.create(...) end
    local co = own.create(body)
    return function(...)
        if not own.enter() then return returned(false, 'C stack overflow') end
        return returned(relay(co, resume(co, ...)))
    end
end

local strings = pick(lib.string, 'byte char dump lower reverse sub upper')
strings.format, strings.len = own.format, own.len

function strings.rep(...)
    if select('#', ...) <= 2 then return lib.string.rep(...) end
    local text, count = ...
    return lib.string.rep(text, count)
end

-- A search that takes longer than a slice comes back with `again` and what is left to do.
local again, step, results = own.patterns.again, own.patterns.step, own.patterns.results

local function go_on(task, ...)
    if type(task) == 'function' then return task(...) end
    while not step(task) do end
    return results(task)
end

local function done(first, ...)
    if first == again then return go_on(...) end
    return first, ...
end

-- The same for what may return nothing.
local function all_done(...)
    if (...) == again then return done(...) end
    return ...
end

local find, match = own.patterns.find(lib.string.find), own.patterns.match(lib.string.match)

function strings.find(...)
    return done(find(...))
end

function strings.match(...)
    return done(match(...))
end

local iteration = own.patterns.iteration

function strings.gmatch(...)
    local text, pattern = ...
    if not is_text(text) or not is_text(pattern) then return lib.string.gmatch(...) end
    local next_match = iteration(text, pattern)
    return function()
        return all_done(next_match())
    end
end

strings.gfind = strings.gmatch

-- gsub whose replacement is a function or has a metatable, so that these may call commands. A match's replacement:
local function replaced(replacement, text, ok, first, last, ...)
    if not ok then return fail(first) end
    if not first then return nil end
    local whole, value = sub(text, first, last), nil
    if type(replacement) == 'table' then
        if select('#', ...) == 0 then value = replacement[whole] else value = replacement[(...)] end
    elseif select('#', ...) == 0 then
        value = replacement(whole)
    else
        value = replacement(...)
    end
    return first, last, value or whole
end

local find_pattern = own.patterns.find_pattern()

local function search(...)
    return done(find_pattern(...))
end

local function substitute(text, pattern, replacement, limit)
    local pieces, count, at, size = {}, 0, 1, #text
    local anchored = byte(pattern) == 94
    while count < limit do
        local first, last, value = replaced(replacement, text, pcall(search, text, pattern, at))
        if not first then break end
        count = count + 1
        if type(value) ~= 'string' and type(value) ~= 'number' then return fail('invalid replacement value (a ' .. type(value) .. ')') end
        pieces[#pieces + 1] = sub(text, at, first - 1)
        pieces[#pieces + 1] = value
        at = last + 1
        if last < first then
            if first > size then break end
            pieces[#pieces + 1] = sub(text, first, first)
            at = first + 1
        end
        if anchored then break end
    end
    pieces[#pieces + 1] = sub(text, at)
    return concat(pieces), count
end

local gsub = own.patterns.gsub(substitute)

function strings.gsub(...)
    return done(gsub(...))
end

local tables = pick(lib.table, 'concat foreach foreachi getn maxn remove')
tables.setn = own.setn

function tables.insert(...)
    local t = ...
    if t ~= nil and behind[t] then return own.refuse_write() end
    return lib.table.insert(...)
end

-- The quicksort of Lua 5.1, which shows in what becomes of equal elements: first the ends and the middle are sorted, then the
-- middle is the pivot, kept before the last; the smaller half is sorted by recursion.
local function sort(t, low, high, less)
    while low < high do
        local a, b = t[low], t[high]
        if less(b, a) then t[low], t[high] = b, a end
        if high - low == 1 then return end
        local middle = floor((low + high) / 2)
        a, b = t[middle], t[low]
        if less(a, b) then
            t[middle], t[low] = b, a
        else
            b = t[high]
            if less(b, a) then t[middle], t[high] = b, a end
        end
        if high - low == 2 then return end
        local pivot = t[middle]
        t[middle], t[high - 1] = t[high - 1], pivot
        local i, j = low, high - 1
        while true do
            i = i + 1
            while less(t[i], pivot) do
                if i > high then return fail('invalid order function for sorting') end
                i = i + 1
            end
            j = j - 1
            while less(pivot, t[j]) do
                if j < low then return fail('invalid order function for sorting') end
                j = j - 1
            end
            if j < i then break end
            t[i], t[j] = t[j], t[i]
        end
        t[high - 1], t[i] = t[i], t[high - 1]
        if i - low < high - i then
            sort(t, low, i - 1, less)
            low = i + 1
        else
            sort(t, i + 1, high, less)
            high = i - 1
        end
    end
end

function tables.sort(...)
    local t, less = ...
    if type(t) ~= 'table' or getmetatable(t) then return lib.table.sort(...) end
    -- what is long has to give way, and elements may have functions to compare them
    if less == nil and (#t > 10000 or type(t[1]) == 'table') then less = own.less end
    if type(less) ~= 'function' then return lib.table.sort(...) end
    return sort(t, 1, #t, less)
end

local math = pick(lib.math, [[abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp ldexp log log10 max min modf pi pow rad
    sin sinh sqrt tan tanh huge]])
math.mod, math.random, math.randomseed = lib.math.fmod, own.random, own.randomseed

local bits = pick(lib.bit, 'arshift band bnot bor bswap bxor lshift rol ror rshift tobit tohex')

-- Commands. request() comes back when the host has the reply, or with an error.
local request, take_reply = own.redis.request, own.redis.take_reply
own.redis.request, own.redis.take_reply = nil, nil

local function value_or_raise(value, is_error)
    if is_error then return own.raise(value) end
    return value
end

local function value_of(value)
    return value
end

function own.redis.call(...)
    local problem = request(false, ...)
    if problem then return own.raise(problem) end
    return value_or_raise(take_reply())
end

function own.redis.pcall(...)
    local problem = request(true, ...)
    if problem then return problem end
    return value_of(take_reply())
end

local everywhere = [[LOG_DEBUG LOG_VERBOSE LOG_NOTICE LOG_WARNING REDIS_VERSION REDIS_VERSION_NUM log]]
local in_runs = everywhere .. [[ REPL_ALL REPL_AOF REPL_NONE REPL_REPLICA REPL_SLAVE acl_check_cmd call error_reply pcall set_repl setresp
    sha1hex status_reply]]
local in_scripts = in_runs .. ' breakpoint debug replicate_commands'

-- The globals
for name, fields in pairs({ string = strings, table = tables, math = math, coroutine = coroutines, bit = bits, cjson = own.cjson,
                            cmsgpack = own.cmsgpack, struct = own.struct }) do
    base[name] = protect(fields)
end
string_metatable = protect({ __index = base.string })
local real_metatable = getmetatable('')
real_metatable.__index, real_metatable.__metatable = strings, false

local globals_metatable = protect({ __index = own.missing })
local missing = { __index = own.missing }

local function globals(redis)
    local fields, real = {}, nil
    for name, value in pairs(base) do fields[name] = value end
    fields.redis = protect(redis)
    fields._G, real = protect(setmetatable(fields, missing), globals_metatable)
    return fields, real
end

local script_fields = globals(pick(own.redis, in_scripts))
script_fields.__redis__err__handler = own.error_handler

local function_fields, shown = globals(pick(own.redis, in_runs))
local registering = setmetatable(pick(own.redis, everywhere .. ' register_function'), missing)
local loading = setmetatable({ redis = (protect(registering)) }, missing)

-- While a library is loaded it sees nothing but how to register functions.
local function set_loading(is_loading)
    shown.__index = is_loading and loading or function_fields
end

return script_fields._G, script_fields, function_fields._G, set_loading, lib._G.xpcall
)lua";

}  // namespace pgredis::scripts
