# What every example has. Run by auto/run-specs, which starts the servers and sets
#   SPEC_TARGET        redis or pgredis
#   SPEC_PORTS         ports of the server, or of the proxies over one database, separated by commas
#   SPEC_DATABASE_URL  the database of pgredis
# An example must pass against both targets. Where a difference is intended it says so, with the reason:
# `it '…', pgredis_only: 'the SQL side'` or `redis_only: '…'`.

require_relative 'support/resp_client'

module SpecHelpers
  # A command on this example's RESP2 connection; errors are values: `expect(call('X')).to eq error('ERR …')`.
  def call(*args)
    resp2.call(*args)
  end

  # The same on its RESP3 connection.
  def call3(*args)
    resp3.call(*args)
  end

  def resp2
    @resp2 ||= connect(resp: 2)
  end

  def resp3
    @resp3 ||= connect(resp: 3)
  end

  # A further client, closed after the example. `connect(port: ports.last)` is at another proxy, where there are two.
  def connect(resp: 2, port: ports.first)
    client = RespClient.new(port, resp: resp)
    clients << client
    client
  end

  def clients
    @clients ||= []
  end

  def ports
    ENV.fetch('SPEC_PORTS').split(',').map { |port| Integer(port) }
  end

  def target
    ENV.fetch('SPEC_TARGET').to_sym
  end

  # The expected error: its whole text, or a Regexp.
  def error(text)
    RespError.new(text)
  end

  # Repeats the expectations in the block until they hold. Never sleep for a fixed time instead.
  def eventually(timeout: 5)
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + timeout
    begin
      yield
    rescue RSpec::Expectations::ExpectationNotMetError
      raise if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

      sleep 0.01
      retry
    end
  end

  # Runs SQL in the database of pgredis: an array of rows, each a Hash of column names and values. Binary strings are sent as
  # bytea (`sql('SELECT redis_get($1) AS value', 'foo'.b)`), everything else as text of the type the statement asks for.
  def sql(query, *params)
    @database ||= connect_sql
    run_sql(@database, query, *params)
  end

  # A further connection (PG::Connection), closed after the example; `run_sql(it, query, …)` works as `sql` does.
  def connect_sql
    require_relative 'support/database'
    connection = Database.connect(ENV.fetch('SPEC_DATABASE_URL'))
    clients << connection
    connection
  end

  def run_sql(connection, query, *params)
    params = params.map { |p| p.is_a?(String) && p.encoding == Encoding::BINARY ? { value: p, type: 17, format: 1 } : p&.to_s }
    connection.exec_params(query, params).to_a
  end

  def close_clients
    clients.shift.close until clients.empty?
  end
end

RSpec.configure do |config|
  config.include SpecHelpers
  config.filter_run_excluding((ENV.fetch('SPEC_TARGET') == 'redis' ? :pgredis_only : :redis_only) => true)
  config.disable_monkey_patching!
  config.expect_with(:rspec) { |expectations| expectations.max_formatted_output_length = 2000 }
  config.before { expect(call('FLUSHALL')).to eq :OK }
  config.after { close_clients }
end
