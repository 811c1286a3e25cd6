# Commands that wait for a list or a sorted set: BLPOP BRPOP BLMOVE BRPOPLPUSH BLMPOP BZPOPMIN BZPOPMAX BZMPOP.
# On pgredis waiters are at the first proxy and those who push at the second.

RSpec.describe 'blocking commands' do
  let(:wrongtype) { error('WRONGTYPE Operation against a key holding the wrong kind of value') }
  let(:not_a_float) { error('ERR timeout is not a float or out of range') }
  let(:negative) { error('ERR timeout is negative') }
  let(:syntax) { error('ERR syntax error') }

  # At the other proxy.
  def there
    @there ||= connect(port: ports.last)
  end

  def push(*args)
    there.call(*args)
  end

  def blocked(port = ports.first)
    connect(port: port).call('CLIENT', 'LIST').lines.count { |line| line =~ / laddr=\S+:#{port} .* flags=\w*b/ }
  end

  # A client that has sent this command and is known to wait.
  def waiter(*command, resp: 2, port: ports.first)
    client = connect(resp: resp, port: port)
    wait_with(client, *command)
  end

  def wait_with(client, *command)
    id = client.call('CLIENT', 'ID')
    watch = connect(port: client.port)
    client.write(*command)
    eventually { expect(watch.call('CLIENT', 'LIST', 'ID', id)).to match(/ flags=\S*b/) }
    client
  end

  def seconds
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  # Those of the example before are gone.
  before { eventually { ports.each { |port| expect(blocked(port)).to eq 0 } } }

  describe 'that find something' do
    it 'answer at once, the first key that is there' do
      call('RPUSH', 'b', '1', '2', '3')
      call('RPUSH', 'c', '4')
      expect(call('BLPOP', 'a', 'b', 'c', '0')).to eq %w[b 1]
      expect(call('BRPOP', 'a', 'c', 'b', '1.5')).to eq %w[c 4]
      expect(call('BRPOP', 'b', '0')).to eq %w[b 3]
      expect(call3('BLPOP', 'b', 'b', '0')).to eq %w[b 2]
      expect(call('EXISTS', 'b')).to eq 0
    end

    it 'move elements' do
      call('RPUSH', 'a', '1', '2', '3')
      expect(call('BLMOVE', 'a', 'b', 'LEFT', 'right', '0')).to eq '1'
      expect(call('BRPOPLPUSH', 'a', 'b', '0')).to eq '3'
      expect(call('BLMOVE', 'b', 'b', 'LEFT', 'RIGHT', '0')).to eq '3'
      expect(call('LRANGE', 'b', 0, -1)).to eq %w[1 3]
      expect(call3('BRPOPLPUSH', 'b', 'b', '0')).to eq '3'
    end

    it 'pop several' do
      call('RPUSH', 'a', '1', '2', '3', '4')
      expect(call('BLMPOP', '0', 2, 'x', 'a', 'LEFT')).to eq ['a', %w[1]]
      expect(call('BLMPOP', '0', 1, 'a', 'right', 'count', '2')).to eq ['a', %w[4 3]]
      expect(call3('BLMPOP', '0', 1, 'a', 'RIGHT', 'COUNT', '9')).to eq ['a', %w[2]]
    end

    it 'pop from sorted sets' do
      call('ZADD', 'z', 1, 'a', 2.5, 'b', 3, 'c', '-inf', 'd', 'inf', 'e')
      expect(call('BZPOPMIN', 'x', 'z', '0')).to eq %w[z d -inf]
      expect(call3('BZPOPMAX', 'z', '0')).to eq ['z', 'e', Float::INFINITY]
      expect(call3('BZPOPMIN', 'z', '0')).to eq ['z', 'a', 1.0]
      expect(call('BZPOPMAX', 'z', '0')).to eq %w[z c 3]
      expect(call('BZMPOP', '0', 2, 'x', 'z', 'MIN')).to eq ['z', [%w[b 2.5]]]
      call('ZADD', 'z', 1, 'a', 2.5, 'b', 3, 'c')
      expect(call3('BZMPOP', '0', 1, 'z', 'max', 'count', '2')).to eq ['z', [['c', 3.0], ['b', 2.5]]]
      expect(call('BZMPOP', '1', 1, 'z', 'MIN', 'COUNT', 5)).to eq ['z', [%w[a 1]]]
      expect(call('EXISTS', 'z')).to eq 0
    end

    it 'take any bytes' do
      key = "k\0\xff\r\n".b
      long = 'k' * 5000
      call('RPUSH', key, "v\0\xff".b)
      call('RPUSH', long, '')
      expect(call('BLPOP', key, 0)).to eq [key, "v\0\xff".b]
      expect(call('BLPOP', long, 0)).to eq [long, '']
    end
  end

  describe 'that find nothing for so long' do
    {
      %w[BLPOP a b] => [:last, false], %w[BRPOP a] => [:last, false], %w[BLMOVE a b LEFT LEFT] => [:last, true],
      %w[BRPOPLPUSH a b] => [:last, true], %w[BLMPOP 1 a LEFT] => [:first, false], %w[BZPOPMIN a] => [:last, false],
      %w[BZPOPMAX a b] => [:last, false], %w[BZMPOP 2 a b MAX COUNT 2] => [:first, false]
    }.each do |words, (place, bulk)|
      command = ->(timeout) { place == :last ? words + [timeout] : [words.first, timeout] + words.drop(1) }

      it "#{words.first} answers null" do
        begun = seconds
        expect(call(*command.('0.05'))).to be NULL_ARRAY
        expect(seconds - begun).to be_between(0.045, 5)
        expect(call3(*command.('0.01'))).to be_nil
        call('MULTI')
        call(*command.('0'))
        expect(call('EXEC')).to eq [bulk ? nil : NULL_ARRAY]
        call3('MULTI')
        call3(*command.('0'))
        expect(call3('EXEC')).to eq [nil]
      end
    end

    it 'go on with what was sent meanwhile' do
      call('RPUSH', 'other', 'x')
      expect(resp2.pipeline([%w[BLPOP a 0.05], %w[LPOP other], %w[BLPOP a 0.01], %w[PING]])).to eq [NULL_ARRAY, 'x', NULL_ARRAY, :PONG]
    end

    it 'round up: the smallest timeout is not for ever' do
      %w[0.0001 1e-400 .01 +0.01 0x1p-6].each { |timeout| expect(call('BLPOP', 'a', timeout)).to be NULL_ARRAY }
    end

    %w[0 -0 0.0 -0.001 1. 9223372036854775].each do |timeout|
      it "wait longer than this with a timeout of #{timeout}" do
        client = waiter('BLPOP', 'a', timeout)
        expect(client.readable?(within: 0.05)).to be false
        push('RPUSH', 'a', 'x')
        expect(client.read_reply).to eq %w[a x]
      end
    end
  end

  describe 'with wrong arguments' do
    before do
      call('SET', 's', 'x')
      call('RPUSH', 'l', '1', '2', '3')
      call('ZADD', 'z', 1, 'a')
    end

    it 'say what is wrong with the timeout' do
      ['abc', '', 'nan', '1x', ' 1', '1 ', '1e5000', '1e-5000', "\xff".b, "1\0".b].each do |timeout|
        expect(call('BLPOP', 'l', timeout)).to eq not_a_float
      end
      %w[-1 -0.002 -1e400 1e16 1e400 inf -inf infinity 9223372036854775807].each do |timeout|
        expect(call('BLPOP', 'l', timeout)).to eq negative
      end
      [%w[BRPOP l x], %w[BLMOVE l d LEFT LEFT x], %w[BRPOPLPUSH l d x], %w[BLMPOP x 1 l LEFT], %w[BZPOPMIN z x],
       %w[BZPOPMAX z x], %w[BZMPOP x 1 z MIN]].each do |command|
        expect(call(*command)).to eq not_a_float
      end
      expect(call('LRANGE', 'l', 0, -1)).to eq %w[1 2 3]
    end

    it 'say so in the order of the checks' do
      expect(call('BLPOP', 's', 'x')).to eq not_a_float
      expect(call('BLMOVE', 's', 's', 'MIDDLE', 'LEFT', 'x')).to eq syntax
      expect(call('BLMOVE', 's', 's', 'LEFT', 'MIDDLE', 'x')).to eq syntax
      expect(call('BLMOVE', 's', 's', 'LEFT', 'LEFT', '-1')).to eq negative
      expect(call('BRPOPLPUSH', 's', 's', 'x')).to eq not_a_float
      expect(call('BLMPOP', 'x', 0, 's', 'LEFT')).to eq error('ERR numkeys should be greater than 0')
      expect(call('BLMPOP', 'x', 1, 's', 'MIN')).to eq syntax
      expect(call('BLMPOP', 'x', 1, 's', 'LEFT', 'COUNT', 0)).to eq error('ERR count should be greater than 0')
      expect(call('BLMPOP', 'x', 1, 's', 'LEFT')).to eq not_a_float
      expect(call('BZMPOP', 'x', 'x', 's', 'MIN')).to eq error('ERR numkeys should be greater than 0')
      expect(call('BZMPOP', 'x', 1, 's', 'LEFT')).to eq syntax
      expect(call('BZMPOP', 'x', 1, 's', 'MIN', 'COUNT', 'x')).to eq error('ERR count should be greater than 0')
      expect(call('BZMPOP', '-1', 1, 's', 'MIN')).to eq negative
    end

    it 'BLMPOP and BZMPOP know their syntax' do
      { 'BLMPOP' => 'LEFT', 'BZMPOP' => 'MAX' }.each do |name, where|
        %w[0 -1 x 99999999999999999999].each do |number|
          expect(call(name, '1', number, 'none', where)).to eq error('ERR numkeys should be greater than 0')
        end
        expect(call(name, '1', '9223372036854775807', 'none', where)).to eq syntax
        expect(call(name, '1', 2, 'none', where)).to eq syntax
        expect(call(name, '1', 1, 'none', 'x')).to eq syntax
        expect(call(name, '1', 1, 'none', where, 'COUNT')).to eq syntax
        expect(call(name, '1', 1, 'none', where, 'x', '1')).to eq syntax
        expect(call(name, '1', 1, 'none', where, 'COUNT', '1', 'COUNT', '2')).to eq syntax
        expect(call(name, '1', 1, 'none', where, 'COUNT', '-1')).to eq error('ERR count should be greater than 0')
      end
    end

    it 'say when there are too few' do
      [%w[BLPOP l], %w[BRPOP l], %w[BLMOVE l d LEFT LEFT], %w[BRPOPLPUSH l d], %w[BLMPOP 0 1 l], %w[BZPOPMIN z], %w[BZPOPMAX z],
       %w[BZMPOP 0 1 z]].each do |command|
        expect(call(*command)).to eq error("ERR wrong number of arguments for '#{command.first.downcase}' command")
      end
      expect(call('BLMOVE', 'l', 'd', 'LEFT', 'LEFT', '0', 'x')).to eq error("ERR wrong number of arguments for 'blmove' command")
    end

    it 'do not wait for a key of another type that is there' do
      [%w[BLPOP s 0], %w[BLPOP none s 0], %w[BLPOP s l 0], %w[BRPOP z 0], %w[BLMOVE s d LEFT LEFT 0], %w[BLMOVE l s LEFT LEFT 0],
       %w[BRPOPLPUSH z l 0], %w[BLMPOP 0 2 none s LEFT], %w[BZPOPMIN l 0], %w[BZPOPMAX none s 0], %w[BZMPOP 0 1 l MIN]].each do |command|
        expect(call(*command)).to eq wrongtype
      end
      expect(call('BLPOP', 'l', 's', '0')).to eq %w[l 1]
      expect(call('BZPOPMIN', 'z', 's', '0')).to eq %w[z a 1]
      expect(call('LRANGE', 'l', 0, -1)).to eq %w[2 3]
    end

    it 'neither in MULTI' do
      call('MULTI')
      [%w[BLPOP l x], %w[BLPOP none s 0], %w[BLPOP l 0], %w[BLPOP none 0], %w[BZPOPMIN z 0]].each { |command| call(*command) }
      expect(call('EXEC')).to eq [not_a_float, wrongtype, %w[l 1], NULL_ARRAY, %w[z a 1]]
    end
  end

  describe 'that wait' do
    it 'get what somebody pushes, and nobody else does' do
      client = waiter('BLPOP', 'a', 'b', '0')
      expect(push('RPUSH', 'b', 'x')).to eq 1
      expect(client.read_reply).to eq %w[b x]
      expect(push('EXISTS', 'a', 'b')).to eq 0
      expect(push('RPUSH', 'a', 'y')).to eq 1
      expect(client.readable?(within: 0.05)).to be false
      expect(push('LLEN', 'a')).to eq 1
    end

    it 'get it in every form' do
      { %w[BLPOP k 0] => %w[k 1], %w[BRPOP k 0] => %w[k 3], %w[BLMOVE k d LEFT LEFT 0] => '1', %w[BRPOPLPUSH k d 0] => '3',
        %w[BLMPOP 0 1 k RIGHT COUNT 2] => ['k', %w[3 2]] }.each do |command, reply|
        [2, 3].each do |resp|
          client = waiter(*command, resp: resp)
          push('RPUSH', 'k', '1', '2', '3')
          expect(client.read_reply).to eq reply
          push('DEL', 'k', 'd')
        end
      end
      { %w[BZPOPMIN k 0] => ['k', 'a', 1.5], %w[BZPOPMAX k 0] => ['k', 'c', 3.0],
        %w[BZMPOP 0 1 k MAX COUNT 2] => ['k', [['c', 3.0], ['b', 2.0]]] }.each do |command, reply|
        client = waiter(*command, resp: 3)
        push('ZADD', 'k', 1.5, 'a', 2, 'b', 3, 'c')
        expect(client.read_reply).to eq reply
        push('DEL', 'k')
      end
      client = waiter('BZPOPMIN', 'k', 0)
      push('ZINCRBY', 'k', 7, 'a')
      expect(client.read_reply).to eq %w[k a 7]
    end

    it 'get it in databases of their own' do
      one = connect
      one.call('SELECT', 1)
      wait_with(one, 'BLPOP', 'k', 0)
      zero = waiter('BLPOP', 'k', 0)
      push('SELECT', 1)
      push('RPUSH', 'k', 'one')
      expect(one.read_reply).to eq %w[k one]
      expect(zero.readable?(within: 0.05)).to be false
      push('SELECT', 0)
      push('RPUSH', 'k', 'zero')
      expect(zero.read_reply).to eq %w[k zero]
    end

    it 'are served in the order they came, whichever proxy they are at' do
      line = Array.new(6) { |i| waiter('BLPOP', 'k', 0, port: ports[i % ports.size]) }
      line.each_with_index do |client, i|
        push('RPUSH', 'k', i)
        expect(client.read_reply).to eq ['k', i.to_s]
      end
    end

    it 'are served together by a push of several' do
      line = Array.new(4) { |i| waiter('BLPOP', 'k', 0, port: ports[i % ports.size]) }
      expect(push('RPUSH', 'k', '1', '2', '3')).to eq 3
      expect(line.first(3).map { |client| client.read_reply.last }).to match_array %w[1 2 3]
      expect(line.last.readable?(within: 0.05)).to be false
      push('RPUSH', 'k', '4')
      expect(line.last.read_reply).to eq %w[k 4]
    end

    it 'are served by pushes that come faster than they' do
      line = Array.new(10) { |i| waiter('BLPOP', 'k', 0, port: ports[i % ports.size]) }
      replies = there.pipeline(Array.new(12) { |i| ['RPUSH', 'k', i] })
      expect(replies).to all(be_an(Integer))
      expect(line.map { |client| client.read_reply.last.to_i }).to match_array((0..9).to_a)
      expect(push('LRANGE', 'k', 0, -1)).to eq %w[10 11]
    end

    it 'have one place, though they name a key twice' do
      client = waiter('BLPOP', 'k', 'k', 'other', 'k', 0)
      push('RPUSH', 'k', '1', '2')
      expect(client.read_reply).to eq %w[k 1]
      expect(push('LRANGE', 'k', 0, -1)).to eq %w[2]
    end

    it 'take the first key that got something' do
      client = waiter('BLPOP', 'a', 'b', 0)
      push('MULTI')
      push('RPUSH', 'b', 'from b')
      push('RPUSH', 'a', 'from a')
      push('EXEC')
      expect(client.read_reply).to eq ['b', 'from b']
      expect(push('LRANGE', 'a', 0, -1)).to eq ['from a']
    end

    it 'are served from the key that came first till it is empty, then from the next' do
      %w[a b c d].permutation(2) do |first, second|
        clients = [%w[LEFT 1], %w[RIGHT 10], %w[LEFT 10], %w[RIGHT 1]].map do |where, count|
          waiter('BLMPOP', 0, 2, first, second, where, 'COUNT', count)
        end
        push('MULTI')
        push('RPUSH', first, *(1..5))
        push('RPUSH', second, *(1..5))
        push('EXEC')
        expect(clients.first(3).map(&:read_reply)).to eq [[first, %w[1]], [first, %w[5 4 3 2]], [second, %w[1 2 3 4 5]]]
        push('RPUSH', second, 'x')
        expect(clients.last.read_reply).to eq [second, %w[x]]
      end
    end

    it 'get nothing of what is gone at the end of the transaction' do
      client = waiter('BLPOP', 'k', 0)
      push('MULTI')
      push('RPUSH', 'k', '1', '2')
      push('LPOP', 'k')
      push('DEL', 'k')
      push('EXEC')
      push('MULTI')
      push('RPUSH', 'k', '1')
      push('DEL', 'k')
      push('SET', 'k', 'x')
      push('EXEC')
      expect(client.readable?(within: 0.05)).to be false
      push('DEL', 'k')
      push('MULTI')
      push('RPUSH', 'k', '1', '2')
      push('LPOP', 'k')
      push('EXEC')
      expect(client.read_reply).to eq %w[k 2]
    end

    it 'are passed by what is not theirs, and go on waiting' do
      client = waiter('BLPOP', 'k', 0)
      sorted = waiter('BZPOPMIN', 'k', 0)
      push('SET', 'k', 'x')
      push('DEL', 'k')
      push('SADD', 'k', 'x')
      push('DEL', 'k')
      push('ZADD', 'k', 1, 'a')
      expect(sorted.read_reply).to eq %w[k a 1]
      expect(client.readable?(within: 0.05)).to be false
      push('RPUSH', 'k', 'x')
      expect(client.read_reply).to eq %w[k x]
      push('ZADD', 'k', 1, 'a')
      client = waiter('BLPOP', 'other', 'k2', 0)
      push('ZADD', 'k2', 1, 'a')
      push('RPUSH', 'other', 'y')
      expect(client.read_reply).to eq %w[other y]
    end

    it 'are not served by a list that has expired, nor by one that expires' do
      push('RPUSH', 'k', 'old')
      push('PEXPIRE', 'k', 1)
      eventually { expect(push('EXISTS', 'k')).to eq 0 }
      client = waiter('BLPOP', 'k', 0)
      push('MULTI')
      push('RPUSH', 'k', 'gone')
      push('PEXPIRE', 'k', '-1')
      push('EXEC')
      expect(client.readable?(within: 0.05)).to be false
      push('RPUSH', 'k', 'new')
      expect(client.read_reply).to eq %w[k new]
    end

    { 'RENAME' => [%w[RPUSH x 1], %w[RENAME x k]], 'RENAMENX' => [%w[RPUSH x 1], %w[RENAMENX x k]],
      'COPY' => [%w[RPUSH x 1], %w[COPY x k]], 'SORT … STORE' => [%w[SADD x 1], %w[SORT x STORE k]],
      'LMOVE' => [%w[RPUSH x 1], %w[LMOVE x k LEFT LEFT]], 'RPOPLPUSH' => [%w[RPUSH x 1], %w[RPOPLPUSH x k]],
      'LPUSH' => [%w[LPUSH k 1]], 'a list over a set' => [%w[SADD k x], %w[RPUSH x 1], %w[RENAME x k]] }.each do |what, commands|
      it "are served by #{what}" do
        client = waiter('BLPOP', 'k', 0)
        commands.each { |command| push(*command) }
        expect(client.read_reply).to eq %w[k 1]
        expect(push('EXISTS', 'k')).to eq 0
      end
    end

    { 'ZUNIONSTORE' => %w[ZUNIONSTORE k 1 x], 'ZRANGESTORE' => %w[ZRANGESTORE k x 0 -1], 'ZADD INCR' => %w[ZADD k INCR 1 m],
      'RENAME' => %w[RENAME x k] }.each do |what, command|
      it "are served by #{what}" do
        client = waiter('BZPOPMIN', 'k', 0)
        push('ZADD', 'x', 1, 'm')
        push(*command)
        expect(client.read_reply).to eq %w[k m 1]
      end
    end

    it 'are served by MOVE and SWAPDB' do
      moved = waiter('BLPOP', 'k', 0)
      swapped = waiter('BZPOPMIN', 'z', 0)
      push('SELECT', 1)
      push('RPUSH', 'k', '1')
      push('MOVE', 'k', 0)
      expect(moved.read_reply).to eq %w[k 1]
      push('ZADD', 'z', 1, 'm')
      push('SWAPDB', 0, 1)
      expect(swapped.read_reply).to eq %w[z m 1]
    end

    it 'survive FLUSHALL' do
      client = waiter('BLPOP', 'k', 0)
      push('FLUSHALL')
      push('RPUSH', 'k', '1')
      expect(client.read_reply).to eq %w[k 1]
    end

    it 'move what they get on to others who wait' do
      last = waiter('BLPOP', 'd', 0, port: ports.last)
      third = waiter('BRPOPLPUSH', 'c', 'd', 0)
      second = waiter('BLMOVE', 'b', 'c', 'LEFT', 'RIGHT', 0, port: ports.last)
      first = waiter('BLMOVE', 'a', 'b', 'LEFT', 'RIGHT', 0)
      push('RPUSH', 'a', 'x')
      expect([first, second, third].map(&:read_reply)).to eq %w[x x x]
      expect(last.read_reply).to eq %w[d x]
      expect(push('EXISTS', 'a', 'b', 'c', 'd')).to eq 0
    end

    it 'move in circles' do
      one = waiter('BRPOPLPUSH', 'a', 'b', 0)
      two = waiter('BRPOPLPUSH', 'b', 'a', 0)
      push('RPUSH', 'a', 'x')
      expect(one.read_reply).to eq 'x'
      expect(two.read_reply).to eq 'x'
      expect(push('LRANGE', 'a', 0, -1)).to eq %w[x]
      push('DEL', 'a')
      self_mover = waiter('BLMOVE', 'a', 'a', 'LEFT', 'LEFT', 0)
      push('RPUSH', 'a', '1', '2')
      expect(self_mover.read_reply).to eq '1'
      expect(push('LRANGE', 'a', 0, -1)).to eq %w[1 2]
    end

    it 'fail when the destination is of another type by then, and leave the element to the next' do
      mover = waiter('BLMOVE', 'k', 'd', 'LEFT', 'LEFT', 0)
      other = waiter('BLPOP', 'k', 0)
      push('SET', 'd', 'x')
      push('RPUSH', 'k', '1')
      expect(mover.read_reply).to eq wrongtype
      expect(other.read_reply).to eq %w[k 1]
      expect(mover.call('BLMOVE', 'none', 'd', 'LEFT', 'LEFT', '0.01')).to be NULL_ARRAY
    end

    it 'take turns with each other, timeouts or not' do
      hasty = waiter('BLPOP', 'k', '0.05')
      patient = waiter('BLPOP', 'k', '10')
      expect(hasty.read_reply).to be NULL_ARRAY
      push('RPUSH', 'k', '1')
      expect(patient.read_reply).to eq %w[k 1]
      wait_with(hasty, 'BLPOP', 'k', '10')
      push('RPUSH', 'k', '2')
      expect(hasty.read_reply).to eq %w[k 2]
    end

    it 'do their other commands afterwards' do
      client = waiter('BLPOP', 'k', 0)
      client.send_raw("SET done 1\r\nGET done\r\nBLPOP k 0\r\n")
      expect(push('GET', 'done')).to be_nil
      push('RPUSH', 'k', '1')
      expect(Array.new(3) { client.read_reply }).to eq [%w[k 1], :OK, '1']
      push('RPUSH', 'k', '2')
      expect(client.read_reply).to eq %w[k 2]
    end

    it 'swallow nothing when they are gone' do
      gone = waiter('BLPOP', 'k', 0)
      killed = waiter('BLPOP', 'k', 0)
      gone.close
      clients.delete(gone)
      expect(call('CLIENT', 'KILL', 'ID', killed_id(killed))).to eq 1
      eventually { expect(blocked).to eq 0 }
      push('RPUSH', 'k', '1')
      expect(push('LRANGE', 'k', 0, -1)).to eq %w[1]
      stays = waiter('BLPOP', 'other', 0)
      expect(call('BLPOP', 'k', 0)).to eq %w[k 1]
      push('RPUSH', 'other', '2')
      expect(stays.read_reply).to eq %w[other 2]
    end

    def killed_id(client)
      address = client.instance_variable_get(:@socket).local_address
      call('CLIENT', 'LIST')[/^id=(\d+) addr=127.0.0.1:#{address.ip_port} /, 1]
    end

    it 'make way when they go while others wait behind them' do
      line = Array.new(3) { |i| waiter('BLPOP', 'k', 0, port: ports[i % ports.size]) }
      line.first(2).each { |client| clients.delete(client).close }
      push('RPUSH', 'k', '1')
      expect(line.last.read_reply).to eq %w[k 1]
    end

    it 'respect CLIENT REPLY' do
      client = connect
      client.write('CLIENT', 'REPLY', 'SKIP')
      client.write('BLPOP', 'k', 0)
      eventually { expect(blocked).to eq 1 }
      push('RPUSH', 'k', '1')
      eventually { expect(push('EXISTS', 'k')).to eq 0 }
      expect(client.call('PING')).to eq :PONG
    end
  end

  describe 'and CLIENT' do
    it 'UNBLOCK ends a wait, as a timeout or as an error' do
      client = connect
      id = client.call('CLIENT', 'ID')
      wait_with(client, 'BLPOP', 'k', 0)
      expect(call('CLIENT', 'UNBLOCK', id)).to eq 1
      expect(client.read_reply).to be NULL_ARRAY
      wait_with(client, 'BLMOVE', 'k', 'd', 'LEFT', 'LEFT', 0)
      expect(call('CLIENT', 'UNBLOCK', id, 'timeout')).to eq 1
      expect(client.read_reply).to be NULL_ARRAY
      wait_with(client, 'BZPOPMIN', 'k', 0)
      expect(call('CLIENT', 'UNBLOCK', id, 'ERROR')).to eq 1
      expect(client.read_reply).to eq error('UNBLOCKED client unblocked via CLIENT UNBLOCK')
      expect(client.call('PING')).to eq :PONG
      push('RPUSH', 'k', '1')
      expect(push('LLEN', 'k')).to eq 1
    end

    it 'UNBLOCK tells when there is nobody to unblock' do
      expect(call('CLIENT', 'UNBLOCK', call('CLIENT', 'ID'))).to eq 0
      expect(call('CLIENT', 'UNBLOCK', '999999999')).to eq 0
      expect(call('CLIENT', 'UNBLOCK', 'x')).to eq error('ERR value is not an integer or out of range')
      expect(call('CLIENT', 'UNBLOCK', '1', 'x')).to eq error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')
    end

    it 'LIST and INFO show them' do
      client = connect
      id = client.call('CLIENT', 'ID')
      before = blocked
      wait_with(client, 'BLPOP', 'k', 0)
      expect(call('CLIENT', 'LIST', 'ID', id)).to match(/ flags=b db=0 .* cmd=blpop /)
      expect(blocked).to eq before + 1
      push('RPUSH', 'k', 'x')
      client.read_reply
      expect(call('CLIENT', 'LIST', 'ID', id)).to match(/ flags=N /)
      expect(blocked).to eq before
    end

    it 'PAUSE holds up those who push, and timeouts go on' do
      client = waiter('BLPOP', 'k', '0.1')
      other = waiter('BLPOP', 'k', '0')
      expect(push('CLIENT', 'PAUSE', '300', 'WRITE')).to eq :OK
      there.write('RPUSH', 'k', '1')
      expect(client.read_reply).to be NULL_ARRAY
      expect(there.read_reply).to eq 1
      expect(other.read_reply).to eq %w[k 1]
    end
  end

  describe 'in SQL', pgredis_only: 'Redis has none' do
    it 'a push wakes at commit, one that is rolled back does not' do
      client = waiter('BLPOP', 'k', 0)
      connection = connect_sql
      connection.exec('BEGIN')
      connection.exec("SELECT redis_rpush('k', 'never')")
      connection.exec('ROLLBACK')
      connection.exec('BEGIN')
      connection.exec("SELECT redis_rpush('k', 'x')")
      expect(client.readable?(within: 0.05)).to be false
      connection.exec('COMMIT')
      expect(client.read_reply).to eq %w[k x]
      expect(sql('SELECT count(*) AS n FROM redis.waiters').first['n']).to eq 0
    end

    it 'a key that somebody holds locked delays those who wait for it, and nobody else' do
      held = waiter('BLPOP', 'held', 'other', '0')
      connection = connect_sql
      connection.exec('BEGIN')
      connection.exec("SELECT redis_rpush('held', 'x')")
      expect(call('BLPOP', 'free', '0.05')).to be NULL_ARRAY
      push('RPUSH', 'other', 'y')
      connection.exec('COMMIT')
      expect(held.read_reply).to eq(%w[held x]).or eq(%w[other y])
    end

    it 'nobody is left in line when all are gone' do
      line = Array.new(20) { |i| waiter('BLPOP', 'k', "k#{i}", 0, port: ports[i % ports.size]) }
      expect(sql('SELECT count(*) AS n FROM redis.waiters').first['n']).to eq 40
      line.each { |client| clients.delete(client).close }
      eventually { expect(sql('SELECT count(*) AS n FROM redis.waiters').first['n']).to eq 0 }
    end

    it 'a lost notification is noticed' do
      client = waiter('BLPOP', 'k', 0)
      sql("UPDATE redis.waiters SET woken = 1") # as if it had been told
      push('RPUSH', 'k', 'x')
      expect(client.read_reply).to eq %w[k x]
    end

    it 'somebody in front who never comes does not hold up the line for ever' do
      client = waiter('BLPOP', 'k', 0)
      sql("INSERT INTO redis.waiters (waiter, since, db, kind, key) SELECT 7, -1, 0, 'l', 'k'")
      push('RPUSH', 'k', 'x')
      expect(client.read_reply).to eq %w[k x]
    ensure
      sql('DELETE FROM redis.waiters WHERE waiter = 7')
    end

    it 'a thousand blocked clients hold no connection' do
      connections = -> { sql("SELECT count(*) AS n FROM pg_stat_activity WHERE application_name ~ '^pgredis'").first['n'] }
      crowd = Array.new(1000) { connect.tap { |client| client.write('BLPOP', 'crowd', 0) } }
      eventually(timeout: 20) { expect(blocked).to eq 1000 }
      expect(connections.call).to be <= 16 * ports.size
      push('RPUSH', 'crowd', *Array.new(1000) { |i| i })
      expect(crowd.map { |client| client.read_reply(timeout: 30).last.to_i }).to match_array((0...1000).to_a)
    end
  end
end
