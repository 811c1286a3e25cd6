require 'digest'
require_relative 'spec_helper'

# What scripts answer, as recorded in tests/scripts/recorded.txt from real Redis: the language, its libraries, errors with their
# lines, and how values become replies. The unit tests hold the interpreter alone to the same file.
RSpec.describe 'the language of scripts' do
  def self.unescape(text)
    names = { 'n' => "\n", 'r' => "\r", 't' => "\t", '\\' => '\\' }
    text.b.gsub(/\\(x\h\h|.)/n) { |escape| names[escape[1]] || escape[2..].hex.chr }
  end

  # title → scripts with their replies by protocol
  def self.recorded
    cases = {}
    File.readlines(File.join(__dir__, '../tests/scripts/recorded.txt'), chomp: true).each do |line|
      text = unescape(line[2..].to_s)
      case line[0, 2]
      when '# ' then cases[text] = []
      when '> ' then cases.values.last << { script: text }
      when '< ' then cases.values.last.last.update(2 => text, 3 => text)
      when '3 ' then cases.values.last.last[3] = text
      end
    end
    cases.reject { |_, scripts| scripts.empty? }
  end

  # Reads replies, and keeps their bytes.
  class Wire
    def initialize(port, protocol)
      @socket = TCPSocket.new('127.0.0.1', port)
      call('HELLO', protocol)
    end

    def call(*args)
      @socket.write("*#{args.size}\r\n".b + args.map { |arg| "$#{arg.to_s.bytesize}\r\n#{arg}\r\n".b }.join)
      read
    end

    def close
      @socket.close
    end

    private

    def read
      line = @socket.gets("\r\n")
      count = line[1..].to_i
      return line if line.start_with?('$-', '*-')

      case line[0]
      when '$', '=' then line + @socket.read(count + 2)
      when '*', '~', '>' then line + Array.new(count) { read }.join
      when '%' then line + Array.new(count * 2) { read }.join
      else line
      end
    end
  end

  def wire(protocol)
    @wires ||= {}
    @wires[protocol] ||= Wire.new(ports.first, protocol).tap { |wire| clients << wire }
  end

  recorded.each do |title, scripts|
    [2, 3].each do |protocol|
      it "has #{scripts.size} examples of #{title}, in RESP#{protocol}" do
        scripts.each do |recorded|
          call('FLUSHALL')
          reply = wire(protocol).call('EVAL', recorded[:script], 2, 'k1', 'k2', 'a1', '7', '3.5')
          expect([recorded[:script], reply.b]).to eq [recorded[:script], recorded[protocol]]
        end
      end
    end
  end

  it 'shows the same names as Redis' do
    names = call('EVAL', <<~LUA, 0)
      local all = {}
      for _, t in ipairs({_G, redis, string, table, math, coroutine, bit, cjson, cmsgpack, struct}) do
        local names = {}
        for name, value in pairs(t) do names[#names + 1] = name .. ':' .. type(value) end
        table.sort(names)
        all[#all + 1] = table.concat(names, ' ')
      end
      return all
    LUA
    expect(Digest::SHA1.hexdigest(names.join("\n"))).to eq '950fd1c33ae5d06b5ee9a6f62d994247852fef70'
  end
end
