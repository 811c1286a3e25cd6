# EVAL, SCRIPT, FUNCTION, FCALL and their kin: arguments, conversions, errors, what is forbidden, transactions, what others see, what goes
# wrong in the middle. The language itself (sandbox, libraries) is in scripts_language_spec.rb.

require_relative 'support/private_cluster' if ENV['SPEC_TARGET'] == 'pgredis'
require 'digest'

RSpec.describe 'scripts' do
  let(:no_script) { error('NOSCRIPT No matching script. Please use EVAL.') }
  let(:wrong_type) { /\AWRONGTYPE Operation against a key holding the wrong kind of value script: \h{40}, on @user_script:\d+\.\z/ }
  # Somebody else, at another proxy where there are two.
  let(:other) { connect(port: ports.last) }

  before do
    call('SCRIPT', 'FLUSH')
    call('FUNCTION', 'FLUSH')
  end

  # A script that goes on for ever after a failure would be the failure of all examples to come.
  after do |example|
    next unless example.exception && target == :pgredis

    killer = connect
    killer.call('CONFIG', 'SET', 'busy-reply-threshold', 0)
    eventually { expect([%w[SCRIPT KILL], %w[FUNCTION KILL]].map { |kill| killer.call(*kill) }).to all(eq error(/\A(NOTBUSY|UNKILLABLE) /)) }
    killer.call('CONFIG', 'SET', 'busy-reply-threshold', 5000)
  end

  def sha(script)
    Digest::SHA1.hexdigest(script)
  end

  def eval2(script, keys = [], args = [], client: resp2)
    client.call('EVAL', script, keys.size, *keys, *args)
  end

  # The error of a call in a script: Redis says where.
  def at(text)
    error(/\A#{Regexp.escape(text)} script: \h{40}, on @user_script:\d+\.\z/)
  end

  describe 'EVAL' do
    it 'has its keys and arguments' do
      expect(call('EVAL', 'return {KEYS[1], KEYS[2], ARGV[1], ARGV[2], #KEYS, #ARGV}', 2, 'a', 'b', 'c', 'd')).to eq ['a', 'b', 'c', 'd', 2, 2]
      expect(call('EVAL', 'return {#KEYS, #ARGV}', 0)).to eq [0, 0]
      expect(call('EVAL', 'return {KEYS[1], ARGV[1]}', 1, "k\0\r\n\xff", "\xfe\0")).to eq ["k\0\r\n\xff".b, "\xfe\0".b]
      expect(call('EVAL', 'return #ARGV', 0, *Array.new(1000, 'x'))).to eq 1000
    end

    it 'checks the number of keys' do
      expect(call('EVAL', 'return 1', 'x')).to eq error('ERR value is not an integer or out of range')
      expect(call('EVAL', 'return 1', '1.0')).to eq error('ERR value is not an integer or out of range')
      expect(call('EVAL', 'return 1', 1)).to eq error("ERR Number of keys can't be greater than number of args")
      expect(call('EVAL', 'return 1', 3, 'a', 'b')).to eq error("ERR Number of keys can't be greater than number of args")
      expect(call('EVAL', 'return 1', -1)).to eq error("ERR Number of keys can't be negative")
      expect(call('EVAL', 'x x', 'x')).to eq error('ERR value is not an integer or out of range')
      expect(call('EVAL', 'return 1')).to eq error("ERR wrong number of arguments for 'eval' command")
      expect(call('EVALSHA', 'x')).to eq error("ERR wrong number of arguments for 'evalsha' command")
    end

    it 'gives the errors of scripts that do not compile' do
      expect(call('EVAL', 'x x', 0)).to eq error("ERR Error compiling script (new function): user_script:1: '=' expected near 'x'")
      expect(call('EVAL', "\n\nreturn (", 0)).to eq error(/\AERR Error compiling script \(new function\): user_script:3: /)
      expect(call('SCRIPT', 'EXISTS', sha('x x'))).to eq [0]
    end

    it 'writes and reads' do
      expect(call('EVAL', "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])", 1, 'k', 'v')).to eq 'v'
      expect(other.call('GET', 'k')).to eq 'v'
      expect(call('EVAL', "return redis.call('INCRBY', KEYS[1], 5) + 1", 1, 'n')).to eq 6
      expect(call('EVAL', "for i = 1, 10 do redis.call('rpush', KEYS[1], i) end return redis.call('lrange', KEYS[1], 0, -1)", 1, 'l'))
        .to eq((1..10).map(&:to_s))
    end

    it 'converts what it returns' do
      {
        'return 3.99' => 3, 'return -3.99' => -3, "return 'x'" => 'x', 'return true' => 1, 'return false' => nil, 'return nil' => nil,
        'return {1, 2, nil, 4}' => [1, 2], 'return {}' => [], "return {1, {2, {'x'}}}" => [1, [2, ['x']]], "return {ok = 'fine'}" => :fine,
        "return {err = 'ERR bad'}" => error('ERR bad'), "return redis.status_reply('X')" => :X,
        "return redis.error_reply('MY oh')" => error('MY oh'), "return redis.error_reply('oh')" => error('ERR oh'),
        "return {1, 'a', false, true}" => [1, 'a', nil, 1], '' => nil, 'return' => nil, "return {a = 1}" => []
      }.each { |script, reply| expect(eval2(script)).to eq(reply), script }
    end

    it 'converts what it returns to RESP3' do
      {
        'return true' => 1, 'return false' => nil, 'return {double = 3.5}' => 3.5, 'return {map = {a = 1}}' => { 'a' => 1 },
        'return {set = {a = true}}' => Set['a'], "return {big_number = '123456789012345678901234567890'}" => 123456789012345678901234567890,
        "return {verbatim_string = {format = 'txt', string = 'x'}}" => Verbatim.new('txt', 'x'),
        'redis.setresp(3) return true' => true, 'redis.setresp(3) return false' => false, 'redis.setresp(3) return nil' => nil
      }.each { |script, reply| expect(eval2(script, client: resp3)).to eq(reply), script }
      expect(eval2('return {double = 3.5}')).to eq '3.5'
      expect(eval2('return {map = {a = 1}}')).to eq ['a', 1]
      expect(eval2('redis.setresp(3) return true')).to eq 1
    end

    it 'converts replies for the script' do
      call('HSET', 'h', 'f', 'v')
      call('ZADD', 'z', '1.5', 'm')
      call('SADD', 's', 'x')
      {
        "return type(redis.call('get', 'none'))" => 'boolean', "return redis.call('set', 'a', 1).ok" => 'OK',
        "return type(redis.call('incr', 'n'))" => 'number', "return redis.call('hgetall', 'h')[2]" => 'v',
        "return redis.call('zscore', 'z', 'm')" => '1.5', "return type(redis.call('lpop', 'none', 2))" => 'boolean',
        "redis.setresp(3) return redis.call('hgetall', 'h').map.f" => 'v', "redis.setresp(3) return redis.call('zscore', 'z', 'm').double * 2" => 3,
        "redis.setresp(3) return tostring(redis.call('smembers', 's').set.x)" => 'true', "redis.setresp(3) return tostring(redis.call('get', 'none'))" => 'nil',
        "return redis.call('type', 'h')" => :hash, "return redis.call('type', 'h').ok" => 'hash', "return redis.call('echo', 'hi')" => 'hi',
        "return redis.call('ping')" => :PONG, "return redis.call('ping', 'x')" => 'x', "return #redis.call('time')" => 2,
        "return redis.call('mget', 'none', 'n')" => [nil, '1'], "return redis.call('command', 'count') > 100" => 1
      }.each { |script, reply| expect(eval2(script)).to eq(reply), script }
    end

    it 'keeps all numbers of arguments that a call may have' do
      expect(eval2("return redis.call('rpush', 'l', unpack(ARGV))", [], (1..500).to_a)).to eq 500
      expect(eval2("return redis.call('incrby', 'n', 2)")).to eq 2
      expect(eval2("return redis.call('append', 'a', 1.5)")).to eq 3
    end

    it 'is remembered' do
      call('EVAL', 'return 17', 0)
      expect(call('EVALSHA', sha('return 17'), 0)).to eq 17
      expect(other.call('EVALSHA', sha('return 17'), 0)).to eq 17
      expect(other.call('SCRIPT', 'EXISTS', sha('return 17'))).to eq [1]
    end

    it 'shows as what the client does' do
      call('EVAL', 'return 1', 0)
      expect(call('CLIENT', 'LIST')).to match(/ cmd=client\|list /)
      expect(call('EVAL', "return redis.call('info', 'server')", 0)).to start_with '# Server'
    end

    it 'answers many at once in order' do
      expect(resp2.pipeline(Array.new(200) { |i| ['EVAL', "return #{i % 50}", 0] })).to eq(Array.new(200) { |i| i % 50 })
      commands = Array.new(100) { |i| i.even? ? %w[INCR n] : ['EVAL', "return redis.call('incr', KEYS[1])", 1, 'n'] }
      expect(resp2.pipeline(commands)).to eq((1..100).to_a)
    end

    it 'is silent when the client wants that' do
      resp2.send_raw("CLIENT REPLY OFF\r\n")
      resp2.write('EVAL', "return redis.call('set', 'quiet', 1)", 0)
      resp2.send_raw("CLIENT REPLY ON\r\n")
      expect(resp2.read_reply).to eq :OK
      expect(call('GET', 'quiet')).to eq '1'
      resp2.send_raw("CLIENT REPLY SKIP\r\n")
      resp2.write('EVAL', "return redis.call('set', 'quiet', 2)", 0)
      expect(call('GET', 'quiet')).to eq '2'
    end
  end

  describe 'errors of calls' do
    it 'end the script' do
      call('SET', 's', 'x')
      expect(eval2("redis.call('lpush', KEYS[1], 1) return 1", ['s'])).to eq error(wrong_type)
      expect(eval2("return redis.call('incr', 's')")).to eq at('ERR value is not an integer or out of range')
      expect(eval2("return redis.call('incrby', 's', 'x')")).to eq at('ERR value is not an integer or out of range')
      expect(eval2("return redis.call('set', 'a', 'b', 'nonsense')")).to eq at('ERR syntax error')
    end

    it 'keep what was written before' do
      call('SET', 's', 'x')
      expect(eval2("redis.call('set', KEYS[1], 1) redis.call('lpush', KEYS[2], 1) redis.call('set', KEYS[1], 2)", %w[a s])).to eq error(wrong_type)
      expect(call('GET', 'a')).to eq '1'
      expect(eval2("redis.call('set', 'b', 1) error('oh')")).to eq error(/\AERR user_script:1: oh script: \h{40}, on @user_script:1\.\z/)
      expect(call('GET', 'b')).to eq '1'
      expect(eval2("redis.call('incr', 'c') return nosuch.field")).to eq error(/\AERR user_script:1: /)
      expect(call('GET', 'c')).to eq '1'
    end

    it 'are values of pcall' do
      call('SET', 's', 'x')
      expect(eval2("return redis.pcall('lpush', 's', 1)")).to eq error('WRONGTYPE Operation against a key holding the wrong kind of value')
      expect(eval2("local e = redis.pcall('lpush', 's', 1) redis.call('set', 'after', e.err) return 'on'")).to eq 'on'
      expect(call('GET', 'after')).to eq 'WRONGTYPE Operation against a key holding the wrong kind of value'
      expect(eval2("return redis.pcall('nosuch').err")).to eq 'ERR Unknown Redis command called from script'
      expect(eval2("local n = 0 for i = 1, 20 do if redis.pcall('incr', 's').err then n = n + redis.call('incr', 'n') end end return n")).to eq 210
      expect(call('GET', 'n')).to eq '20'
      expect(eval2("local ok, e = pcall(redis.call, 'lpush', 's', 1) return {tostring(ok), redis.call('incr', 'm')}")).to eq ['false', 1]
    end

    it 'do not multiply what a script does' do
      call('SET', 's', 'x')
      script = "redis.call('rpush', 'l', 1) redis.pcall('lpush', 's', 1) redis.call('rpush', 'l', 2) redis.pcall('hset', 's', 1, 2) redis.call('rpush', 'l', 3)"
      5.times { eval2(script) }
      expect(call('LRANGE', 'l', 0, -1)).to eq %w[1 2 3] * 5
    end

    it 'say what is not there or not allowed' do
      expect(eval2("return redis.call('nosuch')")).to eq at('ERR Unknown Redis command called from script')
      expect(eval2("return redis.call('get')")).to eq at('ERR Wrong number of args calling Redis command from script')
      expect(eval2("return redis.call('get', 'a', 'b')")).to eq at('ERR Wrong number of args calling Redis command from script')
      expect(eval2("return redis.call('object', 'nosuch')")).to eq at('ERR Unknown Redis command called from script')
      expect(eval2("return redis.call('object')")).to eq at('ERR Wrong number of args calling Redis command from script')
      [%w[multi], %w[exec], %w[discard], %w[watch a], %w[unwatch], %w[auth x], %w[hello], %w[reset], %w[quit], %w[client id], %w[config get x],
       ['eval', 'return 1', '0'], %w[evalsha x 0], %w[fcall x 0], %w[script kill], %w[script exists x], %w[function list], %w[wait 0 0],
       %w[debug sleep 0], %w[save], %w[shutdown], %w[client list]].each do |command|
        list = command.map { |word| "'#{word}'" }.join(', ')
        next if target == :pgredis && call('COMMAND', 'INFO', command[0]) == [nil]

        expect(eval2("return redis.call(#{list})")).to eq(at('ERR This Redis command is not allowed from script')), list
      end
      expect(eval2('return redis.call()')).to eq at('ERR Please specify at least one argument for this redis lib call')
      expect(eval2("return redis.call('get', {})")).to eq at('ERR Lua redis lib command arguments must be strings or integers')
    end

    it 'are counted' do
      errors = -> { call('INFO', 'stats')[/total_error_replies:(\d+)/, 1].to_i }
      before = errors.call
      eval2("return redis.error_reply('x')")
      expect(errors.call).to be > before
    end
  end

  describe 'databases' do
    it 'are the client\'s, and the script\'s own to change' do
      call('SELECT', 3)
      expect(eval2("redis.call('set', 'here', 3) redis.call('select', 5) redis.call('set', 'there', 5) return redis.call('get', 'here')")).to be_nil
      expect(call('GET', 'here')).to eq '3'
      expect(call('GET', 'there')).to be_nil
      call('SELECT', 5)
      expect(call('GET', 'there')).to eq '5'
      expect(eval2("return redis.call('select', 99)")).to eq at('ERR DB index is out of range')
      expect(eval2("return redis.call('select', 'x')")).to eq error(/\AERR (value is not an integer|invalid DB index)/)
      expect(eval2("redis.call('select', 0) redis.call('set', 'zero', 1) redis.call('select', 5) return redis.call('get', 'there')")).to eq '5'
      call('SELECT', 0)
      expect(call('GET', 'zero')).to eq '1'
    end
  end

  describe 'EVALSHA and SCRIPT' do
    it 'know what was loaded' do
      expect(call('EVALSHA', sha('return 2'), 0)).to eq no_script
      expect(call('SCRIPT', 'LOAD', 'return 2')).to eq sha('return 2')
      expect(call('SCRIPT', 'LOAD', 'return 2')).to eq sha('return 2')
      expect(call('EVALSHA', sha('return 2'), 0)).to eq 2
      expect(call('EVALSHA', sha('return 2').upcase, 0)).to eq 2
      expect(other.call('EVALSHA', sha('return 2'), 0)).to eq 2
      expect(call('EVALSHA', 'x', 0)).to eq no_script
      expect(call('EVALSHA', 'x', 'y')).to eq no_script
      expect(call('EVALSHA', 'f' * 40, 'y')).to eq error('ERR value is not an integer or out of range')
      expect(call('EVALSHA', 'f' * 40, 1)).to eq error("ERR Number of keys can't be greater than number of args")
      expect(call('EVALSHA_RO', sha('return 2'), 0)).to eq 2
    end

    it 'tell which scripts exist' do
      call('SCRIPT', 'LOAD', 'return 1')
      expect(call('SCRIPT', 'EXISTS', sha('return 1'), 'x', sha('return 1').upcase, sha('return 3'))).to eq [1, 0, 1, 0]
      expect(call('SCRIPT', 'EXISTS')).to eq error("ERR wrong number of arguments for 'script|exists' command")
    end

    it 'refuse what does not compile, and load what fails' do
      expect(call('SCRIPT', 'LOAD', 'x x')).to eq error("ERR Error compiling script (new function): user_script:1: '=' expected near 'x'")
      expect(call('SCRIPT', 'LOAD', "error('x')")).to eq sha("error('x')")
      expect(call('SCRIPT', 'LOAD', "return '\xff\xfe'")).to eq sha("return '\xff\xfe'")
      expect(other.call('EVALSHA', sha("return '\xff\xfe'"), 0)).to eq "\xff\xfe".b
    end

    it 'forget everything with FLUSH' do
      call('EVAL', 'return 1', 0)
      other.call('EVALSHA', sha('return 1'), 0)
      expect(call('SCRIPT', 'FLUSH')).to eq :OK
      expect(call('EVALSHA', sha('return 1'), 0)).to eq no_script
      eventually { expect(other.call('EVALSHA', sha('return 1'), 0)).to eq no_script }
      expect(call('EVAL', 'return 1', 0)).to eq 1
      expect(call('SCRIPT', 'FLUSH', 'SYNC')).to eq :OK
      expect(call('SCRIPT', 'FLUSH', 'async')).to eq :OK
      expect(call('SCRIPT', 'EXISTS', sha('return 1'))).to eq [0]
      expect(call('SCRIPT', 'FLUSH', 'x')).to eq error('ERR SCRIPT FLUSH only support SYNC|ASYNC option')
      expect(call('SCRIPT', 'FLUSH', 'sync', 'async')).to eq error('ERR SCRIPT FLUSH only support SYNC|ASYNC option')
    end

    it 'have help and reject what they do not know' do
      expect(call('SCRIPT', 'HELP').first.to_s).to start_with 'SCRIPT <subcommand>'
      expect(call('FUNCTION', 'HELP').first.to_s).to start_with 'FUNCTION <subcommand>'
      expect(call('SCRIPT', 'NOSUCH')).to eq error("ERR unknown subcommand 'NOSUCH'. Try SCRIPT HELP.")
      expect(call('FUNCTION', 'NOSUCH')).to eq error("ERR unknown subcommand 'NOSUCH'. Try FUNCTION HELP.")
      expect(call('SCRIPT', 'DEBUG', 'x')).to eq error('ERR Use SCRIPT DEBUG YES/SYNC/NO')
      expect(call('SCRIPT', 'DEBUG', 'NO')).to eq :OK
    end

    it 'have no debugger', pgredis_only: 'Redis has one' do
      expect(call('SCRIPT', 'DEBUG', 'YES')).to eq error('ERR pgredis has no debugger for scripts')
      expect(call('SCRIPT', 'DEBUG', 'sync')).to eq error('ERR pgredis has no debugger for scripts')
    end
  end

  describe 'read-only scripts' do
    it 'publish nothing' do
      refused = at('ERR Write commands are not allowed from read-only scripts.')
      expect(call('EVAL_RO', "return redis.call('PUBLISH', 'c', 'm')", 0)).to eq refused
      expect(call('EVAL', "#!lua flags=no-writes\nreturn redis.call('SPUBLISH', 'c', 'm')", 0)).to eq refused
      expect(call('EVAL', "return redis.call('PUBLISH', 'c', 'm')", 0)).to eq 0
    end

    it 'may not write' do
      expect(call('EVAL_RO', "return redis.call('get', KEYS[1])", 1, 'k')).to be_nil
      expect(call('EVAL_RO', "return redis.call('set', KEYS[1], 1)", 1, 'k')).to eq at('ERR Write commands are not allowed from read-only scripts.')
      expect(call('EVAL_RO', "return redis.pcall('set', KEYS[1], 1).err", 1, 'k')).to eq 'ERR Write commands are not allowed from read-only scripts.'
      expect(call('EXISTS', 'k')).to eq 0
      expect(call('EVALSHA_RO', sha("return redis.call('get', KEYS[1])"), 1, 'k')).to be_nil
      expect(call('EVAL', "#!lua flags=no-writes\nreturn redis.call('set', 'k', 1)", 0)).to eq at('ERR Write commands are not allowed from read-only scripts.')
      expect(call('EVAL_RO', "#!lua\nreturn 1", 0)).to eq error('ERR Can not execute a script with write flag using *_ro command.')
      expect(call('EVAL_RO', "#!lua flags=no-writes\nreturn 1", 0)).to eq 1
    end

    it 'see one state' do
      call('MSET', 'a', '0', 'b', '0')
      writer = connect
      reader = connect(port: ports.last)
      30.times { |i| writer.write('EVAL', "redis.call('set', 'a', ARGV[1]) redis.call('set', 'b', ARGV[1])", 2, 'a', 'b', i) }
      30.times do
        expect(reader.call('EVAL_RO', "local a = redis.call('get', 'a') for i = 1, 3 do redis.call('get', 'c') end return a == redis.call('get', 'b')", 0)).to eq 1
      end
      30.times { writer.read_reply }
    end
  end

  describe 'shebang lines' do
    it 'are checked' do
      {
        "#!lua flags=x\nreturn 1" => 'ERR Unexpected flag in script shebang: x', "#!lua name=x\nreturn 1" => 'ERR Unknown lua shebang option: name=x',
        "#!lua x\nreturn 1" => 'ERR Unknown lua shebang option: x', "#!foo\nreturn 1" => 'ERR Unexpected engine in script shebang: #!foo',
        '#!lua' => 'ERR Invalid script shebang'
      }.each do |script, text|
        expect(eval2(script)).to eq(error(text)), script
        expect(call('SCRIPT', 'LOAD', script)).to eq(error(text)), script
      end
    end

    it 'may have any of the flags' do
      expect(eval2("#!lua\nreturn 1")).to eq 1
      expect(eval2("#!lua flags=no-writes,allow-oom,allow-stale,no-cluster,allow-cross-slot-keys\nreturn 1")).to eq 1
      expect(eval2("#!lua flags=\nreturn redis.call('set', 'a', 1)")).to eq :OK
    end
  end

  describe 'FUNCTION and FCALL' do
    let(:library) do
      "#!lua name=lib\n" \
        "redis.register_function('get', function(keys, args) return redis.call('get', keys[1]) end)\n" \
        "redis.register_function{function_name = 'sum', callback = function(keys, args) return args[1] + args[2] end, " \
        "description = 'adds', flags = {'no-writes', 'allow-stale'}}\n" \
        "redis.register_function('set', function(keys, args) return redis.call('set', keys[1], args[1]) end)\n"
    end
    let(:not_found) { error('ERR Function not found') }

    def simple(name, function, value = 1)
      "#!lua name=#{name}\nredis.register_function('#{function}', function() return #{value} end)"
    end

    it 'load and call' do
      expect(call('FUNCTION', 'LOAD', library)).to eq 'lib'
      expect(call('FCALL', 'set', 1, 'k', 'v')).to eq :OK
      expect(call('FCALL', 'get', 1, 'k')).to eq 'v'
      expect(call('FCALL', 'GET', 1, 'k')).to eq 'v'
      expect(other.call('FCALL', 'sum', 0, 3, 4)).to eq 7
      expect(call('FCALL_RO', 'sum', 0, 3, 4)).to eq 7
      expect(call('FCALL_RO', 'get', 1, 'k')).to eq error('ERR Can not execute a script with write flag using *_ro command.')
    end

    it 'check their arguments' do
      call('FUNCTION', 'LOAD', library)
      expect(call('FCALL', 'nosuch', 0)).to eq not_found
      expect(call('FCALL', 'nosuch', 'x')).to eq not_found
      expect(call('FCALL', 'sum', 'x')).to eq error('ERR Bad number of keys provided')
      expect(call('FCALL', 'sum', 1)).to eq error("ERR Number of keys can't be greater than number of args")
      expect(call('FCALL', 'sum', -1)).to eq error("ERR Number of keys can't be negative")
      expect(call('FCALL', 'sum')).to eq error("ERR wrong number of arguments for 'fcall' command")
    end

    it 'refuse what is no library' do
      {
        'return 1' => 'ERR Missing library metadata', "#!lua\nx" => 'ERR Library name was not given', "#!lua name=a name=b\nx" => 'ERR Invalid metadata value, name argument was given multiple times',
        "#!lua foo=b\nx" => 'ERR Invalid metadata value given: foo=b', "#!foo name=a\nx" => "ERR Engine 'foo' not found", '#!lua name=a' => 'ERR Invalid library metadata',
        "#!lua name=a-b\nx" => 'ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long',
        "#!lua name=a\n" => 'ERR No functions registered', "#!lua name=a\nx x" => "ERR Error compiling function: user_function:2: '=' expected near 'x'"
      }.each { |code, text| expect(call('FUNCTION', 'LOAD', code)).to eq(error(text)), code }
      expect(call('FUNCTION', 'LIST')).to eq []
      expect(call('FUNCTION', 'LOAD', 'FOO', library)).to eq error('ERR Unknown option given: FOO')
      expect(call('FUNCTION', 'LOAD', 'REPLACE')).to eq error('ERR Missing library metadata')
      expect(call('FUNCTION', 'LOAD')).to eq error("ERR wrong number of arguments for 'function|load' command")
    end

    it 'replace only when told' do
      call('FUNCTION', 'LOAD', simple('a', 'f', 1))
      expect(call('FCALL', 'f', 0)).to eq 1
      expect(other.call('FCALL', 'f', 0)).to eq 1
      expect(call('FUNCTION', 'LOAD', simple('a', 'f', 2))).to eq error("ERR Library 'a' already exists")
      expect(call('FUNCTION', 'LOAD', "#!lua name=a\nx x")).to eq error("ERR Library 'a' already exists")
      expect(call('FUNCTION', 'LOAD', simple('b', 'F'))).to eq error('ERR Function F already exists')
      expect(call('FUNCTION', 'LOAD', 'REPLACE', simple('a', 'f', 2))).to eq 'a'
      expect(call('FCALL', 'f', 0)).to eq 2
      eventually { expect(other.call('FCALL', 'f', 0)).to eq 2 }
      expect(call('FUNCTION', 'LOAD', 'replace', "#!lua name=a\nx x")).to eq error(/\AERR Error compiling function/)
      expect(call('FCALL', 'f', 0)).to eq 2
      expect(call('FUNCTION', 'LOAD', 'REPLACE', simple('a', 'g'))).to eq 'a'
      expect(call('FCALL', 'f', 0)).to eq not_found
    end

    it 'are listed' do
      expect(call('FUNCTION', 'LIST')).to eq []
      call('FUNCTION', 'LOAD', library)
      call('FUNCTION', 'LOAD', simple('other', 'f'))
      list = call('FUNCTION', 'LIST', 'LIBRARYNAME', 'LI*', 'WITHCODE')
      expect(list.size).to eq 1
      expect(list[0].values_at(0..4)).to eq ['library_name', 'lib', 'engine', 'LUA', 'functions']
      expect(list[0][5]).to match_array [['name', 'get', 'description', nil, 'flags', []], ['name', 'set', 'description', nil, 'flags', []],
                                         ['name', 'sum', 'description', 'adds', 'flags', %i[no-writes allow-stale]]]
      expect(list[0][6..]).to eq ['library_code', library]
      expect(call3('FUNCTION', 'LIST', 'libraryname', 'other')).to eq [{ 'library_name' => 'other', 'engine' => 'LUA', 'functions' => [{ 'name' => 'f', 'description' => nil, 'flags' => Set[] }] }]
      expect(call3('FUNCTION', 'LIST', 'LIBRARYNAME', 'lib')[0]['functions'].find { |f| f['name'] == 'sum' }['flags']).to eq Set[:'no-writes', :'allow-stale']
      expect(call('FUNCTION', 'LIST', 'LIBRARYNAME', 'x*')).to eq []
      expect(call('FUNCTION', 'LIST', 'LIBRARYNAME')).to eq error('ERR library name argument was not given')
      expect(call('FUNCTION', 'LIST', 'WITHCODE', 'WITHCODE')).to eq error('ERR Unknown argument WITHCODE')
      expect(call('FUNCTION', 'LIST', 'x')).to eq error('ERR Unknown argument x')
    end

    it 'are counted and deleted' do
      call('FUNCTION', 'LOAD', library)
      expect(call3('FUNCTION', 'STATS')).to eq('running_script' => nil, 'engines' => { 'LUA' => { 'libraries_count' => 1, 'functions_count' => 3 } })
      expect(call('FUNCTION', 'STATS')).to eq ['running_script', nil, 'engines', ['LUA', ['libraries_count', 1, 'functions_count', 3]]]
      expect(call('FUNCTION', 'DELETE', 'nosuch')).to eq error('ERR Library not found')
      expect(call('FUNCTION', 'DELETE', 'LIB')).to eq error('ERR Library not found')
      expect(call('FUNCTION', 'DELETE', 'lib')).to eq :OK
      expect(call('FCALL', 'sum', 0, 1, 2)).to eq not_found
      eventually { expect(other.call('FCALL', 'sum', 0, 1, 2)).to eq not_found }
      call('FUNCTION', 'LOAD', library)
      expect(call('FUNCTION', 'FLUSH', 'x')).to eq error('ERR FUNCTION FLUSH only supports SYNC|ASYNC option')
      expect(call('FUNCTION', 'FLUSH', 'SYNC', 'ASYNC')).to eq error("ERR unknown subcommand or wrong number of arguments for 'FLUSH'. Try FUNCTION HELP.")
      expect(call('FUNCTION', 'flush', 'SYNC', 'ASYNC')).to eq error("ERR unknown subcommand or wrong number of arguments for 'flush'. Try FUNCTION HELP.")
      expect(call('FUNCTION', 'FLUSH', 'ASYNC')).to eq :OK
      expect(call('FUNCTION', 'LIST')).to eq []
    end

    it 'survive DUMP and RESTORE' do
      call('FUNCTION', 'LOAD', library)
      dump = call('FUNCTION', 'DUMP')
      expect(call('FUNCTION', 'RESTORE', dump)).to eq error('ERR Library lib already exists')
      expect(call('FUNCTION', 'RESTORE', dump, 'REPLACE')).to eq :OK
      call('FUNCTION', 'FLUSH')
      expect(call('FUNCTION', 'RESTORE', dump)).to eq :OK
      expect(call('FCALL', 'sum', 0, 1, 2)).to eq 3
      call('FUNCTION', 'FLUSH')
      call('FUNCTION', 'LOAD', simple('b', 'SUM'))
      expect(call('FUNCTION', 'RESTORE', dump)).to eq error(/\AERR Function sum already exists/i)
      expect(call('FUNCTION', 'RESTORE', dump, 'REPLACE')).to eq error(/\AERR Function sum already exists/i)
      expect(call('FUNCTION', 'RESTORE', dump, 'FLUSH')).to eq :OK
      expect(call('FUNCTION', 'LIST').map { |l| l[1] }).to eq ['lib']
      expect(call('FUNCTION', 'RESTORE', dump, 'x')).to eq error('ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.')
      expect(call('FUNCTION', 'RESTORE', dump, 'append', 'x')).to eq error("ERR unknown subcommand or wrong number of arguments for 'RESTORE'. Try FUNCTION HELP.")
      expect(call('FUNCTION', 'RESTORE', 'x')).to eq error('ERR DUMP payload version or checksum are wrong')
      expect(call('FUNCTION', 'RESTORE', dump.b.tap { |d| d.setbyte(5, d.getbyte(5) ^ 1) })).to eq error('ERR DUMP payload version or checksum are wrong')
      call('FUNCTION', 'FLUSH')
      expect(call('FUNCTION', 'DUMP')).to eq "\n\0\x5d\x9b\x5c\x40\x0f\x7f\xa2\xda".b
      expect(call('FUNCTION', 'RESTORE', call('FUNCTION', 'DUMP'))).to eq :OK
    end

    # Made by Redis 7.0 (compressed) and by pgredis (plain): each takes both.
    it 'take each other\'s dumps' do
      code = simple('lib', 'f', 42)
      plain = "\xf5\x40".b + [code.bytesize].pack('C') + code + "\x0a\x00".b
      plain += [crc64(plain)].pack('Q<')
      expect(call('FUNCTION', 'RESTORE', plain)).to eq :OK
      expect(call('FCALL', 'f', 0)).to eq 42
      call('FUNCTION', 'FLUSH')
      compressed = %w[
        f5c3404d407b1f23216c7561206e616d653d6c69620a72656469732e72656769737465725f66750b6e6374696f6e282766272c20e0000d
        14292072657475726e20343220656e6429202d2d2078e026000178780a00c18f51046c3c642e
      ]
      expect(call('FUNCTION', 'RESTORE', [compressed.join].pack('H*'))).to eq :OK
      expect(call('FUNCTION', 'LIST', 'WITHCODE')[0].last).to eq "#{simple('lib', 'f', 42)} -- #{'x' * 50}"
    end

    def crc64(bytes)
      bytes.each_byte.reduce(0) { |crc, byte| 8.times.reduce(crc ^ byte) { |c, _| c.odd? ? (c >> 1) ^ 0x95ac9329ac4bc9b5 : c >> 1 } }
    end
  end

  describe 'MULTI' do
    def transaction(*commands, client: resp2)
      client.pipeline([%w[MULTI], *commands, %w[EXEC]]).last
    end

    it 'runs scripts among other commands' do
      incr = "return redis.call('incr', KEYS[1])"
      expect(transaction(%w[SET n 5], ['EVAL', incr, 1, 'n'], %w[GET n], ['EVAL', 'return {1, {2}}', 0], %w[PING])).to eq [:OK, 6, '6', [1, [2]], :PONG]
      expect(transaction(['EVALSHA', sha(incr), 1, 'n'])).to eq [7]
      expect(transaction(['EVALSHA', 'f' * 40, 0], %w[INCR n])).to eq [no_script, 8]
      expect(transaction(['EVAL', 'x x', 0], ['EVAL', 'return 1', 'x'], %w[INCR n])).to match [error(/Error compiling/), error(/not an integer/), 9]
      expect(transaction(['EVAL', 'return 1', 0])).to eq [1]
      expect(transaction(['EVAL', '#!lua flags=no-writes\nreturn 1', 0], %w[ECHO x], client: resp3).last).to eq 'x'
    end

    it 'keeps what others did when a script or command fails' do
      call('SET', 's', 'x')
      reply = transaction(%w[INCR n], ['EVAL', "redis.call('incr', 'n') return redis.call('lpush', 's', 1)", 0], %w[LPUSH s 1], %w[INCR n])
      expect(reply).to match [1, error(wrong_type), error(/\AWRONGTYPE/), 3]
      expect(call('GET', 'n')).to eq '3'
    end

    it 'loads scripts and libraries' do
      expect(transaction(['SCRIPT', 'LOAD', 'return 8'], ['EVALSHA', sha('return 8'), 0], ['SCRIPT', 'EXISTS', sha('return 8')])).to eq [sha('return 8'), 8, [1]]
      code = "#!lua name=m\nredis.register_function('mf', function() return 5 end)"
      expect(transaction(['FUNCTION', 'LOAD', code], %w[FCALL mf 0], %w[FUNCTION DELETE m], %w[FCALL mf 0])).to match ['m', 5, :OK, error('ERR Function not found')]
      expect(transaction(%w[SCRIPT FLUSH], ['EVALSHA', sha('return 8'), 0])).to eq [:OK, no_script]
    end

    it 'changes databases and protocols' do
      expect(transaction(%w[SELECT 2], ['EVAL', "redis.call('set', 'x', 2) redis.call('select', 0) return redis.call('get', 'x')", 0], %w[GET x], %w[SELECT 0], %w[GET x]))
        .to eq [:OK, nil, '2', :OK, nil]
    end

    it 'looks at what is watched' do
      call('SET', 'w', '1')
      call('WATCH', 'w')
      other.call('SET', 'w', '2')
      expect(transaction(['EVAL', "return redis.call('set', 'w', 3)", 0])).to eq NULL_ARRAY
      expect(call('GET', 'w')).to eq '2'
      call('WATCH', 'w')
      other.call('SET', 'w', '2')
      expect(transaction(['EVAL', 'return 1', 0])).to eq NULL_ARRAY
      call('WATCH', 'w')
      expect(transaction(['EVAL', 'return 1', 0])).to eq [1]
      call('WATCH', 'w')
      expect(transaction(['EVAL', "return redis.call('set', 'w', 3)", 0])).to eq [:OK]
      other.call('SET', 'w', '4')
      expect(transaction(%w[GET w])).to eq ['4']
    end
  end

  # What pgredis has made of earlier runs (docs/architecture.md, foresight) must not show.
  describe 'run again and again' do
    let(:crowd) { Array.new(20) { |i| connect(port: ports[i % ports.size]) } }

    # Every client runs the script with the keys and arguments that the block gives for its number and the round.
    def together(script, rounds = 10)
      Array.new(rounds) do |round|
        crowd.each_with_index do |client, i|
          keys, args = yield(i, round)
          client.write('EVAL', script, keys.size, *keys, *args)
        end
        crowd.map(&:read_reply)
      end
    end

    it 'on one key, one after another' do
      script = "local n = redis.call('INCR', KEYS[1]) redis.call('RPUSH', KEYS[2], n) return {n, redis.call('LLEN', KEYS[2])}"
      replies = together(script) { [%w[n list], []] }.flatten(1)
      expect(replies.sort).to eq((1..200).map { |n| [n, n] })
      expect(call('LRANGE', 'list', 0, -1).map(&:to_i)).to eq((1..200).to_a)
    end

    it 'on keys that some of them share' do
      script = "redis.call('INCR', KEYS[1]) redis.call('INCR', KEYS[2]) return {redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])}"
      together(script) { |i, round| [["k#{i % 4}", "k#{4 + ((i + round) % 5)}"], []] }
      expect(Array.new(4) { |i| call('GET', "k#{i}") }).to all(eq '50')
      expect(Array.new(5) { |i| call('GET', "k#{4 + i}") }).to all(eq '40')
    end

    it 'with another outcome from some time on' do
      script = "local n = redis.call('INCR', KEYS[1]) if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return n"
      expect(together(script, 3) { |i, round| [["first:#{i}:#{round}"], [100_000]] }.flatten).to all(eq 1)
      expect(together(script, 5) { |i, _| [["k#{i}"], [100_000]] }.map(&:uniq)).to eq [[1], [2], [3], [4], [5]]
      expect(call('PTTL', 'k3')).to be_between(1, 100_000)
      call('SET', 'plain', 7)
      expect(together(script, 2) { [['plain'], [100_000]] }.flatten.sort).to eq((8..47).to_a)
      expect(call('PTTL', 'plain')).to eq(-1)
    end

    it 'that end early, or late' do
      script = "redis.call('INCR', KEYS[1]) if ARGV[1] == 'one' then return 1 end redis.call('INCR', KEYS[2]) " \
               "if ARGV[1] == 'two' then return 2 end redis.call('INCR', KEYS[3]) return 3"
      expect(together(script, 3) { [%w[a b c], ['two']] }.flatten).to all(eq 2)
      expect(call('MGET', 'a', 'b', 'c')).to eq ['60', '60', nil]
      expect(together(script, 2) { |i, _| [%w[a b c], [i.even? ? 'one' : 'two']] }).to all(eq [1, 2] * 10)
      expect(call('MGET', 'a', 'b', 'c')).to eq ['100', '80', nil]
      expect(together(script, 2) { |i, _| [%w[a b c], [i.even? ? 'three' : 'one']] }).to all(eq [3, 1] * 10)
      expect(call('MGET', 'a', 'b', 'c')).to eq %w[140 100 20]
    end

    it 'that go on after what was the end so far' do
      script = "redis.call('INCR', KEYS[1]) if ARGV[1] == 'more' then return {redis.call('INCR', KEYS[1]), redis.call('INCR', KEYS[1])} end return 0"
      together(script, 3) { [['n'], ['no']] }
      replies = together(script, 2) { |i, _| [['n'], [i == 4 ? 'more' : 'no']] }
      expect(replies.map { |round| round[4].then { |a, b| b - a } }).to eq [1, 1]
      expect(call('GET', 'n')).to eq '104'
    end

    it 'with arguments that were equal to something else so far' do
      script = "redis.call('INCRBY', KEYS[1], '1') return redis.call('INCRBY', KEYS[1], ARGV[1])"
      together(script, 2) { [['n'], ['1']] }
      expect(call('GET', 'n')).to eq '80'
      together(script, 2) { [['n'], ['3']] }
      expect(call('GET', 'n')).to eq '240'
      by_text = "return redis.call('APPEND', KEYS[1], ARGV[1] .. '!')"
      together(by_text, 3) { |i, _| [['text'], [i.to_s]] }
      expect(call('GET', 'text').split('!').map(&:to_i).sort).to eq((0..19).flat_map { |i| [i] * 3 })
    end

    it 'with calls that fail for some keys' do
      script = "if redis.call('TYPE', KEYS[1]).ok == 'list' then return redis.call('LLEN', KEYS[1]) end return redis.call('STRLEN', KEYS[1])"
      call('RPUSH', 'list', 1, 2, 3)
      call('SET', 'string', 'four')
      expect(together(script, 3) { [['list'], []] }.flatten).to all(eq 3)
      expect(together(script, 5) { |i, _| [[i.even? ? 'list' : 'string'], []] }).to all(eq [3, 4] * 10)
      push = "redis.call('INCR', KEYS[1]) return redis.pcall('RPUSH', KEYS[2], 'x')"
      expect(together(push, 3) { |i, _| [["n#{i}", "l#{i}"], []] }.map(&:uniq)).to eq [[1], [2], [3]]
      expect(together(push, 2) { |i, _| [["n#{i}", i == 7 ? 'string' : "l#{i}"], []] }.map { |replies| replies.grep_v(Integer).size }).to eq [1, 1]
      expect(Array.new(20) { |i| call('GET', "n#{i}") }).to all(eq '5')
    end

    it 'that read only, with replies in both protocols' do
      call('HSET', 'h', 'f', 'v')
      call('ZADD', 'z', 1.5, 'm')
      script = "local two = redis.call('HGETALL', KEYS[1]) redis.setresp(3) local three = redis.call('HGETALL', KEYS[1]) " \
               "return {two, three.map.f, tostring(redis.call('ZSCORE', KEYS[2], ARGV[1]).double)}"
      expect(together(script, 3) { [%w[h z], ['m']] }.flatten(1)).to all(eq [%w[f v], 'v', '1.5'])
    end

    it 'of one client alone' do
      script = "local n = redis.call('INCR', KEYS[1]) if n > tonumber(ARGV[1]) then redis.call('SET', KEYS[1], 0) end return n"
      expect(Array.new(30) { eval2(script, ['n'], [20]) }).to eq [*1..21, *1..9]
    end
  end

  describe 'others' do
    it 'see all of a script or nothing' do
      call('MSET', 'a', '0', 'b', '0')
      writers = Array.new(3) { |i| connect(port: ports[i % ports.size]) }
      script = "redis.call('incr', KEYS[1]) for i = 1, 5 do redis.call('get', KEYS[1]) end redis.call('incr', KEYS[2])"
      writers.each { |w| 20.times { w.write('EVAL', script, 2, 'a', 'b') } }
      50.times { expect(call('MGET', 'a', 'b').uniq.size).to eq 1 }
      writers.each { |w| 20.times { w.read_reply } }
      expect(call('MGET', 'a', 'b')).to eq %w[60 60]
    end

    it 'lose no update, declared or not' do
      script = "local n = tonumber(redis.call('get', ARGV[1]) or 0) redis.call('set', ARGV[1], n + 1) return n"
      counters = Array.new(6) { |i| connect(port: ports[i % ports.size]) }
      counters.each { |c| 30.times { c.write('EVAL', script, 0, 'n') } }
      expect(counters.flat_map { |c| Array.new(30) { c.read_reply } }.sort).to eq((0...180).to_a)
      script = script.gsub('ARGV', 'KEYS')
      counters.each { |c| 30.times { c.write('EVAL', script, 1, 'm') } }
      expect(counters.flat_map { |c| Array.new(30) { c.read_reply } }.sort).to eq((0...180).to_a)
    end

    it 'get no deadlock from keys in any order' do
      script = "redis.call('incr', ARGV[1]) for i = 1, 3 do redis.call('get', ARGV[1]) end redis.call('incr', ARGV[2]) return 1"
      clients = Array.new(6) { |i| connect(port: ports[i % ports.size]) }
      clients.each_with_index { |c, i| 10.times { c.write('EVAL', script, 0, *(i.even? ? %w[x y] : %w[y x])) } }
      expect(clients.flat_map { |c| Array.new(10) { c.read_reply(timeout: 60) } }).to all eq 1
      expect(call('MGET', 'x', 'y')).to eq %w[60 60]
    end

    it 'are served while a script computes', pgredis_only: 'Redis serves nobody' do
      busy = connect
      busy.write('EVAL', "redis.call('set', KEYS[1], 1) local n = 0 while redis.call('ping') and n < 3000000 do n = n + 1 end return redis.call('get', KEYS[1])", 1, 'held')
      eventually { expect(busy.readable? ? 1 : 0).to eq 0 }
      10.times { |i| expect(call('SET', "free#{i}", i)).to eq :OK }
      expect(call('EVAL', "return redis.call('incr', 'other')", 0)).to be >= 1
      expect(busy.readable?).to be false
      busy.close
      clients.delete(busy)
      eventually(timeout: 30) { expect(call('GET', 'held')).to eq '1' }
    end

    it 'wait only for a script\'s keys', pgredis_only: 'Redis serves nobody' do
      call('CONFIG', 'SET', 'busy-reply-threshold', 0)
      busy = connect
      busy.write('EVAL', "redis.call('get', KEYS[1]) while true do end", 1, 'held')
      eventually { expect(sql("SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'pgredis script%' AND state = 'idle in transaction'").size).to eq 1 }
      waiting = Array.new(8) { connect }
      waiting.each { |c| c.write('EVAL', "return redis.call('incr', KEYS[1])", 1, 'held') }
      waiting.each { |c| expect(c.readable?).to be false }
      expect(call('EVAL', "return redis.call('incr', KEYS[1])", 1, 'unheld')).to eq 1
      eventually { expect(call('SCRIPT', 'KILL')).to eq :OK }
      expect(busy.read_reply).to eq error(/Script killed by user with SCRIPT KILL/)
      expect(waiting.map(&:read_reply).sort).to eq((1..8).to_a)
    ensure
      call('CONFIG', 'SET', 'busy-reply-threshold', 5000)
    end

    it 'are woken by what a script pushes' do
      skip 'BLPOP is not here yet' if call('COMMAND', 'INFO', 'blpop').then { |r| r[0].nil? || r == [NULL_ARRAY] }
      blocked = connect
      blocked.write('BLPOP', 'queue', 5)
      eventually { expect(call('CLIENT', 'LIST')).to match(/cmd=blpop/) }
      eval2("redis.call('rpush', KEYS[1], 'job') return 1", ['queue'])
      expect(blocked.read_reply).to eq %w[queue job]
    end
  end

  describe 'KILL' do
    after { call('CONFIG', 'SET', 'busy-reply-threshold', 5000) }

    it 'finds nothing to kill' do
      expect(call('SCRIPT', 'KILL')).to eq error('NOTBUSY No scripts in execution right now.')
      expect(call('FUNCTION', 'KILL')).to eq error('NOTBUSY No scripts in execution right now.')
    end

    it 'ends a script that has not written' do
      call('CONFIG', 'SET', 'busy-reply-threshold', 1)
      busy = connect
      busy.write('EVAL', "redis.call('get', 'x') while true do end", 0)
      eventually { expect(call('SCRIPT', 'KILL')).to eq :OK }
      expect(busy.read_reply).to eq at('ERR Script killed by user with SCRIPT KILL...')
      eventually { expect(call('SCRIPT', 'KILL')).to eq error('NOTBUSY No scripts in execution right now.') }
      expect(busy.call('PING')).to eq :PONG
    end

    it 'ends one that catches errors' do
      call('CONFIG', 'SET', 'lua-time-limit', 1)
      busy = connect
      busy.write('EVAL', 'while true do pcall(function() while true do end end) end', 0)
      eventually { expect(call('SCRIPT', 'KILL')).to eq :OK }
      expect(busy.read_reply).to eq error(/Script killed by user with SCRIPT KILL/)
    end

    it 'ends one that searches for a pattern, while others go on', pgredis_only: 'Redis serves nobody, not even SCRIPT KILL' do
      call('CONFIG', 'SET', 'busy-reply-threshold', 1)
      ["return string.find(string.rep('a', 30000), string.rep('a?', 3000) .. 'b')",
       "return pcall(string.gsub, string.rep('a', 30000), '.-.-.-b', function() end)",
       "for x in string.gmatch(string.rep('a', 30000), '(.-).-.-%1b') do end"].each do |script|
        busy = connect
        busy.write('EVAL', script, 0)
        expect(call('SET', 'k', 'v')).to eq :OK
        expect(eval2("return redis.call('get', KEYS[1])", ['k'])).to eq 'v'
        expect(busy.readable?).to be false
        eventually { expect(call('SCRIPT', 'KILL')).to eq :OK }
        expect(busy.read_reply).to eq error(/\AERR Script killed by user with SCRIPT KILL\.\.\. script: \h+, on @user_script:1\.\z/)
      end
    end

    it 'does not end one that has written' do
      call('CONFIG', 'SET', 'busy-reply-threshold', 1)
      busy = connect
      busy.write('EVAL', "redis.call('set', KEYS[1], 1) local t = redis.call('time')[1] while redis.call('time')[1] - t < 3 and redis.call('get', 'stop') == false do local n = 0 for i = 1, 1e7 do n = n + i end end return 7", 1, 'k') if target == :pgredis
      busy.write('EVAL', "redis.call('set', KEYS[1], 1) for i = 1, 6e7 do local n = i end return 7", 1, 'k') if target == :redis
      eventually { expect(call('SCRIPT', 'KILL')).to eq error(/\AUNKILLABLE Sorry the script already executed write commands against the dataset\. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command\.\z/) }
      expect(busy.read_reply(timeout: 60)).to eq 7
      expect(call('GET', 'k')).to eq '1'
    end

    it 'ends one that waits for a key', pgredis_only: 'nobody waits in Redis' do
      database = connect_sql
      database.exec('BEGIN')
      run_sql(database, 'SELECT redis_set($1, $2)', 'held'.b, 'x'.b)
      call('CONFIG', 'SET', 'busy-reply-threshold', 1)
      busy = connect
      busy.write('EVAL', "return redis.call('get', KEYS[1])", 1, 'held')
      eventually { expect(call('SCRIPT', 'KILL')).to eq :OK }
      expect(busy.read_reply).to eq at('ERR Script killed by user with SCRIPT KILL...')
      busy.write('EVAL', "return redis.call('set', KEYS[1], 2)", 1, 'held')
      eventually { expect(call('SCRIPT', 'KILL')).to eq error(/\AUNKILLABLE /) }
      database.exec('COMMIT')
      expect(busy.read_reply).to eq :OK
    end

    it 'is FUNCTION KILL for functions' do
      call('FUNCTION', 'LOAD', "#!lua name=l\nredis.register_function('forever', function() while true do end end)")
      call('CONFIG', 'SET', 'busy-reply-threshold', 1)
      busy = connect
      busy.write('FCALL', 'forever', 0, 'arg')
      eventually { expect(call('SCRIPT', 'KILL')).to eq error('BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.') }
      stats = call3('FUNCTION', 'STATS')['running_script']
      expect(stats).to include('name' => 'forever', 'command' => %w[FCALL forever 0 arg])
      expect(stats['duration_ms']).to be >= 1
      expect(call('FUNCTION', 'KILL')).to eq :OK
      expect(busy.read_reply).to eq error(/\AERR Script killed by user with SCRIPT KILL\.\.\. script: forever, on @user_function:2\.\z/)
    end
  end

  describe 'Postgres', pgredis_only: 'it is about Postgres' do
    it 'takes part through SQL' do
      sql('SELECT redis_script_load($1)', 'return 99'.b)
      expect(call('EVALSHA', sha('return 99'), 0)).to eq 99
      expect(sql('SELECT redis_script_exists($1) AS known', sha('return 99'))[0]['known']).to eq [1]
      call('EVAL', 'return 98', 0)
      expect(sql('SELECT convert_from(body, \'UTF8\') AS body FROM redis.scripts WHERE sha = $1', sha('return 98'))[0]['body']).to eq 'return 98'
      sql('SELECT redis_script_flush()')
      eventually { expect(call('EVALSHA', sha('return 99'), 0)).to eq no_script }
      call('FUNCTION', 'LOAD', "#!lua name=s\nredis.register_function('sf', function() return 1 end)")
      expect(call('FCALL', 'sf', 0)).to eq 1
      expect(sql('SELECT library_name, functions FROM redis_function_list()')).to eq [{ 'library_name' => 's', 'functions' => ['sf'] }]
      sql("SELECT redis_function_delete('s')")
      eventually { expect(call('FCALL', 'sf', 0)).to eq error('ERR Function not found') }
    end

    it 'sees nothing of a script before its end, and nothing of one whose backend was ended' do
      busy = connect
      busy.write('EVAL', "redis.call('incr', KEYS[1]) local n = 0 for i = 1, 300 do n = n + redis.call('llen', KEYS[1] .. 'l') end return redis.call('incr', KEYS[1])", 1, 'k')
      killed = 0
      until busy.readable?
        killed += sql("SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity WHERE application_name LIKE 'pgredis script%' AND state <> 'idle' AND random() < 0.2")[0]['n']
        expect(call('GET', 'k')).to eq(nil).or eq('2')
        break if killed > 3
      end
      expect(busy.read_reply(timeout: 30)).to eq(2).or eq(error(/may or may not/))
      expect(call('GET', 'k')).to eq '2'
    end

    it 'holds up no script that shares a transaction with one that waits' do
      script = "redis.call('incr', KEYS[1]) return redis.call('get', KEYS[1])"
      3.times { eval2(script, ['warm']) }
      database = connect_sql
      database.exec('BEGIN')
      run_sql(database, 'SELECT redis_set($1, $2)', 'locked'.b, 'x'.b)
      waiting = connect
      waiting.write('EVAL', script, 1, 'locked')
      20.times { |i| expect(eval2(script, ["free#{i}"])).to eq '1' }
      expect(waiting.readable?).to be false
      run_sql(database, 'SELECT redis_set($1, $2)', 'locked'.b, '41'.b)
      database.exec('COMMIT')
      expect(waiting.read_reply).to eq '42'
    end

    it 'is not needed by a script without calls' do
      expect(eval2('return 5')).to eq 5
      count = -> { sql("SELECT xact_commit + xact_rollback AS n FROM pg_stat_database WHERE datname = current_database()")[0]['n'] }
      expect(count.call).to be > 0
      cluster = PrivateCluster.new.start
      proxy = cluster.proxy('--postgres-wait', '1')
      client = RespClient.new(proxy.port)
      expect(client.call('EVAL', 'return 5', 0)).to eq 5
      cluster.kill
      expect(client.call('EVAL', 'return 5', 0)).to eq 5
      expect(client.call('EVAL', "return redis.call('get', 'x')", 0)).to eq error('ERR Postgres is not available; try again later')
      cluster.start
      eventually(timeout: 20) { expect(client.call('EVAL', "return redis.call('incr', 'x')", 0)).to eq 1 }
      client.close
      proxy.stop
      cluster.close
    end

    it 'makes no more connections than it may' do
      cluster = PrivateCluster.new.start
      proxy = cluster.proxy('--script-connections', '2')
      clients = Array.new(12) { RespClient.new(proxy.port) }
      clients.each_with_index { |c, i| c.write('EVAL', "redis.call('incr', KEYS[1]) for i = 1, 20 do redis.call('get', ARGV[1]) end return 1", 1, "k#{i}", "undeclared#{i}") }
      expect(clients.map(&:read_reply)).to all eq 1
      expect(Integer(cluster.sql("SELECT count(*) AS n FROM pg_stat_activity WHERE application_name LIKE 'pgredis script%'")[0]['n'])).to be_between(1, 2)
      clients.each(&:close)
      proxy.stop
      cluster.close
    end
  end
end
