RSpec.describe 'SLOWLOG' do
  after { call('CONFIG', 'SET', 'slowlog-log-slower-than', 10_000, 'slowlog-max-len', 128) }

  # Another connection than the one that looks; everything that it calls is logged.
  let(:client) { connect }

  def log_slower_than(microseconds)
    expect(call('CONFIG', 'SET', 'slowlog-log-slower-than', microseconds)).to eq :OK
    call('SLOWLOG', 'RESET')
  end

  def entries
    call('SLOWLOG', 'GET', -1)
  end

  # The commands that these leave in the log, the first one first.
  def logged(*commands)
    client
    log_slower_than(0)
    commands.each { |command| client.call(*command) }
    entries.map { |entry| entry[3] }.reverse.drop(1) # after SLOWLOG RESET itself
  end

  it 'shows who did what, when, and how long it took' do
    address = client.call('CLIENT', 'INFO')[/ addr=(\S+)/, 1]
    client.call('CLIENT', 'SETNAME', 'joe')
    log_slower_than(0)
    before = Time.now.to_i
    client.call('SET', 'k', 'v')
    client.call('get', "k\xff\r\n".b)
    got = entries
    expect(got.map { |entry| entry[3..] }).to eq [['get', "k\xff\r\n".b], %w[SET k v]].map { |words| [words, address, 'joe'] } +
                                                 [[%w[SLOWLOG RESET], *got.last[4..]]]
    expect(got[0][0]).to be > got[1][0]
    expect(got.map { |entry| entry[1] }).to all(be_between(before - 1, Time.now.to_i))
    expect(got.map { |entry| entry[2] }).to all(be_between(0, 5_000_000))
    call3('PING')
    expect(call3('SLOWLOG', 'GET', 1).first).to match [Integer, Integer, Integer, %w[PING], String, '']
  end

  it 'shows what fails, not what is refused' do
    expect(logged(%w[SET k v], %w[LPUSH k v], %w[INCRBY k x], %w[PING a b], %w[GET], %w[nosuch], %w[OBJECT nosuch k], %w[DISCARD], %w[EXEC]))
      .to eq [%w[SET k v], %w[LPUSH k v], %w[INCRBY k x], %w[PING a b], %w[DISCARD]]
  end

  it 'shows pipelines, and what administrators do' do
    client
    log_slower_than(0)
    client.pipeline((1..20).flat_map { |i| [['SET', 'k', i], ['ECHO', i], %w[CONFIG GET hz]] })
    expect(entries.map { |entry| entry[3] }.reverse.drop(1)).to eq((1..20).flat_map { |i| [['SET', 'k', i.to_s], ['ECHO', i.to_s], %w[CONFIG GET hz]] })
  end

  it 'cuts long commands short' do
    numbers = ('1'..'40').to_a
    expect(logged(['SADD', 's', *numbers[..29]])).to eq [['SADD', 's', *numbers[..29]]]
    expect(logged(['SADD', 's', *numbers[..30]])).to eq [['SADD', 's', *numbers[..28], '... (2 more arguments)']]
    expect(logged(['SADD', 's', *numbers])).to eq [['SADD', 's', *numbers[..28], '... (11 more arguments)']]
    expect(logged(['SET', 'k' * 128, 'v' * 129], ['SET', 'k', 'v' * 100_000]))
      .to eq [['SET', 'k' * 128, "#{'v' * 128}... (1 more bytes)"], ['SET', 'k', "#{'v' * 128}... (99872 more bytes)"]]
  end

  it 'does not show passwords' do
    expect(logged(%w[AUTH secret], %w[AUTH default secret], %w[HELLO 2 AUTH default secret SETNAME joe],
                  ['CONFIG', 'SET', 'hz', '10', 'masterauth', '']))
      .to eq [%w[AUTH (redacted)], %w[AUTH (redacted) (redacted)], %w[HELLO 2 AUTH (redacted) (redacted) SETNAME joe],
              %w[CONFIG SET hz 10 masterauth (redacted)]]
  end

  it 'shows the commands of a transaction, not EXEC' do
    expect(logged(%w[MULTI], %w[SET a 1], %w[PING], %w[INCRBY a x], %w[EXEC], %w[MULTI], %w[GET a], %w[DISCARD]))
      .to eq [%w[MULTI], %w[SET a 1], %w[PING], %w[INCRBY a x], %w[MULTI], %w[DISCARD]]
    expect(logged(%w[MULTI], ['EVAL', 'return 1', '0'], %w[GET a], %w[EXEC])).to eq [%w[MULTI], ['EVAL', 'return 1', '0'], %w[GET a]]
  end

  it 'shows scripts, and what they call as nobody\'s' do
    script = "redis.call('SET', KEYS[1], ARGV[1]) return redis.pcall('LPUSH', KEYS[1], 'x')"
    20.times do
      expect(logged(['EVAL', script, '1', 'k', 'v'])).to eq [%w[SET k v], %w[LPUSH k x], ['EVAL', script, '1', 'k', 'v']]
    end
    call('SLOWLOG', 'RESET')
    client.call('EVAL', "return redis.call('GET', 'k')", '0')
    expect(entries[1][3..]).to eq [%w[GET k], '?:0', '']
  end

  it 'shows a command that has waited with the time that it was at work' do
    waiter = connect
    log_slower_than(0)
    waiter.send_raw("BLPOP l 0\r\n")
    eventually { expect(call('INFO', 'clients')).to include "blocked_clients:1\r\n" }
    sleep 0.3 # it must not count
    call('RPUSH', 'l', 'x')
    expect(waiter.read_reply).to eq %w[l x]
    entry = entries.find { |found| found[3] == %w[BLPOP l 0] }
    expect(entry[2]).to be_between(0, 250_000)
  end

  it 'shows only what took long' do
    log_slower_than(300_000)
    client.call('PING')
    client.call('DEBUG', 'SLEEP', '0.4')
    client.call('SET', 'k', 'v')
    expect(entries.map { |entry| entry[3] }).to eq [%w[DEBUG SLEEP 0.4]]
    expect(entries.first[2]).to be_between(400_000, 5_000_000)
    expect(call('SLOWLOG', 'LEN')).to eq 1
    log_slower_than(-1)
    client.call('DEBUG', 'SLEEP', '0.1')
    expect(entries).to eq []
  end

  it 'keeps the latest' do
    log_slower_than(0)
    call('CONFIG', 'SET', 'slowlog-max-len', 3)
    5.times { |i| client.call('ECHO', i) }
    expect(call('SLOWLOG', 'GET').map { |entry| entry[3] }).to eq [%w[ECHO 4], %w[ECHO 3], %w[ECHO 2]]
    expect(call('SLOWLOG', 'LEN')).to eq 3
    call('CONFIG', 'SET', 'slowlog-max-len', 1)
    expect(call('SLOWLOG', 'LEN')).to eq 1
    call('CONFIG', 'SET', 'slowlog-max-len', 0)
    expect(call('SLOWLOG', 'LEN')).to eq 0
  end

  it 'shows ten, or as many as are asked for' do
    log_slower_than(0)
    12.times { |i| client.call('ECHO', i) }
    call('CONFIG', 'SET', 'slowlog-log-slower-than', -1)
    expect([[], [-1], [0], [3], [100]].map { |count| call('SLOWLOG', 'GET', *count).size }).to eq [10, 13, 0, 3, 13]
    expect(call('SLOWLOG', 'GET', -2)).to eq error('ERR count should be greater than or equal to -1')
    expect(call('SLOWLOG', 'GET', 'x')).to eq error('ERR count should be greater than or equal to -1')
    expect(call('SLOWLOG', 'get', 1, 2)).to eq error("ERR unknown subcommand or wrong number of arguments for 'get'. Try SLOWLOG HELP.")
    expect(call('SLOWLOG', 'LEN', 1)).to eq error("ERR wrong number of arguments for 'slowlog|len' command")
    expect(call('SLOWLOG', 'RESET')).to eq :OK
    expect(call('SLOWLOG', 'GET')).to eq []
    expect(call('SLOWLOG', 'HELP').first).to start_with 'SLOWLOG <subcommand> [<arg> '
  end

  it 'works in transactions and scripts' do
    log_slower_than(0)
    expect(call('EVAL', "return redis.call('SLOWLOG', 'LEN')", 0)).to eq 1
    resp2.pipeline([%w[MULTI], %w[SLOWLOG LEN], %w[SLOWLOG RESET], %w[SLOWLOG LEN]])
    expect(call('EXEC')).to match [Integer, :OK, Integer]
  end

  it 'is one log for all proxies', pgredis_only: 'Redis is one' do
    both = [connect, connect(port: ports.last)]
    log_slower_than(0)
    4.times { |i| both[i % 2].call('SET', "k\xff\n".b, i) }
    call('CONFIG', 'SET', 'slowlog-log-slower-than', -1)
    expect(both.map { |each| each.call('SLOWLOG', 'GET', 4).map { |entry| entry[3] } }).to eq [(0..3).map { |i| ['SET', "k\xff\n".b, i.to_s] }.reverse] * 2
    expect(both.map { |each| each.call('SLOWLOG', 'LEN') }).to eq [5, 5]
    expect(both.last.call('SLOWLOG', 'RESET')).to eq :OK
    expect(both.map { |each| each.call('SLOWLOG', 'LEN') }).to eq [0, 0]
  end
end
