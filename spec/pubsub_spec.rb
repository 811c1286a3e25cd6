# Publishing and subscribing. At pgredis publishers and subscribers are at different proxies wherever that can be.
require_relative 'spec_helper'
require_relative 'support/private_cluster'

RSpec.describe 'pub/sub' do
  let(:publisher) { connect(port: ports.last) }
  let(:subscriber) { connect(port: ports.first) }
  let(:subscriber3) { connect(port: ports.first, resp: 3) }

  # Sends a SUBSCRIBE or the like; its answers, one a name.
  def subscribe(client, *args)
    client.write(*args)
    Array.new([args.size - 1, 1].max) { client.read_reply }
  end

  def messages(client, count)
    Array.new(count) { client.read_reply }
  end

  def only_allowed(name)
    error("ERR Can't execute '#{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
  end

  # Nothing but what was expected has come: the next thing is this.
  def expect_no_more(client)
    expect(client.call('PING', 'marker')).to eq client.equal?(subscriber) ? %w[pong marker] : 'marker'
  end

  # Gives other limits to what clients may leave unread, for the time of the block.
  def with_limits(limits)
    before = call('CONFIG', 'GET', 'client-output-buffer-limit').last
    expect(call('CONFIG', 'SET', 'client-output-buffer-limit', limits)).to eq :OK
    yield
  ensure
    connect.call('CONFIG', 'SET', 'client-output-buffer-limit', before)
  end

  def line_of(client_list, id)
    client_list.lines.grep(/\Aid=#{id} /).first
  end

  describe 'SUBSCRIBE and its kin' do
    it 'answer every name with the number of subscriptions so far' do
      expect(subscribe(subscriber, 'SUBSCRIBE', 'a', 'b', 'a')).to eq [['subscribe', 'a', 1], ['subscribe', 'b', 2], ['subscribe', 'a', 2]]
      expect(subscribe(subscriber, 'PSUBSCRIBE', 'a*', 'a*', '?')).to eq [['psubscribe', 'a*', 3], ['psubscribe', 'a*', 3], ['psubscribe', '?', 4]]
      expect(subscribe(subscriber, 'SSUBSCRIBE', 'a', 'b')).to eq [['ssubscribe', 'a', 1], ['ssubscribe', 'b', 2]]
      expect(subscribe(subscriber, 'SUBSCRIBE', 'a')).to eq [['subscribe', 'a', 4]]
      expect(subscribe(subscriber, 'UNSUBSCRIBE', 'zz', 'a', 'a')).to eq [['unsubscribe', 'zz', 4], ['unsubscribe', 'a', 3], ['unsubscribe', 'a', 3]]
      expect(subscribe(subscriber, 'PUNSUBSCRIBE', '?')).to eq [['punsubscribe', '?', 2]]
      expect(subscribe(subscriber, 'UNSUBSCRIBE')).to eq [['unsubscribe', 'b', 1]]
      expect(subscribe(subscriber, 'UNSUBSCRIBE')).to eq [['unsubscribe', nil, 1]]
      expect(subscribe(subscriber, 'PUNSUBSCRIBE')).to eq [['punsubscribe', 'a*', 0]]
      expect(subscribe(subscriber, 'PUNSUBSCRIBE')).to eq [['punsubscribe', nil, 0]]
      subscriber.write('SUNSUBSCRIBE')
      left = messages(subscriber, 2)
      expect(left.map { |item| item[1] }).to contain_exactly('a', 'b')
      expect(left.map(&:last)).to eq [1, 0]
      expect(subscribe(subscriber, 'SUNSUBSCRIBE')).to eq [['sunsubscribe', nil, 0]]
      expect(subscriber.call('GET', 'x')).to be_nil
    end

    it 'answer by pushes in RESP3' do
      expect(subscribe(subscriber3, 'SUBSCRIBE', 'a', 'b')).to eq [Push.new(['subscribe', 'a', 1]), Push.new(['subscribe', 'b', 2])]
      expect(subscribe(subscriber3, 'UNSUBSCRIBE', 'a')).to eq [Push.new(['unsubscribe', 'a', 1])]
      expect(subscribe(subscriber3, 'PUNSUBSCRIBE')).to eq [Push.new(['punsubscribe', nil, 1])]
    end

    it 'want names' do
      %w[SUBSCRIBE PSUBSCRIBE SSUBSCRIBE].each do |command|
        expect(call(command)).to eq error("ERR wrong number of arguments for '#{command.downcase}' command")
      end
    end

    it 'are known to COMMAND' do
      expected = { 'subscribe' => [-2, 0, 0, 0], 'unsubscribe' => [-1, 0, 0, 0], 'psubscribe' => [-2, 0, 0, 0], 'punsubscribe' => [-1, 0, 0, 0],
                   'ssubscribe' => [-2, 1, -1, 1], 'sunsubscribe' => [-1, 1, -1, 1] }
      expected.each do |name, (arity, *keys)|
        info = call('COMMAND', 'INFO', name).first
        expect(info.values_at(0, 1, 3, 4, 5)).to eq [name, arity, *keys]
        expect(info[2]).to match_array %i[pubsub noscript loading stale]
        expect(info[6]).to match_array %i[@pubsub @slow]
      end
      expect(call('COMMAND', 'INFO', 'spublish').first.values_at(1, 3, 4, 5)).to eq [3, 1, 1, 1]
      expect(call('COMMAND', 'GETKEYS', 'SPUBLISH', 'channel', 'message')).to eq error('ERR The command has no key arguments')
    end
  end

  describe 'a subscribed client' do
    it 'may do little in RESP2' do
      [%w[SUBSCRIBE a], %w[PSUBSCRIBE a], %w[SSUBSCRIBE a]].each do |command|
        client = connect
        subscribe(client, *command)
        expect(client.call('GET', 'x')).to eq only_allowed('get')
        expect(client.call('client', 'LIST')).to eq only_allowed('client|list')
        expect(client.call('HELLO', 3)).to eq only_allowed('hello')
        expect(client.call('MULTI')).to eq only_allowed('multi')
        expect(client.call('PUBLISH', 'a', 'm')).to eq only_allowed('publish')
        expect(client.call('NOSUCH')).to eq error(/\AERR unknown command 'NOSUCH'/)
        expect(client.call('GET')).to eq error("ERR wrong number of arguments for 'get' command")
        expect(client.call('PING')).to eq ['pong', '']
        expect(client.call('PING', 'hi')).to eq %w[pong hi]
        expect(client.call('PING', 'a', 'b')).to eq error("ERR wrong number of arguments for 'ping' command")
        expect(client.call('QUIT')).to eq :OK
        expect(client).to be_closed
      end
    end

    it 'may do all in RESP3' do
      subscribe(subscriber3, 'SUBSCRIBE', 'a')
      expect(subscriber3.call('SET', 'x', 1)).to eq :OK
      expect(subscriber3.call('PING')).to eq :PONG
      expect(subscriber3.pipeline([%w[MULTI], %w[GET x], %w[EXEC]])).to eq [:OK, :QUEUED, ['1']]
      expect(subscriber3.call('HELLO', 2)).to include('proto', 2)
      expect(subscriber3.call('GET', 'x')).to eq only_allowed('get')
    end

    it 'is an ordinary one after RESET' do
      subscribe(subscriber, 'SUBSCRIBE', 'a')
      subscribe(subscriber, 'PSUBSCRIBE', 'a')
      subscribe(subscriber, 'SSUBSCRIBE', 'a')
      expect(subscriber.call('RESET')).to eq :RESET
      expect(subscriber.call('GET', 'x')).to be_nil
      eventually { expect(publisher.call('PUBLISH', 'a', 'm')).to eq 0 }
      expect(publisher.call('PUBSUB', 'NUMPAT')).to eq 0
      expect(publisher.call('SPUBLISH', 'a', 'm')).to eq 0
      expect(subscriber.call('PING')).to eq :PONG
    end

    it 'is told so by CLIENT LIST' do
      id = subscriber3.call('CLIENT', 'ID')
      subscribe(subscriber3, 'SUBSCRIBE', 'a', 'b', 'c')
      subscribe(subscriber3, 'PSUBSCRIBE', 'a', 'b')
      subscribe(subscriber3, 'SSUBSCRIBE', 'a')
      expect(subscriber3.call('CLIENT', 'INFO').text).to match(/ flags=[A-Za-z]*P.* sub=3 psub=2 ssub=1 /)
      expect(line_of(call('CLIENT', 'LIST', 'TYPE', 'pubsub'), id)).to match(/ sub=3 /)
      expect(line_of(call('CLIENT', 'LIST', 'TYPE', 'normal'), id)).to be_nil
      expect(call('CLIENT', 'KILL', 'TYPE', 'pubsub')).to eq 1
      expect(subscriber3).to be_closed
    end

    it 'is not closed for being idle' do
      idle = connect
      subscribe(subscriber, 'SUBSCRIBE', 'a')
      expect(publisher.call('CONFIG', 'SET', 'timeout', 1)).to eq :OK
      expect(idle).to be_closed
      expect(connect.call('PUBLISH', 'a', 'm')).to eq 1
      expect(subscriber.read_reply).to eq %w[message a m]
    ensure
      connect.call('CONFIG', 'SET', 'timeout', 0)
    end

    it 'hears messages though it wants no replies' do
      subscriber.write('CLIENT', 'REPLY', 'OFF')
      expect(subscribe(subscriber, 'SUBSCRIBE', 'a')).to eq [['subscribe', 'a', 1]]
      expect(publisher.call('PUBLISH', 'a', 'm')).to eq 1
      expect(subscriber.read_reply).to eq %w[message a m]
    end

    it 'hears messages while it waits for something else' do
      subscribe(subscriber3, 'SUBSCRIBE', 'a')
      subscriber3.call('MULTI')
      expect(publisher.call('PUBLISH', 'a', 'm')).to eq 1
      expect(subscriber3.read_reply).to eq Push.new(%w[message a m])
      expect(subscriber3.call('EXEC')).to eq []
    end
  end

  describe 'PUBLISH' do
    it 'reaches the subscribers of a channel, and tells how many' do
      others = Array.new(3) { |i| connect(port: ports[i % ports.size]) }
      others.each { |client| subscribe(client, 'SUBSCRIBE', 'news') }
      subscribe(subscriber3, 'SUBSCRIBE', 'news')
      expect(publisher.call('PUBLISH', 'other', 'x')).to eq 0
      expect(publisher.call('PUBLISH', 'news', 'hello')).to eq 4
      others.each { |client| expect(client.read_reply).to eq %w[message news hello] }
      expect(subscriber3.read_reply).to eq Push.new(%w[message news hello])
      subscribe(others.first, 'UNSUBSCRIBE', 'news')
      expect(publisher.call('PUBLISH', 'news', 'again')).to eq 3
      others.last.close
      eventually { expect(publisher.call('PUBLISH', 'news', 'bye')).to eq 2 }
    end

    it 'counts a client for its channel and for each pattern' do
      subscribe(subscriber, 'SUBSCRIBE', 'news')
      subscribe(subscriber, 'PSUBSCRIBE', 'n*', 'n?ws', 'x*')
      expect(publisher.call('PUBLISH', 'news', 'hello')).to eq 3
      expect(subscriber.read_reply).to eq %w[message news hello]
      expect(messages(subscriber, 2)).to contain_exactly(%w[pmessage n* news hello], %w[pmessage n?ws news hello])
      expect(publisher.call('PUBLISH', 'xyz', 'hello')).to eq 1
      expect(subscriber.read_reply).to eq %w[pmessage x* xyz hello]
      expect_no_more(subscriber)
    end

    it 'matches patterns as KEYS does' do
      patterns = ['*', '**', '?', 'a?c', 'a*c', '[abc]', '[^a]', '[a-c]x', "[a-\xff]".b, '\\*', 'a\\?', '[', '', "\x00*", "b\xff?".b, '*[0-9]', 'a*b*c']
      names = ['', 'a', 'b', '*', 'abc', 'ac', 'axbyc', 'bx', 'a?', '[', "\x00", "b\xff\xfe".b, 'A', 'x5', '**']
      subscribe(subscriber, 'PSUBSCRIBE', *patterns)
      counts = names.map { |name| publisher.call('PUBLISH', name, name) }
      expect(counts).to eq [1, 5, 5, 6, 5, 3, 4, 3, 3, 5, 6, 3, 5, 3, 2]
      heard = messages(subscriber, counts.sum)
      expect(names.map { |name| heard.count { |item| item[2] == name.b } }).to eq counts
      expect_no_more(subscriber)
      names.zip(counts) do |name, count|
        own = heard.select { |item| item[2] == name.b }.map { |item| item[1] }
        expect(own.uniq.size).to eq count
      end
    end

    it 'is for shard channels apart' do
      subscribe(subscriber, 'SUBSCRIBE', 'news')
      subscribe(subscriber, 'PSUBSCRIBE', '*')
      subscribe(subscriber, 'SSUBSCRIBE', 'news')
      expect(publisher.call('SPUBLISH', 'news', 'shard')).to eq 1
      expect(subscriber.read_reply).to eq %w[smessage news shard]
      expect(publisher.call('PUBLISH', 'news', 'all')).to eq 2
      expect(messages(subscriber, 2)).to eq [%w[message news all], %w[pmessage * news all]]
      expect_no_more(subscriber)
    end

    it 'takes any bytes in channel and message' do
      bytes = (0..255).map(&:chr).join.b
      ['', "\x00", "\r\n", bytes, 'é', "\\x00 '", bytes * 20].each do |text|
        subscribe(subscriber, 'SUBSCRIBE', text)
        expect(publisher.call('PUBLISH', text, text)).to eq 1
        expect(subscriber.read_reply).to eq ['message', text.b, text.b]
        subscribe(subscriber, 'UNSUBSCRIBE', text)
      end
    end

    it 'takes names longer than an index entry may be, which differ in their last byte only' do
      names = [2000, 2001, 2002, 9000, 100_000].flat_map { |size| %w[a b].map { |last| 'x' * (size - 1) + last } }
      subscribe(subscriber, 'SUBSCRIBE', *names)
      subscribe(subscriber, 'PSUBSCRIBE', "#{'x' * 8999}?")
      names.each do |name|
        count = name.size == 9000 ? 2 : 1
        expect(publisher.call('PUBLISH', name, 'm')).to eq count
        expect(subscriber.read_reply).to eq ['message', name, 'm']
        expect(subscriber.read_reply).to eq ['pmessage', "#{'x' * 8999}?", name, 'm'] if count == 2
      end
      expect(publisher.call('PUBSUB', 'CHANNELS')).to match_array names
      expect(publisher.call('PUBSUB', 'NUMSUB', names.last)).to eq [names.last, 1]
    end

    it 'takes messages of any length, and keeps the order of long and short ones' do
      subscribe(subscriber, 'SUBSCRIBE', 'news', 'other')
      subscribe(subscriber3, 'SUBSCRIBE', 'news')
      sizes = [0, 5600, 5694, 5695, 5696, 5697, 8000, 1, 4_194_304, 2, 4_194_305, 20_000_000, 3]
      commands = sizes.each_with_index.map { |size, i| ['PUBLISH', i % 2 == 0 ? 'news' : 'other', i.to_s[-1] * size] }
      expect(publisher.pipeline(commands)).to eq commands.map { |command| command[1] == 'news' ? 2 : 1 }
      short = ->(channel, text) { [channel, text.size, text[0]] }
      expected = commands.map { |_, *message| short.call(*message) }
      expect(messages(subscriber, sizes.size).map { |item| short.call(*item.last(2)) }).to eq expected
      news = expected.select { |message| message.first == 'news' }
      expect(messages(subscriber3, news.size).map { |item| short.call(*item.items.last(2)) }).to eq news
    end

    it "keeps each publisher's order" do
      subscribe(subscriber, 'SUBSCRIBE', 'news')
      subscribe(subscriber, 'PSUBSCRIBE', 'other*')
      publishers = Array.new(6) { |i| connect(port: ports[i % ports.size]) }
      threads = publishers.each_with_index.map do |client, n|
        Thread.new { 10.times { |round| client.pipeline(Array.new(50) { |i| ['PUBLISH', %w[news other1][i % 2], "#{n} #{round * 50 + i}"] }) } }
      end
      heard = messages(subscriber, 3000)
      threads.each(&:join)
      publishers.each_index do |n|
        expect(heard.filter_map { |item| Integer(item.last.split.last) if item.last.start_with?("#{n} ") }).to eq (0...500).to_a
      end
    end

    it 'reaches a subscriber from the moment it has its answer, and no longer than that' do
      100.times do |i|
        subscribe(subscriber, 'SUBSCRIBE', 'news')
        expect(publisher.call('PUBLISH', 'news', i)).to eq 1
        expect(subscribe(subscriber, 'UNSUBSCRIBE', 'news')).to eq [['message', 'news', i.to_s]]
        expect(subscriber.read_reply).to eq ['unsubscribe', 'news', 0]
        expect(publisher.call('PUBLISH', 'news', 'late')).to eq 0
      end
    end

    it 'answers many publishers of a moment, each for itself' do
      subscribe(subscriber, 'SUBSCRIBE', *Array.new(10) { |i| "channel:#{i}" })
      subscribe(subscriber, 'PSUBSCRIBE', 'channel:1?', 'channel:5')
      publishers = Array.new(25) { connect(port: ports.last) }
      publishers.each_with_index { |client, i| client.write('PUBLISH', "channel:#{i}", 'm') }
      expect(publishers.map(&:read_reply)).to eq Array.new(25) { |i| i == 5 ? 2 : i < 20 ? 1 : 0 }
    end
  end

  describe 'in MULTI' do
    it 'PUBLISH sends all at EXEC, equal messages too' do
      subscribe(subscriber, 'SUBSCRIBE', 'news')
      publish = %w[PUBLISH news same]
      expect(publisher.pipeline([%w[MULTI], publish, publish, %w[SET x 1], publish])).to eq [:OK, :QUEUED, :QUEUED, :QUEUED, :QUEUED]
      expect_no_more(subscriber)
      expect(publisher.call('EXEC')).to eq [1, 1, :OK, 1]
      expect(messages(subscriber, 3)).to eq [%w[message news same]] * 3
    end

    it 'nothing is sent when it is given up' do
      subscribe(subscriber, 'SUBSCRIBE', 'news')
      publisher.pipeline([%w[MULTI], %w[PUBLISH news a], %w[DISCARD]])
      publisher.call('WATCH', 'x')
      call('SET', 'x', 1)
      expect(publisher.pipeline([%w[MULTI], %w[PUBLISH news b], %w[EXEC]]).last).to eq NULL_ARRAY
      expect(publisher.call('PUBLISH', 'news', 'c')).to eq 1
      expect(subscriber.read_reply).to eq %w[message news c]
    end

    it 'a command that fails beside it hinders nothing' do
      subscribe(subscriber, 'SUBSCRIBE', 'news')
      publisher.call('SET', 'x', 'abc')
      expect(publisher.pipeline([%w[MULTI], %w[PUBLISH news a], %w[INCR x], %w[PUBLISH news b], %w[EXEC]]).last)
        .to eq [1, error('ERR value is not an integer or out of range'), 1]
      expect(messages(subscriber, 2)).to eq [%w[message news a], %w[message news b]]
    end

    it 'SUBSCRIBE takes effect at EXEC' do
      expect(subscriber.pipeline([%w[MULTI], %w[SUBSCRIBE a b], %w[PING], %w[UNSUBSCRIBE a]])).to eq [:OK, :QUEUED, :QUEUED, :QUEUED]
      # SUBSCRIBE counts as one of three elements though it answers twice: so it is in Redis.
      expect(subscriber.call('EXEC')).to eq [['subscribe', 'a', 1], ['subscribe', 'b', 2], ['pong', '']]
      expect(subscriber.read_reply).to eq ['unsubscribe', 'a', 1]
      eventually { expect(publisher.call('PUBSUB', 'CHANNELS')).to eq ['b'] }
      expect(publisher.call('PUBLISH', 'b', 'm')).to eq 1
      expect(subscriber.read_reply).to eq %w[message b m]
      expect(subscriber.call('GET', 'x')).to eq only_allowed('get')
    end
  end

  describe 'PUBSUB' do
    it 'tells of the subscriptions at all proxies' do
      other = connect(port: ports.last)
      subscribe(subscriber, 'SUBSCRIBE', 'a', 'b')
      subscribe(other, 'SUBSCRIBE', 'b', 'c')
      subscribe(subscriber, 'PSUBSCRIBE', 'a*', 'b*')
      subscribe(other, 'PSUBSCRIBE', 'a*', '*')
      subscribe(other, 'SSUBSCRIBE', 'c', 'd')
      subscribe(subscriber, 'SSUBSCRIBE', 'd')
      ports.each do |port|
        client = connect(port: port)
        expect(client.call('PUBSUB', 'CHANNELS')).to contain_exactly('a', 'b', 'c')
        expect(client.call('PUBSUB', 'CHANNELS', '[ab]')).to contain_exactly('a', 'b')
        expect(client.call('PUBSUB', 'CHANNELS', 'x*')).to eq []
        expect(client.call('PUBSUB', 'NUMSUB')).to eq []
        expect(client.call('PUBSUB', 'NUMSUB', 'a', 'b', 'zz', 'b')).to eq ['a', 1, 'b', 2, 'zz', 0, 'b', 2]
        expect(client.call('PUBSUB', 'NUMPAT')).to eq 3
        expect(client.call('PUBSUB', 'SHARDCHANNELS')).to contain_exactly('c', 'd')
        expect(client.call('PUBSUB', 'SHARDCHANNELS', 'c')).to eq ['c']
        expect(client.call('PUBSUB', 'SHARDNUMSUB', 'd', 'a')).to eq ['d', 2, 'a', 0]
        expect(connect(port: port, resp: 3).call('PUBSUB', 'NUMSUB', 'b')).to eq ['b', 2]
      end
      other.close
      eventually { expect(call('PUBSUB', 'CHANNELS')).to contain_exactly('a', 'b') }
      expect(call('PUBSUB', 'NUMPAT')).to eq 2
    end

    it 'explains itself, and what is wrong' do
      expect(call('PUBSUB', 'HELP').first).to match(/\APUBSUB <subcommand>/)
      expect(call('PUBSUB')).to eq error("ERR wrong number of arguments for 'pubsub' command")
      expect(call('PUBSUB', 'foo')).to eq error("ERR unknown subcommand 'foo'. Try PUBSUB HELP.")
      expect(call('PUBSUB', 'NUMPAT', 'x')).to eq error("ERR wrong number of arguments for 'pubsub|numpat' command")
      %w[CHANNELS channels ShardChannels].each do |word|
        expect(call('PUBSUB', word, 'a', 'b')).to eq error("ERR unknown subcommand or wrong number of arguments for '#{word}'. Try PUBSUB HELP.")
      end
      expect(call('PUBLISH', 'a')).to eq error("ERR wrong number of arguments for 'publish' command")
    end

    it 'and INFO count' do
      subscribe(subscriber, 'SUBSCRIBE', 'a', 'b')
      subscribe(subscriber, 'PSUBSCRIBE', 'a')
      subscribe(connect, 'SSUBSCRIBE', 'a')
      stats = call('INFO', 'stats')
      expect(stats).to match(/^pubsub_channels:2\r$/)
      expect(stats).to match(/^pubsub_patterns:1\r$/)
      expect(stats).to match(/^pubsubshard_channels:1\r$/)
    end
  end

  it 'serves many subscribers that come and go at once' do
    many = Array.new(60) { |i| connect(port: ports[i % ports.size]) }
    many.each_with_index { |client, i| client.write('SUBSCRIBE', 'all', *Array.new(50) { |n| "own:#{i}:#{n}" }) }
    many.each { |client| expect(messages(client, 51).last.last).to eq 51 }
    expect(publisher.call('PUBLISH', 'all', 'm')).to eq 60
    expect(publisher.call('PUBLISH', 'own:7:49', 'm')).to eq 1
    expect(publisher.call('PUBSUB', 'CHANNELS').size).to eq 3001
    many.first(30).each(&:close)
    many.last(30).each { |client| client.write('UNSUBSCRIBE') }
    many.last(30).each { |client| expect(messages(client, 52).last.last).to eq 0 }
    eventually { expect(publisher.call('PUBSUB', 'CHANNELS')).to eq [] }
  end

  describe 'from SQL', pgredis_only: 'Redis has none' do
    it 'messages leave at commit, in order' do
      subscribe(subscriber, 'SUBSCRIBE', 'news')
      database = connect_sql
      database.exec('BEGIN')
      expect(run_sql(database, "SELECT redis_publish('news', 'a')")).to eq ['redis_publish' => 1]
      expect(run_sql(database, "SELECT redis_publish('news', 'a')")).to eq ['redis_publish' => 1]
      expect(run_sql(database, "SELECT redis_publish('nobody', 'a')")).to eq ['redis_publish' => 0]
      expect(run_sql(database, "SELECT redis_publish('news', $1)", 'long' * 100_000)).to eq ['redis_publish' => 1]
      expect_no_more(subscriber)
      database.exec('COMMIT')
      expect(messages(subscriber, 3)).to eq [%w[message news a], %w[message news a], ['message', 'news', 'long' * 100_000]]
    end

    it 'nobody hears of what was rolled back' do
      subscribe(subscriber, 'SUBSCRIBE', 'news')
      ['BEGIN', "SELECT redis_publish('news', 'a')", 'ROLLBACK'].each { |statement| sql(statement) }
      sql("SELECT redis_publish('news', 'b')")
      expect(subscriber.read_reply).to eq %w[message news b]
    end

    it 'triggers publish, as the documentation shows' do
      example = File.read(File.expand_path('../docs/pubsub.md', __dir__))[/^```sql\n(.*?)^```/m, 1]
      database = connect_sql
      database.exec(example)
      subscribe(subscriber, 'SUBSCRIBE', 'orders')
      database.exec("BEGIN; INSERT INTO orders (state) VALUES ('new'); UPDATE orders SET state = 'paid'; COMMIT")
      expect(messages(subscriber, 2)).to eq [['message', 'orders', '{"id":1,"state":"new"}'], ['message', 'orders', '{"id":1,"state":"paid"}']]
    ensure
      database&.exec('DROP TABLE orders; DROP FUNCTION announce_order()')
    end
  end

  describe 'when something goes away', pgredis_only: 'it is a proxy, or Postgres' do
    it 'what a killed proxy has left is soon gone' do
      proxy = PrivateProxy.new(ENV.fetch('SPEC_DATABASE_URL'))
      subscribe(connect(port: proxy.port), 'SUBSCRIBE', 'news')
      subscribe(connect(port: proxy.port), 'PSUBSCRIBE', 'n*')
      expect(publisher.call('PUBLISH', 'news', 'm')).to eq 2
      proxy.kill
      eventually { expect(publisher.call('PUBLISH', 'news', 'm')).to eq 0 }
      expect(publisher.call('PUBSUB', 'CHANNELS')).to eq []
    end

    it 'subscribers hear again when the connection to Postgres is back' do
      subscribe(subscriber, 'SUBSCRIBE', 'news')
      sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgredis control'")
      publish = -> { publisher.call('PUBLISH', 'news', 'again') }
      eventually do
        publish.call
        expect(subscriber.readable?).to be true
      end
      expect(subscriber.read_reply).to eq %w[message news again]
      eventually { expect(publisher.call('PUBSUB', 'NUMSUB', 'news')).to eq ['news', 1] }
    end

    it 'subscribers stay subscribed through a crash of Postgres, and newcomers wait for it' do
      cluster = PrivateCluster.new.start
      proxies = [cluster.proxy, cluster.proxy]
      old = connect(port: proxies.first.port)
      subscribe(old, 'SUBSCRIBE', 'news')
      subscribe(old, 'PSUBSCRIBE', 'n*')
      cluster.kill
      newcomer = connect(port: proxies.last.port)
      newcomer.write('SUBSCRIBE', 'news')
      expect(newcomer.readable?(within: 0.2)).to be false
      cluster.start
      expect(newcomer.read_reply).to eq ['subscribe', 'news', 1]
      client = connect(port: proxies.last.port)
      eventually(timeout: 15) { expect(client.call('PUBLISH', 'other', 'm')).to eq 0 }
      eventually(timeout: 15) { expect(client.call('PUBSUB', 'NUMSUB', 'news')).to eq ['news', 2] }
      eventually(timeout: 15) { expect(client.call('PUBSUB', 'NUMPAT')).to eq 1 }
      expect(client.call('PUBLISH', 'news', 'hello')).to eq 3
      expect(messages(old, 2)).to eq [%w[message news hello], %w[pmessage n* news hello]]
      expect(newcomer.read_reply).to eq %w[message news hello]
    ensure
      close_clients
      cluster&.close
    end

    it 'a newcomer waits no longer than for anything else' do
      cluster = PrivateCluster.new.start
      proxy = cluster.proxy('--postgres-wait', '0.5')
      client = connect(port: proxy.port)
      eventually { expect(client.call('PING')).to eq :PONG }
      cluster.stop
      expect(client.call('SUBSCRIBE', 'news')).to eq error('ERR Postgres is not available; try again later')
      expect(client.call('PING')).to eq :PONG
      cluster.start
      eventually { expect(client.call('SUBSCRIBE', 'news')).to eq ['subscribe', 'news', 1] }
    ensure
      close_clients
      cluster&.close
    end
  end

  it 'cuts off a subscriber that does not read, and nobody else' do
    with_limits('pubsub 2mb 0 0') do
      slow = connect
      subscribe(slow, 'SUBSCRIBE', 'news')
      subscribe(subscriber, 'SUBSCRIBE', 'news')
      300.times do
        publisher.call('PUBLISH', 'news', 'x' * 100_000)
        expect(subscriber.read_reply.last.size).to eq 100_000
      end
      eventually { expect(publisher.call('PUBSUB', 'NUMSUB', 'news')).to eq ['news', 1] }
      expect(publisher.call('PUBLISH', 'news', 'last')).to eq 1
      expect(subscriber.read_reply).to eq %w[message news last]
    end
  end

  it 'CONFIG SET takes the limits of each class of clients' do
    name = 'client-output-buffer-limit'
    with_limits('normal 0 0 0 replica 1 2 3 pubsub 1mb 512k 10') do
      expect(call('CONFIG', 'GET', name).last).to eq 'normal 0 0 0 slave 1 2 3 pubsub 1048576 512000 10'
      expect(call('CONFIG', 'SET', name, 'PUBSUB 33554432 8388608 60')).to eq :OK
      expect(call('CONFIG', 'GET', name).last).to eq 'normal 0 0 0 slave 1 2 3 pubsub 33554432 8388608 60'
    end
    { 'pubsub 1 2' => 'Wrong number of arguments in buffer limit configuration.', 'foo 1 2 3' => 'Invalid client class specified in buffer limit configuration.',
      'pubsub 1 x 3' => 'Error in hard, soft or soft_seconds setting in buffer limit configuration.' }.each do |value, why|
      expect(call('CONFIG', 'SET', name, value)).to eq error("ERR CONFIG SET failed (possibly related to argument '#{name}') - #{why}")
    end
  end

  it 'cuts off a subscriber that is over the soft limit for long' do
    with_limits('pubsub 0 100kb 1') do
      subscribe(subscriber, 'SUBSCRIBE', 'news')
      12.times { expect(publisher.call('PUBLISH', 'news', 'x' * 1_000_000)).to eq 1 }
      eventually(timeout: 10) { expect(publisher.call('PUBSUB', 'NUMSUB', 'news')).to eq ['news', 0] }
    end
  end
end
