# What the clients do, and how it is judged. A workload has `clients`: a lambda for each thread, called over and over; and `judge`, called
# when all is quiet, which returns what is wrong as an array of texts. A reader that sees something impossible calls `violation`.

require_relative 'clients'
require_relative 'linearizability'

class Workload
  attr_reader :count, :in_doubt, :refused

  def initialize(servers, dice)
    @servers = servers
    @dice = dice
    @lock = Mutex.new
    @violations = []
    @count = @in_doubt = @refused = 0
  end

  def name = self.class.name.gsub(/(.)([A-Z])/, '\1 \2').downcase
  def prepare; end
  def judge = []

  # What was wrong, found while it ran and afterwards.
  def violations
    @lock.synchronize { @violations.dup }
  end

  def violation(text)
    @lock.synchronize { @violations << "#{name}: #{text}" if @violations.size < 5 }
  end

  def finish
    judge.each { |text| violation(text) }
  end

  private

  def proxy = ProxyClient.new(@servers)
  def sql = SqlClient.new(@servers)
  def dice = Random.new(@dice.rand(1 << 30))

  def note(outcome)
    @lock.synchronize do
      @count += 1
      @in_doubt += 1 if outcome.in_doubt?
      @refused += 1 if outcome.fate == :refused
    end
    violation("unexpected error: #{outcome.reply}") if outcome.reply.is_a?(RespError) && outcome.done?
    outcome
  end

  def certainly(commands)
    client = proxy
    commands.map do |command|
      outcome = Private.wait_until("a reply to #{command.join(' ')}") { client.call(*command).then { |o| o if o.done? } }
      outcome.reply
    end
  ensure
    client.close
  end
end

# Commands on keys of every type; each key's history must be linearizable, with what is there at the end.
class Histories < Workload
  COMMANDS_A_ROUND = 150 # on three keys, then come three others
  MOST_CLIENTS = 10

  def initialize(*)
    super
    @histories = Hash.new { |histories, key| histories[key] = [] }
    @number = 0
  end

  def clients
    Array.new(MOST_CLIENTS) { |i| i < MOST_CLIENTS - 2 ? by_proxy("proxy-#{i}", proxy, dice) : by_sql("sql-#{i}", sql, dice) }
  end

  def histories = @histories.size

  def judge
    called_at = now
    replies = certainly(@histories.keys.map { |key| model_of(key).final.then { |name, *rest| [name, key, *rest] } })
    @histories.zip(replies) do |(key, operations), reply|
      operations << Operation.new('end', model_of(key).final, reply, called_at, now)
    end
    @histories.filter_map { |key, operations| complaint(key, operations) }
  end

  private

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)

  def model_of(key)
    MODELS.fetch(key.split(':')[1].to_sym)
  end

  def next_command(dice, client = nil)
    number = @lock.synchronize { @number += 1 }
    round = number / COMMANDS_A_ROUND
    key = "history:#{MODELS.keys[(round * 3 + dice.rand(3)) % MODELS.size]}:#{round}"
    command = model_of(key).command(dice, "v#{number}") until command && (client.nil? || client.knows?(command))
    [key, command]
  end

  def by_proxy(name, client, dice)
    lambda do
      chosen = Array.new(dice.rand(4).zero? ? 4 : 1) { next_command(dice) }
      called_at = now
      returned_at = {}
      outcomes = client.pipeline(chosen.map { |key, command| [command[0], key, *command[1..]] }) { |i, _| returned_at[i] = now }
      chosen.zip(outcomes).each_with_index { |((key, command), outcome), i| record(name, key, command, outcome, called_at, returned_at[i]) }
    end
  end

  def by_sql(name, client, dice)
    lambda do
      key, command = next_command(dice, client)
      called_at = now
      outcome = client.call(command[0], key, *command[1..])
      record(name, key, command, outcome, called_at, now)
    end
  end

  # What was refused is left out of the history: nothing of it may be seen.
  def record(name, key, command, outcome, called_at, returned_at)
    note(outcome)
    return if outcome.fate == :refused

    reply = outcome.in_doubt? ? Linearizability::IN_DOUBT : outcome.reply
    @lock.synchronize { @histories[key] << Operation.new(name, command, reply, called_at, returned_at) }
  end

  def complaint(key, operations)
    return if Linearizability.check(operations, model_of(key))

    "not linearizable: #{key}\n#{operations.sort_by(&:called_at).join("\n")}"
  rescue Linearizability::Undecided
    "too long to decide: #{key}, #{operations.size} operations"
  end
end

# Transfers between accounts; the sum never changes, and no account is overdrawn.
class Bank < Workload
  ACCOUNTS = Array.new(6) { |i| "bank:#{i}" }.freeze
  EACH = 20

  def prepare
    certainly([['MSET', *ACCOUNTS.flat_map { |account| [account, EACH] }]])
  end

  def clients
    [*Array.new(3) { transfer(proxy, dice) }, transfer_in_sql(sql, dice), read_at_once(proxy), read_in_transaction(proxy), read_in_sql(sql)]
  end

  def judge
    balances = certainly([['MGET', *ACCOUNTS]]).first
    wrong?(balances) ? ["at the end: #{balances}"] : []
  end

  private

  def wrong?(balances)
    numbers = balances.map(&:to_i)
    numbers.sum != EACH * ACCOUNTS.size || numbers.min.negative?
  end

  def look(outcome)
    note(outcome)
    violation("#{outcome.reply}, sum #{outcome.reply.sum(&:to_i)}") if outcome.done? && wrong?(outcome.reply)
  end

  def transfer(client, dice)
    lambda do
      from, to = ACCOUNTS.sample(2, random: dice)
      amount = dice.rand(1..8)
      next client.close unless client.call('WATCH', from, to).done?

      balance = client.call('GET', from)
      next client.close unless balance.done?
      next client.call('UNWATCH') if balance.reply.to_i < amount

      note(client.transaction(['DECRBY', from, amount], ['INCRBY', to, amount]))
    end
  end

  # The keys are locked beforehand in the order that everybody keeps.
  def transfer_in_sql(client, dice)
    lambda do
      from, to = ACCOUNTS.sample(2, random: dice)
      client.transaction do
        client.query('SELECT redis.lock_keys(0::smallint, ARRAY[$1, $2])', from, to)
        client.query('SELECT redis_decrby($1, 3), redis_incrby($2, 3)', from, to) if client.query('SELECT redis_get($1)', from).first.to_i >= 3
      end
    end
  end

  def read_at_once(client)
    -> { look(client.call('MGET', *ACCOUNTS)) }
  end

  def read_in_transaction(client)
    -> { look(client.transaction(*ACCOUNTS.shuffle.map { |account| ['GET', account] })) }
  end

  def read_in_sql(client)
    lambda do
      balances = client.query("SELECT unnest(redis_mget(#{ACCOUNTS.map { |account| "'#{account}'" }.join(', ')}))")
      look(Outcome.new(:done, balances)) if balances
    rescue PG::Error
      client.close
    end
  end
end

# MSET of several keys; nobody sees one value here and another there.
class AllOrNothing < Workload
  KEYS = %w[all:a all:b all:c all:d].freeze

  def prepare
    certainly([['MSET', *KEYS.flat_map { |key| [key, 'first'] }]])
  end

  def clients
    [*Array.new(2) { writer(proxy, dice) }, deleter(proxy, dice), *Array.new(2) { reader(proxy) }, transaction_reader(proxy)]
  end

  def judge
    mixed?(certainly([['MGET', *KEYS]]).first) ? ['mixed at the end'] : []
  end

  private

  def mixed?(values) = values.uniq.size > 1

  def writer(client, dice)
    lambda do
      value = "v#{dice.rand(1 << 30)}"
      note(client.call('MSET', *KEYS.shuffle(random: dice).flat_map { |key| [key, value] }))
    end
  end

  def deleter(client, dice)
    -> { note(client.call('DEL', *KEYS.shuffle(random: dice))) }
  end

  def look(outcome)
    note(outcome)
    violation(outcome.reply.inspect) if outcome.done? && mixed?(outcome.reply)
  end

  def reader(client)
    -> { look(client.call('MGET', *KEYS)) }
  end

  def transaction_reader(client)
    -> { look(client.transaction(*KEYS.shuffle.map { |key| ['GET', key] })) }
  end
end

# Elements that wander between lists and between sets, keys that wander between names. All are there at any time, each once.
class Movers < Workload
  LISTS = %w[move:l0 move:l1 move:l2].freeze
  SETS = %w[move:s0 move:s1 move:s2].freeze
  NAMES = Array.new(6) { |i| "move:n#{i}" }.freeze
  ONE = %w[move:x0 move:x1 move:x2].freeze
  ELEMENTS = Array.new(8) { |i| "e#{i}" }.freeze

  def prepare
    certainly([['RPUSH', LISTS[0], *ELEMENTS], ['SADD', SETS[0], *ELEMENTS], ['MSET', *NAMES.first(3).zip(ELEMENTS).flatten, ONE[0], 'e0']])
  end

  def clients
    [*Array.new(3) { mover(proxy, dice) }, mover(sql, dice), reader(proxy)]
  end

  def judge
    look_all(proxy)
    []
  end

  private

  def mover(client, dice)
    lambda do
      command = [
        ['LMOVE', *LISTS.sample(2, random: dice), *Array.new(2) { %w[LEFT RIGHT].sample(random: dice) }],
        ['SMOVE', *SETS.sample(2, random: dice), ELEMENTS.sample(random: dice)],
        ['RENAMENX', *NAMES.sample(2, random: dice)],
        ['RENAME', *ONE.sample(2, random: dice)]
      ].sample(random: dice)
      next if client.is_a?(SqlClient) && !client.knows?(command)

      outcome = client.call(*command)
      outcome.reply = nil if outcome.reply == RespError.new('ERR no such key')
      note(outcome)
    end
  end

  def reader(client)
    -> { look_all(client) }
  end

  def look_all(client)
    look('lists', client.transaction(*LISTS.map { |key| ['LRANGE', key, 0, -1] }), ELEMENTS)
    look('sets', client.transaction(*SETS.map { |key| ['SMEMBERS', key] }), ELEMENTS)
    look('names', client.call('MGET', *NAMES), ELEMENTS.first(3))
    look('one name', client.call('MGET', *ONE), ELEMENTS.first(1))
  end

  def look(what, outcome, wanted)
    note(outcome)
    violation("#{what}: #{outcome.reply}") if outcome.done? && outcome.reply.flatten.compact.sort != wanted
  end
end

# Numbers pushed one by one, in pipelines and in transactions. At the end: acknowledged ones are there once, refused ones are not.
class Ledger < Workload
  LISTS = %w[ledger:a ledger:b].freeze

  def initialize(*)
    super
    @fates = { done: [], refused: [], in_doubt: [] }
    @number = 0
  end

  def clients
    [*Array.new(2) { pusher(proxy) }, transactor(proxy), pusher(sql)]
  end

  def judge
    singles, left, right, count = certainly([['LRANGE', 'ledger:single', 0, -1], *LISTS.map { |key| ['LRANGE', key, 0, -1] }, %w[GET ledger:count]])
    all = (singles + left).tally
    wrong = []
    wrong << "lost: #{@fates[:done] - all.keys}" unless (@fates[:done] - all.keys).empty?
    wrong << "refused and there: #{@fates[:refused] & all.keys}" unless (@fates[:refused] & all.keys).empty?
    wrong << "there twice: #{all.select { |_, times| times > 1 }.keys}" unless all.values.all?(1)
    wrong << "half a transaction: #{(left - right) + (right - left)}" unless left.sort == right.sort
    wrong << "counted #{count}, there #{left.size}" unless count.to_i == left.size
    wrong
  end

  private

  def ids(count)
    @lock.synchronize { Array.new(count) { (@number += 1).to_s } }
  end

  def account(id, outcome)
    note(outcome)
    @lock.synchronize { @fates[outcome.fate] << id }
  end

  def pusher(client)
    lambda do
      pushed = ids(client.is_a?(SqlClient) ? 1 : 5)
      outcomes = client.is_a?(SqlClient) ? [client.call('RPUSH', 'ledger:single', pushed[0])] : client.pipeline(pushed.map { |id| ['RPUSH', 'ledger:single', id] })
      pushed.zip(outcomes).each { |id, outcome| account(id, outcome) }
    end
  end

  def transactor(client)
    lambda do
      id = ids(1).first
      account(id, client.transaction(*LISTS.map { |key| ['RPUSH', key, id] }, %w[INCR ledger:count]))
    end
  end
end

# Numbers pushed into two queues, for which consumers wait. Each acknowledged one is taken once, or is still there; a BLPOP whose reply was
# lost may have taken one, a BLMOVE has put it where it is found.
class Jobs < Workload
  QUEUES = %w[jobs:a jobs:b].freeze

  def initialize(*)
    super
    @pushed = []
    @refused_ids = []
    @taken = []
    @lost_replies = 0
    @number = 0
  end

  def clients
    [producer(proxy), producer(sql), *Array.new(3) { consumer(proxy) }, *Array.new(2) { mover(proxy) }]
  end

  def judge
    there = certainly([*QUEUES, 'jobs:done'].map { |key| ['LRANGE', key, 0, -1] }).flatten.tally
    @taken.each { |id| there[id] = there.fetch(id, 0) + 1 }
    lost = @pushed - there.keys
    wrong = []
    wrong << "taken twice: #{there.select { |_, times| times > 1 }.keys}" unless there.values.all?(1)
    wrong << "lost: #{lost}, with #{@lost_replies} replies of BLPOP in doubt" if lost.size > @lost_replies
    wrong << "refused and there: #{@refused_ids & there.keys}" unless (@refused_ids & there.keys).empty?
    wrong
  end

  private

  def producer(client)
    lambda do
      id = @lock.synchronize { (@number += 1).to_s }
      outcome = note(client.call('RPUSH', QUEUES.sample, id))
      @lock.synchronize { { done: @pushed, refused: @refused_ids }[outcome.fate]&.push(id) }
      sleep 0.01 if id.to_i.even? # so that consumers wait
    end
  end

  def consumer(client)
    lambda do
      outcome = note(client.call('BLPOP', *QUEUES.shuffle, '0.5'))
      @lock.synchronize do
        @taken << outcome.reply.last if outcome.done? && outcome.reply.is_a?(Array)
        @lost_replies += 1 if outcome.in_doubt?
      end
    end
  end

  def mover(client)
    -> { note(client.call('BLMOVE', QUEUES.sample, 'jobs:done', 'LEFT', 'RIGHT', '0.5')) }
  end
end
