# Postgres clusters and proxies of one's own, for examples that break things or need other settings than auto/run-specs gives:
#
#   cluster = PrivateCluster.new(fsync: 'on').start   # migrated, with the database and roles that auto/run-specs makes
#   proxy = cluster.proxy('--postgres-wait', '1')     # a PrivateProxy that accepts clients
#   cluster.kill
#   cluster.start                                     # the same data again
#   cluster.close                                     # ends all of it
#
# Whatever is still there when rspec ends is ended then.

require 'English'
require 'fileutils'
require 'pg'
require 'socket'
require 'tmpdir'

module Private
  BINARY = ENV['PGREDIS'] || File.expand_path('../../build/release/pgredis', __dir__)

  @open = []
  at_exit do
    @open.reverse.each(&:close)
  ensure
    FileUtils.rm_rf(@folder) if @folder
  end

  class << self
    attr_reader :open

    # A folder that Postgres's system user can use too; deleted at the end. In memory where there is room: no example is about disks.
    def folder
      @folder ||= Dir.mktmpdir('pgredis-spec-', roomy?('/dev/shm') ? '/dev/shm' : '/tmp').tap { |folder| FileUtils.chmod(0o755, folder) }
    end

    def roomy?(place)
      File.writable?(place) && Integer(run('df', '--output=avail', '-B1M', place).lines.last) > 2000
    end

    def wait_until(what, timeout: 30)
      deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + timeout
      until (result = yield)
        raise "not in #{timeout} seconds: #{what}" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

        sleep 0.005
      end
      result
    end

    def run(*command, owner: false)
      # Postgres refuses to run as root.
      command = ['runuser', '-u', 'postgres', '--'] + command if owner && Process.uid.zero?
      output = IO.popen(command, chdir: '/', err: %i[child out], &:read)
      raise "#{command.join(' ')}: #{output}" unless $CHILD_STATUS.success?

      output
    end

    # Does the binary carry a sanitizer? Then its memory says nothing.
    def sanitized?
      @sanitized = run('ldd', BINARY).match?(/lib[at]san/) if @sanitized.nil?
      @sanitized
    end

    def free_port
      TCPServer.open('127.0.0.1', 0) { |server| server.addr[1] }
    end
  end
end

# A proxy on a port of its own, or on that of one that is gone. `ready: false` does not wait until it accepts clients.
class PrivateProxy
  attr_reader :port, :pid

  def initialize(url, *options, port: Private.free_port, environment: {}, ready: true)
    @port = port
    @log_file = File.join(Private.folder, "proxy-#{@port}.log")
    @pid = Process.spawn(environment, Private::BINARY, 'serve', '--database-url', url, '--bind', '127.0.0.1', '--port', @port.to_s,
                         *options, in: File::NULL, out: @log_file, err: @log_file)
    Private.open << self
    wait_for_log(/ready: listening/) if ready
  end

  def log
    File.binread(@log_file)
  end

  # Waits for such a line, and returns it.
  def wait_for_log(pattern, timeout: 30)
    Private.wait_until("#{pattern.inspect} in the proxy's log: #{log}", timeout: timeout) do
      log.lines.grep(pattern).last || (gone? && raise("the proxy ended: #{log}"))
    end
  end

  # Bytes of memory: now, and at most so far.
  def memory
    status('VmRSS')
  end

  def peak_memory
    status('VmHWM')
  end

  # Tells it to end, once.
  def terminate
    Process.kill(:TERM, @pid) unless @terminated || gone?
    @terminated = true
  end

  # As when it crashes.
  def kill
    Process.kill(:KILL, @pid)
    Private.wait_until('the proxy is gone') { gone? }
    Private.open.delete(self)
  end

  def gone?
    @status ||= Process.wait2(@pid, Process::WNOHANG)&.last
    !@status.nil?
  end

  # Ends it as an operator does. A sanitizer that found something makes itself heard here.
  def stop
    terminate
    Private.wait_until("the proxy ends: #{log}") { gone? }
    raise "the proxy ended badly (#{@status}): #{log}" unless @status.success?
  ensure
    Private.open.delete(self)
  end

  def close
    stop
  rescue StandardError
    Process.kill(:KILL, @pid) unless gone?
    raise
  end

  private

  def status(name)
    File.read("/proc/#{@pid}/status")[/^#{name}:\s+(\d+) kB/, 1].to_i * 1024
  end
end

class PrivateCluster
  BIN = '/usr/lib/postgresql/15/bin'.freeze

  attr_reader :folder

  # Settings of Postgres. A cluster that listens on a socket in its folder only; `copy_of` a stopped one; `migrated: false` stays empty.
  def initialize(migrated: true, copy_of: nil, **settings)
    @settings = settings
    @folder = Dir.mktmpdir('cluster-', Private.folder)
    FileUtils.chown('postgres', 'postgres', @folder) if Process.uid.zero?
    FileUtils.chmod(0o755, @folder)
    @proxies = []
    Private.open << self
    source = copy_of&.data || (migrated ? self.class.migrated_data : self.class.empty_data)
    Private.run('cp', '-a', source, data)
  end

  def data
    File.join(@folder, 'data')
  end

  def url(user: 'postgres', database: 'pgredis', hosts: [@folder], **more)
    parameters = { host: hosts.join(','), user: user, **more }
    "postgresql:///#{database}?#{parameters.map { |name, value| "#{name}=#{value}" }.join('&')}"
  end

  def start
    options = { listen_addresses: '', unix_socket_directories: @folder, fsync: 'off', **@settings }
    arguments = options.map { |name, value| "-c #{name}='#{value}'" }.join(' ')
    pg_ctl('-w', '-l', File.join(@folder, 'postgres.log'), '-o', arguments, 'start')
    self
  end

  def stop(mode = 'fast')
    pg_ctl('-w', '-m', mode, 'stop')
  end

  # As when the machine loses its power: nothing is written any more, nobody is told.
  def kill
    postmaster = Integer(File.readlines(File.join(data, 'postmaster.pid')).first)
    signal(:STOP, postmaster)
    children = Dir['/proc/[0-9]*/stat'].filter_map do |file|
      pid, parent = File.read(file).match(/\A(\d+) \(.*\) \S (\d+)/m).captures.map { |text| Integer(text) }
      pid if parent == postmaster
    rescue SystemCallError
      nil # it has ended meanwhile
    end
    [*children, postmaster].each { |pid| signal(:KILL, pid) }
    Private.wait_until('Postgres is gone') { [*children, postmaster].none? { |pid| alive?(pid) } }
    # As after a boot: else the next one finds its number still there, of a process that nobody has waited for yet.
    FileUtils.rm_f([File.join(data, 'postmaster.pid'), *Dir[File.join(@folder, '.s.PGSQL.*.lock')]])
  end

  # Makes this copy of a stopped cluster a standby of it; both are to be started then.
  def follow(primary)
    FileUtils.touch(File.join(data, 'standby.signal'))
    @settings[:primary_conninfo] = "host=#{primary.folder} user=postgres"
    self
  end

  def promote
    pg_ctl('-w', 'promote')
  end

  def running?
    Private.run("#{BIN}/pg_ctl", '-D', data, 'status', owner: true)
  rescue RuntimeError
    false
  end

  def proxy(*options, url: self.url(user: 'pgredis'), **keywords)
    PrivateProxy.new(url, *options, **keywords).tap { |proxy| @proxies << proxy }
  end

  def sql(query, database: 'pgredis')
    PG.connect(host: @folder, user: 'postgres', dbname: database) { |connection| connection.exec(query).to_a }
  end

  def close
    @proxies.each { |proxy| proxy.close unless proxy.gone? }
    stop('immediate') if running?
    FileUtils.rm_rf(@folder)
  ensure
    Private.open.delete(self)
  end

  # Made once, copied for each cluster.
  def self.empty_data
    @empty_data ||= File.join(Private.folder, 'empty').tap do |folder|
      Dir.mkdir(folder)
      FileUtils.chown('postgres', 'postgres', folder) if Process.uid.zero?
      Private.run("#{BIN}/initdb", '--no-sync', '--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale=C', '-D',
                  "#{folder}/data", owner: true)
    end + '/data'
  end

  def self.migrated_data
    return @migrated.data if @migrated

    @migrated = new(migrated: false).start
    @migrated.sql('CREATE DATABASE pgredis', database: 'postgres')
    Private.run(Private::BINARY, 'migrate', '--database-url', @migrated.url)
    @migrated.sql('CREATE ROLE pgredis LOGIN IN ROLE pgredis_proxy')
    @migrated.stop
    @migrated.data
  end

  private

  def pg_ctl(*arguments)
    # Its own output, as the server it starts keeps a pipe open.
    log = File.join(@folder, 'pg_ctl.log')
    command = ["#{BIN}/pg_ctl", '-s', '-D', data, *arguments]
    command = ['runuser', '-u', 'postgres', '--'] + command if Process.uid.zero?
    return if system(*command, chdir: '/', in: File::NULL, out: log, err: log)

    server = File.join(@folder, 'postgres.log')
    raise "#{command.join(' ')}: #{File.read(log)} #{File.read(server) if File.exist?(server)}"
  end

  def signal(name, pid)
    Process.kill(name, pid)
  rescue Errno::ESRCH
    nil # it has ended meanwhile
  end

  def alive?(pid)
    File.read("/proc/#{pid}/stat")[/\A\d+ \(.*\) (\S)/m, 1] != 'Z'
  rescue SystemCallError
    false
  end
end
