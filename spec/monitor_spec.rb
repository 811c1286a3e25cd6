RSpec.describe 'MONITOR' do
  # Everything that is shown up to a mark that this makes; without the times.
  def shown(monitor)
    mark = "mark #{rand}"
    call('ECHO', mark)
    lines = []
    until lines.last&.end_with?(%("ECHO" "#{mark}"))
      line = monitor.read_reply
      expect(line).to be_a(Symbol).and match(/\A\d{10}\.\d{6} \[/)
      lines << line.to_s.b.split(' ', 2).last
    end
    lines[..-2]
  end

  def monitor(**options)
    connect(**options).tap { |client| expect(client.call('MONITOR')).to eq :OK }
  end

  def source(client)
    client.call('CLIENT', 'INFO')[/ addr=(\S+)/, 1]
  end

  def flags(client)
    client.call('CLIENT', 'INFO')[/ flags=(\S+)/, 1]
  end

  # The examples' commands come from here, so that the mark's client is another.
  let(:client) { connect }
  let(:address) { source(client) }

  def lines_of(watching, *commands)
    address
    shown(watching)
    commands.each { |command| client.call(*command) }
    shown(watching).map { |line| line.sub(" #{address}]", ']') }
  end

  it 'shows who did what, when' do
    watching = monitor
    before = Time.now
    client.call('SET', 'k', 'v')
    line = watching.read_reply.to_s
    line = watching.read_reply.to_s until line.include?('"SET"')
    expect(line).to match(/\A\d+\.\d{6} \[0 #{Regexp.escape(address)}\] "SET" "k" "v"\z/)
    expect(Float(line[/\A\S+/])).to be_between(before.to_f - 0.1, Time.now.to_f + 0.1)
  end

  it 'shows every command as it was spelled, in any bytes' do
    expect(lines_of(monitor, ['set', "a\"\\\n\r\t\a\b\x01\xff".b, 'é'], ['Get', ''], %w[lpush l 1 2 3], %w[PING], %w[ECHO x]))
      .to eq ['[0] "set" "a\"\\\\\n\r\t\a\b\x01\xff" "\xc3\xa9"', '[0] "Get" ""', '[0] "lpush" "l" "1" "2" "3"', '[0] "PING"',
              '[0] "ECHO" "x"']
  end

  it 'shows what may wait, once' do
    expect(call('RPUSH', 'l', 'x')).to eq 1
    expect(lines_of(monitor, %w[BLPOP l 0], %w[BLPOP l 0.01], %w[BZPOPMIN z 0.01]))
      .to eq ['[0] "BLPOP" "l" "0"', '[0] "BLPOP" "l" "0.01"', '[0] "BZPOPMIN" "z" "0.01"']
  end

  it 'shows pipelines in order' do
    watching = monitor
    address
    shown(watching)
    commands = (1..300).flat_map { |i| [['SET', 'k', i], ['ECHO', i], ['INCR', 'n']] }
    client.pipeline(commands)
    expect(shown(watching)).to eq(commands.map { |words| "[0 #{address}] #{words.map { |word| "\"#{word}\"" }.join(' ')}" })
  end

  it 'shows the database, as it is after the command' do
    expect(lines_of(monitor, %w[SELECT 3], %w[GET a], %w[RESET], %w[PING]))
      .to eq ['[3] "SELECT" "3"', '[3] "GET" "a"', '[0] "RESET"', '[0] "PING"']
  end

  it 'shows what fails, not what is refused' do
    client.call('SET', 'k', 'v')
    expect(lines_of(monitor, %w[LPUSH k v], %w[INCRBY k x], %w[GET], %w[nosuch], %w[OBJECT nosuch k], %w[DISCARD]))
      .to eq ['[0] "LPUSH" "k" "v"', '[0] "INCRBY" "k" "x"', '[0] "DISCARD"']
  end

  it 'does not show what administrators do' do
    expect(lines_of(monitor, %w[CONFIG GET hz], %w[CLIENT LIST], %w[CLIENT SETNAME joe], %w[MONITOR])).to eq ['[0] "CLIENT" "SETNAME" "joe"']
  end

  it 'does not show passwords' do
    expect(lines_of(monitor, %w[AUTH secret], %w[AUTH default secret], %w[HELLO 2 AUTH default secret SETNAME joe], %w[HELLO 2]))
      .to eq ['[0] "AUTH" "(redacted)"', '[0] "AUTH" "(redacted)" "(redacted)"',
              '[0] "HELLO" "2" "AUTH" "(redacted)" "(redacted)" "SETNAME" "joe"', '[0] "HELLO" "2"']
  end

  describe 'and transactions' do
    it 'shows their commands when they are carried out, before EXEC' do
      watching = monitor
      expect(lines_of(watching, %w[MULTI], %w[SET a 1], %w[SELECT 2], %w[CLIENT LIST], %w[CLIENT GETNAME], %w[INCRBY a x], %w[LPOP a]))
        .to eq ['[0] "MULTI"']
      expect(lines_of(watching, %w[exec]))
        .to eq ['[0] "SET" "a" "1"', '[2] "SELECT" "2"', '[2] "CLIENT" "GETNAME"', '[2] "INCRBY" "a" "x"', '[2] "LPOP" "a"', '[2] "exec"']
    end

    it 'shows those without data too' do
      expect(lines_of(monitor, %w[MULTI], %w[PING], %w[ECHO a], %w[EXEC]))
        .to eq ['[0] "MULTI"', '[0] "PING"', '[0] "ECHO" "a"', '[0] "EXEC"']
    end

    it 'shows nothing but EXEC of those that are not carried out' do
      watching = monitor
      lines = lines_of(watching, %w[MULTI], %w[SET a 1], %w[nosuch], %w[EXEC], %w[EXEC], %w[MULTI], %w[SET a 1], %w[DISCARD])
      expect(lines).to eq ['[0] "MULTI"', '[0] "EXEC"', '[0] "EXEC"', '[0] "MULTI"', '[0] "DISCARD"']
      expect(lines_of(watching, %w[WATCH k])).to eq ['[0] "WATCH" "k"']
      call('SET', 'k', 'changed')
      expect(lines_of(watching, %w[MULTI], %w[SELECT 2], %w[SET a 1], %w[EXEC])).to eq ['[0] "MULTI"', '[0] "EXEC"']
      expect(lines_of(watching, %w[MULTI], %w[EXEC x])).to eq ['[0] "MULTI"', '[0] "EXEC" "x"']
    end
  end

  it 'shows the same to all who look, whatever their protocol' do
    expect([monitor, monitor(resp: 3)].map { |watching| lines_of(watching, %w[GET a]) }).to eq [['[0] "GET" "a"']] * 2
  end

  describe 'the connection that looks' do
    it 'is marked in CLIENT LIST, and is of normal type' do
      watching = monitor
      id = call('CLIENT', 'LIST')[/^id=(\d+) .* cmd=monitor /, 1]
      expect(call('CLIENT', 'LIST', 'TYPE', 'normal')).to match(/^id=#{id} .* flags=O /)
      expect(call('CLIENT', 'KILL', 'TYPE', 'replica')).to eq 0
      expect(call('CLIENT', 'KILL', 'ID', id)).to eq 1
      expect(watching).to be_closed
    end

    it 'keeps away from the keys, may do other things, and sees itself' do
      watching = monitor
      refused = error("ERR Replica can't interact with the keyspace")
      [%w[GET k], %w[SET k v], %w[DBSIZE]].each { |command| expect(watching.call(*command)).to eq refused }
      expect(watching.call('PING')).to eq :PONG
      expect(watching.read_reply).to match(/ "PING"\z/)
      expect(watching.call('MULTI')).to eq :OK
      expect(watching.read_reply).to match(/ "MULTI"\z/)
      expect(watching.call('GET', 'k')).to eq refused
      expect(watching.call('EXEC')).to eq error('EXECABORT Transaction discarded because of previous errors.')
      expect(watching.read_reply).to match(/ "EXEC"\z/)
    end

    it 'gets no second reply' do
      watching = monitor
      watching.write('MONITOR')
      expect(lines_of(watching, %w[GET a])).to eq ['[0] "GET" "a"']
    end

    it 'stops by RESET' do
      watching = monitor
      expect(flags(watching)).to eq 'O'
      expect(watching.read_reply).to match(/ "CLIENT" "INFO"\z/)
      expect(watching.call('RESET')).to eq :RESET
      call('SET', 'k', 'v')
      expect(watching.call('GET', 'k')).to eq 'v'
      expect(flags(watching)).to eq 'N'
    end

    it 'stops by QUIT' do
      watching = monitor
      expect(watching.call('QUIT')).to eq :OK
      expect(watching).to be_closed
      expect(call('PING')).to eq :PONG
    end

    it 'hears nothing with CLIENT REPLY OFF' do
      watching = monitor
      watching.write('CLIENT', 'REPLY', 'OFF')
      eventually { expect(call('CLIENT', 'LIST')).to match(/ flags=O .* cmd=client\|reply /) }
      call('GET', 'k')
      expect(watching).not_to be_readable(within: 0.05)
    end

    it 'is not made in a transaction' do
      expect(client.pipeline([%w[MULTI], %w[MONITOR], %w[PING], %w[EXEC]]))
        .to eq [:OK, :QUEUED, :QUEUED, [error("ERR MONITOR isn't allowed for DENY BLOCKING client"), :PONG]]
      expect(flags(client)).to eq 'N'
    end

    it 'takes no arguments' do
      expect(call('MONITOR', 'x')).to eq error("ERR wrong number of arguments for 'monitor' command")
    end
  end
end
