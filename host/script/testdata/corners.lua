local t = {} for k, v in next, {1,2,3} do t[#t+1] = v end for k, v in next, {4,5}, nil do t[#t+1] = v end return table.concat(t, ',')
----
local t = {a=1,b=2,c=3} for k in pairs(t) do t[k] = nil end return next(t)
----
local t = {1,2,3,4,5} for k, v in pairs(t) do t[k] = nil end return next(t), #t
----
local t = {a=1} return pcall(next, t, 'zz')
----
local t = {1,2,3} return pcall(next, t, 10)
----
local t = {1,2,3} return pcall(next, t, 1.5)
----
local t = {1,2,3} return (next(t, 3))
----
local t = {1,2,3, x=1} t.x = nil return next(t, 3)
----
local s = {} for i = 1, 3 do if false then s[#s+1] = 'no' else s[#s+1] = i end end return table.concat(s)
----
local s = 0 for _, v in ipairs{1,2,3} do if nil and v then s = s + 100 elseif true then s = s + v end end return s
----
local s = 0 for _, v in ipairs{1,2,3} do while false do s = s + 9 end s = s + v end return s
----
local s = 0 for _, v in ipairs{1,2,3} do local x = false and 5 or v s = s + x end return s
----
local s = 0 for _, v in ipairs{1,2,3} do local x = not nil and v or 0 s = s + x end return s
----
local s = 0 for _, v in ipairs{1,2,3} do if not (false) then s = s + v end end return s
----
local s = 0 for _, v in ipairs{1,2,3} do if (false) then s = s + v end end return s
----
local s = 0 for _, v in ipairs{1,2,3} do if false or v == 2 then s = s + v end end return s
----
local s = 0 for _, v in ipairs{1,2,3} do if (nil or false) or v == 2 then s = s + v end end return s
----
local s = 0 for _, v in ipairs{1,2,3} do if v == 2 or false then s = s + v end end return s
----
local s = 0 for _, v in ipairs{1,2,3} do if v == 2 and true then s = s + v end end return s
----
local s = 0 for _, v in ipairs{1,2,3} do if v == 2 and false then s = s + v end end return s
----
local s = 0 for _, v in ipairs{1,2,3} do repeat local q = v if q == 2 then break end s = s + q until true end return s
----
local s = 0 for _, v in ipairs{1,2,3} do repeat until true s = s + v end return s
----
local s = 0 for _, v in ipairs{1,2,3} do repeat s = s + v until not false end return s
----
local s = 0 repeat local done = s > 3 s = s + 1 until done return s
----
local s, f = 0 repeat local d = s s = s + 1 f = function() return d end until (function() return d >= 2 end)() return s, f()
----
local n = 0 for i = 1, 3 do for j = 1, 3 do if j == 2 then break end for k = 1, 5 do if k == 3 then break end n = n + 1 end end end return n
----
local n = 0 while true do n = n + 1 repeat n = n + 1 if n > 6 then break end until n % 2 == 0 if n > 10 then break end end return n
----
local fs = {} for i = 1, 3 do local j = i * 2 fs[i] = function() j = j + 1 return i + j end if i == 2 then break end end return fs[1](), fs[2](), fs[1](), fs[3]
----
local fs = {} while #fs < 3 do local x = #fs fs[#fs+1] = function() x = x + 1 return x end end return fs[1](), fs[1](), fs[2](), fs[3]()
----
local i, t = 1, {} i, t[i] = i + 1, 20 return i, t[1], t[2]
----
local a = {1,2,3} local i = 1 i, a[i], a[i+1] = 3, i, i + 10 return i, a[1], a[2], a[3]
----
local function f() return 1, 2, 3 end local a, b, c, d = 0, f() return a, b, c, d
----
local function f() return 1, 2, 3 end local a, b, c, d = f(), 10 return a, b, c, d
----
local function f() return 1, 2, 3 end local a, b = (f()) return a, b
----
local function f() return 1, 2, 3 end local t = {f(), f(), x = f(), (f())} return #t, t.x
----
local function f() return 1, 2, 3 end local t = {f(), f()} return #t, t[4]
----
local function f() end local t = {f(), f()} return #t, select('#', f()), select('#', (f()))
----
local a, b, a = 1, 2, 3 return a, b
----
local t = {} t.x, t.x = 1, 2 return t.x
----
local x = 0 local function f() x = x + 1 return x end local t = {} t[f()], t[f()], t[f()] = f(), f(), f() return t[1], t[2], t[3]
----
local log = {} local mt = {__newindex = function(t, k, v) log[#log+1] = k .. '=' .. tostring(v) end} local t = setmetatable({}, mt) t.a, t.b, t.c = 1, 2 return table.concat(log, ' ')
----
local function f(...) return select('#', ...), ... end return f(nil, nil, nil)
----
local function f(...) local a, b, c = ... return a, b, c, select('#', ...) end return f(1)
----
local function f(...) local t = {...} return #t, t[1], t[3] end return f(1, 2, 3)
----
local function f(...) local t = {n = select('#', ...), ...} return t.n, t[1] end return f(nil, nil)
----
local function f(...) return (...) end return f(1, 2), f()
----
local function f(...) return ..., 'x' end return f(1, 2)
----
local function f(a, ...) return a, select('#', ...) end return f(), f(1), f(1, nil), f(1, nil, nil)
----
local function f(...) return function() return 1 end end return f(1)()
----
return select(-1, 1, 2, 3)
----
return select(-3, 1, 2, 3)
----
return select(-4, 1, 2, 3)
----
return select(0, 1)
----
return select(5, 1, 2)
----
return select('2', 'a', 'b', 'c')
----
return select(2.7, 'a', 'b', 'c')
----
return select('#')
----
return select()
----
return unpack({1, 2, 3}, 2)
----
return unpack({1, 2, 3}, 2, 3)
----
return unpack({1, 2, 3}, -1, 1)
----
return unpack({1, 2, 3}, 3, 2)
----
return unpack({}, 1, 3)
----
return unpack({1,2,3}, '2')
----
return unpack({1,2,3}, 1.5)
----
return pcall(unpack)
----
return (unpack({}))
----
return select('#', unpack({n = 3}))
----
return select('#', unpack({}, 1, 3))
----
return pcall(table.sort, {3, 'a', 1})
----
return pcall(table.sort, {1,2,3}, 5)
----
local t = {5,2,8,1,9,3} table.sort(t, function(a, b) return a > b end) return table.concat(t, ',')
----
local t = {'b','a','C','B'} table.sort(t) return table.concat(t, ',')
----
local t = {} for i = 1, 50 do t[i] = (i * 37) % 101 end table.sort(t) for i = 2, 50 do if t[i] < t[i-1] then return 'bad' end end return 'sorted'
----
return pcall(table.sort, {3,1,2}, function() error('x', 0) end)
----
local t = {1,2,3} table.insert(t, 2, 'x') return table.concat(t, ',')
----
local t = {1,2,3} table.insert(t, 4, 'x') return table.concat(t, ',')
----
local t = {1,2,3} return pcall(table.insert, t)
----
local t = {1,2,3} return pcall(table.insert, t, 1, 2, 3)
----
local t = {1,2,3} return table.remove(t), table.remove(t, 1), #t, t[1]
----
local t = {} return table.remove(t), #t
----
local t = {1,2,3} return table.remove(t, 5), #t
----
local t = {1,2,3} return table.remove(t, 4), #t
----
local t = {1,2,3} return table.remove(t, 0), #t
----
local t = {1,2,3} return select('#', table.remove(t, 9)), select('#', table.remove({}))
----
local t = {[0] = 'z', 1} return table.remove(t, 0), t[0], #t
----
local t = {} table.insert(t, nil) return #t
----
local t = {1,2} table.insert(t, 1, nil) return t[2], t[3]
----
local t = {10,20} table.insert(t, '1', 5) return t[1], t[2], t[3]
----
return table.concat({1,2,3}, ', ', 2)
----
return table.concat({1,2,3}, ', ', 2, 3)
----
return table.concat({1,2,3}, ', ', 3, 2)
----
return pcall(table.concat, {1, {}, 3})
----
return pcall(table.concat, {1, nil, 3}, '', 1, 3)
----
return pcall(table.concat, {1, true})
----
return table.concat({1.5, 2, '3'}, 0)
----
return table.maxn({1,2,[7]=1,[3.5]=1}), table.maxn({}), table.getn({1,2})
----
return ('abc'):rep(2), ('abc'):rep(1.9), ('x'):rep('3')
----
return ('hello'):sub(2), ('hello'):sub(-3), ('hello'):sub(2, -2), ('hello'):sub(0), ('hello'):sub(10), ('hello'):sub(-100, 2), ('hello'):sub(3, 2)
----
return ('hello'):byte(), ('hello'):byte(-1), ('hello'):byte(10), ('hello'):byte(0)
----
return select('#', ('hello'):byte(10)), select('#', ('hello'):byte(1, -1)), select('#', (''):byte())
----
return string.char(), string.char(72, 105), pcall(string.char, 256), pcall(string.char, -1)
----
return ('THE (quick) fox'):find('%((%a+)%)')
----
return ('THE (quick) fox'):match('%b()'), ('((a)(b))x'):match('%b()'), ('(a'):match('%b()')
----
return ('THE (quick) fox'):gsub('%f[%a]%a', 'X')
----
return ('hello world'):find('%f[%w]%w+%f[%W]', 2)
----
return ('foo.bar'):find('.', 1, true), ('foo.bar'):find('.'), ('foo'):find('', 4), ('foo'):find('', 5)
----
return ('a,b,,c'):gsub(',', ';', 2)
----
return ('abc'):gsub('.', {a = 1, b = true})
----
return pcall(string.gsub, 'abc', '.', {a = {}})
----
return ('abc'):gsub('(a)(b)(c)', '%3%2%1%0')
----
return pcall(string.gsub, 'abc', '(a', 'x')
----
return pcall(string.gsub, 'abc', 'a)', 'x')
----
return pcall(string.gsub, 'abc', '[a', 'x')
----
return pcall(string.gsub, 'abc', '%', 'x')
----
return pcall(string.gsub, 'abc', 'a', '%2')
----
return pcall(string.find, 'abc', '%f')
----
return pcall(string.find, 'abc', '%b')
----
return pcall(string.find, 'abc', '%bx')
----
return ('  trim  '):match('^%s*(.-)%s*$'), ('key = val'):match('^(%w+)%s*=%s*(%w+)$')
----
return ('abcabc'):gsub('^abc', 'X'), ('abcabc'):gsub('abc$', 'X'), ('a^b'):gsub('a^', 'X'), ('a$b'):gsub('$b', 'X')
----
return ('abc'):gsub('', '-'), ('abc'):gsub('x*', '-'), (''):gsub('', '-'), ('abc'):gsub('b*', 'X')
----
local r = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do r[#r+1] = k .. v end return table.concat(r, ' ')
----
local r = {} for w in ('abc'):gmatch('') do r[#r+1] = '[' .. w .. ']' end return table.concat(r)
----
local r = {} for p in ('abc'):gmatch('()') do r[#r+1] = p end return table.concat(r, ',')
----
return ('x'):match('()'), ('abc'):find('(b)()'), ('abc'):match('((a)(b))')
----
return ('aXb'):match('%u'), ('a1'):match('%d'), ('a_b'):match('[%w_]+'), ('a-b'):match('[a%-]+'), ('a]b'):match('[]]'), ('a^b'):match('[%^]'), ('abc'):match('[^a]+'), ('a-z'):match('[a-]+'), ('b'):match('[a-c]')
----
return ('äö'):len(), ('äö'):upper(), ('\200'):byte(), ('x\0y'):len()
----
return ('aaa'):match('a-'), ('aaa'):match('a-$'), ('aaab'):match('a-b'), ('aaa'):match('a?a?a?a?'), ('aaa'):match('^(a*)(a*)$')
----
return ('abab'):match('(a)(b)%1%2'), pcall(string.match, 'x', '%1')
----
return ('%d'):gsub('%%d', '%%s'), ('x'):gsub('x', '%%'), pcall(string.gsub, 'x', 'x', '%z')
----
return string.gsub('hello', 'l', function(c) return nil end), string.gsub('hello', 'l', function(c) return false end), string.gsub('hello', 'l', function(c) return 7 end)
----
return string.gsub('abc', '%w', '%1'), pcall(string.gsub, 'abc', '%w', '%9')
----
return string.gsub('abc def', '(%w+) (%w+)', '%2 %1', 0), string.gsub('abc', 'b', 'x', -1)
----
return string.format('%5d|%-5d|%05d|%+d|% d|%5.3d|%.0d', 42, 42, 42, 42, 42, 42, 0)
----
return string.format('%x|%X|%#x|%o|%#o|%u|%c', 255, 255, 255, 8, 8, 7, 65)
----
return string.format('%e|%E|%.2e|%g|%G|%.3g|%#g|%g|%g', 12345.678, 0.00012, 1, 1e-5, 1e-10, 1234567, 1, 1e15, 123456789)
----
return string.format('%f|%.0f|%.1f|%10.2f|%-10.2f|%+.1f|%010.3f', 1.5, 2.5, 0.25, 3.14159, 3.14159, 2, -3.14159)
----
return string.format('%s|%10s|%-10s|%.2s|%5.1s|', 'abc', 'abc', 'abc', 'abc', 'abc')
----
return string.format('%q', 'line\nquote"back\\nul\0tab\tcr\r')
----
return string.format('%s %s', 1, 2.50), string.format('%d', '10'), string.format('%s', 1e300), string.format('%5s', 1)
----
return string.format('%.14g|%.17g|%.3f|%.20f', 0.1, 0.1, 0.0005, 0.1)
----
return string.format('%g|%g|%g|%g|%g', 0, -0.0001, 100000, 1000000, 1e100)
----
return string.format('%a', 1) ~= nil
----
return pcall(string.format, '%d', 'x'), pcall(string.format, '%y', 1), pcall(string.format, '%'), pcall(string.format, '%d')
----
return pcall(string.format, '%123d', 1)
----
return pcall(string.format, '%.123d', 1)
----
return string.format('%%'), string.format('%5%')
----
return string.format('%i', 3.7), string.format('%d', -3.7), string.format('%u', 3), string.format('%x', 3.9)
----
return string.format("%5.2s|%.0s|%s", "abc", "abc", "")
----
return string.format('%.3q', 'abc')
----
return tostring(1), tostring(1.0), tostring(-0.0), tostring(1e15), tostring(1e16), tostring(123456789012), tostring(0.1), tostring(1/3), tostring(1e-5), tostring(2^53), tostring(100000000000000), tostring(1e100)
----
return tostring(1/0), tostring(-1/0), 2^1023 * 2, -2^1023 * 2
----
return tonumber('10'), tonumber(' 10 '), tonumber('10a'), tonumber(''), tonumber(' '), tonumber('0x10'), tonumber('1e2'), tonumber('1e'), tonumber('.5'), tonumber('5.'), tonumber('.'), tonumber('+5'), tonumber('- 5'), tonumber('--5'), tonumber('1 2'), tonumber('0x'), tonumber('1e+'), tonumber('\t5\n')
----
return tonumber('ff', 16), tonumber('FF', 16), tonumber('zz', 36), tonumber('8', 8), tonumber('7', 8), tonumber('101', 2), tonumber('', 10), tonumber('1.5', 10), tonumber('1e1', 16), tonumber('0xff', 16), tonumber(' 11 ', 2), tonumber('1 1', 2)
----
return tonumber(nil)
----
return pcall(tonumber), pcall(tonumber, '1', 1), pcall(tonumber, '1', 37), tonumber({}), tonumber(true)
----
return tonumber(10, 16), tonumber(99, 8)
----
return '10' + 5, '3' * '4', '0x10' + 0, ' 5 ' + 1, 10 .. 20, '1e1' + 0, -'2', '10' / '4', '7' % '4', '2' ^ '3'
----
return pcall(function() return 'a' + 1 end), pcall(function() return {} .. 'x' end), pcall(function() return nil + 1 end), pcall(function() return '' + 1 end)
----
return 2^-2, -2^2, 2^3^2, -2^-2, 2^-3^1, not 1 == 2, #'ab' + 1, -#'ab', - - 2, not not nil, 2 * -3, 2 ^ - 1 * 4, -3 % 5, -3 ^ 2 % 5
----
return 1 .. 2 .. 3, 1 + 2 .. 3 + 4, 'a' .. 1 + 2, 2 * 3 .. 4, -1 .. 2, 1 .. -2
----
return 1 < 2, 1 <= 1, 'a' < 'b', 'Z' < 'a', '' < 'a', 'a' < 'aa', '10' < '9', 1 == '1', not (1 > 2), 1 ~= 1.0
----
return (1 < 2) == true, 1 < 2 == true, pcall(function() return 1 < 2 < 3 end)
----
return 1 and 2, nil and 2, false or 'x', nil or false, 1 or error('no'), false and error('no'), 1 and nil or 3, nil and 1 or 2
----
local a = nil local b = a and a.x or 'def' local c = a or b and 'c' return b, c
----
local function f(x) return x and x > 3 and 'big' or x and 'small' or 'none' end return f(5), f(1), f()
----
local t = {} for i = 1, 0.5, -0.1 do t[#t+1] = i end return #t
----
local t = {} for i = 0, 1, 0.1 do t[#t+1] = i end return #t, t[#t]
----
local n = 0 for i = 1, 0/0 do n = n + 1 end for i = 0/0, 5 do n = n + 1 end for i = 1, 3, 0/0 do n = n + 1 end return n
----
local n = 0 for i = 1, math.huge do n = n + 1 if n > 5 then break end end for i = 1, -math.huge, -1 do n = n + 1 if n > 20 then break end end return n
----
local n = 0 for i = 2^53, 2^53 + 2 do n = n + 1 if n > 10 then break end end return n
----
local n = 0 for i = 3, 1, -1 do n = n * 10 + i end for i = 1, 3, 5 do n = n * 10 + i end return n
----
return pcall(function() for i = 1, {} do end end), pcall(function() for i = nil, 1 do end end)
----
local t = {} t[1] = 'a' t[1.0] = 'b' t['1'] = 'c' t[2^53] = 'd' return t[1], t['1'], #t, t[2^53]
----
local t = {[1] = 'a', [2.5] = 'b', [-1] = 'c', [0] = 'z', [1e300] = 'h', [math.huge] = 'i'} return t[1], t[2.5], t[-1], t[0], t[1e300], t[1/0]
----
local t = {} t[-0.0] = 1 return t[0], next(t)
----
local t = {} t[true] = 1 t[false] = 2 return t[true], t[false], t[nil]
----
local t = {1,2,3} t[5] = 5 t[4] = 4 return #t
----
local t = {} for i = 10, 1, -1 do t[i] = i end return #t
----
local t = {n = 0} for i = 1, 100 do t[i] = i end for i = 100, 51, -1 do t[i] = nil end return #t
----
local function d(n) if n == 0 then return 0 end return d(n - 1) end return d(10000)
----
local function d(n) if n == 0 then return 0 end return (d(n - 1)) + 1 end return pcall(d, 100)
----
return pcall(error, {code = 1})
----
local ok, e = pcall(error, {code = 1}) return e.code
----
local ok, e = pcall(error, setmetatable({}, {__tostring = function() return 'E!' end})) return tostring(e)
----
local ok, e = pcall(function() local x = nil; x() end) return ok, type(e)
----
local ok, e = pcall(function() error() end) return ok, e
----
local ok, e = pcall(function() error(nil) end) return ok, e
----
local ok, e = pcall(function() error(5) end) return ok, type(e), e
----
local ok, e = pcall(function() error(true, 2) end) return ok, e
----
return pcall(pcall), pcall(pcall, error), pcall(pcall, error, 'x')
----
return pcall(xpcall, 1), select('#', pcall(function() end)), pcall(assert, false, 'm'), pcall(assert, nil), assert(1, 2, 3)
----
local ok, e = xpcall(function() error({1}) end, function(e) return type(e) end) return ok, e
----
local ok, e = xpcall(function() error('a', 0) end, function(e) error('b', 0) end) return ok
----
local mt = {__add = function(a, b) local ok, e = pcall(error, 'in') return ok and 1 or 2 end} return setmetatable({}, mt) + 1
----
local mt = {__index = function(t, k) local ok, v = pcall(function() return k .. k end) return v end} return setmetatable({}, mt).ab
----
local log = {} local t = setmetatable({}, {__index = function(t, k) log[#log+1] = k return nil end}) local _ = t.a, t.b, t[1] return table.concat(log, ',')
----
local a = setmetatable({}, {__index = setmetatable({x = 1}, {__index = {y = 2}})}) return a.x, a.y, a.z, rawget(a, 'x')
----
local t = setmetatable({}, {__newindex = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, v + 1) end})}) t.x = 1 return rawget(t, 'x'), getmetatable(t).__newindex.x
----
local mt = {__eq = function(a, b) return true end} local a, b = setmetatable({}, mt), setmetatable({}, {__eq = function() return true end}) return a == b, a ~= b, a == 1
----
local mt = {} mt.__lt = function(a, b) return a.v < b.v end local a, b = setmetatable({v=1}, mt), setmetatable({v=2}, mt) return a < b, a <= b, b <= a, a > b, a >= b
----
local mt = {__lt = function() return nil end, __le = function() return 5 end} local a, b = setmetatable({}, mt), setmetatable({}, mt) return a < b, a <= b, not (a < b), a > b
----
local mt = {__call = function(self, ...) return select('#', ...), ... end} local f = setmetatable({}, mt) return f(1, nil)
----
local mt = {__call = function(self, x) if x == 0 then return 'done' end return self(x - 1) end} return setmetatable({}, mt)(50)
----
local mt = {__concat = function(a, b) return (type(a) == 'table' and 'T' or a) .. '+' .. (type(b) == 'table' and 'T' or b) end} local t = setmetatable({}, mt) return t .. 'x', 'x' .. t, 'a' .. 'b' .. t, t .. 'a' .. 'b', 1 .. t, t .. t
----
local mt = {__metatable = 'locked'} local t = setmetatable({}, mt) return getmetatable(t), pcall(setmetatable, t, {})
----
local t = setmetatable({1,2,3}, {__index = function(t, i) if i < 6 then return i * 10 end end}) local n = 0 for i, v in ipairs(t) do n = n + v end return n
----
local t = setmetatable({}, {__pairs = function() return function() end end}) t.x = 1 local n = 0 for k in pairs(t) do n = n + 1 end return n
----
local s = 'x' return s.y, pcall(function() s.y = 1 end), ('x').len
----
local x <const> = 1
----
return [[
a]], [==[]]]==], #[[

]]
----
return "a\z  b"
----
return '\97\098\0991', '\x41', '\q'
----
return 0xff, 0XA, 1e2, .5, 3., 0x.1
----
return 08, 010, 1e05
----
return 3 --[[ c ]] + --[==[ ]] ]==] 4 -- end
----
--#!shebang
return 1
----
local function f() return f end return f() == nil
----
local f = function() return f end return f() == nil
----
local function f(a, b) a = b return function() return a, b end end return f(1, 2)()
----
local t = {} function t.a.b() end
----
local t = {a = {}} function t.a.f(x) return x end function t.a:g(x) return self == t.a, x end return t.a.f(1), t.a:g(2)
----
return (function(...) return ... end)(1, 2), (function(...) return ... end)(3, 4)
----
return #{1, 2, nil}, #{nil}, #{n = 1}, #{(function() return 1, 2, 3 end)()}
----
local t = {f = 1; 2, [3] = 3, 4,} return t.f, t[1], t[2], t[3]
----
local t = {[1] = 'a', 'b'} return t[1]
----
local a <close> = 1
----
return math.floor(-3.5), math.ceil(-3.5), math.fmod(7, 3), math.fmod(-7, 3), math.modf(3.7), math.modf(-3.7), math.abs(-0.0), math.sqrt(16), math.max(1, 5, 3), math.min(2)
----
return pcall(math.max), pcall(math.floor), pcall(math.floor, 'x'), math.floor('3.7'), pcall(math.floor, {})
----
return math.modf(1/0), math.modf(-1/0), math.frexp(8), math.ldexp(0.5, 4), math.fmod(5.5, 2)
----
return 7 / 2, -7 / 2, 1 / 0, -1 / 0, 2 ^ 0.5 > 1.41, 0 ^ 0, (-8) ^ (1/3) ~= (-8) ^ (1/3)
----
local t = {} t[1], t[2], t[3] = (function() return 'a', 'b' end)() return t[1], t[2], t[3]
----
local r = '' for a, b, c, d in (function() local i = 0 return function() i = i + 1 if i < 3 then return i, i * 2, i * 3 end end end)() do r = r .. a .. b .. c .. tostring(d) end return r
----
local r = {} for k, v in (function(t, i) return function(s, c) if c < 3 then return c + 1, s[c + 1] end end, t, i end)({7,8,9}, 0) do r[#r+1] = v end return table.concat(r, ',')
----
for k in pairs(nil) do end
----
for k in 5 do end
----
for k in {} do end
----
local t = setmetatable({}, {__call = function(self, s, c) c = (c or 0) + 1 if c < 4 then return c end end}) local s = 0 for i in t do s = s + i end return s
----
local s = 0 for i, v in ipairs({1, 2, 3}) do i = i * 10 s = s + i end return s
----
local t = {1, 2, 3} local s = 0 for i, v in ipairs(t) do if i < 6 then t[#t + 1] = v end s = s + v if i > 20 then break end end return s
----
do local a = 1 do local a = 2 end return a end
----
local a = {} a.b = a a.b.b.b.c = 5 return a.c
----
local s = 0 for i = 1, 10 do if i % 2 == 0 then else s = s + i end end return s
----
local x = 10 local function g() return x end local x = 20 return g(), x
----
local a, b = 1 return a, b
----
local t = {} for i = 1, 300 do t[i] = i end return select('#', unpack(t)), (select(300, unpack(t)))
----
local function f(...) return select('#', ...) end return f(unpack({}, 1, 250))
----
local ok = pcall(string.rep) return ok
----
return string.len(5), string.upper(1.5), (5 .. ''):len(), string.rep(1, 3), string.reverse(123)
----
return type(_G), _G._G == _G, _VERSION
----
return rawequal({}, {}), rawequal(1, 1.0), pcall(rawequal, 1)
----
return pcall(rawset, {}, nil, 1), pcall(rawget, 1, 1), rawget({5}, 1), pcall(rawset, {}, 1)
----
return pcall(setmetatable, 1, {}), pcall(setmetatable, {}, 1), pcall(setmetatable, {}), getmetatable({}), getmetatable(1)
----
return pcall(ipairs), pcall(pairs), pcall(ipairs, 'x'), pcall(next), pcall(next, 1)
----
return type((pcall)), pcall(type), type(nil, 1)
----
local t = {3,1,2} return table.sort(t), t[1]
----
return ("x"):rep(3, "sep"), ("a"):rep(0/0)
----
local a = "1" local b = a + 0 return a == b, a .. '' == '1', b .. '' == a
----
local t = {} t["a b"] = 1 t['and'] = 2 return t["a b"], t["and"]
----
return #"\0\0", ("\0a"):find("a"), ("a\0b"):sub(2, 2) == "\0", "a\0b" == "a\0c", "a\0b" < "a\0c"
----
return ("a\nb"):match("a.b"), ("a\nb"):match("^b"), ("ab\n"):match("b$")
----
return ("x+y"):find("+", 1, true), ("x+y"):find("x%+y"), ("[x]"):match("%[(.-)%]"), ("f(a,b)"):match("(%w+)%((.*)%)")
----
return ("2026-11-29T12:00:00Z"):match("(%d+)-(%d+)-(%d+)T(%d+):(%d+)")
----
return ("%a"):rep(2), ("abc"):find("[%a]", -1), ("abc"):find("c", -10), ("abc"):find("a", 2), ("abc"):find("", -1)
----
return ("abc"):find("b", "2"), pcall(string.find, "abc", "b", {}), ("abc"):find("b", nil), ("abc"):find("b", nil, true)
----
return ("abc"):match("b", 3), ("abc"):match(".-", 2), ("abc"):match("(.)(.)(.)"), ("abc"):match("x")
----
return ("äöü"):gsub("[\128-\255]", "?"), ("a.b.c"):gsub("%.", "%%"), ("abc"):gsub("%w", {a = "A"})
----
return ("x"):gsub(".", "a%%b"), ("x"):gsub("x", "%0%0"), ("hello"):gsub("(l)(l)", "%2%1")
----
local n = 0 local s = ("aaa"):gsub("a", function() n = n + 1 if n == 2 then return "B" end end) return s, n
----
local ok, e = pcall(string.gsub, "aaa", "a", function() error("in", 0) end) return ok, e
----
local ok, e = pcall(string.gsub, "aaa", "a", function() return {} end) return ok
----
return pcall(string.gsub, "aaa", "a"), pcall(string.gsub, "aaa", "a", true), pcall(string.gsub, "aaa", "a", nil)
----
local a, b, c = ("k=v"):match("(%w)=(%w)") return a, b, c
----
local function f() return "a", "b" end return f() .. "x", (f()) .. "y"
----
local function f() return 1, 2 end return f() + 10, -f(), f() == 1, f() and 5, not f(), #{f(), f()}, {f()}[1] == nil
----
local function f() return 1, 2 end local t = {[f()] = f()} return t[1], t[2]
----
local function f() return 5, 6 end if f() == 5 then return "yes" end
----
local function f() return false, true end while f() do return "in" end repeat local z = 1 until not f() return "out"
----
local t = {10, 20, 30} local a, b = t[1], t[2] t[1], t[2] = b, a return t[1], t[2]
----
local q = {first = 1} local function pop() local v = q.first q.first = q.first + 1 return v end return pop() + pop() * pop(), pop() - pop()
----
local function id(...) return ... end local a = id(1) + id(2) * id(3) ^ id(2) return a
----
local x = 1 local function inc() x = x + 1 return x end return x + inc(), x, inc() + x
----
local x = 1 local function inc() x = x + 1 return x end local t = {x, inc(), x} return t[1], t[2], t[3]
----
local x = 1 local function inc() x = x + 1 return x end local function three(a, b, c) return a, b, c end return three(x, inc(), x)
----
local x = 1 local function inc() x = x + 1 return x end local r = x .. inc() .. x return r
----
local x = 1 local function inc() x = x + 1 return x end return x < inc(), x == inc(), inc() > x
----
local t = {v = 1} local function f() t = {v = 100} return 1 end return t.v + f(), t.v
----
local t = {v = 1} local function f() t = {v = 100} return 'v' end return t[f()]
----
local t = {v = 1} local old = t local function f() t = {v = 100} return 5 end t.v = f() return t.v, old.v
----
local t = {v = 1} local old = t local function k() t = {} return 'v' end local function f() return 5 end t[k()] = f() return t.v, old.v
----
local a = {} local function f() a = nil return 3 end a.x = f() return a
----
local s = {f = function(self, a) return a end} local o = s local function k() s = nil return 7 end return s:f(k()), o ~= nil
----
local function f(x) x = x + 1 return x end local y = 1 y = f(y) + y return y
----
local a = 5 local b = a + (function() a = 6 return 1 end)() return a, b
----
local a = 5 local t = {a, (function() a = 6 return a end)(), a} return t[1], t[2], t[3]
----
local a = 5 local function up() a = 6 return 1 end local c = a * up() + a return c
----
local a = false local b = a or (function() a = true return nil end)() or a return b
----
local a, b = 1, 2 a, b = b, a a, b = b, a + b return a, b
----
local a = {1} local i = 1 a[i], i = i + 5, 2 return a[1], i
----
g1 = 5 local function f() g1 = 7 return 1 end local r = g1 + f() return r, g1
----
local a = 1 local function f() a = 2 return a end a = (a == 1) and f() + a or a return a
----
local a = 1 a = a == 1 and a + 1 or a return a
----
local a = 1 local b = 2 a = not (a == b) return a
----
local a = 3 a = {a, a + 1} return a[1], a[2]
----
local a = 3 a = (function() return a end)() + a return a
----
local a = 'x' a = a .. a .. (function() a = 'z' return a end)() return a
----
local a = 3 a = -a a = #tostring(a) a = a ^ a return a
----
local t = {t = {}} t.t.x, t = 5, nil return t
----
local function f(a) local b = a and a[1] local c = b and b.x return c end return f(), f({}), f({{x = 4}})
----
local a, b = nil, false return a == b, a == nil, b == false, a ~= false
----
local t = {} t[#t + 1], t[#t + 2] = 'a', 'b' return t[1], t[2], #t
----
local t = {1} t[#t + 1] = #t return t[2]
----
local t, n = {}, 0 local function k() n = n + 1 return n end t[k()] = k() return t[1], t[2]
----
local function f() return f end local f = function(x) return function(y) return function(z) return x .. y .. z end end end return f('a')('b')('c')
----
local f = {} function f.new() return {get = function(self) return self end} end return f.new():get():get() ~= nil
----
local n = 0 for i = 1, 2 do for j = 1, 2 do for k = 1, 2 do for l = 1, 2 do for m = 1, 2 do n = n + i * j * k * l * m end end end end end return n
----
local fs = {} for i = 1, 3 do for j = 1, 2 do fs[#fs + 1] = function() i = i + j return i end end end return fs[1](), fs[2](), fs[1](), fs[3](), fs[6]()
----
local fs = {} for _, v in ipairs{1,2,3} do local w = v if v == 2 then fs[#fs+1] = function() w = w + 1 return w end break end fs[#fs+1] = function() return w end end return fs[1](), fs[2](), fs[2](), #fs
----
local r = {} for i = 1, 3 do local x repeat x = i * 2 local y = x + 1 r[#r+1] = function() return x + y end until y > 2 end return r[1](), r[2](), r[3]()
----
local a = {} for i = 1, 3 do local j = i while j < 5 do local k = j a[#a+1] = function() k = k + 1 return k end j = j + 2 if j == 4 then break end end end return #a, a[1](), a[1](), a[2](), a[3]()
----
local function mk() local n = 0 return function() n = n + 1 return n end, function() return n end end local inc, get = mk() inc() inc() local inc2, get2 = mk() inc2() return get(), get2()
----
local ok, e = pcall(function() local n = 0 local f = function() n = n + 1 return n end f() error({f = f}) end) return e.f(), e.f()
----
local n = 0 local f = function() n = n + 1 return n end pcall(function() f() error('x') end) f() return n, f()
----
local n = 0 local function f() n = n + 1 return n end for i = 1, 3 do pcall(function() local m = n f() error(m) end) end n = n + 10 return f(), n
----
local t = setmetatable({}, {__lt = function(a, b) error({'lt'}) end}) local ok, e = pcall(function() return t < t end) return ok, e[1]
----
local function gen(n) return function(_, i) i = i + 1 if i <= n then return i, pcall(error, i) end end, nil, 0 end local r = '' for i, ok, e in gen(3) do r = r .. i .. tostring(ok) .. tostring(e) end return r
----
local t = {5,3,4} local n = 0 table.sort(t, function(a, b) n = n + 1 pcall(error) return a < b end) return table.concat(t, ','), n > 0
----
return ('abc'):gsub('.', function(c) local ok, e = pcall(error, c:upper(), 0) return e end)
----
local r = {} local x = 1 r[1], x = x, 2 r[2] = x local function f() x = x + 1 return x end r[3], r[4], r[5] = f(), x, f() return unpack(r)
----
local x = 0 local function f() x = x + 1 return x end local a = {f(), f(), [f()] = f(), f(), k = f()} return a[1], a[2], a[3], a.k
----
local a, b, c = 1 local d, e = (function(...) return ... end)(7) return a, b, c, d, e
----
local function v(...) local a, b = ..., 'z' return a, b end return v(1, 2)
----
local function v(...) local t = {..., ...} return #t end return v(1, 2, 3)
----
local function v(...) return (select('#', ...)), ... end local function w(...) return v(...), v(...) end return w(1, 2)
----
local function v(a, b, ...) return a, b, ... end return v(1), v(1, 2, 3), (v(4, 5))
----
local function f(n) if n > 0 then return f(n - 1) end return 'end', n end return f(5000)
----
local function f(n, ...) if n > 0 then return f(n - 1, n, ...) end return select('#', ...), (...) end return f(100)
----
local function even(n) if n == 0 then return true end return odd(n - 1) end function odd(n) if n == 0 then return false end return even(n - 1) end return even(1001)
----
local a <const>, b = 1
----
local s = 0 for i = 10, 1, -3 do s = s * 100 + i end return s
----
local s = '' for i = 0.1, 0.35, 0.1 do s = s .. i .. ' ' end return s
----
local s = 0 for i = 1, 0 do s = 1 end for i = -1, -3, -1 do s = s + i end return s
----
for i = 1, 3 do local i = i * 2 if i == 4 then return i end end
----
local i = 5 for i = i, i + 2 do if i == 7 then return i end end
----
local function f() return 3 end local n = 0 for i = f(), f() * 2, (f()) do n = n + i end return n
----
return ({pcall(string.rep, 'x', -1)})[2] == '', #string.rep('ab', 1000)
----
return math.floor(2^31 + 0.5), 2^31 % 2, -7 % 3.5, 1e308 * 10 == math.huge, 7 % -3, -7 % -3, 0.1 + 0.2 == 0.3
----
return 0x7fffffff, 0xffffffff, 0xFFFFFFFFFF, 1e-7, 123456789.123, 5e-324, 1.7976931348623157e308
----
return tostring(3) == '3', 3 .. '' == '3', 3.0 .. '', 1e3 .. '', 2^63 .. '', -0.0 .. '', 1e14 .. '', 1e15 .. '', 123456.789e3 .. ''
----
local t = {} for w in string.gmatch('one two  three', '%a+') do t[#t + 1] = w end return #t, t[3]
----
local t = {} for a, b in string.gmatch('k1=v1;k2=v2', '(%w+)=(%w+)') do t[a] = b end return t.k1, t.k2
----
return ('x'):format(), ('%s=%d'):format('a', 5), ('%5.2f%%'):format(99.5), ('%-5s|'):format('ab'), ('%q'):format('a\nb')
----
return ('%c%c%c'):format(76, 117, 97), ('%o'):format(8), ('%x'):format(-1), ('%u'):format(-1) ~= ''
----
return ('%.3s'):format('abcdef'), ('%10.4s|'):format('abcdef'), ('%+.3e'):format(12345.678), ('% 5d'):format(42), ('%#o'):format(8), ('%.0f'):format(0.5), ('%.0f'):format(1.5), ('%5.1f'):format(-0.05)
----
return ('%g'):format(1e-5), ('%g'):format(123456), ('%g'):format(1234567), ('%g'):format(0.0001), ('%G'):format(1e-10), ('%#.3g'):format(1), ('%g'):format(1/0), ('%d'):format(-0.0), ('%f'):format(1e15), ('%.10g'):format(0.1)
----
return ('%5s%5s'):format(1, 2), ('%d'):format('0x10'), ('%s'):format(12345678901234567890), ('%.20s'):format('x')
----
local t = {} t[1] = 1 t[2] = 2 t[4] = 4 local n = 0 for i, v in ipairs(t) do n = n + v end return n
----
local t = {1,2,3} for i, v in ipairs(t) do t[i + 1] = nil end return #t
----
local t = {1,2,3,4} local r = '' for k, v in pairs(t) do if k == 2 then table.remove(t) end r = r .. k end return r
----
local t = {1,2,3,x=1,y=2} local n = 0 for k in pairs(t) do if type(k) == 'number' then t[k] = nil end n = n + 1 end return n
----
local t = {1,2,3,x=1} local n = 0 for k in pairs(t) do n = n + 1 if k == 3 then table.remove(t) end end return n
----
local t = {1,2,3,x=1,y=2} local n = 0 for k in pairs(t) do n = n + 1 t[k] = nil end return n, next(t)
----
local t = {} for i = 1, 100 do t['k' .. i] = i end local s = 0 for k, v in pairs(t) do s = s + v t[k] = nil end return s, next(t)
----
local t = {} for i = 1, 70000 do t[#t + 1] = i end table.remove(t, 65000) table.insert(t, 65000, 'x') return #t, t[65000], t[69999], t[70000]
----
local t = {} for i = 70000, 1, -1 do t[i] = i end return #t, t[1], t[66000]
----
local t = {} for i = 1, 66000 do t[i] = 66001 - i end table.sort(t) return t[1], t[65535], t[65536], t[66000]
----
local t = {} for i = 1, 66000 do t[i] = 1 end return #table.concat(t), select('#', unpack(t, 65530, 65540))
----
local t = {} for i = 65530, 65540 do t[i] = i end return unpack(t, 65530, 65540)
----
local t = {} t[65536] = 'a' t[65535] = 'b' t[65537] = 'c' return t[65535], t[65536], t[65537], rawget(t, 65536)
----
local t = {n = 1} t.n = t.n + 1 t.n = t.n * t.n + (t.n and 1 or 0) return t.n
----
local a = {b = {c = {}}} a.b.c.d = a.b a.b.c.d.e = 5 return a.b.e
----
local t = {[1]=1,[2]=2,[3]=3} return #t, table.concat(t, ','), table.remove(t, 1), #t
----
return -2 ^ 2, (-2) ^ 2, 2 ^ -1 ^ 2, -2 ^ -2, not nil and 1, not 1 or 2, 1 .. 2 == '12', 'a' .. 'b' == 'ab' and 1 or 2
----
return 1 + 2 < 4 and 3 * 2 == 6 or false, not 1 == 2, #'abc' == 3, -'2' + 1, - '3' ^ 2
----
return 2 * 3 % 4, 2 + 3 .. '', 7 - 3 - 2, 2 ^ 2 ^ 3, 8 / 4 / 2, 'a' < 'b' == true
----
return nil == false, 0 == '0', '' == nil, ({} == {}), 1/0 == math.huge, 0/0 ~= 0/0, -0 == 0, '1' + 1 == 2
----
local n = 0 while true do while true do break end n = n + 1 if n > 5 then break end end return n
----
local n = 0 repeat while true do break end n = n + 1 until n > 5 return n
----
local n = 0 while true do repeat break until true n = n + 1 if n > 5 then break end end return n
----
local n = 0 while true do do while true do break end end n = n + 1 if n > 5 then break end end return n
----
local n = 0 while n < 5 do while true do break end n = n + 1 end return n
----
local n = 0 while 1 do while 'x' do break end n = n + 1 if n > 5 then return n end end
----
local n = 0 repeat repeat break until true n = n + 1 until n > 5 return n
----
local n = 0 repeat do repeat break until true end n = n + 1 until n > 5 return n
----
local n = 0 for i = 1, 5 do while true do break end n = n + 1 end return n
----
local n = 0 for i = 1, 5 do repeat break until n n = n + 1 end return n
----
local n = 0 for _ in pairs{1,2,3} do while true do break end n = n + 1 end return n
----
local n = 0 for _ in pairs{1,2,3} do repeat break until n n = n + 1 end return n
----
local n = 0 for _ in pairs{1,2,3} do while true do while true do break end break end n = n + 1 end return n
----
local n = 0 for _ in pairs{1,2,3} do do do while true do break end end end n = n + 1 end return n
----
local n = 0 while true do while true do while true do break end break end n = n + 1 if n > 3 then break end end return n
----
local n = 0 while not false do while not nil do break end n = n + 1 if n > 3 then break end end return n
----
local n = 0 repeat n = n + 1 if n > 3 then break end until false return n
----
local n = 0 repeat while false do end n = n + 1 until n > 3 return n
----
local n = 0 while true do if true then while true do break end end n = n + 1 if n > 3 then break end end return n
----
local n = 0 while true do if false then else while true do break end end n = n + 1 if n > 3 then break end end return n
----
local n = 0 while true do local function f() end while true do break end n = n + 1 if n > 3 then break end end return n
----
local n = 0 while n < 3 do n = n + 1 while true do if n > 0 then break end end end return n
----
local n, m = 0, 0 while true do while n < 5 do n = n + 1 if n == 3 then break end end m = m + 1 if m > 3 then break end end return n, m
----
local n = 0 repeat local x = n while true do break end n = n + 1 until x > 3 return n
----
local n = 0 repeat local x = n repeat break until x local f = function() return x end n = n + 1 until f() > 3 return n
----
local t = {} for i = 1, 3 do while true do t[#t+1] = i break end end return table.concat(t)
----
while true do break end return 1
----
repeat break until true return 1
----
while true do repeat break until false break end return 2
----
local n = 0 while true do n = n + 1 if n < 3 then else break end end return n
----
local n = 0 while true do if n > 3 then break else n = n + 1 end end return n
----
local n = 0 while true do if n > 3 then break end n = n + 1 end return n
----
local n, r = 0, '' while n < 6 do n = n + 1 if n == 2 then r = r .. 'a' elseif n == 4 then r = r .. 'b' break else r = r .. 'c' end end return r
----
local n = 0 while n < 3 and true do n = n + 1 end while (n < 6 or false) do n = n + 1 end while true and n < 9 do n = n + 1 end while false or n < 12 do n = n + 1 end return n
----
local n = 0 repeat n = n + 1 until n > 3 or false repeat n = n + 1 until true and n > 6 repeat n = n + 1 until nil or n > 9 repeat n = n + 1 until not (n < 12) return n
----
local n = 0 repeat n = n + 1 until 1 repeat n = n + 1 until 'x' repeat n = n + 1 until {} repeat n = n + 1 until print return n
----
local n = 0 while n do n = n + 1 if n > 3 then n = nil end end return n
----
local n = 0 while {} do n = n + 1 if n > 3 then break end end while function() end do n = n + 1 if n > 6 then break end end while -1 do n = n + 1 if n > 9 then break end end return n
----
local n = 0 while 1 + 1 do n = n + 1 if n > 3 then break end end while #'x' do n = n + 1 if n > 6 then break end end while 'a' .. 'b' do n = n + 1 if n > 9 then break end end return n
----
local function f() end local n = 0 for _ in pairs{1,2} do if -1 then n = n + 1 end if 2 * 3 then n = n + 1 end if not {} then n = 100 end if {} then n = n + 1 end if function() end then n = n + 1 end end return n
----
local n = 0 for _ in pairs{1,2} do if not 1 then n = 50 elseif not 'x' then n = 60 elseif (nil) then n = 70 else n = n + 1 end end return n
----
local n = 0 for _ in pairs{1,2} do local a = -1 and 5 or 7 local b = {} and 5 local c = not -1 local d = (1 + 1) and a n = n + a + b + d + (c and 100 or 0) end return n
----
local n = 0 for _ in pairs{1,2} do while -1 do n = n + 1 break end while 1 + 1 do n = n + 1 break end repeat n = n + 1 until -1 repeat n = n + 1 until 2 * 2 end return n
----
local x for _ in pairs{1,2} do x = nil == nil if nil == nil then x = 1 end if 1 == 1 then x = x + 1 end if 1 > 2 then x = 50 end if 'a' == 'a' and 1 < 2 then x = x + 1 end end return x
----
return 5 % 3, -5 % 3, 5 % -3, -5 % -3, 5.5 % 2, 0 % 5
----
local print = tostring local tostring = function(x) return '<' .. tostring(x) .. '>' end return tostring(1), print(2)
----
local f = function(n) return f end return f(1)
----
local f = 5 local f = function() return f end return f()
----
local function f(n) return f ~= nil end return f()
----
local f, g = function() return f end, 1 return f()
----
local ok, e = pcall(error, 'x') return e, #e
----
return select(2, pcall(error, 'a', 1)), select(2, pcall(error, 5))
----
local t = {} for i = 1, 65540 do t[i] = i end local n = 0 for k in pairs(t) do n = n + 1 if n > 66000 then break end end return n
