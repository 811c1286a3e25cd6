# Random calls, made from what real Redis says of its commands' arguments (COMMAND DOCS): most of them right, some nearly so.
class Calls
  GROUPS = %w[string bitmap generic list hash set sorted-set].freeze
  # Of other groups.
  MORE = %w[ping echo select dbsize swapdb publish spublish].freeze
  # Not there yet, or about the server and its time rather than about data.
  LEFT_OUT = %w[dump restore migrate wait waitaof object restore-asking].freeze
  KEYS = %w[s1 s2 s3 l1 l2 l3 h1 h2 h3 t1 t2 t3 z1 z2 z3].freeze
  # What Redis 7.2 added, as pgredis has it: WITHSCORE.
  NEWER = ->(call) { call.first.match?(/\Az(rev)?rank\z/i) && call.size == 4 }
  # Keys are named after the type they mostly have.
  LETTERS = { 'list' => 'l', 'hash' => 'h', 'set' => 't', 'sorted-set' => 'z' }.freeze

  SHORT = %w[a b c d e f 0 1 2 3].freeze
  STRINGS = [*SHORT, *SHORT, *SHORT, '', 'foo', 'bar', '10', '-5', '3.14', '1e3', ' 1', '1 ', '+1', '01', 'inf', '-inf', 'nan', '0x1A', "\x00\xFF".b,
             'x' * 70, '9223372036854775807', '-9223372036854775808', '9223372036854775808', '1e400', '-0', '0.1', '1.5e-7', 'y' * 2100].freeze
  INTEGERS = [*-3..5, *-3..5, *-3..5, *0..12, 63, 64, 100, -100, '', 'x', '1.0', ' 1', '+1', '01', '-0', 2**31, 2**32, 2**63 - 1, -2**63, 2**63,
              2**64].freeze
  DOUBLES = [*-3..5, *-3..5, '0.5', '2.5', '-1.5', '0.1', '3.0e2', '1e17', '12345678901234567890', '1e-5', 'inf', '-inf', '+inf', 'nan', 'abc', '',
             '1e308', '-1e308', ' 1', '0x10', '1e400'].freeze
  BOUNDS = [*-3..5, *-3..5, '(1', '(2', '(0.5', '-inf', '+inf', 'inf', '(inf', '[a', '(a', '[c', '(e', '-', '+', '-', '+', '[', '(', '', 'a', '[3', 'nan',
            '(nan', '10', '-10', '2.5', 'x'].freeze
  PATTERNS = ['*', '*', 's*', '?1', '[a-c]*', '[^a]*', '\\a', 'h[12]', '*1', '[b-a]', '[', '', '*a*', '??', '[\\a]'].freeze
  FIELD_TYPES = %w[u1 u4 u8 i8 i16 u16 i32 u32 u63 i64 u64 i0 i65 x].freeze
  SORT_PATTERNS = %w[s* l* z* h1->* h2->* h*->a *->b x* *].freeze
  # Nothing may expire while it is looked at.
  LIFETIMES = [*[100_000_000] * 6, 200_000_000, 300_000_000, 0, -1, 'x', '', 2**40, 2**62, 2**63 - 1, 2**63, -2**63].freeze
  TIMES = [*[4_000_000_000] * 4, 4_000_000_000_000, 5_000_000_000_000, 0, 1, -1, 'x', 2**62, 2**63 - 1].freeze

  # What calls a command from a script: its arguments, all as ARGV.
  SCRIPTS = ['return redis.call(unpack(ARGV))', 'return redis.pcall(unpack(ARGV))', 'redis.setresp(3) return redis.pcall(unpack(ARGV))'].freeze

  attr_reader :names

  def initialize(client, random, only)
    @random = random
    docs = client.call('COMMAND', 'DOCS').each_slice(2).to_h { |name, fields| [name, to_map(fields)] }
    @docs = docs.select { |name, doc| (GROUPS.include?(doc['group']) || MORE.include?(name)) && !LEFT_OUT.include?(name) && (only.empty? || only.include?(name)) }
    @names = @docs.keys.sort # Redis lists them in another order each time
  end

  # Some calls to send at once.
  def pipeline
    commands = Array.new(pick([1, 1, 5, 30])) { self.next }
    # After some of them the two servers hold different data, so that nothing follows in the same pipeline.
    last = commands.index { |call| self.class.different_after(call).any? }
    commands = commands.first([last, 1].max) if last
    commands.map! { |call| ['eval', pick(SCRIPTS), '0', *call] } if chance(0.1)
    commands.size == 5 && chance(0.3) ? [['multi'], *commands, ['exec']] : commands
  end

  # The command itself, where a script calls it.
  def self.unwrapped(call)
    call.first == 'eval' ? call.drop(3) : call
  end

  def next
    loop do
      call = random_call
      return call unless NEWER.call(call)
    end
  end

  # The keys that chance, or an order that Redis does not promise, leaves different.
  def self.different_after(call)
    call = unwrapped(call)
    words = call.map(&:downcase)
    case words.first
    when 'spop', 'zremrangebylex' then call[1, 1]
    when 'zrangestore' then words.include?('bylex') ? call[1, 1] : []
    when 'sort' then words.include?('store') ? call : []
    else []
    end
  end

  private

  def random_call
    name = pick(@names)
    doc = @docs.fetch(name)
    @letter = LETTERS.fetch(doc['group'], 's')
    @command = name
    @many = nil
    @with_time = false
    words = [name, *(doc['arguments'] || []).flat_map { |argument| values(to_map(argument)) }].map { |word| word.to_s.b }
    @with_time ? words : spoil(words)
  end

  def to_map(fields)
    fields.each_slice(2).to_h { |name, value| [name.to_s, value.is_a?(Symbol) ? value.to_s : value] }
  end

  def values(argument)
    flags = Array(argument['flags']).map(&:to_s)
    return [] if flags.include?('optional') && chance(0.6)

    token = argument['token']
    times = flags.include?('multiple') ? number_of(argument) : 1
    parts = Array.new(times) { |n| [*(token if n.zero? || flags.include?('multiple_token')), *one(argument)] }.flatten
    argument['type'] == 'pure-token' ? [token] : parts
  end

  # Where a call says how many follow, so many follow, mostly.
  def number_of(argument)
    return @many if @many && %w[key weight].include?(argument['name'])

    chance(0.03) ? @random.rand(20..140) : pick([1, 1, 2, 2, 3, 4])
  end

  def one(argument)
    name = argument['name']
    case argument['type']
    when 'key' then key(name)
    when 'string' then string(name)
    when 'integer' then integer(name)
    when 'double' then double(name)
    when 'unix-time' then pick(TIMES)
    when 'pattern' then @command.start_with?('sort') && name != 'pattern-match' ? pick(SORT_PATTERNS) : pick(PATTERNS)
    when 'pure-token' then argument['token']
    when 'oneof' then values(to_map(pick(argument['arguments'])))
    when 'block' then argument['arguments'].flat_map { |part| values(to_map(part)) }
    else raise "COMMAND DOCS has the type #{argument['type']}"
    end
  end

  def string(name)
    case name
    when 'min', 'max', 'start', 'stop' then pick(BOUNDS)
    when 'encoding' then pick(FIELD_TYPES)
    else pick(STRINGS)
    end
  end

  def key(name)
    letter = %w[bitop sort].include?(@command) && name == 'destkey' ? 's' : @letter
    chance(0.9) && !%w[s].include?(letter) ? "#{letter}#{@random.rand(1..3)}" : pick(KEYS)
  end

  def integer(name)
    case name
    when 'numkeys' then chance(0.95) ? @many = @random.rand(1..3) : pick(INTEGERS)
    when 'seconds', 'milliseconds' then timed(pick(LIFETIMES))
    when 'cursor' then chance(0.95) ? 0 : pick(['', 'x', '1x', 2**64])
    when 'destination-db', 'db', 'index', 'index1', 'index2' then pick([0, 1, 1, 2, 20, -1, 'x'])
    when 'offset' then pick(['#0', '#1', '#3', *0..40, *INTEGERS].reject { |n| n.is_a?(Integer) && n > 1000 })
    when 'bit' then pick([0, 1, 0, 1, 2, 'x'])
    else pick(INTEGERS)
    end
  end

  def double(name)
    return timed(pick(%w[0.01 0.01 0.02 -1 x])) if name == 'timeout'

    %w[min max].include?(name) ? pick(BOUNDS) : pick(DOUBLES)
  end

  # A call with this keeps it: others would take too long, or go by the clock.
  def timed(value)
    @with_time = true
    value
  end

  # Every tenth call has a word too few, too many or another one.
  def spoil(words)
    return words unless chance(0.1)

    place = @random.rand(1..words.size)
    case @random.rand(4)
    when 0 then words.delete_at(place) if place < words.size
    when 1 then words.insert(place, pick(STRINGS).to_s.b)
    when 2 then words[place] = words[place].swapcase if words[place]
    when 3 then words[place] = pick([*STRINGS, *INTEGERS]).to_s.b if place < words.size
    end
    words
  end

  def pick(values)
    values[@random.rand(values.size)]
  end

  def chance(share)
    @random.rand < share
  end
end
