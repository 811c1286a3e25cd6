# auto/run-consistency: see docs/consistency.md.

require 'optparse'
require_relative '../support/private_cluster'
require_relative 'workloads'

# Faults that this suite must find: each makes one of the promises void.
BUGS = {
  'locks' => { sql: <<~SQL },
    CREATE OR REPLACE FUNCTION redis.lock_key(d smallint, k bytea) RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT true';
    CREATE OR REPLACE FUNCTION redis.lock_keys(d smallint, ks bytea[]) RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT true';
    CREATE OR REPLACE FUNCTION redis.begin_batch(d smallint, keys bytea[]) RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER AS '';
  SQL
  'order' => { sql: <<~SQL },
    CREATE OR REPLACE FUNCTION redis.lock_keys(d smallint, ks bytea[]) RETURNS boolean LANGUAGE sql VOLATILE AS
      'SELECT bool_and(redis.lock_key(d, k)) FROM unnest(ks) k';
  SQL
  'exec' => { sql: <<~SQL },
    CREATE OR REPLACE FUNCTION redis.begin_transaction(dbs smallint[], keys bytea[], everything boolean) RETURNS void
      LANGUAGE sql VOLATILE SECURITY DEFINER AS '';
  SQL
  'watch' => { sql: <<~SQL },
    CREATE OR REPLACE FUNCTION redis.check_watches(dbs smallint[], keys bytea[], tokens text[]) RETURNS void
      LANGUAGE sql VOLATILE SECURITY DEFINER AS '';
  SQL
  'commit' => { options: %w[--synchronous-commit off], settings: { synchronous_commit: 'off', wal_writer_delay: '2s' } }
}.freeze

# Two proxies over one Postgres, and what can break of it.
class Servers
  attr_reader :faults

  def initialize(bug)
    # Deadlocks are to be found, and counted, before the proxies' lock timeout ends them.
    @cluster = PrivateCluster.new(deadlock_timeout: '10ms', log_min_messages: 'warning', **(bug && bug[:settings]).to_h).start
    @options = ['--postgres-wait', '10', *(bug && bug[:options])]
    sql(bug[:sql]) if bug && bug[:sql]
    @proxies = Array.new(2) { start_proxy }
    @faults = Hash.new(0)
    @rounds = 0
  end

  def database_url = @cluster.url

  # Of any proxy.
  def port = @proxies.sample.port

  def sql(query) = @cluster.sql(query)

  # Each fault waits until what it broke is whole again.
  def break_something
    case (@rounds += 1) % 4
    when 1 then kill_proxy
    when 2 then kill_postgres
    else terminate_backends
    end
  end

  def deadlocks
    File.binread(File.join(@cluster.folder, 'postgres.log')).scan('deadlock detected').size
  end

  # What the proxies had to do again, and what they complained of.
  def complaints
    @proxies.sum { |proxy| proxy.log.lines.grep(/ error /).size }
  end

  private

  def start_proxy
    @cluster.proxy(*@options)
  end

  def kill_proxy
    index = rand(@proxies.size)
    @proxies[index].kill
    @proxies[index] = start_proxy
    @faults['proxies killed'] += 1
  end

  # Of proxies and of psql, at whatever they are just doing.
  def terminate_backends
    gone = sql(<<~SQL)
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND datname = 'pgredis' AND pid <> pg_backend_pid() AND random() < 0.5
    SQL
    @faults['rounds of backends terminated'] += 1
    @faults['backends terminated'] += gone.size
  end

  def kill_postgres
    @cluster.kill
    @cluster.start
    @faults['Postgres killed'] += 1
  end
end

class Run
  WORKLOADS = [Histories, Bank, AllOrNothing, Movers, Ledger, Jobs].freeze

  def initialize(seconds:, seed:, bug:)
    @seconds = seconds
    @servers = Servers.new(bug)
    @workloads = WORKLOADS.map { |workload| workload.new(@servers, Random.new(seed)) }
  end

  # Half of the time in peace, the other half with faults; until something is wrong.
  def call
    @workloads.each(&:prepare)
    threads = @workloads.flat_map { |workload| workload.clients.map { |client| start(workload, client) } }
    in_peace_and_with_faults
    @stop = true
    threads.each(&:join)
    @workloads.each(&:finish)
    report
  end

  private

  def start(workload, client)
    Thread.new do
      client.call until @stop
    rescue StandardError => e
      workload.violation("#{e.class}: #{e.message}\n#{e.backtrace.first(5).join("\n")}")
    end
  end

  def wait(seconds)
    deadline = now + seconds
    sleep 0.1 until now > deadline || yield
  end

  def in_peace_and_with_faults
    wait(@seconds / 2.0) { found? }
    @peace = @workloads.sum(&:count)
    deadline = now + @seconds / 2.0
    while now < deadline && !found?
      @servers.break_something
      wait([deadline - now, 1.5].min) { found? }
    end
  end

  def found? = @workloads.any? { |workload| !workload.violations.empty? } || @servers.deadlocks.positive?

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  def report
    operations = @workloads.sum(&:count)
    puts "operations: #{operations} (#{@workloads.map { |workload| "#{workload.name} #{workload.count}" }.join(', ')})"
    puts "of these in peace: #{@peace}" if @peace
    puts "histories checked for linearizability: #{@workloads.first.histories}"
    puts "faults: #{@servers.faults.map { |what, count| "#{count} #{what}" }.join(', ')}" unless @servers.faults.empty?
    puts "in doubt: #{@workloads.sum(&:in_doubt)}, refused: #{@workloads.sum(&:refused)}"
    puts "deadlocks: #{@servers.deadlocks}, errors in the proxies' logs: #{@servers.complaints}"
    violations = @workloads.flat_map(&:violations)
    violations << 'deadlocks' if @servers.deadlocks.positive?
    puts violations
    puts violations.empty? ? 'consistent' : "NOT CONSISTENT: #{violations.size} violations"
    violations.empty?
  end
end

options = { seconds: 30, seed: Random.new_seed & 0xffff, bug: nil }
OptionParser.new do |parser|
  parser.banner = 'auto/run-consistency [options] [seconds]'
  parser.on('--seed NUMBER', Integer, 'chooses the same commands again') { |seed| options[:seed] = seed }
  parser.on('--plant-bug[=NAME]', BUGS.keys, "expects that this is found: #{BUGS.keys.join(', ')} (locks)") { |name| options[:bug] = BUGS[name || 'locks'] }
end.parse!
options[:seconds] = Integer(ARGV.first) unless ARGV.empty?

puts "seed #{options[:seed]}, #{options[:seconds]} seconds"
consistent = Run.new(**options).call
puts consistent ? 'The planted bug was NOT found.' : 'The planted bug was found.' if options[:bug]
exit(options[:bug] ? !consistent : consistent)
