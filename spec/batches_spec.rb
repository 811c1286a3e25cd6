# Equal commands of many clients that arrive together are carried out at once (docs/architecture.md); each answer must be as if they
# had come one after another.

RSpec.describe 'many clients at once' do
  # Sends each client its commands, all before any reply is read; the replies of each.
  def waves(crowd, rounds)
    Array.new(rounds) do |round|
      commands = Array.new(crowd.size) { |i| yield(i, round) }
      crowd.zip(commands) { |client, list| list.each { |command| client.write(*command) } }
      crowd.zip(commands).map { |client, list| list.map { client.read_reply } }
    end.flatten(1)
  end

  let(:crowd) { Array.new(20) { |i| connect(port: ports[i % ports.size]) } }
  let(:wrong_type) { error('WRONGTYPE Operation against a key holding the wrong kind of value') }

  it 'read the same, each in its own protocol' do
    call('HSET', 'hash', 'f', 'v')
    call('RPUSH', 'list', *('a'..'z'))
    call('ZADD', 'zset', 1.5, 'm')
    call('SET', 'string', 's')
    commands = [%w[HGETALL hash], %w[LRANGE list 0 -1], %w[ZSCORE zset m], %w[GET string], %w[GET list], %w[LRANGE list 1 2], %w[GET string]]
    mixed = Array.new(10) { [connect, connect(resp: 3)] }.flatten
    waves(mixed, 10) { commands }.each_with_index do |replies, i|
      resp3 = i.odd?
      expect(replies).to eq [resp3 ? { 'f' => 'v' } : %w[f v], [*'a'..'z'], resp3 ? 1.5 : '1.5', 's', wrong_type, %w[b c], 's']
    end
  end

  it 'read one thing each, of what is there and what is not' do
    10.times do |i|
      call('SET', "string:#{i}", 'x' * i)
      call('EXPIRE', "string:#{i}", 1000) if i.odd?
      call('SADD', "set:#{i}", i)
      call('HSET', "hash:#{i}", 'f', i)
      call('ZADD', "zset:#{i}", i, 'm')
    end
    waves(crowd, 10) do |i, round|
      n = (i + round) % 20
      [['STRLEN', "string:#{n}"], ['EXISTS', "string:#{n}"], ['TTL', "string:#{n}"], ['PTTL', "string:#{n}"],
       ['SISMEMBER', "set:#{n}", round], ['HGET', "hash:#{n}", 'f'], ['ZSCORE', "zset:#{n}", 'm'],
       ['EXISTS', "set:#{n}", "hash:#{n}", "hash:#{n}"]]
    end.each_with_index do |replies, at|
      round, i = at.divmod(20)
      n = (i + round) % 20
      ttl, pttl = replies.slice!(2, 2)
      if n < 10
        expect(replies).to eq [n, 1, n == round ? 1 : 0, n.to_s, n.to_s, 3]
        expect(ttl).to(n.odd? ? be_between(900, 1000) : eq(-1))
        expect(pttl).to(n.odd? ? be_between(900_000, 1_000_000) : eq(-1))
      else
        expect([*replies, ttl, pttl]).to eq [0, 0, 0, nil, nil, 0, -2, -2]
      end
    end
  end

  it 'EXPIRE and PEXPIRE what is there, for a while or at once' do
    5.times { |i| call('SET', "k#{i}", i) }
    call('SET', 'last', 1)
    waves(crowd, 5) do |i, _|
      [['EXPIRE', "k#{i % 10}", 1000 + i], ['PEXPIRE', "k#{i % 7}", 2_000_000], ['TTL', "k#{i % 7}"], ['EXPIRE', 'last', 100]]
    end.each_with_index do |(seconds, milliseconds, ttl, last), at|
      i = at % 20
      expect([seconds, milliseconds, last]).to eq [i % 10 < 5 ? 1 : 0, i % 7 < 5 ? 1 : 0, 1]
      expect(ttl).to(i % 7 < 5 ? be_between(900, 2000) : eq(-2))
    end
    5.times { |i| expect(call('TTL', "k#{i}")).to be_between(900, 2000) }
    expect(call('TTL', 'last')).to be_between(90, 100)
    replies = waves(crowd, 1) do |i, _|
      [['EXPIRE', "k#{i % 5}", i < 10 ? 1000 : -1], ['EXPIRE', 'last', i.zero? ? '9223372036854775807' : 100]]
    end
    expect(replies.map(&:last)).to eq [error("ERR invalid expire time in 'expire' command"), *[1] * 19]
    expect(replies.sum(&:first)).to be_between(5, 15)
    expect(call('EXISTS', 'k0', 'k1', 'k2', 'k3', 'k4')).to eq 0
    expect(call('EXISTS', 'last')).to eq 1
  end

  it 'read, some of them what is of another type' do
    call('SET', 'string', 'abc')
    call('SADD', 'set', 'm')
    call('HSET', 'hash', 'f', 'v')
    call('ZADD', 'zset', 1, 'm')
    keys = %w[string set hash zset absent]
    replies = waves(crowd, 5) do |i, round|
      key = keys[(i + round) % 5]
      [['STRLEN', key], ['SISMEMBER', key, 'm'], ['HGET', key, 'f'], ['ZSCORE', key, 'm'], ['GET', key], ['TYPE', key]]
    end
    expected = { 'string' => [3, :w, :w, :w, 'abc'], 'set' => [:w, 1, :w, :w, :w], 'hash' => [:w, :w, 'v', :w, :w],
                 'zset' => [:w, :w, :w, '1', :w], 'none' => [0, 0, nil, nil, nil] }
    replies.each { |*own, type| expect(own).to eq(expected.fetch(type.to_s).map { |reply| reply == :w ? wrong_type : reply }) }
  end

  it 'read the same and throw their own dice' do
    call('SADD', 'set', *(1..1000))
    call('HSET', 'hash', *(1..2000))
    call('ZADD', 'zset', *(1..2000))
    [%w[SRANDMEMBER set], %w[SRANDMEMBER set 1], %w[HRANDFIELD hash], %w[ZRANDMEMBER zset]].each do |command|
      expect(waves(crowd, 5) { [command] }.flatten.uniq.size).to be > 50
    end
  end

  it 'read and write in their own order' do
    waves(crowd, 20) { |i, round| [['GET', "k#{i % 5}"], ['SET', "own#{i}", round], ['GET', "own#{i}"], ['INCR', "own#{i}"], ['GET', "own#{i}"]] }
      .each_with_index { |replies, n| expect(replies).to eq [nil, :OK, (n / 20).to_s, n / 20 + 1, (n / 20 + 1).to_s] }
  end

  %w[LPUSH RPUSH].each do |push|
    it "#{push} to one list" do
      replies = waves(crowd, 5) { |i, round| Array.new(3) { |n| [push, 'list', "#{i}:#{round}:#{n}"] } }
      expect(replies.flatten.sort).to eq (1..300).to_a
      expect(replies).to all(satisfy { |own| own == own.sort })
      expect(call('LRANGE', 'list', 0, -1).sort).to eq(Array.new(20) { |i| Array.new(5) { |r| Array.new(3) { |n| "#{i}:#{r}:#{n}" } } }.flatten.sort)
    end

    it "#{push} of several elements to many lists" do
      waves(crowd, 5) { |i, round| Array.new(3) { |n| [push, "list:#{(i + n) % 7}", *Array.new(1 + i % 3) { |e| "#{i}:#{round}:#{n}:#{e}" }] } }
        .flatten.each { |length| expect(length).to be_positive }
      lists = Array.new(7) { |i| call('LRANGE', "list:#{i}", 0, -1) }
      expect(lists.flatten.tally.values).to all(eq 1)
      expect(lists.sum(&:size)).to eq 5 * 3 * Array.new(20) { |i| 1 + i % 3 }.sum
      # The elements of one call stand together, in its order.
      lists.each do |list|
        list = list.reverse if push == 'LPUSH'
        expect(list.slice_when { |a, b| a.rpartition(':').first != b.rpartition(':').first }.map { |part| part.map { |e| e[/\d+\z/].to_i } })
          .to all(satisfy { |numbers| numbers == (0...numbers.size).to_a })
      end
    end
  end

  { 'LPOP' => :itself, 'RPOP' => :reverse }.each do |pop, order|
    it "#{pop} of one list, till it is empty" do
      call('RPUSH', 'list', *(1..250))
      replies = waves(crowd, 5) { Array.new(3) { [pop, 'list'] } }
      expect(replies.flatten.compact.map(&:to_i).sort).to eq (1..250).to_a
      replies.each { |own| expect(own.compact.map(&:to_i)).to eq own.compact.map(&:to_i).sort.public_send(order) }
      expect(call('EXISTS', 'list')).to eq 0
    end

    it "#{pop} of many lists" do
      7.times { |i| call('RPUSH', "list:#{i}", *(1..(20 + i))) }
      replies = waves(crowd, 5) { |i, round| Array.new(3) { |n| [pop, "list:#{(i + n + round) % 8}"] } }
      left = Array.new(7) { |i| call('LRANGE', "list:#{i}", 0, -1) }
      expect((replies.flatten.compact + left.flatten).map(&:to_i).sort).to eq(Array.new(7) { |i| (1..(20 + i)).to_a }.flatten.sort)
      left.each_with_index { |list, i| expect(list.map(&:to_i)).to eq (1..(20 + i)).to_a.public_send(order).last(list.size).public_send(order) }
    end
  end

  it 'push to and pop from a list that is empty again and again' do
    pushed = popped = 0
    20.times do
      replies = waves(crowd, 1) { |i, _| i.even? ? [%w[RPUSH queue job]] : [%w[LPOP queue]] }
      pushed += 10
      popped += replies.flatten.count('job')
      expect(call('LLEN', 'queue')).to eq pushed - popped
    end
    waves(crowd, 10) { [%w[LPOP queue]] }
    expect(call('EXISTS', 'queue')).to eq 0
  end

  it 'SADD to one set and to many' do
    replies = waves(crowd, 5) { |i, round| [['SADD', 'set', "#{i % 4}:#{round}"], ['SADD', "set:#{i % 3}", round]] }
    expect(replies.sum(&:first)).to eq 20
    expect(replies.sum(&:last)).to eq 15
    expect([call('SCARD', 'set'), *Array.new(3) { |i| call('SCARD', "set:#{i}") }]).to eq [20, 5, 5, 5]
  end

  it 'SPOP gives each member once' do
    call('SADD', 'set', *(1..280))
    call('SADD', 'other', *(1..50))
    replies = waves(crowd, 5) { Array.new(3) { %w[SPOP set] } + [%w[SPOP other]] }
    expect(replies.flat_map { |own| own.first(3) }.compact.map(&:to_i).sort).to eq (1..280).to_a
    expect(replies.map(&:last).compact.map(&:to_i).sort).to eq (1..50).to_a
    expect(call('EXISTS', 'set', 'other')).to eq 0
  end

  it 'HSET to one hash and to many' do
    replies = waves(crowd, 5) { |i, round| [['HSET', 'hash', i % 4, "#{i}:#{round}"], ['HSET', "hash:#{i % 3}", round, i, 'too', round]] }
    expect(replies.sum(&:first)).to eq 4
    expect(replies.sum(&:last)).to eq 18
    # What the last wave has written stands there.
    expect(call('HVALS', 'hash')).to all(end_with(':4'))
  end

  it 'ZADD to one sorted set and to many, ZPOPMIN and ZPOPMAX in order' do
    replies = waves(crowd, 5) { |i, round| [['ZADD', 'zset', i * 5 + round, "#{i}:#{round}"], ['ZADD', "zset:#{i % 3}", i, round]] }
    expect(replies.sum(&:first)).to eq 100
    expect(replies.sum(&:last)).to eq 15
    popped = waves(crowd, 3) { |i, _| [[i.even? ? 'ZPOPMIN' : 'ZPOPMAX', 'zset'], ['ZPOPMIN', "zset:#{i % 3}"]] }
    expect(popped.map { |first, _| first[1].to_i }.sort).to eq [*0..29, *70..99]
    expect(popped.count { |_, second| second.any? }).to eq 15
    expect(call('ZCARD', 'zset')).to eq 40
  end

  it 'MSET is whole' do
    waves(crowd, 5) { |i, round| [['MSET', *Array.new(i % 2 == 0 ? 10 : 3) { |n| ["key:#{n}", "#{i}:#{round}"] }.flatten]] }
    first = call('MGET', *Array.new(3) { |n| "key:#{n}" })
    rest = call('MGET', *Array.new(7) { |n| "key:#{n + 3}" })
    expect([first.uniq.size, rest.uniq.size]).to eq [1, 1]
    expect(first + rest).to all(end_with(':4'))
  end

  # Some of them meet a key of the wrong type, or one that has expired: only they get the error.
  it 'mixed with keys of the wrong type' do
    call('SET', 'string', 'x')
    call('PSETEX', 'expired', 1, 'x')
    eventually { expect(call('EXISTS', 'expired')).to eq 0 }
    good = { 'LPUSH' => [%w[x], 'list'], 'SADD' => [%w[x], 'set'], 'HSET' => [%w[f v], 'hash'], 'ZADD' => [%w[1 x], 'zset'] }
    good.each do |name, (arguments, key)|
      replies = waves(crowd, 3) { |i, _| [[name, i % 5 == 0 ? 'string' : "#{key}:#{i % 3}", *arguments], [name, key, *arguments]] }
      replies.each_with_index { |(first, second), i| expect([first.is_a?(Integer), second.is_a?(Integer)]).to eq [i % 20 % 5 != 0, true] }
      expect(replies.map(&:first).reject { |reply| reply.is_a?(Integer) }).to all(eq wrong_type)
    end
    { 'LPOP' => 'list', 'SPOP' => 'set', 'ZPOPMIN' => 'zset' }.each do |name, key|
      replies = waves(crowd, 3) { |i, _| [[name, i % 5 == 0 ? 'string' : key], [name, 'absent']] }
      expect(replies.map(&:first).each_slice(5).map(&:first)).to all(eq wrong_type)
      expect(replies.map(&:last)).to all(be_nil.or(eq []))
    end
    expect(call('GET', 'string')).to eq 'x'
    waves(crowd, 1) { [%w[LPUSH expired x]] }
    expect(call('LLEN', 'expired')).to eq 20
  end
end
