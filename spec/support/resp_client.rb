# A small raw client of the Redis protocol. Unlike the usual libraries it hides nothing: every reply keeps its exact type.
#
#   simple string → Symbol   bulk → binary String     integer → Integer      error → RespError (a value, never raised)
#   RESP2: null bulk → nil   null array → NULL_ARRAY  array → Array
#   RESP3: null → nil        double → Float           boolean → true, false  big number → Integer
#          map → Hash        set → Set                verbatim → Verbatim    push → Push

require 'set'
require 'socket'

NULL_ARRAY = Object.new
def NULL_ARRAY.inspect
  'NULL_ARRAY'
end

# Equal when the texts are; an expected one may hold a Regexp instead.
RespError = Struct.new(:message) do
  def ==(other)
    other.is_a?(RespError) && (other.message === message || message === other.message)
  end

  def inspect
    "error(#{message.inspect})"
  end
  alias_method :to_s, :inspect
end

Verbatim = Struct.new(:format, :text)
Push = Struct.new(:items)

class RespClient
  class Timeout < StandardError; end

  TIMEOUT = 10 # seconds until a missing reply is a failure

  attr_reader :port

  def initialize(port, resp: 2)
    @port = port
    @socket = TCPSocket.new('127.0.0.1', port)
    @socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
    @buffer = String.new(encoding: Encoding::BINARY)
    @consumed = 0
    return if resp == 2

    greeting = call('HELLO', resp)
    raise "HELLO #{resp}: #{greeting.message}" if greeting.is_a?(RespError)
  end

  # Sends one command and reads one reply.
  def call(*args)
    write(*args)
    read_reply
  end

  # Sends all the commands at once, then reads as many replies.
  def pipeline(commands)
    send_raw(commands.map { |args| encode(args) }.join)
    commands.map { read_reply }
  end

  # Sends one command and reads nothing: for commands that block, or that answer several times or not at all.
  def write(*args)
    send_raw(encode(args))
  end

  def send_raw(bytes)
    @socket.write(bytes.b)
  end

  # The next reply, whatever it is. Raises Timeout when none comes, EOFError when the server has closed the connection.
  def read_reply(timeout: TIMEOUT)
    @deadline = now + timeout
    parse
  end

  # Does anything arrive within that many seconds? Leaves it to be read.
  def readable?(within: 0)
    @consumed < @buffer.size || !@socket.wait_readable(within).nil?
  end

  # Has the server closed the connection (or does it soon)? Discards what it still sends before.
  def closed?(timeout: TIMEOUT)
    @deadline = now + timeout
    loop { fill }
  rescue EOFError, Errno::ECONNRESET, IOError
    true
  rescue Timeout
    false
  end

  def close
    @socket.close
  end

  private

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  def encode(args)
    bulks = args.map do |arg|
      bytes = arg.to_s.b
      "$#{bytes.bytesize}\r\n".b << bytes << "\r\n"
    end
    "*#{args.size}\r\n".b << bulks.join
  end

  def parse
    line = take_line
    rest = line[1..]
    case line[0]
    when '+' then rest.to_sym
    when '-' then RespError.new(rest)
    when ':', '(' then Integer(rest, 10)
    when '$' then rest == '-1' ? nil : take_bulk(rest)
    when '*' then rest == '-1' ? NULL_ARRAY : take_items(rest)
    when '_' then nil
    when ',' then parse_double(rest)
    when '#' then rest == 't'
    when '=' then Verbatim.new(*take_bulk(rest).split(':', 2))
    when '%' then take_items(rest, 2).each_slice(2).to_h
    when '~' then take_items(rest).to_set
    when '>' then Push.new(take_items(rest))
    else raise "not a reply: #{line.inspect}"
    end
  end

  def parse_double(text)
    case text
    when 'inf' then Float::INFINITY
    when '-inf' then -Float::INFINITY
    when 'nan' then Float::NAN
    else Float(text)
    end
  end

  def take_items(count, per_item = 1)
    Array.new(Integer(count, 10) * per_item) { parse }
  end

  def take_line
    fill until (eol = @buffer.index("\r\n", @consumed))
    line = @buffer.byteslice(@consumed, eol - @consumed)
    @consumed = eol + 2
    line
  end

  def take_bulk(length)
    length = Integer(length, 10)
    fill while @buffer.bytesize < @consumed + length + 2
    bytes = @buffer.byteslice(@consumed, length)
    raise 'no CRLF after a bulk' unless @buffer.byteslice(@consumed + length, 2) == "\r\n"

    @consumed += length + 2
    bytes
  end

  def fill
    if @consumed.positive?
      @buffer = @buffer.byteslice(@consumed..)
      @consumed = 0
    end
    left = @deadline - now
    raise Timeout, 'no (complete) reply in time' if left <= 0 || @socket.wait_readable(left).nil?

    @buffer << @socket.readpartial(1 << 16)
  end
end
