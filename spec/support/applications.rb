# For spec/applications: real programs as child processes, against the servers under test.
#
#   run_program('node', 'bull/scenarios.js', 'delayed')    # runs it to its end; what it printed last, parsed as JSON
#   run_python('rq/scenarios.py', 'burst')                 # likewise
#   start_program('sidekiq', '-r', './worker.rb', …)       # a Program, ended after the example with all its children
#   journal                                                # a file for programs to write to, not by way of the server under test
#
# A program finds the servers in REDIS_URL and OTHER_REDIS_URL (REDIS_PORT, OTHER_REDIS_PORT): two proxies over one database,
# or the same Redis twice. JOURNAL and SCRATCH name a file and a folder of the example's own.
#
# `needs: %w[XADD]` names commands an example's application sends that pgredis may not have yet: it is pending until they are
# there, and says so.
#
# With SPEC_COMMANDS=FILE, against Redis, each example adds the commands that its application called, from scripts too, to that
# file: lines of the outermost group's description and the command.

require 'fileutils'
require 'json'
require 'timeout'
require 'tmpdir'
require_relative 'private_cluster'

class Program
  attr_reader :pid

  def initialize(folder, environment, command)
    @log_file = File.join(Dir.mktmpdir('program-', Private.folder), 'log')
    @command = command.join(' ')
    # A group of its own, so that its children end with it.
    @pid = Process.spawn(environment, *command, chdir: folder, pgroup: true, in: File::NULL, out: @log_file, err: %i[child out])
    Private.open << self
  end

  def log
    File.read(@log_file, encoding: 'UTF-8').scrub
  end

  def signal(name)
    Process.kill(name, @pid) unless gone?
  end

  # Its exit status, when it has ended by itself.
  def wait(timeout: 30)
    Private.wait_until("the end of #{self}", timeout: timeout) { gone? }
    @status
  end

  def gone?
    @status ||= Process.wait2(@pid, Process::WNOHANG)&.last
    !@status.nil?
  end

  def close
    Process.kill(:KILL, -@pid)
  rescue Errno::ESRCH
    nil # all of the group has ended
  ensure
    wait
    Private.open.delete(self)
  end

  def to_s
    "#{@command}, which said:\n#{log.lines.last(40).join}"
  end
end

module Applications
  FOLDER = File.expand_path('../applications', __dir__)
  NPM_PACKAGES = File.join(FOLDER, 'node_modules/.installed')

  # Waits for it to print its result as JSON, the last line, and end well.
  def run_program(*command, timeout: 60, **options)
    program = start_program(*command, **options)
    status = program.wait(timeout: timeout)
    raise "#{program} and ended with #{status}" unless status.success?

    JSON.parse(program.log.lines.last, symbolize_names: true)
  end

  # Debian's Python has Debian's packages; another one may come first in PATH.
  def run_python(*arguments, **options)
    run_program('/usr/bin/python3', *arguments, **options)
  end

  # `port` and `other_port` name other servers than those under test.
  def start_program(*command, port: ports.first, other_port: ports.last, environment: {})
    skip 'no npm packages: auto/setup tells why' if command.first == 'node' && !File.exist?(NPM_PACKAGES)

    environment = program_environment(port, other_port).merge(environment)
    Program.new(FOLDER, environment, command).tap { |program| programs << program }
  end

  def programs
    @programs ||= []
  end

  def scratch
    @scratch ||= Dir.mktmpdir('scratch-', Private.folder)
  end

  def journal
    File.join(scratch, 'journal').tap { |file| FileUtils.touch(file) }
  end

  # What programs wrote to the journal, each line's words.
  def journal_entries
    File.readlines(journal, chomp: true).map(&:split)
  end

  def close_programs
    programs.pop.close until programs.empty?
  end

  private

  def program_environment(port, other_port)
    {
      'REDIS_PORT' => port.to_s, 'REDIS_URL' => "redis://127.0.0.1:#{port}/0",
      'OTHER_REDIS_PORT' => other_port.to_s, 'OTHER_REDIS_URL' => "redis://127.0.0.1:#{other_port}/0",
      'JOURNAL' => journal, 'SCRATCH' => scratch, 'HOME' => scratch,
      'PYTHONDONTWRITEBYTECODE' => '1', 'PYTHONUNBUFFERED' => '1'
    }
  end
end

# The commands that Redis has carried out, but for those of the example itself.
module CommandRecorder
  FILE = ENV.fetch('SPEC_COMMANDS', nil)
  @own = Hash.new(0)

  class << self
    attr_reader :own

    def start(client)
      own.clear
      client.call('CONFIG', 'RESETSTAT')
    end

    def write(client, application)
      mine = own.dup
      calls = client.call('INFO', 'commandstats').scan(/^cmdstat_(\S+?):calls=(\d+)/)
      commands = calls.filter_map { |name, count| name if Integer(count) > mine[name] && name != 'config|resetstat' }
      File.write(FILE, commands.map { |name| "#{application}\t#{name.upcase.tr('|', ' ')}\n" }.join, mode: 'a')
    end
  end

  module Counting
    def encode(args)
      # A container's calls are counted by subcommand.
      CommandRecorder.own[args.first.downcase] += 1
      CommandRecorder.own[args.first(2).join('|').downcase] += 1
      super
    end
  end
end

RSpec.configure do |config|
  here = { file_path: %r{/spec/applications/} }
  config.include(Applications, here)
  config.before(:each, here) do |example|
    missing = Array(example.metadata[:needs]).reject { |name| call('COMMAND', 'INFO', name).first.is_a?(Array) }
    skip "pgredis has no #{missing.join(', ')} yet, which #{example.metadata[:application] || 'this'} sends" unless missing.empty?
  end
  config.after(:each, here) { close_programs }

  if CommandRecorder::FILE && ENV.fetch('SPEC_TARGET') == 'redis'
    RespClient.prepend(CommandRecorder::Counting)
    config.before(:each, here) { CommandRecorder.start(resp2) }
    config.after(:each, here) { |example| CommandRecorder.write(resp2, example.example_group.top_level_description) }
  end
end
