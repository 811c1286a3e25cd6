require 'timeout'

RSpec.describe 'connections' do
  # Each of these commands, on a fresh connection, answers with this error.
  def self.errors(table)
    table.each do |command, text|
      it("#{command.join(' ')}: #{text}") { expect(call(*command)).to eq error(text) }
    end
  end

  def info_of(client)
    text = client.call('CLIENT', 'INFO')
    text.chomp.split.to_h { |field| field.split('=', 2) }
  end

  # Sends bytes on a connection of its own, and answers with that connection.
  def raw(bytes)
    client = connect
    client.send_raw(bytes)
    client
  end

  describe 'PING, ECHO' do
    it 'answers' do
      expect(call('PING')).to eq :PONG
      expect(call('ping', "a\r\n\0")).to eq "a\r\n\0"
      expect(call('ECHO', "\xff\x00".b)).to eq "\xff\x00".b
      expect(call3('PING')).to eq :PONG
      expect(call3('PING', '')).to eq ''
    end

    errors %w[PING a b] => "ERR wrong number of arguments for 'ping' command",
           %w[ECHO] => "ERR wrong number of arguments for 'echo' command",
           %w[ECHO a b] => "ERR wrong number of arguments for 'echo' command"
  end

  describe 'HELLO' do
    it 'tells about the server, and switches the protocol' do
      reply = call('HELLO', 2)
      expect(reply.each_slice(2).map(&:first)).to eq %w[server version proto id mode role modules]
      expect(reply.each_slice(2).to_h)
        .to include('server' => 'redis', 'version' => /\A7\.\d+\.\d+\z/, 'proto' => 2, 'id' => call('CLIENT', 'ID'),
                    'mode' => 'standalone', 'role' => 'master', 'modules' => [])
      expect(call('HELLO')).to eq reply

      expect(call('HELLO', 3)).to eq reply.each_slice(2).to_h.merge('proto' => 3)
      expect(call('GET', 'absent')).to be_nil
      expect(call('HELLO')).to include('proto' => 3)
      expect(call('HELLO', '2')).to eq reply
    end

    it 'takes SETNAME and AUTH' do
      expect(call('HELLO', 3, 'AUTH', 'default', 'any', 'SETNAME', 'joe')).to include('proto' => 3)
      expect(call('CLIENT', 'GETNAME')).to eq 'joe'
    end

    it 'keeps the protocol when it fails' do
      expect(call('HELLO', 3, 'FOO')).to eq error("ERR Syntax error in HELLO option 'FOO'")
      expect(info_of(resp2)).to include('resp' => '2')
    end

    errors %w[HELLO 1] => 'NOPROTO unsupported protocol version',
           %w[HELLO 4] => 'NOPROTO unsupported protocol version',
           %w[HELLO a] => 'ERR Protocol version is not an integer or out of range',
           %w[HELLO 3 foo] => "ERR Syntax error in HELLO option 'foo'",
           %w[HELLO 2 SETNAME] => "ERR Syntax error in HELLO option 'SETNAME'",
           %w[HELLO 2 AUTH default] => "ERR Syntax error in HELLO option 'AUTH'",
           %w[HELLO 2 AUTH nobody x] => 'WRONGPASS invalid username-password pair or user is disabled.',
           ['HELLO', 2, 'SETNAME', 'a b'] => 'ERR Client names cannot contain spaces, newlines or special characters.'
  end

  describe 'AUTH without a password' do
    it('accepts the default user') { expect(call('AUTH', 'default', 'any')).to eq :OK }

    errors %w[AUTH] => "ERR wrong number of arguments for 'auth' command",
           %w[AUTH x] => 'ERR AUTH <password> called without any password configured for the default user. ' \
                         'Are you sure your configuration is correct?',
           %w[AUTH nobody x] => 'WRONGPASS invalid username-password pair or user is disabled.',
           %w[AUTH a b c] => 'ERR syntax error'
  end

  describe 'SELECT' do
    it 'keeps databases apart, for this connection only' do
      expect(call('SET', 'k', 'in 0')).to eq :OK
      expect(call('SELECT', 15)).to eq :OK
      expect(call('GET', 'k')).to be_nil
      expect(call('SET', 'k', 'in 15')).to eq :OK
      expect(call3('GET', 'k')).to eq 'in 0'
      expect(call('SELECT', 0)).to eq :OK
      expect(call('GET', 'k')).to eq 'in 0'
    end

    it 'counts within a pipeline' do
      expect(resp2.pipeline([%w[SELECT 1], %w[SET k one], %w[SELECT 2], %w[GET k], %w[SELECT 1], %w[GET k]]))
        .to eq [:OK, :OK, :OK, nil, :OK, 'one']
    end

    errors %w[SELECT 99999999999] => 'ERR value is out of range, value must between -2147483648 and 2147483647',
           %w[SELECT 16] => 'ERR DB index is out of range',
           %w[SELECT -1] => 'ERR DB index is out of range',
           %w[SELECT a] => 'ERR value is not an integer or out of range',
           %w[SELECT 99999999999999999999] => 'ERR value is not an integer or out of range',
           %w[SELECT] => "ERR wrong number of arguments for 'select' command",
           %w[SELECT 1 2] => "ERR wrong number of arguments for 'select' command"
  end

  describe 'unknown commands and wrong numbers of arguments' do
    errors %w[foo] => "ERR unknown command 'foo', with args beginning with: ",
           %w[foo bar] => "ERR unknown command 'foo', with args beginning with: 'bar' ",
           ['Foo', "b'a\"r", 'b z'] => "ERR unknown command 'Foo', with args beginning with: 'b'a\"r' 'b z' ",
           ['foo', "a\r\nb"] => "ERR unknown command 'foo', with args beginning with: 'a  b' ",
           [''] => "ERR unknown command '', with args beginning with: ",
           ['x' * 200] => "ERR unknown command '#{'x' * 128}', with args beginning with: ",
           ['foo', 'x' * 200, 'y'] => "ERR unknown command 'foo', with args beginning with: '#{'x' * 128}' ",
           %w[GET] => "ERR wrong number of arguments for 'get' command",
           %w[get a b] => "ERR wrong number of arguments for 'get' command",
           %w[SET a] => "ERR wrong number of arguments for 'set' command",
           %w[OBJECT] => "ERR wrong number of arguments for 'object' command",
           %w[object foo] => "ERR unknown subcommand 'foo'. Try OBJECT HELP.",
           %w[OBJECT FOO bar] => "ERR unknown subcommand 'FOO'. Try OBJECT HELP.",
           %w[OBJECT ENCODING] => "ERR wrong number of arguments for 'object|encoding' command",
           %w[CONFIG GET] => "ERR wrong number of arguments for 'config|get' command"
  end

  describe 'the protocol' do
    it 'answers all of a pipeline, however large the replies' do
      call('RPUSH', 'l', *Array.new(500, 'x' * 20))
      [300, 3000].each { |count| expect(resp2.pipeline(Array.new(count) { %w[LRANGE l 0 499] }).map(&:size)).to eq [500] * count }
    end

    # As blocking clients do; the server must not wait for them to read before they have sent all.
    it 'reads on while nobody reads its replies' do
      value = 'x' * 100_000
      resp2.pipeline([['SET', 'k', value]])
      request = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*2\r\n$4\r\nECHO\r\n$10000\r\n#{'y' * 10_000}\r\n"
      client = connect
      ::Timeout.timeout(60) { 1500.times { client.send_raw(request) } }
      1500.times { expect([client.read_reply, client.read_reply].map(&:size)).to eq [100_000, 10_000] }
    end

    it 'keeps the order of a pipeline, whatever the commands' do
      commands = (1..500).flat_map { |i| [['SET', 'k', i], %w[GET k], %w[INCR n], ['ECHO', i], %w[FOO], %w[SET k]] }
      expected = (1..500).flat_map do |i|
        [:OK, i.to_s, i, i.to_s, error(/unknown command 'FOO'/), error("ERR wrong number of arguments for 'set' command")]
      end
      expect(resp2.pipeline(commands)).to eq expected
    end

    it 'takes requests in any pieces' do
      client = connect
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n".each_char { |byte| client.send_raw(byte) }
      expect([client.read_reply, client.read_reply]).to eq [:OK, "a\r\nb"]
    end

    it 'carries every byte, and long values' do
      bytes = (0..255).to_a.pack('C*')
      expect(call('SET', bytes, bytes * 8192)).to eq :OK
      expect(call('GET', bytes) == bytes * 8192).to be true
      expect(call3('GET', bytes) == bytes * 8192).to be true
    end

    it 'takes inline commands' do
      client = raw("SET k  'it\\'s' \r\nget k\nECHO \"\\x41\\n\\\"\"\r\n\r\n  \r\nPING\r\n")
      expect(Array.new(4) { client.read_reply }).to eq [:OK, "it's", "A\n\"", :PONG]
    end

    it 'passes over empty requests' do
      expect(raw("*0\r\n*-5\r\n\r\nPING\r\n").read_reply).to eq :PONG
    end

    {
      "*1\r\n:5\r\n" => "ERR Protocol error: expected '$', got ':'",
      "*abc\r\n" => 'ERR Protocol error: invalid multibulk length',
      "*2147483648\r\n" => 'ERR Protocol error: invalid multibulk length',
      "*1\r\n$-1\r\n" => 'ERR Protocol error: invalid bulk length',
      "*1\r\n$abc\r\n" => 'ERR Protocol error: invalid bulk length',
      "*1\r\n$536870913\r\n" => 'ERR Protocol error: invalid bulk length',
      "*#{'1' * 70_000}" => 'ERR Protocol error: too big mbulk count string',
      "*1\r\n$#{'1' * 70_000}" => 'ERR Protocol error: too big bulk count string',
      'a' * 70_000 => 'ERR Protocol error: too big inline request',
      "PING \"abc\r\n" => 'ERR Protocol error: unbalanced quotes in request',
      "PING \"a\"b\r\n" => 'ERR Protocol error: unbalanced quotes in request'
    }.each do |bytes, text|
      it "answers #{bytes[0, 30].inspect} with an error and closes" do
        client = raw(bytes)
        expect(client.read_reply).to eq error(text)
        expect(client).to be_closed
      end
    end

    it 'answers what came before a protocol error' do
      client = raw("*1\r\n$4\r\nPING\r\n*1\r\n!\r\n")
      expect([client.read_reply, client.read_reply]).to eq [:PONG, error("ERR Protocol error: expected '$', got '!'")]
      expect(client).to be_closed
    end

    it 'hangs up on HTTP, without executing what follows' do
      ["POST / HTTP/1.1\r\nSET k v\r\n", "Host: x\r\nSET k v\r\n"].each { |bytes| expect(raw(bytes)).to be_closed }
      expect(call('GET', 'k')).to be_nil
    end
  end

  describe 'QUIT, RESET' do
    it 'closes after the reply, executing nothing more' do
      client = raw("*1\r\n$4\r\nQUIT\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n")
      expect(client.read_reply).to eq :OK
      expect(client).to be_closed
      expect(call('GET', 'k')).to be_nil
    end

    it 'makes the connection as new' do
      client = connect(resp: 3)
      expect(client.pipeline([%w[SELECT 3], %w[CLIENT SETNAME joe]])).to eq %i[OK OK]
      expect(client.call('RESET')).to eq :RESET
      expect(info_of(client)).to include('db' => '0', 'name' => '', 'flags' => 'N')
      expect(client.call('HELLO').each_slice(2).to_h).to include('proto' => 2)
    end

    errors %w[RESET x] => "ERR wrong number of arguments for 'reset' command"
  end

  describe 'CLIENT' do
    it 'has ids that grow, and are unique over all proxies' do
      ids = [ports.first, ports.last].map { |port| Array.new(3) { connect(port: port).call('CLIENT', 'ID') } }
      expect(ids.flatten).to all be_an(Integer)
      expect(ids).to eq ids.map(&:sort)
      expect(ids.flatten.uniq).to eq ids.flatten
    end

    it 'has names' do
      expect(call('CLIENT', 'GETNAME')).to be_nil
      expect(call('CLIENT', 'SETNAME', 'joe')).to eq :OK
      expect(call('CLIENT', 'GETNAME')).to eq 'joe'
      expect(call('CLIENT', 'SETNAME', '')).to eq :OK
      expect(call('CLIENT', 'GETNAME')).to be_nil
    end

    it 'knows the libraries', pgredis_only: 'new in Redis 7.2' do
      expect(call('CLIENT', 'SETINFO', 'LIB-NAME', 'our-rb')).to eq :OK
      expect(call('CLIENT', 'SETINFO', 'lib-ver', '1.2')).to eq :OK
      expect(info_of(resp2)).to include('lib-name' => 'our-rb', 'lib-ver' => '1.2')
      expect(call('CLIENT', 'SETINFO', 'foo', 'x')).to eq error("ERR Unrecognized option 'foo'")
      expect(call('CLIENT', 'SETINFO', 'lib-name', 'a b'))
        .to eq error('ERR lib-name cannot contain spaces, newlines or special characters.')
    end

    it 'describes itself' do
      expect(resp3.pipeline([%w[CLIENT SETNAME joe], %w[SELECT 2]])).to eq %i[OK OK]
      info = call3('CLIENT', 'INFO')
      expect(info).to be_a Verbatim
      fields = info.text.chomp.split.to_h { |field| field.split('=', 2) }
      expect(fields).to include('id' => call3('CLIENT', 'ID').to_s, 'addr' => /\A127\.0\.0\.1:\d+\z/,
                                'laddr' => "127.0.0.1:#{resp3.port}", 'name' => 'joe', 'db' => '2', 'flags' => 'N', 'sub' => '0',
                                'psub' => '0', 'multi' => '-1', 'cmd' => 'client|info', 'user' => 'default', 'resp' => '3')
      expect(fields.keys.first(8)).to eq %w[id addr laddr fd name age idle flags]
    end

    it 'lists all, by type and by id' do
      ids = [resp2, connect].map { |client| client.call('CLIENT', 'ID') }
      listed = ->(*options) { call('CLIENT', 'LIST', *options).lines.map { |line| line[/\Aid=(\d+) /, 1].to_i } }
      expect(listed.call).to include(*ids)
      expect(listed.call('TYPE', 'normal')).to include(*ids)
      expect(listed.call('TYPE', 'pubsub')).to eq []
      expect(listed.call('ID', *ids)).to match_array ids
      expect(listed.call('ID', ids.last)).to eq [ids.last]
      expect(listed.call('ID', 0, -1)).to eq []
      expect(call3('CLIENT', 'LIST')).to be_a Verbatim
    end

    it 'kills by id, by address and by type' do
      others = Array.new(3) { connect }
      expect(call('CLIENT', 'KILL', 'ID', others[0].call('CLIENT', 'ID'))).to eq 1
      expect(others[0]).to be_closed
      expect(call('CLIENT', 'KILL', info_of(others[1])['addr'])).to eq :OK
      expect(others[1]).to be_closed
      expect(call('CLIENT', 'KILL', 'ADDR', info_of(others[2])['addr'], 'TYPE', 'normal', 'USER', 'default')).to eq 1
      expect(others[2]).to be_closed
    end

    it 'spares the caller unless told not to' do
      other = connect
      id = call('CLIENT', 'ID')
      expect(call('CLIENT', 'KILL', 'ID', id)).to eq 0
      expect(other.call('CLIENT', 'KILL', 'ADDR', '1.2.3.4:5', 'ID', id)).to eq 0
      expect(call('CLIENT', 'KILL', 'ID', id, 'SKIPME', 'no')).to eq 1
      expect(resp2).to be_closed
      expect(other.call('CLIENT', 'KILL', 'LADDR', info_of(other)['laddr'], 'SKIPME', 'yes')).to be >= 0
      expect(other.call('PING')).to eq :PONG
    end

    it 'keeps silent when told to' do
      client = connect
      [%w[CLIENT REPLY SKIP], %w[PING lost], %w[PING a]].each { |command| client.write(*command) }
      expect(client.read_reply).to eq 'a'
      [%w[CLIENT REPLY OFF], %w[PING lost], %w[SET k v], %w[FOO], %w[CLIENT REPLY ON]].each { |command| client.write(*command) }
      expect(client.read_reply).to eq :OK
      expect(client.call('GET', 'k')).to eq 'v'
    end

    it 'pauses writes, not reads' do
      expect(call('CLIENT', 'PAUSE', 60_000, 'WRITE')).to eq :OK
      writer = connect
      writer.write('SET', 'k', 'v')
      expect(connect.call('GET', 'k')).to be_nil
      expect(writer).not_to be_readable(within: 0.05)
      expect(call('CLIENT', 'UNPAUSE')).to eq :OK
      expect(writer.read_reply).to eq :OK
    end

    it 'pauses what may write, whatever it is called' do
      blocked = -> { call('INFO', 'clients')[/blocked_clients:(\d+)/, 1].to_i }
      call('FUNCTION', 'LOAD', 'REPLACE', "#!lua name=pausing\nredis.register_function{function_name='reading', callback=function() return 1 end, flags={'no-writes'}}")
      sha = call('SCRIPT', 'LOAD', "#!lua flags=no-writes\nreturn 2")
      expect(call('FCALL', 'reading', 0)).to eq 1
      expect(call('EVALSHA', sha, 0)).to eq 2
      begun = connect
      begun.pipeline([%w[MULTI], %w[INCR n]])
      read_only = connect
      read_only.pipeline([%w[MULTI], %w[GET n]])
      expect(call('CLIENT', 'PAUSE', 60_000, 'WRITE')).to eq :OK
      free = connect
      expect(free.call('FCALL', 'reading', 0)).to eq 1
      expect(free.call('EVALSHA', sha, 0)).to eq 2
      expect(free.call('EVAL', "#!lua flags=no-writes\nreturn 3", 0)).to eq 3
      expect(free.call('EVAL_RO', 'return 4', 0)).to eq 4
      expect(read_only.call('EXEC')).to eq [nil]
      expect(free.call('SET', 'k')).to eq error("ERR wrong number of arguments for 'set' command")
      held = [%w[PUBLISH c m], ['EVAL', 'return 5', 0], ['EVAL', "#!lua\nreturn 6", 0]].map { |command| connect.tap { |client| client.write(*command) } }
      begun.write('EXEC')
      eventually { expect(blocked.call).to eq 4 }
      expect(free.call('CLIENT', 'LIST').scan(/ flags=x?b /).size).to eq 4
      held.each { |client| expect(client).not_to be_readable(within: 0.01) }
      expect(call('CLIENT', 'UNPAUSE')).to eq :OK
      expect(held.map(&:read_reply)).to eq [0, 5, 6]
      expect(begun.read_reply).to eq [1]
      expect(blocked.call).to eq 0
    ensure
      call('CLIENT', 'UNPAUSE')
      call('FUNCTION', 'FLUSH')
    end

    it 'pauses everything for a while' do
      begun = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      expect(call('CLIENT', 'PAUSE', 100)).to eq :OK
      expect(call('PING')).to eq :PONG
      expect(Process.clock_gettime(Process::CLOCK_MONOTONIC) - begun).to be >= 0.09
    end

    it 'accepts the switches that mean nothing here' do
      expect(call('CLIENT', 'NO-EVICT', 'on')).to eq :OK
      expect(call('CLIENT', 'NO-EVICT', 'OFF')).to eq :OK
      expect(call('CLIENT', 'GETREDIR')).to eq(-1)
    end

    it 'has NO-TOUCH', pgredis_only: 'new in Redis 7.2' do
      expect(call('CLIENT', 'NO-TOUCH', 'on')).to eq :OK
      expect(call('CLIENT', 'NO-TOUCH', 'OFF')).to eq :OK
      expect(call('CLIENT', 'NO-TOUCH', 'foo')).to eq error('ERR syntax error')
    end

    it 'unblocks nobody when nobody waits' do
      expect(call('CLIENT', 'UNBLOCK', 0)).to eq 0
      expect(call('CLIENT', 'UNBLOCK', call('CLIENT', 'ID'), 'ERROR')).to eq 0
    end

    it('has HELP') { expect(call('CLIENT', 'HELP')).to start_with(/\ACLIENT <subcommand>/).and all be_a(Symbol) }

    errors %w[CLIENT] => "ERR wrong number of arguments for 'client' command",
           %w[CLIENT foo bar] => "ERR unknown subcommand 'foo'. Try CLIENT HELP.",
           %w[CLIENT ID x] => "ERR wrong number of arguments for 'client|id' command",
           %w[CLIENT SETNAME] => "ERR wrong number of arguments for 'client|setname' command",
           ['CLIENT', 'SETNAME', 'a b'] => 'ERR Client names cannot contain spaces, newlines or special characters.',
           ['CLIENT', 'SETNAME', "a\n"] => 'ERR Client names cannot contain spaces, newlines or special characters.',
           %w[CLIENT LIST foo] => 'ERR syntax error',
           %w[CLIENT LIST foo bar] => 'ERR syntax error',
           %w[CLIENT LIST TYPE] => 'ERR syntax error',
           %w[CLIENT LIST TYPE foo] => "ERR Unknown client type 'foo'",
           %w[CLIENT LIST ID] => 'ERR syntax error',
           %w[CLIENT LIST ID abc] => 'ERR Invalid client ID',
           %w[CLIENT KILL] => "ERR wrong number of arguments for 'client|kill' command",
           %w[CLIENT KILL 1.2.3.4:5] => 'ERR No such client',
           %w[CLIENT KILL abc] => 'ERR No such client',
           %w[CLIENT KILL ID abc] => 'ERR client-id should be greater than 0',
           %w[CLIENT KILL ID 0] => 'ERR client-id should be greater than 0',
           %w[CLIENT KILL TYPE foo] => "ERR Unknown client type 'foo'",
           %w[CLIENT KILL USER nobody] => "ERR No such user 'nobody'",
           %w[CLIENT KILL ID 1 SKIPME foo] => 'ERR syntax error',
           %w[CLIENT KILL FOO bar] => 'ERR syntax error',
           %w[CLIENT KILL ID 1 ADDR] => 'ERR syntax error',
           %w[CLIENT REPLY] => "ERR wrong number of arguments for 'client|reply' command",
           %w[CLIENT REPLY foo] => 'ERR syntax error',
           %w[CLIENT NO-EVICT] => "ERR wrong number of arguments for 'client|no-evict' command",
           %w[CLIENT NO-EVICT foo] => 'ERR syntax error',
           %w[CLIENT PAUSE] => "ERR wrong number of arguments for 'client|pause' command",
           %w[CLIENT PAUSE abc] => 'ERR timeout is not an integer or out of range',
           %w[CLIENT PAUSE 99999999999999999999] => 'ERR timeout is not an integer or out of range',
           %w[CLIENT PAUSE -1] => 'ERR timeout is negative',
           %w[CLIENT PAUSE 0 ALL x] => "ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.",
           %w[CLIENT pause 0 ALL x] => "ERR unknown subcommand or wrong number of arguments for 'pause'. Try CLIENT HELP.",
           %w[CLIENT UNBLOCK 1 TIMEOUT x] => "ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP.",
           %w[CLIENT PAUSE 0 foo] => 'ERR CLIENT PAUSE mode must be WRITE or ALL',
           %w[CLIENT UNPAUSE x] => "ERR wrong number of arguments for 'client|unpause' command",
           %w[CLIENT UNBLOCK] => "ERR wrong number of arguments for 'client|unblock' command",
           %w[CLIENT UNBLOCK abc] => 'ERR value is not an integer or out of range',
           %w[CLIENT UNBLOCK 1 foo] => 'ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR'
  end

  describe 'CLIENT for all connections, whatever the proxy' do
    let(:here) { connect(port: ports.first) }
    let(:there) { connect(port: ports.last) }

    def id_of(client)
      client.call('CLIENT', 'ID')
    end

    def ids_in(text)
      text.lines.map { |line| line[/\Aid=(\d+) /, 1].to_i }
    end

    it 'lists them, in order of their ids' do
      expect(there.call('CLIENT', 'SETNAME', 'there')).to eq :OK
      ids = [here, there, connect(port: ports.first), connect(port: ports.last)].map { |client| id_of(client) }
      [here, there].each do |client|
        listed = client.call('CLIENT', 'LIST')
        expect(ids_in(listed)).to include(*ids).and eq ids_in(listed).sort.uniq
        expect(listed[/^id=#{id_of(there)} .*/]).to include " laddr=127.0.0.1:#{there.port} ", ' name=there '
        expect(ids_in(client.call('CLIENT', 'LIST', 'TYPE', 'NORMAL'))).to include(*ids)
        %w[master replica slave pubsub].each { |type| expect(client.call('CLIENT', 'LIST', 'TYPE', type)).to eq '' }
      end
    end

    it 'lists those asked for, in the order asked' do
      a, b = [here, there].map { |client| id_of(client) }
      [here, there].each do |client|
        expect(ids_in(client.call('CLIENT', 'LIST', 'ID', b, a, 0, b))).to eq [b, a, b]
        expect(ids_in(client.call('CLIENT', 'LIST', 'ID', *(1..3000).map { |i| i + 10**15 }, a, b))).to eq [a, b]
      end
    end

    it 'lists hundreds' do
      many = Array.new(150) { |i| connect(port: ports[i % ports.size]) }
      many.each_with_index { |client, i| expect(client.call('CLIENT', 'SETNAME', "#{'n' * 300}#{i}")).to eq :OK }
      [here, there].each { |client| expect(client.call('CLIENT', 'LIST').scan(/ name=n{300}(\d+) /).flatten.map(&:to_i).sort).to eq [*0..149] }
    end

    it 'kills them' do
      [here, there].each do |client|
        victims = Array.new(5) { |i| connect(port: ports[i % ports.size]) }
        info = victims.map { |victim| info_of(victim) }
        expect(client.call('CLIENT', 'KILL', 'ID', info[0]['id'])).to eq 1
        expect(client.call('CLIENT', 'KILL', info[1]['addr'])).to eq :OK
        expect(client.call('CLIENT', 'KILL', 'ADDR', info[2]['addr'], 'TYPE', 'normal')).to eq 1
        expect(client.call('CLIENT', 'KILL', 'ID', info[3]['id'], 'LADDR', info[3]['laddr'], 'SKIPME', 'no', 'USER', 'default')).to eq 1
        expect(client.call('CLIENT', 'KILL', 'ID', 1, 'ID', info[4]['id'])).to eq 1
        expect(victims).to all be_closed
        expect(client.call('CLIENT', 'KILL', 'ID', info[0]['id'])).to eq 0
        expect(client.call('CLIENT', 'KILL', info[1]['addr'])).to eq error('ERR No such client')
        expect(client.call('CLIENT', 'KILL', 'ADDR', "a b\0\n%\"\\")).to eq 0
      end
    end

    it 'kills all of a type, the caller last' do
      others = Array.new(4) { |i| connect(port: ports[i % ports.size]) }
      [here, *others].each { |client| expect(client.call('PING')).to eq :PONG }
      expect(here.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')).to be >= 4
      expect(others).to all be_closed
      expect(here.call('PING')).to eq :PONG
      other = connect(port: ports.last)
      expect(other.call('PING')).to eq :PONG
      expect(here.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no')).to be >= 2
      expect([here, other]).to all be_closed
    end

    it 'pauses them' do
      [[here, there], [there, here]].each do |client, other|
        expect(client.call('CLIENT', 'PAUSE', 60_000, 'WRITE')).to eq :OK
        other.write('SET', 'k', 'v')
        expect(other).not_to be_readable(within: 0.05)
        expect(client.call('CLIENT', 'UNPAUSE')).to eq :OK
        expect(other.read_reply).to eq :OK
      end
    end

    it 'pauses them for a while' do
      begun = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      expect(here.call('CLIENT', 'PAUSE', 100, 'ALL')).to eq :OK
      expect(there.call('PING')).to eq :PONG
      expect(Process.clock_gettime(Process::CLOCK_MONOTONIC) - begun).to be >= 0.09
    end

    it 'unblocks nobody when nobody waits' do
      expect(here.call('CLIENT', 'UNBLOCK', id_of(there))).to eq 0
      expect(there.call('CLIENT', 'UNBLOCK', id_of(here), 'ERROR')).to eq 0
    end

    it 'answers in the order of a pipeline' do
      replies = here.pipeline([%w[SET k 1], %w[CLIENT LIST], %w[GET k], ['CLIENT', 'UNBLOCK', id_of(there)], %w[INCR k], %w[CLIENT UNPAUSE],
                               %w[CONFIG RESETSTAT], %w[PING]])
      expect(ids_in(replies.delete_at(1))).to include(id_of(there))
      expect(replies).to eq [:OK, '1', 0, 2, :OK, :OK, :PONG]
    end

    it 'keeps silent when told to' do
      here.write('CLIENT', 'REPLY', 'SKIP')
      here.write('CLIENT', 'LIST')
      here.write('PING', 'after')
      expect(here.read_reply).to eq 'after'
    end

    it 'works in a transaction' do
      victim = connect(port: ports.last)
      id = id_of(victim)
      replies = here.pipeline([%w[MULTI], %w[SET k 1], ['CLIENT', 'LIST', 'ID', id, id_of(there)], %w[INCR k], ['CLIENT', 'KILL', 'ID', id],
                               %w[CLIENT PAUSE 60000 WRITE], %w[GET k], %w[CLIENT UNPAUSE], %w[CLIENT UNBLOCK 0], %w[CLIENT KILL nobody],
                               %w[CONFIG RESETSTAT], %w[EXEC], %w[PING]])
      expect(replies.first(11)).to eq [:OK] + [:QUEUED] * 10
      expect(ids_in(replies[11].delete_at(1))).to eq [id, id_of(there)]
      expect(replies.last(2)).to eq [[:OK, 2, 1, :OK, '2', :OK, 0, error('ERR No such client'), :OK], :PONG]
      expect(victim).to be_closed
      expect(here.pipeline([%w[MULTI], %w[CLIENT UNPAUSE], %w[CLIENT UNBLOCK 0], %w[EXEC]])).to eq [:OK, :QUEUED, :QUEUED, [:OK, 0]]
    end

    it 'does nothing in a transaction that is not carried out' do
      expect(here.call('WATCH', 'k')).to eq :OK
      expect(there.call('SET', 'k', 'changed')).to eq :OK
      expect(here.pipeline([%w[MULTI], ['CLIENT', 'KILL', 'ID', id_of(there)], %w[CLIENT PAUSE 60000], %w[EXEC]]))
        .to eq [:OK, :QUEUED, :QUEUED, NULL_ARRAY]
      expect(there.call('GET', 'k')).to eq 'changed'
    end

    it 'may be silenced and heard again within a transaction' do
      expect(here.pipeline([%w[MULTI], %w[PING a], %w[CLIENT REPLY ON], %w[CLIENT UNPAUSE], %w[EXEC]]))
        .to eq [:OK, :QUEUED, :QUEUED, :QUEUED, ['a', :OK, :OK]]
      [%w[CLIENT REPLY OFF], %w[MULTI], %w[PING lost], %w[CLIENT REPLY ON], %w[CLIENT UNPAUSE], %w[PING b], %w[EXEC]]
        .each { |command| here.write(*command) }
      expect(Array.new(3) { here.read_reply }).to eq [:OK, :OK, 'b']
    end

    it 'ends with a client that does not wait for the answer' do
      id = id_of(there)
      50.times do |i|
        client = connect(port: ports[i % ports.size])
        client.write('CLIENT', i.odd? ? 'LIST' : 'UNPAUSE')
        client.close
      end
      expect(ids_in(here.call('CLIENT', 'LIST'))).to include id
    end
  end

  describe 'COMMAND' do
    it 'counts and lists the commands' do
      expect(call('COMMAND', 'COUNT')).to eq call('COMMAND').size
      expect(call('COMMAND', 'LIST')).to include 'get', 'set', 'client', 'client|id'
      expect(call('COMMAND', 'LIST', 'FILTERBY', 'PATTERN', 'STRL*')).to eq %w[strlen]
      strings = call('COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', 'string')
      expect(strings).to include 'get', 'append'
      expect(strings).not_to include 'ping'
      expect(call('COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', 'nosuch')).to eq []
      expect(call('COMMAND', 'LIST', 'FILTERBY', 'MODULE', 'nosuch')).to eq []
    end

    key_spec = lambda do |*flags|
      { 'flags' => Set[*flags], 'begin_search' => { 'type' => 'index', 'spec' => { 'index' => 1 } },
        'find_keys' => { 'type' => 'range', 'spec' => { 'lastkey' => 0, 'keystep' => 1, 'limit' => 0 } } }
    end

    it 'tells how commands are called' do
      get = ['get', 2, Set[:readonly, :fast], 1, 1, 1, Set[:@read, :@string, :@fast], Set[],
             Set[key_spec.call(:RO, :access)], Set[]]
      expect(call3('COMMAND', 'INFO', 'GET', 'nosuch')).to eq [get, nil]
      name, arity, flags, first, last, step, categories, tips, specs, subcommands = call('COMMAND', 'INFO', 'get').first
      expect([name, arity, flags, first, last, step]).to eq ['get', 2, %i[readonly fast], 1, 1, 1]
      expect([categories, tips, subcommands]).to eq [%i[@read @string @fast], [], []]
      expect(specs).to eq [['flags', %i[RO access], 'begin_search', ['type', 'index', 'spec', ['index', 1]],
                            'find_keys', ['type', 'range', 'spec', ['lastkey', 0, 'keystep', 1, 'limit', 0]]]]
      expect(call('COMMAND', 'INFO', 'nosuch')).to eq [nil]
      expect(call('COMMAND', 'INFO', 'object|encoding').first.first(6)).to eq ['object|encoding', 3, [:readonly], 2, 2, 1]
      expect(call('COMMAND', 'INFO', 'mset').first[3..5]).to eq [1, -1, 2]
      expect(call('COMMAND', 'INFO', 'ping').first[3..5]).to eq [0, 0, 0]
    end

    it 'describes a command with its subcommands' do
      subcommands = call('COMMAND', 'INFO', 'object').first.last
      expect(subcommands.map(&:first)).to include 'object|encoding', 'object|refcount'
    end

    it 'documents commands' do
      docs = call3('COMMAND', 'DOCS', 'get', 'nosuch')
      expect(docs.keys).to eq %w[get]
      expect(docs['get'].keys).to eq %w[summary since group complexity arguments]
      expect(docs['get']).to include('since' => '1.0.0', 'group' => 'string', 'complexity' => 'O(1)',
                                     'arguments' => [{ 'name' => 'key', 'type' => 'key', 'key_spec_index' => 0 }])
      expect(call('COMMAND', 'DOCS', 'GET').first).to eq 'get'
      expect(call('COMMAND', 'DOCS', 'nosuch')).to eq []
      expect(call3('COMMAND', 'DOCS', 'nosuch')).to eq({})
    end

    it 'finds the keys of a call' do
      keys = ->(*command) { call('COMMAND', 'GETKEYS', *command) }
      expect(keys.call('get', 'a')).to eq %w[a]
      expect(keys.call('MSET', 'a', 1, 'b', 2)).to eq %w[a b]
      expect(keys.call('BITOP', 'AND', 'd', 'a', 'b')).to eq %w[d a b]
      expect(keys.call('OBJECT', 'ENCODING', 'a')).to eq %w[a]
      expect(call('COMMAND', 'GETKEYSANDFLAGS', 'GET', 'a')).to eq [['a', %i[RO access]]]
      expect(call3('COMMAND', 'GETKEYSANDFLAGS', 'GET', 'a')).to eq [['a', Set[:RO, :access]]]
      expect(keys.call('SORT', 'a', 'BY', 'w*', 'STORE', 'b', 'ASC')).to eq %w[a b]
      expect(call('COMMAND', 'GETKEYSANDFLAGS', 'SORT', 'a', 'store', 'b', 'STORE', 'c')).to eq [['a', %i[RO access]], ['c', %i[OW update]]]
      expect(keys.call('COPY', 'a', 'b', 'DB', '1')).to eq %w[a b]
      expect(keys.call('MOVE', 'a', '1')).to eq %w[a]
    end

    errors %w[COMMAND foo] => "ERR unknown subcommand 'foo'. Try COMMAND HELP.",
           %w[COMMAND COUNT x] => "ERR wrong number of arguments for 'command|count' command",
           %w[COMMAND GETKEYS] => "ERR wrong number of arguments for 'command|getkeys' command",
           %w[COMMAND GETKEYS nosuch a] => 'ERR Invalid command specified',
           %w[COMMAND GETKEYS GET a b] => 'ERR Invalid number of arguments specified for command',
           %w[COMMAND LIST foo] => 'ERR syntax error',
           %w[COMMAND LIST FILTERBY foo bar] => 'ERR syntax error'

    it 'says so when a command has no keys' do
      expect(call('COMMAND', 'GETKEYS', 'ECHO', 'a')).to eq error('ERR The command has no key arguments')
    end
  end
end
