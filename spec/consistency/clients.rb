# Clients that outlive whatever breaks: each call ends in one of three ways.

require_relative '../support/resp_client'
require_relative '../support/database'
require_relative 'models'

# What became of a command: `:done` (with its reply), `:refused` (it was not carried out), `:in_doubt`.
Outcome = Struct.new(:fate, :reply) do
  def done? = fate == :done
  def in_doubt? = fate == :in_doubt
end

# Goes to one of the proxies, another one after each break.
class ProxyClient
  IN_DOUBT = /\AERR the connection to Postgres broke during the commit/.freeze
  REFUSED = /\AERR (Postgres is not available|internal error 57P0|another transaction holds)/.freeze

  def initialize(servers)
    @servers = servers
  end

  def call(*command)
    pipeline([command]).first
  end

  # The outcomes; the block is called at each reply.
  def pipeline(commands)
    connected = connect or return commands.map { Outcome.new(:refused, 'no connection') }
    connected.send_raw(commands.map { |command| encode(command) }.join)
    outcomes = []
    commands.each do |command|
      outcomes << outcome(command.first, connected.read_reply)
      yield outcomes.size - 1, outcomes.last if block_given?
    end
    outcomes
  rescue SystemCallError, IOError, RespClient::Timeout => e
    close
    outcomes ||= []
    outcomes + Array.new(commands.size - outcomes.size) { Outcome.new(:in_doubt, e.message) }
  end

  # The outcome of the commands as one transaction: NULL_ARRAY when a watch refused it.
  def transaction(*commands)
    pipeline([%w[MULTI], *commands, %w[EXEC]]).last
  end

  def close
    @connection&.close
    @connection = nil
  end

  private

  def connect
    @connection ||= RespClient.new(@servers.port)
  rescue SystemCallError, IOError
    sleep 0.02
    nil
  end

  def outcome(name, reply)
    return Outcome.new(:done, Replies.of(name, reply)) unless reply.is_a?(RespError)
    return Outcome.new(:in_doubt, reply.message) if IN_DOUBT.match?(reply.message)

    Outcome.new(REFUSED.match?(reply.message) ? :refused : :done, reply)
  end

  def encode(command)
    "*#{command.size}\r\n".b << command.map { |word| "$#{word.to_s.bytesize}\r\n#{word}\r\n" }.join
  end
end

# Calls the functions, as an application does in SQL.
class SqlClient
  # Words are sent as bytea; numbers and option words stand in the statement.
  FUNCTIONS = %w[SET GET DEL GETSET SETNX INCR INCRBY DECR LPUSH RPUSH LPOP RPOP LLEN LMOVE SADD SREM SISMEMBER SPOP SCARD SMOVE ZADD ZINCRBY ZSCORE
                 ZREM ZCARD HSET HINCRBY HGET HDEL HLEN RENAMENX].freeze

  def initialize(servers)
    @servers = servers
  end

  def knows?(command)
    FUNCTIONS.include?(command.first)
  end

  def call(name, *arguments)
    words = []
    list = arguments.map do |argument|
      case argument
      when Integer then argument
      when 'LEFT', 'RIGHT' then "'#{argument}'"
      else "$#{words.push(argument).size}"
      end
    end
    values = query("SELECT redis_#{name.downcase}(#{list.join(', ')})", *words) or return Outcome.new(:refused, 'no connection')
    Outcome.new(:done, Replies.of(name, values.first))
  rescue PG::Error => e
    # An exception of Redis's is an answer; otherwise the commit may have been before the break or after it.
    return Outcome.new(:done, RespError.new(e.result.error_field(PG::PG_DIAG_MESSAGE_PRIMARY))) if e.result&.error_field(PG::PG_DIAG_SQLSTATE) == 'RD000'

    close
    Outcome.new(:in_doubt, e.message)
  end

  # All in one transaction; nil when it broke somewhere.
  def transaction
    query('BEGIN') or return
    result = yield
    query('COMMIT')
    result
  rescue PG::Error
    close
  end

  # The values of the first column; nil without a connection.
  def query(statement, *words)
    connect&.exec_params(statement, words.map { |word| { value: word, type: 17, format: 1 } })&.values&.map(&:first)
  end

  def close
    @connection&.close
    @connection = nil
  end

  private

  def connect
    @connection ||= Database.connect(@servers.database_url)
  rescue PG::Error
    sleep 0.02
    nil
  end
end
